use proptest::prelude::*;

use super::*;

/// A finding about an object, as `name`, `name=message` or `name!severity`; `?` is that something is unknown.
fn found(text: &str) -> Episode {
    let (text, severity) = text.split_once('!').unwrap_or((text, "high"));
    let (name, message) = text.split_once('=').unwrap_or((text, ""));
    Episode {
        finding: format!("finding of {name}"),
        class: if name == "?" { "unknown" } else { "changed" }.to_owned(),
        severity: Some(severity.to_owned()),
        effect: "unknown".to_owned(),
        cluster: Some("prod".to_owned()),
        trust_domain: "production".to_owned(),
        object: name.to_owned(),
        message: message.to_owned(),
        started_from: "detection".to_owned(),
        ..Episode::default()
    }
}

fn look(found: Vec<Episode>, healed: &BTreeSet<String>) -> Look<'_> {
    Look {
        at: "12:00",
        before: Some("11:00"),
        found,
        healed,
    }
}

/// What the last of several looks turns.
#[track_caller]
fn check(looks: &[&str], expected: &[&str]) {
    let (mut episodes, healed) = (Episodes::default(), BTreeSet::new());
    let mut turns = Vec::new();
    for words in looks {
        let found: Vec<Episode> = words.split_whitespace().map(found).collect();
        let is_whole = !found.iter().any(is_unknown);
        turns = episodes.take(look(found, &healed), |one| !is_whole && !is_unknown(one));
    }
    let turns = turns.iter().map(|turn| {
        let Episode {
            object, message, ..
        } = &turn.episode;
        format!("{:?} {object} {message}", turn.what)
            .trim_end()
            .to_owned()
    });
    assert_eq!(turns.collect::<Vec<_>>(), expected, "{looks:?}");
}

#[test]
fn an_episode_begins_once_and_ends_once() {
    check(&["a"], &["Began a"]);
    check(&["a", "a"], &[]);
    check(&["a", "a=wider"], &["Changed a wider"]);
    check(&["a", "b"], &["Began b", "Ended a"]);
    check(&["a", "", ""], &[]);
    check(&["a", "", "a"], &["Began a"]);
}

#[test]
fn what_becomes_more_urgent_worsens() {
    check(&["a", "a!critical"], &["Worsened a"]);
    check(&["a", "a!critical", "a!critical"], &[]);
    check(&["a", "a!low"], &["Changed a"]);
}

#[test]
fn nothing_ends_while_something_is_unknown() {
    check(&["a", "?"], &["Began ?"]);
    check(&["a", "a=less ?"], &["Began ?"]);
    check(&["a", "a!critical ?"], &["Worsened a", "Began ?"]);
    check(&["a", "a=less ?", "a=less"], &["Changed a less", "Ended ?"]);
    check(&["a", "?", "a"], &["Ended ?"]);
    check(&["a", "?", ""], &["Ended ?", "Ended a"]);
}

/// When an episode is said to have begun, that somebody claims to have begun at a time; it was found at 12:00, after
/// everything was seen at a time.
#[track_caller]
fn check_start(claimed: &str, before: Option<&str>, expected: (&str, &str)) {
    let healed = BTreeSet::new();
    let mut one = found("a");
    claimed.clone_into(&mut one.started_at);
    "audit".clone_into(&mut one.started_from);
    let look = Look {
        before,
        ..look(vec![one], &healed)
    };
    let turns = Episodes::default().take(look, |_| false);
    let begun = turns.into_iter().next().expect("a turn").episode;
    let start = (&*begun.started_at, &*begun.started_from);
    assert_eq!(start, expected, "{claimed} {before:?}");
    assert_eq!(begun.absent_at.as_deref(), before);
}

#[test]
fn a_start_is_taken_from_others_only_where_it_can_be_true() {
    check_start("11:30", Some("11:00"), ("11:30", "audit"));
    check_start("09:00", None, ("09:00", "audit"));
    // It was not there then.
    check_start("10:30", Some("11:00"), ("12:00", "detection"));
    // Nor is it found before it is there.
    check_start("12:30", Some("11:00"), ("12:00", "detection"));
}

#[test]
fn who_ended_it_and_what_it_opened_meanwhile_is_told() {
    let with = |opened: &[&str]| {
        let opened = opened.iter().map(ToString::to_string).collect();
        Episode {
            opened: Some(opened),
            ..found("a")
        }
    };
    let none = BTreeSet::new();
    let mut episodes = Episodes::default();
    episodes.take(look(vec![with(&["x"])], &none), |_| false);
    episodes.take(look(vec![with(&["y"])], &none), |_| false);
    // What a restart finds on record goes on.
    let mut episodes = Episodes::open(episodes.all().cloned().collect());
    let healed = BTreeSet::from(["a".to_owned()]);
    let turns = episodes.take(look(Vec::new(), &healed), |_| false);
    let ended = &turns.first().expect("a turn").episode;
    assert_eq!(
        ended.opened.as_deref(),
        Some(&["x".to_owned(), "y".to_owned()][..])
    );
    assert_eq!(ended.ended_by.as_deref(), Some("cofferdam"));
    let mut left = Episodes::open(vec![found("a")]);
    let turns = left.leave("13:00");
    let ended_by = turns.first().and_then(|turn| turn.episode.ended_by.clone());
    assert_eq!(ended_by.as_deref(), Some("left the fleet"));
}

#[test]
fn one_that_comes_back_within_a_second_is_another() {
    let (mut episodes, none) = (Episodes::default(), BTreeSet::new());
    let mut ids = BTreeSet::new();
    for words in [vec![found("a")], Vec::new(), vec![found("a")]] {
        let turns = episodes.take(look(words, &none), |_| false);
        let began = turns.into_iter().filter(|turn| turn.what == What::Began);
        ids.extend(began.map(|turn| turn.episode.id));
    }
    assert_eq!(ids.len(), 2);
}

proptest! {
    /// Whatever is found, and however far is seen: every episode begins before it ends, ends once, and what is open after
    /// everything was seen is what was found.
    #[test]
    fn nothing_is_lost_and_nothing_is_told_twice(looks in prop::collection::vec((prop::collection::btree_set(0..5_u8, 0..5), any::<bool>()), 1..40)) {
        let (mut episodes, none) = (Episodes::default(), BTreeSet::new());
        let (mut open, mut over) = (BTreeSet::new(), BTreeSet::new());
        for (names, is_whole) in looks {
            let words = names.iter().map(|name| found(&format!("n{name}"))).collect();
            for turn in episodes.take(look(words, &none), |_| !is_whole) {
                let id = turn.episode.id;
                match turn.what {
                    What::Began => assert!(open.insert(id.clone()) && !over.contains(&id)),
                    What::Worsened | What::Changed => assert!(open.contains(&id)),
                    What::Ended => assert!(is_whole && open.remove(&id) && over.insert(id)),
                }
            }
            let told: BTreeSet<String> = episodes.all().map(|one| one.id.clone()).collect();
            assert_eq!(told, open);
            let objects: BTreeSet<String> = episodes.all().map(|one| one.object.clone()).collect();
            let now: BTreeSet<String> = names.iter().map(|name| format!("n{name}")).collect();
            assert!(objects.is_superset(&now));
            assert!(!is_whole || objects == now);
        }
    }
}
