//! Connections that move from one flow to another, step by step.

use cofferdam_state::plan::Phase;
use cofferdam_testkit::reach::{cuts, reach};
use cofferdam_testkit::{Faults, SHOP, Trial, model};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{cases, planner, refused};

/// The shop with flows in place of its own, each with its ports; a flow without ports is not there.
fn shop<P: ToString>(flows: &[(&str, Vec<P>)]) -> String {
    let (rest, _) = SHOP.rsplit_once("---").unwrap();
    let flows = flows.iter().filter(|(_, ports)| !ports.is_empty());
    let flows = flows.map(|(name, ports)| {
        let ports: Vec<String> = ports
            .iter()
            .map(|port| format!("{{ protocol: TCP, port: {} }}", port.to_string()))
            .collect();
        format!(
            "---\nkind: Flow\nmetadata: {{ name: {name} }}\nspec:\n  from: {{ zone: front }}\n  to: {{ zone: back }}\n  ports: [{}]\n  justification: needed\n  owner: shop\n  approval: {{ by: security, at: 2026-09-01 }}\n",
            ports.join(", ")
        )
    });
    format!("{rest}{}", flows.collect::<String>())
}

/// A trial with one model applied and the next one set.
fn between(before: &str, after: &str) -> Trial {
    let mut trial = Trial::shop(before, planner);
    trial.apply();
    trial.model = model(after);
    trial
}

/// Applies the plan, and asks after every step whether what stays allowed is allowed.
fn check_nothing_is_cut(mut trial: Trial, shuffle: u64) -> TestCaseResult {
    let plan = trial.plan();
    prop_assert_eq!(refused(&trial, &plan), Vec::<String>::new());
    let mut whole = trial.clone();
    whole.apply();
    let (before, after) = (reach(&trial.cluster), reach(&whole.cluster));
    let faults = Faults {
        shuffle,
        ..Faults::default()
    };
    let mut found = Vec::new();
    trial.carry_out(&plan, &faults, |now, step| {
        let cut = cuts(&before, &reach(now), &after).into_iter();
        found.extend(cut.map(|cut| format!("after {}: {cut}", step.action.object())));
    });
    prop_assert_eq!(found, Vec::<String>::new());
    Ok(())
}

/// The writes in `orders`, as `phase flow`.
fn check<P: ToString>(before: &[(&str, Vec<P>)], after: &[(&str, Vec<P>)], want: &[&str]) {
    let trial = between(&shop(before), &shop(after));
    let plan = trial.plan();
    let written = [Phase::Allow, Phase::Narrow].into_iter();
    let steps = written.flat_map(|phase| plan.phase(phase));
    let steps = steps.filter_map(|step| {
        let object = step.action.object();
        let flow = object.name.strip_prefix("cofferdam-flow-")?;
        let flow = flow.strip_suffix("-in")?;
        Some(format!("{} {flow}", step.phase.as_str()))
    });
    assert_eq!(steps.collect::<Vec<_>>(), want);
}

#[test]
fn a_flow_gives_a_port_up_after_the_one_that_takes_it_over() {
    check(
        &[("a", vec![1, 2]), ("b", vec![3])],
        &[("a", vec![1]), ("b", vec![2, 3])],
        &["allow b", "narrow a"],
    );
    check(
        &[("a", vec![1, 2])],
        &[("a", vec![1]), ("b", vec![2])],
        &["allow b", "narrow a"],
    );
    // `b` passes one port on and takes another over: it goes between the two.
    check(
        &[("a", vec![1, 2]), ("b", vec![3, 4]), ("c", vec![5])],
        &[("a", vec![1]), ("b", vec![2, 3]), ("c", vec![4, 5])],
        &["allow c", "narrow b", "narrow a"],
    );
    // A range is taken over in part, by a policy that gives something up as well.
    check(
        &[("a", vec!["9001-9010"]), ("b", vec!["9030"])],
        &[("a", vec!["9001-9005", "9020"]), ("b", vec!["9006-9010"])],
        &["narrow b", "narrow a"],
    );
    // Where nothing is gained, nothing waits.
    check(
        &[("a", vec![1, 2]), ("b", vec![3])],
        &[("a", vec![1]), ("b", vec![3])],
        &["allow a"],
    );
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn a_port_that_moves_between_flows_is_never_cut(
        moves in vec((0..3_usize, 0..3_usize), 2..6),
        shuffle in any::<u64>(),
    ) {
        let names = ["a", "b", "c"];
        let flows = |place: fn(&(usize, usize)) -> usize| names.map(|name| {
            let ports = (1..).zip(&moves);
            let mine = ports.filter(|(_, pair)| names.get(place(pair)) == Some(&name));
            (name, mine.map(|(port, _)| port).collect::<Vec<u16>>())
        });
        // Ports go from earlier to later flows only: a circle has no order.
        let before = flows(|(one, other)| *one.min(other));
        let after = flows(|(one, other)| *one.max(other));
        check_nothing_is_cut(between(&shop(&before), &shop(&after)), shuffle)?;
    }
}
