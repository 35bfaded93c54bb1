use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use crate::entry::{Occasion, Seen};
use crate::with_gaps;

use cofferdam_report::wire::history::Watched;

use super::*;

const NOON: &str = "2026-11-23T12:00:00Z";
const ONE: &str = "2026-11-23T13:00:00Z";
const TWO: &str = "2026-11-23T14:00:00Z";

/// A place for a history, and one there.
fn fresh() -> (tempfile::TempDir, PathBuf, Sqlite) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("state/history.db");
    let history = Sqlite::open(&path).expect("a history");
    (directory, path, history)
}

/// An episode that was found at a time, and ended at one.
fn episode(id: &str, detected: &str, ended: Option<&str>) -> Episode {
    Episode {
        id: id.to_owned(),
        finding: format!("changed-{id}"),
        class: "changed".to_owned(),
        severity: Some("high".to_owned()),
        effect: "widens".to_owned(),
        cluster: Some("prod".to_owned()),
        trust_domain: "production".to_owned(),
        zone: Some("web".to_owned()),
        object: "NetworkPolicy web/x".to_owned(),
        started_at: detected.to_owned(),
        started_from: "detection".to_owned(),
        detected_at: detected.to_owned(),
        ended_at: ended.map(ToOwned::to_owned),
        ..Episode::default()
    }
}

fn alert(id: &str) -> Alert {
    Alert {
        id: id.to_owned(),
        receiver: "pager".to_owned(),
        occasion: Occasion::Began,
        episode: episode("a", NOON, None),
        at: NOON.to_owned(),
        failures: 0,
        not_before: NOON.to_owned(),
        delivered_at: None,
        error: None,
    }
}

fn entry(episodes: &[Episode], alerts: &[Alert]) -> Entry {
    let episodes = episodes.iter().cloned();
    Entry {
        episodes: episodes.map(|one| (one.id.clone(), one)).collect(),
        alerts: alerts.to_vec(),
        ..Entry::default()
    }
}

fn ids(episodes: &[Episode]) -> String {
    let ids: Vec<&str> = episodes.iter().map(|one| one.id.as_str()).collect();
    ids.join(" ")
}

/// Which of three episodes a query finds: `a` from noon to one, `b` from one on, `c` from two on in another zone.
#[track_caller]
fn check(query: &Query, expected: &str) {
    let (_directory, _, mut history) = fresh();
    let mut last = episode("c", TWO, None);
    last.zone = Some("data".to_owned());
    last.cluster = Some("staging".to_owned());
    let all = [episode("a", NOON, Some(ONE)), episode("b", ONE, None), last];
    history.keep(&entry(&all, &[])).expect("room");
    let found = history.episodes(query).expect("episodes");
    assert_eq!(ids(&found), expected, "{query:?}");
}

#[test]
fn episodes_are_found_by_what_they_are_about_and_when_they_were() {
    let some = |text: &str| Some(text.to_owned());
    let all = Query::default();
    check(&all, "c b a");
    let (cluster, zone, class) = (some("prod"), some("data"), some("missing"));
    check(
        &Query {
            cluster,
            ..all.clone()
        },
        "b a",
    );
    check(
        &Query {
            zone,
            ..all.clone()
        },
        "c",
    );
    check(
        &Query {
            class,
            ..all.clone()
        },
        "",
    );
    check(
        &Query {
            open: true,
            ..all.clone()
        },
        "c b",
    );
    check(
        &Query {
            limit: Some(1),
            ..all.clone()
        },
        "c",
    );
    check(
        &Query {
            episode: some("b"),
            ..all.clone()
        },
        "b",
    );
    // What was so at any time between.
    let (since, until) = (some("2026-11-23T13:30:00Z"), some("2026-11-23T12:30:00Z"));
    check(
        &Query {
            since,
            ..all.clone()
        },
        "c b",
    );
    check(&Query { until, ..all }, "a");
}

#[test]
fn what_is_kept_again_is_there_once_and_as_it_was_last() {
    let (_directory, _, mut history) = fresh();
    let mut one = entry(&[episode("a", NOON, None)], &[alert("1")]);
    history.keep(&one).expect("room");
    history.keep(&one).expect("room");
    one.episodes = BTreeMap::from([("a".to_owned(), episode("a", NOON, Some(ONE)))]);
    history.keep(&one).expect("room");
    let found = history.episodes(&Query::default()).expect("episodes");
    assert_eq!(found, [episode("a", NOON, Some(ONE))]);
    assert_eq!(history.undelivered("pager").expect("alerts").len(), 1);
}

#[test]
fn an_alert_that_was_delivered_is_not_tried_again_even_where_it_is_kept_again() {
    let (_directory, _, mut history) = fresh();
    let all = entry(&[], &[alert("1"), alert("2")]);
    history.keep(&all).expect("room");
    let mut delivered = alert("1");
    delivered.delivered_at = Some(ONE.to_owned());
    let mut later = alert("2");
    later.not_before = TWO.to_owned();
    history.tried(&[delivered, later.clone()]).expect("room");
    history.keep(&all).expect("room");
    assert_eq!(history.undelivered("pager").expect("alerts"), [later]);
}

#[test]
fn what_was_kept_is_there_after_the_process_is_gone() {
    let (_directory, path, mut history) = fresh();
    history
        .keep(&entry(&[episode("a", NOON, None)], &[]))
        .expect("room");
    let reader = Sqlite::read(&path).expect("a history");
    assert_eq!(
        ids(&reader.episodes(&Query::default()).expect("episodes")),
        "a"
    );
    // As after a kill: nothing is closed.
    let copy = path.with_file_name("copy.db");
    for suffix in ["", "-wal"] {
        let of = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        std::fs::copy(of(&path), of(&copy)).expect("a copy");
    }
    let after = Sqlite::open(&copy).expect("a history");
    assert_eq!(
        ids(&after.episodes(&Query::default()).expect("episodes")),
        "a"
    );
}

#[test]
fn without_room_nothing_is_half_kept_and_what_is_there_stays() {
    let (_directory, _, mut history) = fresh();
    let first = entry(&[episode("a", NOON, None)], &[]);
    history.keep(&first).expect("room");
    let pages: i64 = history
        .database
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .expect("a number");
    let limited = history
        .database
        .pragma_update(None, "max_page_count", pages + 1);
    limited.expect("a limit");
    let mut large = episode("b", ONE, None);
    large.message = "x".repeat(100_000);
    let refused = history.keep(&entry(&[episode("a", NOON, Some(ONE)), large], &[]));
    assert!(matches!(refused, Err(HistoryError::Full(_))), "{refused:?}");
    let found = history.episodes(&Query::default()).expect("episodes");
    assert_eq!(found, [episode("a", NOON, None)]);
}

#[test]
fn one_process_keeps_a_history_and_its_owner_alone_reads_it() {
    let (_directory, path, _history) = fresh();
    let second = Sqlite::open(&path);
    assert!(matches!(second, Err(HistoryError::Held(_))), "{second:?}");
    let mode = |path: &Path| {
        std::fs::metadata(path)
            .expect("a file")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().expect("a directory")), 0o700);
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let (_directory, path, history) = fresh();
    let newer = history.database.pragma_update(None, "user_version", 99);
    newer.expect("a version");
    drop(history);
    for opened in [Sqlite::open(&path), Sqlite::read(&path)] {
        assert!(matches!(opened, Err(HistoryError::Newer(_))), "{opened:?}");
    }
    std::fs::write(
        &path,
        "something else, of a length that a header would have. ".repeat(20),
    )
    .expect("room");
    let opened = Sqlite::open(&path);
    assert!(
        matches!(opened, Err(HistoryError::Refused { .. })),
        "{opened:?}"
    );
    assert!(
        std::fs::read_to_string(&path)
            .expect("a file")
            .starts_with("something else")
    );
    let absent = Sqlite::read(&path.with_file_name("none.db"));
    assert!(matches!(absent, Err(HistoryError::Absent(_))), "{absent:?}");
}

#[test]
fn what_is_over_is_forgotten_when_it_is_old_and_the_rest_never() {
    let (_directory, _, mut history) = fresh();
    let all = [
        episode("a", NOON, Some(NOON)),
        episode("b", NOON, None),
        episode("c", NOON, Some(TWO)),
    ];
    history.keep(&entry(&all, &[alert("1")])).expect("room");
    let before = || ONE.to_owned();
    let retention = Retention {
        episodes: before(),
        passes: before(),
        coverage: before(),
        alerts: before(),
    };
    assert_eq!(history.prune(&retention).expect("room"), 1);
    assert_eq!(
        ids(&history.episodes(&Query::default()).expect("episodes")),
        "b c"
    );
    assert_eq!(history.undelivered("pager").expect("alerts").len(), 1);
}

#[test]
fn coverage_goes_on_from_look_to_look_and_has_gaps() {
    let (_directory, _, mut history) = fresh();
    for (at, watched) in [
        (NOON, Watched::Whole),
        ("2026-11-23T12:01:00Z", Watched::Whole),
        (ONE, Watched::Partly),
    ] {
        let seen = Seen {
            at: at.to_owned(),
            watched,
            reason: None,
        };
        let entry = Entry {
            seen: BTreeMap::from([("prod".to_owned(), vec![seen])]),
            ..Entry::default()
        };
        history.keep(&entry).expect("room");
    }
    let coverage = history.coverage(&Query::default()).expect("coverage");
    let told = with_gaps(coverage, ONE);
    let told = told.iter();
    let told = told.map(|one| (&*one.since, &*one.until, one.watched));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (NOON, "2026-11-23T12:01:00Z", Watched::Whole),
            ("2026-11-23T12:01:00Z", ONE, Watched::Not),
            (ONE, ONE, Watched::Partly),
        ]
    );
}

#[test]
fn what_others_say_of_an_episode_stays_when_its_watcher_goes_on() {
    let (_directory, _, mut history) = fresh();
    let first = entry(&[episode("a", NOON, None)], &[alert("1")]);
    history.keep(&first).expect("room");
    let said = Acknowledgement {
        at: ONE.to_owned(),
        by: "user:ann".to_owned(),
        cause: Some("deploy".to_owned()),
        ticket: None,
        accepted_until: None,
    };
    assert!(history.acknowledge("a", &said).expect("room"));
    let mut delivered = alert("1");
    delivered.delivered_at = Some(ONE.to_owned());
    history.tried(&[delivered]).expect("room");
    let ended = entry(&[episode("a", NOON, Some(TWO))], &[]);
    history.keep(&ended).expect("room");
    let expected = Episode {
        alerted_at: Some(ONE.to_owned()),
        acknowledged: Some(said.clone()),
        ..episode("a", NOON, Some(TWO))
    };
    let found = history.episodes(&Query::default()).expect("episodes");
    assert_eq!(found, [expected]);
    // Nobody can say anything of what is over, or never was.
    for id in ["a", "b"] {
        assert!(!history.acknowledge(id, &said).expect("room"));
    }
}

#[test]
fn what_another_process_saw_does_not_go_on() {
    let (_directory, path, mut history) = fresh();
    let seen = |at: &str| Entry {
        seen: BTreeMap::from([(
            "prod".to_owned(),
            vec![Seen {
                at: at.to_owned(),
                watched: Watched::Whole,
                reason: None,
            }],
        )]),
        ..Entry::default()
    };
    history.keep(&seen(NOON)).expect("room");
    drop(history);
    let mut history = Sqlite::open(&path).expect("a history");
    let later = "2026-11-23T12:00:30Z";
    history.keep(&seen(later)).expect("room");
    let coverage = history.coverage(&Query::default()).expect("coverage");
    let told = with_gaps(coverage, later);
    let told: Vec<Watched> = told.iter().map(|one| one.watched).collect();
    assert_eq!(told, [Watched::Whole, Watched::Not, Watched::Whole]);
}
