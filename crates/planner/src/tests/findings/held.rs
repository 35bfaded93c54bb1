//! What a plan holds back: nothing of it is a step.

use cofferdam_testkit::pod;

use super::*;

/// What is held back, as `object: reason (hint)`; where something is, no step is about it.
#[track_caller]
fn check(trial: &Trial, want: &[&str]) {
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let held = crate::held_back(&view);
    let plan = trial.plan();
    for step in &held {
        let planned = plan
            .phase(step.phase)
            .any(|planned| planned.action.object() == step.object);
        assert!(!planned, "{}", step.object);
    }
    let shown = held.iter().map(|step| {
        format!(
            "{} {}: {} ({})",
            step.phase.as_str(),
            step.object,
            step.reason,
            step.hint
        )
    });
    assert_eq!(shown.collect::<Vec<_>>(), want);
}

#[test]
fn a_taint_waits_for_what_runs_in_its_own_zones() {
    let mut trial = Trial::shop(SHOP, planner);
    check(&trial, &[]);
    for name in ["a", "b", "c", "d", "e", "f"] {
        trial.cluster.pods.push(pod("orders", name, &[]));
    }
    check(
        &trial,
        &[
            "taint Node/pci-1: the taint of pool `pci` waits: Pod/orders/a, Pod/orders/b, Pod/orders/c, Pod/orders/d, \
             Pod/orders/e and 1 more would not tolerate it (add a toleration for `cofferdam.io/pool=pci:NoSchedule` to them)",
        ],
    );
}

#[test]
fn policies_wait_for_a_namespace_that_is_not_ours_to_create() {
    let policies = |why: &str| -> Vec<String> {
        let policies = [
            ("allow", "allow-dns"),
            ("deny", "default-deny-egress"),
            ("deny", "default-deny-ingress"),
            ("allow", "flow-web-to-orders-out"),
            ("allow", "within-zone"),
        ];
        policies
            .map(|(phase, name)| {
                format!("{phase} NetworkPolicy/web/cofferdam-{name}: namespace `web` {why}")
            })
            .to_vec()
    };
    let check = |trial: &Trial, why: &str| {
        let want = policies(why);
        check(trial, &want.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let make_it =
        "(create it, or write `create: true` beside its name under `spec.namespaces` of its Zone)";
    let mut trial = Trial::shop(SHOP, planner);
    trial.cluster.namespaces.remove("web");
    check(
        &trial,
        &format!("does not exist, and is not ours to create {make_it}"),
    );
    let mut trial = Trial::shop(SHOP, planner);
    if let Some(web) = trial.cluster.namespaces.get_mut("web") {
        web.terminating = true;
    }
    check(&trial, &format!("is being deleted {make_it}"));
    assert!(
        !trial
            .plan()
            .notices
            .iter()
            .any(|notice| notice.contains("`web`"))
    );
    let created = SHOP.replace("name: web }", "name: web, create: true }");
    trial.model = cofferdam_testkit::model(&created);
    check(&trial, "is being deleted (apply again when it is gone)");
    trial.cluster.namespaces.remove("web");
    self::check(&trial, &[]);
}
