use std::time::Duration;

use cofferdam_history::{Alert, Occasion};
use cofferdam_model::healing::Response;
use cofferdam_report::wire::history::Episode;

use super::due::{Reason, due};
use super::message;
use super::settings::{AlertSettings, Receiver, ReceiverKind, Route};

const NOON: &str = "2026-11-23T12:00:00Z";

fn receiver(name: &str) -> Receiver {
    Receiver {
        name: name.to_owned(),
        kind: ReceiverKind::Webhook,
        url: Some("http://127.0.0.1:1/".to_owned()),
        url_file: None,
        bearer_token_file: None,
        ca_file: None,
    }
}

fn route(receivers: &str, severities: &str, zones: &str) -> Route {
    let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect();
    Route {
        receivers: words(receivers),
        severities: words(severities),
        zones: words(zones),
        ..Route::default()
    }
}

fn settings(routes: Vec<Route>) -> AlertSettings {
    AlertSettings {
        receivers: vec![receiver("pager"), receiver("chat")],
        routes,
        group: Duration::from_secs(1),
        unknown_after: Duration::from_mins(5),
    }
}

/// An episode of a class and severity (`-` for none) in zone `data`.
fn episode(class: &str, severity: &str) -> Episode {
    Episode {
        id: "e1".to_owned(),
        finding: "f1".to_owned(),
        class: class.to_owned(),
        severity: (severity != "-").then(|| severity.to_owned()),
        effect: "widens".to_owned(),
        cluster: Some("prod".to_owned()),
        trust_domain: "production".to_owned(),
        zone: Some("data".to_owned()),
        object: "NetworkPolicy/orders/x".to_owned(),
        message: "changed: spec.egress".to_owned(),
        manager: Some("kubectl".to_owned()),
        started_at: NOON.to_owned(),
        started_from: "detection".to_owned(),
        detected_at: NOON.to_owned(),
        opened: Some(vec!["zone data -> the internet all".to_owned()]),
        ..Episode::default()
    }
}

fn alerts(episode: &Episode, response: Response, routes: Vec<Route>) -> Vec<Alert> {
    let reason = Reason {
        occasion: Occasion::Began,
        episode,
        response,
        at: NOON,
    };
    due(reason, &settings(routes))
}

/// Who is told of an episode of a class and severity that begins.
#[track_caller]
fn check(class: &str, severity: &str, response: Response, routes: Vec<Route>, expected: &str) {
    let told = alerts(&episode(class, severity), response, routes);
    let told: Vec<&str> = told.iter().map(|alert| alert.receiver.as_str()).collect();
    assert_eq!(told.join(" "), expected, "{class} {severity} {response:?}");
}

#[test]
fn what_counts_is_told_to_whom_the_routes_name() {
    check("changed", "high", Response::Alert, Vec::new(), "pager chat");
    check("changed", "high", Response::Heal, Vec::new(), "pager chat");
    check("changed", "high", Response::Observe, Vec::new(), "");
    check("changed", "info", Response::Alert, Vec::new(), "");
    let routes = || {
        vec![
            route("pager", "critical unknown", ""),
            route("chat", "", "data"),
        ]
    };
    check("changed", "high", Response::Alert, routes(), "chat");
    check(
        "changed",
        "critical",
        Response::Alert,
        routes(),
        "pager chat",
    );
    check(
        "unknown",
        "-",
        Response::Alert,
        vec![route("pager", "unknown", "")],
        "pager",
    );
    check(
        "changed",
        "high",
        Response::Alert,
        vec![route("pager", "", "web")],
        "",
    );
}

#[test]
fn what_a_waiver_covers_is_told_to_nobody() {
    let waived = Episode {
        waiver: Some("w".to_owned()),
        ..episode("changed", "critical")
    };
    assert_eq!(alerts(&waived, Response::Alert, Vec::new()), []);
}

#[test]
fn that_something_is_unknown_waits_and_the_rest_does_not() {
    let not_before = |class: &str, severity: &str| {
        let told = alerts(&episode(class, severity), Response::Alert, Vec::new());
        told.first().map(|alert| alert.not_before.clone())
    };
    assert_eq!(not_before("changed", "high").as_deref(), Some(NOON));
    assert_eq!(
        not_before("unknown", "-").as_deref(),
        Some("2026-11-23T12:05:00Z")
    );
}

#[test]
fn the_same_occasion_has_the_same_id_and_every_other_another() {
    let id = |occasion, at| {
        let reason = Reason {
            occasion,
            episode: &episode("changed", "high"),
            response: Response::Alert,
            at,
        };
        let told = due(reason, &settings(Vec::new()));
        told.into_iter().map(|alert| alert.id).collect::<Vec<_>>()
    };
    let began = id(Occasion::Began, NOON);
    assert_eq!(began, id(Occasion::Began, NOON));
    assert_ne!(began.first(), began.last());
    assert_ne!(began, id(Occasion::Ended, NOON));
    assert_ne!(began, id(Occasion::Began, "2026-11-23T12:00:01Z"));
}

/// Why settings are refused.
#[track_caller]
fn check_settings(change: impl FnOnce(&mut AlertSettings), expected: &str) {
    let mut settings = settings(Vec::new());
    change(&mut settings);
    let told = settings
        .check()
        .map_or_else(|error| error.to_string(), |()| "fine".to_owned());
    assert_eq!(told, expected);
}

#[test]
fn receivers_that_lead_nowhere_and_routes_to_nobody_are_refused() {
    check_settings(|_| {}, "fine");
    check_settings(
        |one| one.receivers.push(receiver("chat")),
        "there are two receivers `chat`",
    );
    check_settings(
        |one| one.receivers.iter_mut().for_each(|to| to.url = None),
        "receiver `pager` needs exactly one of `url` and `urlFile`",
    );
    check_settings(
        |one| one.routes = vec![route("nobody", "", "")],
        "a route names the receiver `nobody`, and there is none",
    );
    check_settings(
        |one| one.routes = vec![route("chat", "urgent", "")],
        "a route names the severity `urgent`: there are critical, high, medium, low, info, unknown",
    );
    check_settings(
        |one| one.routes = vec![Route::default()],
        "a route names no receiver",
    );
}

#[test]
fn people_read_what_it_is_about_in_one_line() {
    let told = alerts(&episode("changed", "critical"), Response::Alert, Vec::new());
    let told: Vec<&Alert> = told.iter().take(1).collect();
    assert_eq!(
        message::slack(&told).to_string(),
        r#"{"text":"[CRITICAL] prod, zone data: changed NetworkPolicy/orders/x: changed: spec.egress (effect widens; by `kubectl`, as it claims; opened zone data -> the internet all; since 2026-11-23T12:00:00Z; episode e1)"}"#
    );
}
