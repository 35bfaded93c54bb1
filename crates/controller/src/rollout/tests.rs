use super::*;

/// Two clusters of staging in one wave, then production one by one; soaks of 10 and 60 s.
fn rollout() -> Rollout {
    let wave = |domain: &str, soak, clusters: &[&str]| RolloutWave {
        trust_domain: domain.to_owned(),
        soak_seconds: soak,
        max_failures: 0,
        needs_approval: false,
        approved_by: None,
        passed_by: None,
        state: WaveState::Waiting,
        reason: None,
        well_since: None,
        clusters: clusters.iter().map(|name| waiting(name)).collect(),
    };
    Rollout {
        revision: "new".to_owned(),
        previous: Some("old".to_owned()),
        takes_back: None,
        began_at: at(0),
        state: Running,
        reason: None,
        by: None,
        attempt: 1,
        waves: vec![
            wave("staging", 10, &["s1", "s2"]),
            wave("production", 60, &["p1"]),
            wave("production", 60, &["p2"]),
        ],
    }
}

fn at(seconds: u32) -> String {
    format!("2026-11-23T12:{:02}:{:02}Z", seconds / 60, seconds % 60)
}

/// Where clusters stand: `+` converged, `!` failed, `?` unreachable, `~` disturbed, `-` skipped; others wait.
fn standings(words: &str) -> BTreeMap<String, Standing> {
    let mut standings: BTreeMap<String, Standing> = ["s1", "s2", "p1", "p2"]
        .map(|name| (name.to_owned(), Standing::default()))
        .into();
    for word in words.split_whitespace() {
        let (name, mark) = word.split_at(2);
        let standing = standings.entry(name.to_owned()).or_default();
        match mark {
            "+" => standing.converged = true,
            "!" => standing.failed = Some("refused".to_owned()),
            "?" => standing.unreachable = Some("no answer".to_owned()),
            "-" => standing.skipped = Some("read only".to_owned()),
            _ => {
                standing.converged = true;
                standing.disturbed = Some("something opened".to_owned());
            }
        }
    }
    standings
}

/// Steps at seconds, with where clusters stand then; who may be written after the last, and where the rollout and its waves
/// stand.
#[track_caller]
fn check_with(
    mut rollout: Rollout,
    gate: &dyn Fn(&RolloutWave) -> Gate,
    steps: &[(u32, &str)],
    expected: (&str, RolloutState, &str),
) -> Rollout {
    let mut turns = BTreeSet::new();
    for (seconds, words) in steps {
        let standings = standings(words);
        let world = World {
            standings: &standings,
            gate,
            // Closed from minute 10 on.
            is_open: &|_| *seconds < 600,
            now: &at(*seconds),
        };
        turns = step(&mut rollout, &world);
    }
    let turns: Vec<String> = turns.into_iter().collect();
    let waves: Vec<&str> = rollout
        .waves
        .iter()
        .map(|wave| wave.state.as_str())
        .collect();
    let told = (&*turns.join(" "), rollout.state, &*waves.join(" "));
    assert_eq!(told, expected, "{steps:?}");
    rollout
}

#[track_caller]
fn check(steps: &[(u32, &str)], turns: &str, state: RolloutState, waves: &str) -> Rollout {
    check_with(rollout(), &|_| Gate::Well, steps, (turns, state, waves))
}

use RolloutState::{Done, Halted, Paused, Running};

#[test]
fn one_wave_after_the_other_and_each_soaks() {
    check(&[(0, "")], "s1 s2", Running, "writing waiting waiting");
    check(
        &[(0, ""), (1, "s1+")],
        "s2",
        Running,
        "writing waiting waiting",
    );
    check(
        &[(0, "s1+ s2+"), (9, "s1+ s2+")],
        "",
        Running,
        "soaking waiting waiting",
    );
    check(
        &[(0, "s1+ s2+"), (10, "s1+ s2+")],
        "p1",
        Running,
        "passed writing waiting",
    );
    let all = "s1+ s2+ p1+ p2+";
    let steps = [(0, "s1+ s2+"), (10, "s1+ s2+ p1+"), (70, all), (130, all)];
    check(&steps, "", Done, "passed passed passed");
}

#[test]
fn a_soak_begins_anew_where_something_is_to_be_written_again() {
    let steps = [(0, "s1+ s2+"), (9, "s1+"), (10, "s1+ s2+"), (19, "s1+ s2+")];
    check(&steps, "", Running, "soaking waiting waiting");
}

#[test]
fn a_failure_stops_the_rollout_and_a_resumed_one_goes_on() {
    let halted = check(
        &[(0, ""), (1, "s1+ s2!")],
        "",
        Halted,
        "writing waiting waiting",
    );
    assert_eq!(halted.reason.as_deref(), Some("s2: refused"));
    let halted = check_with(
        halted,
        &|_| Gate::Well,
        &[(2, "s1+ s2!")],
        ("", Halted, "writing waiting waiting"),
    );
    let resumed = Rollout {
        state: Running,
        attempt: 2,
        ..halted
    };
    check_with(
        resumed,
        &|_| Gate::Well,
        &[(3, "s1+")],
        ("s2", Running, "writing waiting waiting"),
    );
    let mut lenient = rollout();
    lenient
        .waves
        .iter_mut()
        .for_each(|wave| wave.max_failures = 1);
    let steps = [(0, "s1+ s2!"), (10, "s1+ s2!")];
    check_with(
        lenient.clone(),
        &|_| Gate::Well,
        &steps,
        ("p1", Running, "passed writing waiting"),
    );
    // Failures count over all waves of a trust domain.
    let steps = [(0, "s1+ s2+"), (10, "s1+ s2+ p1!"), (70, "s1+ s2+ p1! p2!")];
    check_with(
        lenient,
        &|_| Gate::Well,
        &steps,
        ("", Halted, "passed passed waiting"),
    );
}

#[test]
fn who_cannot_be_reached_blocks_nobody_and_is_not_forgotten() {
    check(
        &[(0, "s1+ s2?"), (10, "s1+ s2?")],
        "p1",
        Running,
        "passed writing waiting",
    );
    // Its turn comes once it can be reached, whatever else goes on, and after the end too.
    check(
        &[(0, "s1+ s2?"), (10, "s1+ s2?"), (11, "s1+")],
        "p1 s2",
        Running,
        "passed writing waiting",
    );
    let all = "s1+ s2? p1+ p2+";
    let steps = [(0, "s1+ s2?"), (10, "s1+ s2? p1+"), (70, all), (130, all)];
    let done = check(&steps, "", Done, "passed passed passed");
    assert_eq!(
        done.reason.as_deref(),
        Some("its turn comes once it can be reached: s2")
    );
    check_with(
        done,
        &|_| Gate::Well,
        &[(200, "s1+ p1+ p2+")],
        ("s2", Done, "passed passed passed"),
    );
    check(
        &[(0, "s1- s2-"), (10, "s1- s2-")],
        "p1",
        Running,
        "passed writing waiting",
    );
}

#[test]
fn what_opens_beside_the_plan_stops_it() {
    let halted = check(
        &[(0, "s1+ s2+"), (5, "s1+ s2~")],
        "",
        Halted,
        "soaking waiting waiting",
    );
    assert_eq!(halted.reason.as_deref(), Some("s2: something opened"));
}

#[test]
fn a_wave_passes_only_once_its_clusters_are_well() {
    let well = "s1+ s2+";
    let held: &dyn Fn(&RolloutWave) -> Gate = &|_| Gate::Held("not proved".to_owned());
    let waits = check_with(
        rollout(),
        held,
        &[(0, well), (100, well)],
        ("", Running, "HELD waiting waiting"),
    );
    let mut approved = waits;
    if let Some(wave) = approved.waves.first_mut() {
        wave.passed_by = Some("ann".to_owned());
    }
    check_with(
        approved,
        held,
        &[(101, well), (111, well)],
        ("p1", Running, "passed writing waiting"),
    );
    let broken: &dyn Fn(&RolloutWave) -> Gate = &|_| Gate::Broken("broken".to_owned());
    check_with(
        rollout(),
        broken,
        &[(0, well)],
        ("", Halted, "waiting waiting waiting"),
    );
}

#[test]
fn nothing_is_written_while_it_is_paused_or_waits_for_approval() {
    let paused = Rollout {
        state: Paused,
        ..rollout()
    };
    check_with(
        paused,
        &|_| Gate::Well,
        &[(0, "")],
        ("", Paused, "waiting waiting waiting"),
    );
    let mut asked = rollout();
    asked
        .waves
        .iter_mut()
        .for_each(|wave| wave.needs_approval = true);
    let mut asked = check_with(
        asked,
        &|_| Gate::Well,
        &[(0, "")],
        ("", Running, "waiting waiting waiting"),
    );
    if let Some(wave) = asked.waves.first_mut() {
        wave.approved_by = Some("ann".to_owned());
    }
    check_with(
        asked,
        &|_| Gate::Well,
        &[(1, "")],
        ("s1 s2", Running, "writing waiting waiting"),
    );
}

#[test]
fn what_is_new_waits_for_its_time() {
    check(&[(600, "")], "", Running, "waiting waiting waiting");
    check(
        &[(0, ""), (600, "s1+")],
        "",
        Running,
        "waiting waiting waiting",
    );
    check(
        &[(600, "s1+ s2+"), (610, "s1+ s2+")],
        "",
        Running,
        "passed waiting waiting",
    );
    // Also for who could not be reached at its time.
    let steps = [(0, "s1+ s2?"), (10, "s1+ s2?"), (600, "s1+")];
    check(&steps, "", Running, "passed waiting waiting");
}
