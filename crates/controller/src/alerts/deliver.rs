//! Delivering what is kept, until it arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use cofferdam_history::{Alert, Occasion, Query};
use cofferdam_pass::clock;
use cofferdam_report::wire::history::Episode;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Url};
use tokio::time::{Instant, MissedTickBehavior};

use super::message;
use super::settings::{AlertSettings, Receiver, ReceiverKind};
use crate::chronicle::Chronicle;
use crate::http::{Access, answer, read, request};
use crate::settings::Settings;

/// The pause after the first failure; each further one in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// How often it is looked whether anything is due.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// An Alertmanager is told so often that an alert still fires.
const REPEATED_EVERY: Duration = Duration::from_mins(1);
/// So many alerts go in one request.
const AT_ONCE: usize = 100;
/// What it is not told of again counts as over there after this long.
const FIRES_FOR: Duration = Duration::from_mins(5);

/// Delivers alerts for as long as the process lives; each receiver is a matter of its own.
pub(crate) async fn deliver(chronicle: Chronicle, settings: Arc<AlertSettings>) -> Result<()> {
    let names = settings.receivers.iter().map(|one| one.name.clone());
    chronicle.give_up_but(&names.collect::<Vec<_>>());
    let mut tasks = tokio::task::JoinSet::new();
    for receiver in settings.receivers.clone() {
        let one = Delivery {
            chronicle: chronicle.clone(),
            settings: Arc::clone(&settings),
            receiver,
        };
        tasks.spawn(one.run());
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    std::future::pending().await
}

/// Tells every receiver that this is a drill; an error that names those that it did not reach.
pub async fn drill(settings: &Settings) -> Result<()> {
    let at = clock::now();
    let mut failed = Vec::new();
    if settings.alerts.receivers.is_empty() {
        bail!("there is no receiver: `alerts.receivers` in the file of `--config` names them");
    }
    for receiver in &settings.alerts.receivers {
        let alert = Alert {
            id: format!("drill-{}-{at}", receiver.name),
            receiver: receiver.name.clone(),
            occasion: Occasion::Drill,
            episode: drilled(&at),
            at: at.clone(),
            failures: 0,
            not_before: at.clone(),
            delivered_at: None,
            error: None,
        };
        match send(receiver, &[&alert]).await {
            Ok(()) => tracing::info!(receiver = receiver.name, "drill delivered"),
            Err(error) => failed.push(format!("{}: {error:#}", receiver.name)),
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("not every receiver was reached: {}", failed.join("; "))
}

/// An episode that is none.
fn drilled(at: &str) -> Episode {
    Episode {
        id: "drill".to_owned(),
        finding: "drill".to_owned(),
        class: "drill".to_owned(),
        severity: Some("info".to_owned()),
        effect: "none".to_owned(),
        trust_domain: "none".to_owned(),
        object: "none".to_owned(),
        message: "this is a drill: nothing is wrong, and alerts arrive".to_owned(),
        started_at: at.to_owned(),
        started_from: "detection".to_owned(),
        detected_at: at.to_owned(),
        ..Episode::default()
    }
}

/// Delivery to one receiver.
struct Delivery {
    chronicle: Chronicle,
    settings: Arc<AlertSettings>,
    receiver: Receiver,
}

impl Delivery {
    async fn run(self) {
        let mut ticks = tokio::time::interval(LOOKED_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut repeated = Instant::now();
        let mut alerts = self.chronicle.alerts();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                Ok(()) = alerts.changed() => tokio::time::sleep(self.settings.group).await,
            }
            self.send_due().await;
            if self.receiver.kind == ReceiverKind::Alertmanager
                && repeated.elapsed() >= REPEATED_EVERY
            {
                repeated = Instant::now();
                self.repeat().await;
            }
        }
    }

    /// Sends what is due, and notes what came of it.
    async fn send_due(&self) {
        let mine = self.chronicle.undelivered(&self.receiver.name);
        let (mut due, dropped) = due(mine, &clock::now());
        due.truncate(AT_ONCE);
        if !dropped.is_empty() {
            self.chronicle.tried(&dropped);
        }
        if due.is_empty() {
            return;
        }
        let told: Vec<&Alert> = due.iter().collect();
        let sent = send(&self.receiver, &told).await;
        let name = &self.receiver.name;
        match &sent {
            Ok(()) => tracing::info!(receiver = name, alerts = due.len(), "alerts delivered"),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(
                    receiver = name,
                    alerts = due.len(),
                    error,
                    "alerts not delivered; tried again later"
                );
            }
        }
        let tried: Vec<Alert> = due.into_iter().map(|one| tried(one, &sent)).collect();
        self.chronicle.tried(&tried);
    }

    /// Tells an Alertmanager of everything that still fires.
    async fn repeat(&self) {
        let open = Query {
            open: true,
            limit: Some(10_000),
            ..Query::default()
        };
        let Ok((episodes, ..)) = self.chronicle.ask(&open) else {
            return;
        };
        let mine = episodes.iter().filter(|one| {
            let receivers = self.settings.receivers_of(one);
            one.alerted_at.is_some() && receivers.iter().any(|to| to.name == self.receiver.name)
        });
        let mine: Vec<_> = mine.map(|one| (Occasion::Began, one)).collect();
        if mine.is_empty() {
            return;
        }
        let body = message::alertmanager(mine, &clock::after(FIRES_FOR));
        if let Err(error) = post(&self.receiver, &body).await {
            let error = format!("{error:#}");
            tracing::warn!(
                receiver = self.receiver.name,
                error,
                "what still fires could not be told again"
            );
        }
    }
}

/// Sends alerts as the receiver takes them.
async fn send(receiver: &Receiver, alerts: &[&Alert]) -> Result<()> {
    let body = match receiver.kind {
        ReceiverKind::Webhook => message::webhook(alerts),
        ReceiverKind::Slack => message::slack(alerts),
        ReceiverKind::Alertmanager => {
            // Of an episode, the last word counts.
            let episodes = alerts
                .iter()
                .map(|one| (&one.episode.id, (one.occasion, &one.episode)));
            let mut last: BTreeMap<&String, (Occasion, &Episode)> = BTreeMap::new();
            for (id, (occasion, episode)) in episodes {
                let first = last.get(id).map_or(occasion, |(first, _)| *first);
                last.insert(id, (first, episode));
            }
            message::alertmanager(last.into_values(), &clock::after(FIRES_FOR))
        }
    };
    post(receiver, &body).await
}

async fn post(receiver: &Receiver, body: &serde_json::Value) -> Result<()> {
    let url = match (&receiver.url, &receiver.url_file) {
        (Some(url), _) => url.clone(),
        (None, Some(file)) => read(file).await?.trim().to_owned(),
        (None, None) => bail!("there is no URL"),
    };
    // A URL may be a secret.
    let mut url = Url::parse(&url).map_err(|_| anyhow!("its URL is none"))?;
    if receiver.kind == ReceiverKind::Alertmanager {
        let path = format!("{}/api/v2/alerts", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    let access = Access {
        bearer_token_file: receiver.bearer_token_file.as_deref(),
        ca_file: receiver.ca_file.as_deref(),
    };
    let request = request(Method::POST, url, access).await?;
    let request = request.header(CONTENT_TYPE, "application/json");
    answer(request.body(body.to_string())).await.map(drop)
}

/// What of alerts that were not delivered is to be sent now, the oldest first; and what never will be: what was over
/// before its time came.
fn due(all: Vec<Alert>, now: &str) -> (Vec<Alert>, Vec<Alert>) {
    let waits = |one: &Alert| {
        one.occasion == Occasion::Began && one.failures == 0 && *one.not_before > *now
    };
    let over = all.iter().filter(|one| one.occasion == Occasion::Ended);
    let over: BTreeSet<String> = over.map(|one| one.episode.id.clone()).collect();
    let waiting = all
        .iter()
        .filter(|one| waits(one) && over.contains(&one.episode.id));
    let never: BTreeSet<String> = waiting.map(|one| one.episode.id.clone()).collect();
    let (dropped, left): (Vec<Alert>, Vec<Alert>) = all
        .into_iter()
        .partition(|one| never.contains(&one.episode.id));
    let dropped = dropped.into_iter().map(|one| Alert {
        delivered_at: Some(now.to_owned()),
        error: Some("it was over before anybody was to be told".to_owned()),
        ..one
    });
    // Nobody is told of an end before the beginning.
    let later = left.iter().filter(|one| *one.not_before > *now);
    let later: BTreeSet<String> = later.map(|one| one.episode.id.clone()).collect();
    let due = left.into_iter().filter(|one| {
        let waits = one.occasion == Occasion::Ended && later.contains(&one.episode.id);
        *one.not_before <= *now && !waits
    });
    let mut due: Vec<Alert> = due.collect();
    due.sort_by(|one, other| (&one.at, one.occasion).cmp(&(&other.at, other.occasion)));
    (due, dropped.collect())
}

/// An alert after it was tried.
fn tried(one: Alert, sent: &Result<()>) -> Alert {
    match sent {
        Ok(()) => Alert {
            delivered_at: Some(clock::now()),
            error: None,
            ..one
        },
        Err(error) => {
            let doubled = FIRST_PAUSE * 2_u32.saturating_pow(one.failures.min(16));
            Alert {
                failures: one.failures.saturating_add(1),
                not_before: clock::after(doubled.min(LONGEST_PAUSE)),
                error: Some(format!("{error:#}")),
                ..one
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An alert of an episode that is not to be told before a minute.
    fn alert(episode: &str, occasion: Occasion, minute: u32, failures: u32) -> Alert {
        let at = |minute| format!("2026-11-23T12:{minute:02}:00Z");
        Alert {
            id: format!("{episode}{}", occasion.as_str()),
            receiver: "pager".to_owned(),
            occasion,
            episode: Episode {
                id: episode.to_owned(),
                ..drilled(&at(0))
            },
            at: at(0),
            failures,
            not_before: at(minute),
            delivered_at: None,
            error: None,
        }
    }

    /// What of alerts is sent at 12:03, and what is given up.
    #[track_caller]
    fn check(alerts: Vec<Alert>, sent: &[&str], given_up: &[&str]) {
        let (due, dropped) = due(alerts, "2026-11-23T12:03:00Z");
        let ids = |alerts: &[Alert]| alerts.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
        assert_eq!(
            (ids(&due), ids(&dropped)),
            (
                sent.iter().map(ToString::to_string).collect(),
                given_up.iter().map(ToString::to_string).collect()
            )
        );
    }

    #[test]
    fn what_is_due_is_sent_in_order_and_what_waits_is_not() {
        use Occasion::{Began, Ended};
        check(
            vec![alert("a", Began, 0, 0), alert("b", Began, 5, 0)],
            &["abegan"],
            &[],
        );
        check(
            vec![alert("a", Ended, 0, 0), alert("a", Began, 0, 0)],
            &["abegan", "aended"],
            &[],
        );
    }

    #[test]
    fn what_was_over_before_its_time_is_told_to_nobody() {
        use Occasion::{Began, Ended};
        check(
            vec![alert("a", Began, 5, 0), alert("a", Ended, 0, 0)],
            &[],
            &["abegan", "aended"],
        );
        // One that only waits because the receiver refused it is told, and its end after it.
        check(
            vec![alert("a", Began, 5, 1), alert("a", Ended, 0, 0)],
            &[],
            &[],
        );
    }
}
