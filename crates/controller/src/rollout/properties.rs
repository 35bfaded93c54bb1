//! What holds of every rollout, whatever becomes of its clusters.

use proptest::prelude::*;

use super::*;

const CLUSTERS: [&str; 6] = ["s1", "s2", "p1", "p2", "p3", "m1"];

/// Waves of two trust domains: of at most two clusters, then of one.
fn rollout(max_failures: u32) -> Rollout {
    let wave = |domain: &str, clusters: &[&str]| RolloutWave {
        trust_domain: domain.to_owned(),
        soak_seconds: 10,
        max_failures,
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
        previous: None,
        takes_back: None,
        began_at: at(0),
        state: RolloutState::Running,
        reason: None,
        by: None,
        attempt: 1,
        waves: vec![
            wave("staging", &["s1", "s2"]),
            wave("production", &["p1"]),
            wave("production", &["p2"]),
            wave("production", &["p3"]),
            wave("management", &["m1"]),
        ],
    }
}

fn at(seconds: u32) -> String {
    format!(
        "2026-11-23T{:02}:{:02}:{:02}Z",
        12 + seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// What happens between two steps: how many seconds pass, and what becomes of one cluster.
#[derive(Debug, Clone)]
struct Happening {
    seconds: u32,
    cluster: usize,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answers,
    Vanishes,
    /// It is written, if it was its turn.
    Converges,
    Fails,
    /// Somebody opens something there.
    Disturbed,
    /// What its turn brought is lost again.
    Reverted,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let fate = prop_oneof![
        2 => Just(Fate::Answers),
        2 => Just(Fate::Vanishes),
        8 => Just(Fate::Converges),
        1 => Just(Fate::Fails),
        1 => Just(Fate::Disturbed),
        1 => Just(Fate::Reverted),
    ];
    let one = (0..12_u32, 0..CLUSTERS.len(), fate);
    let one = one.prop_map(|(seconds, cluster, fate)| Happening {
        seconds,
        cluster,
        fate,
    });
    prop::collection::vec(one, 1..80)
}

proptest! {
    #[test]
    fn nobody_is_written_out_of_turn(happenings in happenings(), max_failures in 0..2_u32) {
        let mut rollout = rollout(max_failures);
        let mut standings: BTreeMap<String, Standing> =
            CLUSTERS.map(|name| (name.to_owned(), Standing::default())).into();
        let (mut now, mut turns) = (0, BTreeSet::new());
        for Happening { seconds, cluster, fate } in happenings {
            now += seconds;
            let name = CLUSTERS.get(cluster).copied().unwrap_or_default();
            let standing = standings.entry(name.to_owned()).or_default();
            match fate {
                Fate::Answers => standing.unreachable = None,
                Fate::Vanishes => standing.unreachable = Some("no answer".to_owned()),
                Fate::Converges => standing.converged |= turns.contains(name),
                Fate::Fails if turns.contains(name) => standing.failed = Some("refused".to_owned()),
                Fate::Fails => {}
                Fate::Disturbed => standing.disturbed = standing.converged.then(|| "opened".to_owned()),
                Fate::Reverted => standing.converged = false,
            }
            let before = rollout.clone();
            let world = World {
                standings: &standings,
                gate: &|_| Gate::Well,
                is_open: &|_| true,
                now: &at(now),
            };
            turns = step(&mut rollout, &world);
            check(&before, &rollout, &standings, &turns);
        }
    }
}

/// What holds after every step.
fn check(
    before: &Rollout,
    rollout: &Rollout,
    standings: &BTreeMap<String, Standing>,
    turns: &BTreeSet<String>,
) {
    // Only who can be reached, and is not as it must be, is written.
    for name in turns {
        let standing = standings.get(name).expect("a cluster");
        assert!(
            !standing.converged && standing.unreachable.is_none() && standing.failed.is_none(),
            "{name}"
        );
    }
    // A wave is begun only once every wave before it passed, and what passed stays so.
    let open = rollout
        .waves
        .iter()
        .position(|wave| !passed(wave))
        .unwrap_or(rollout.waves.len());
    for (index, wave) in rollout.waves.iter().enumerate() {
        let written = wave.clusters.iter().any(|one| turns.contains(&one.name));
        assert!(
            !written || index <= open,
            "wave {index} is written before wave {open} passed"
        );
        assert!(
            !passed(wave) || index < open,
            "wave {index} passed before wave {open}"
        );
    }
    for (was, is) in before.waves.iter().zip(&rollout.waves) {
        assert!(!passed(was) || passed(is));
        if !passed(was) && passed(is) {
            // It passes only after all of its clusters were well for as long as it soaks.
            let since = is.well_since.as_deref().expect("a time");
            assert!(was.well_since.as_deref() == Some(since), "it never soaked");
            let lacking = is
                .clusters
                .iter()
                .find(|one| one.state == RolloutClusterState::Waiting);
            assert_eq!(lacking, None);
        }
    }
    // After more failures than are allowed, or when something opened, nothing goes on.
    let halted = rollout.state == RolloutState::Halted;
    assert!(!halted || (turns.is_empty() && rollout.reason.is_some()));
    assert!(
        before.state != RolloutState::Halted
            || before
                .waves
                .iter()
                .map(passed)
                .eq(rollout.waves.iter().map(passed))
    );
    let done = rollout.state == RolloutState::Done;
    assert_eq!(done, !halted && rollout.waves.iter().all(passed));
}

fn passed(wave: &RolloutWave) -> bool {
    wave.state == WaveState::Passed
}
