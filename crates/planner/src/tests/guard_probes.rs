//! Which guard rails a pass tries out.

use cofferdam_model::cluster::Delivery;
use cofferdam_state::plan::Phase;
use cofferdam_state::record::entry_key;
use cofferdam_testkit::model;

use super::guards::{documents, shop};
use crate::guards::{Standing, statuses};
use crate::held_back;
use crate::view::View;

#[test]
fn every_rail_that_is_written_is_seen_to_be_in_force() {
    let mut trial = shop();
    let plan = trial.plan();
    let due = plan.probes.iter();
    let due: Vec<(&str, Option<Phase>)> = due
        .map(|due| (due.probe.policy.name.as_str(), due.before))
        .collect();
    let before = |name: &str| (name == "cofferdam-pin-pci").then_some(Phase::Taint);
    let bundle = trial.bundle();
    let all = bundle.guards.keys().map(String::as_str);
    assert_eq!(
        due,
        all.map(|name| (name, before(name))).collect::<Vec<_>>()
    );
    trial.apply();
    assert!(trial.plan().probes.is_empty());
    // Those that are to note only are not waited for: they let everything pass.
    let staged = documents().replace("enforcement: enforce", "enforcement: stage");
    trial.model = model(&staged);
    let plan = trial.plan();
    assert!(!plan.steps.is_empty());
    assert_eq!(plan.probes, Vec::new());
}

#[test]
fn a_rail_that_was_never_seen_in_force_is_tried_by_every_pass_and_not_called_in_force() {
    let mut trial = shop();
    trial.apply();
    let guard = trial.bundle().guards["cofferdam-nodes"].clone();
    let entry = entry_key(&guard.policy.key(), &guard.tried_field());
    let record = trial.cluster.record.as_mut().unwrap();
    assert!(record.record.entries.remove(&entry).is_some());
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let lacking: Vec<&str> = statuses(&view)
        .into_iter()
        .filter(|one| one.standing == Standing::Untried)
        .map(|one| one.guard.name())
        .collect();
    assert_eq!(lacking, ["cofferdam-nodes"]);
    let held = held_back(&view).into_iter();
    let held: Vec<String> = held
        .map(|one| format!("{}: {}", one.object.name, one.reason))
        .collect();
    assert_eq!(
        held,
        ["cofferdam-nodes: it is in place, and was never seen to be in force"]
    );
    let plan = trial.plan();
    let due: Vec<&str> = plan
        .probes
        .iter()
        .map(|due| due.probe.policy.name.as_str())
        .collect();
    assert!(plan.is_empty());
    assert_eq!(due, ["cofferdam-nodes"]);
    trial.apply();
    assert_eq!(trial.plan().probes, Vec::new());
}
