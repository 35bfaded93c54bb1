//! What receivers are sent.

use std::fmt::Write as _;
use std::time::Duration;

use cofferdam_history::{Alert, Occasion};
use cofferdam_pass::clock;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::history::Episode;
use serde_json::{Value, json};

use crate::remedy::REMEMBERED_SECONDS;

/// An Alertmanager that waits for others of a group, 30 s as it is delivered, tells nobody of what was over before.
const SEEN_FOR: Duration = Duration::from_mins(1);

/// What somebody fights over is left alone for so long.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(REMEMBERED_SECONDS.unsigned_abs());

/// How many episodes are named in one text; of the rest, it is said how many there are.
const NAMED: usize = 20;

/// `AlertNotification`: everything that is to be told, as programs read it.
pub(super) fn webhook(alerts: &[&Alert]) -> Value {
    let alerts = alerts.iter().map(|alert| {
        json!({
            "id": alert.id,
            "occasion": alert.occasion,
            "at": alert.at,
            "episode": alert.episode,
        })
    });
    json!({
        "apiVersion": API_VERSION,
        "kind": "AlertNotification",
        "alerts": alerts.collect::<Vec<_>>(),
    })
}

/// One text for people, as Slack's incoming webhooks take it.
pub(super) fn slack(alerts: &[&Alert]) -> Value {
    let mut text = String::new();
    for alert in alerts.iter().take(NAMED) {
        // Writing to a String cannot fail.
        writeln!(text, "{}", line(alert)).ok();
    }
    if let Some(more) = alerts.len().checked_sub(NAMED).filter(|more| *more > 0) {
        writeln!(text, "and {more} more: `cofferdam history` names them").ok();
    }
    json!({"text": text.trim_end()})
}

/// What the Alertmanager takes: each episode as it is now, firing until `firing_until` unless it is over.
///
/// What identifies an alert there are its labels: what is worse than before is another alert, and the one before is over there
/// once it is not told of any more.
pub(super) fn alertmanager<'a>(
    episodes: impl IntoIterator<Item = (Occasion, &'a Episode)>,
    firing_until: &str,
) -> Value {
    let left_alone_until = clock::later(firing_until, LEFT_ALONE_FOR);
    let left_alone_until = left_alone_until.unwrap_or_else(|| firing_until.to_owned());
    let alerts = episodes.into_iter().map(|(occasion, one)| {
        let name = match occasion {
            Occasion::Drill => "CofferdamDrill",
            Occasion::NotHealed => "CofferdamNotHealed",
            Occasion::Began | Occasion::Worsened | Occasion::AcceptanceEnded | Occasion::Ended => {
                "CofferdamDrift"
            }
        };
        // Without a cluster or zone the label is empty, which is the same as none.
        let labels = json!({
            "alertname": name,
            "class": one.class,
            "cluster": one.cluster.as_deref().unwrap_or_default(),
            "effect": one.effect,
            "episode": one.id,
            "object": one.object,
            "severity": one.severity.as_deref().unwrap_or("unknown"),
            "trust_domain": one.trust_domain,
            "zone": one.zone.as_deref().unwrap_or_default(),
        });
        let until = match occasion {
            // Said once, and so for as long as it is left alone.
            Occasion::NotHealed => left_alone_until.as_str(),
            Occasion::Began
            | Occasion::Worsened
            | Occasion::AcceptanceEnded
            | Occasion::Ended
            | Occasion::Drill => firing_until,
        };
        let ends_at = match (&one.ended_at, occasion) {
            (None, _) => until.to_owned(),
            (Some(at), Occasion::Ended) => at.clone(),
            // What began and is over is told at once, and is to be seen nevertheless.
            (Some(at), _) => clock::later(at, SEEN_FOR).unwrap_or_else(|| at.clone()),
        };
        json!({
            "labels": labels,
            "annotations": {"summary": one.message, "description": description(one)},
            "startsAt": one.detected_at,
            "endsAt": ends_at,
        })
    });
    alerts.collect()
}

/// One alert in one line.
fn line(alert: &Alert) -> String {
    let Episode {
        severity,
        class,
        cluster,
        trust_domain,
        zone,
        object,
        message,
        ..
    } = &alert.episode;
    let place = cluster.as_ref().unwrap_or(trust_domain);
    let zone = zone
        .as_ref()
        .map(|zone| format!(", zone {zone}"))
        .unwrap_or_default();
    let severity = severity.as_deref().unwrap_or("unknown");
    let what = match alert.occasion {
        Occasion::Began => severity.to_uppercase(),
        Occasion::Worsened => format!("now {}", severity.to_uppercase()),
        Occasion::NotHealed => "NOT HEALED ANY MORE".to_owned(),
        Occasion::AcceptanceEnded => "accepted no longer".to_owned(),
        Occasion::Ended => "over".to_owned(),
        Occasion::Drill => "DRILL".to_owned(),
    };
    format!(
        "[{what}] {place}{zone}: {class} {object}: {message} ({})",
        description(&alert.episode)
    )
}

/// What is known of an episode beside its message.
fn description(one: &Episode) -> String {
    let mut words = vec![format!("effect {}", one.effect)];
    if let Some(user) = &one.user {
        words.push(format!("by user {user}, as the audit log says"));
    } else if let Some(manager) = &one.manager {
        words.push(format!("by `{manager}`, as it claims"));
    }
    words.extend(
        one.opened
            .iter()
            .flatten()
            .map(|opened| format!("opened {opened}")),
    );
    words.push(format!("since {}", one.started_at));
    if let Some(ended_at) = &one.ended_at {
        words.push(format!("until {ended_at}"));
    }
    words.push(format!("episode {}", one.id));
    words.join("; ")
}
