//! Which guard rails a pass tries out.

use cofferdam_state::plan::Phase;
use cofferdam_testkit::{SHOP, Trial, model};

use super::planner;

#[test]
fn every_rail_that_is_written_is_seen_to_be_in_force() {
    let mut trial = Trial::shop(&documents(), planner);
    trial.cluster.capabilities.admission.validating_policies = true;
    trial.cluster.capabilities.admission.mutating_policies = true;
    // The pod of the zone beside the pool has no business on its nodes.
    trial.cluster.pods[0].tolerations.clear();
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

fn documents() -> String {
    let writers = "mode: manage, guards: { writers: ['user:cofferdam'] }";
    SHOP.replace("mode: manage", writers)
}
