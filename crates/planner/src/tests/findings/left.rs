//! What stands, or no longer stands, where the model no longer asks for it.

use super::*;

const DENY: &str = "orders/cofferdam-default-deny-ingress";

/// The shop of which the model no longer mentions namespace `orders`, after an apply.
fn left() -> Trial {
    let mut trial = applied();
    trial.model = cofferdam_testkit::model(&SHOP.replace(
        "namespaces: [{ name: orders }]",
        "namespaces: [{ name: store, create: true }]",
    ));
    trial.apply();
    trial
}

/// The findings about an object, given as `Kind/[namespace/]name`.
fn about(trial: &Trial, object: &str) -> Vec<String> {
    let mut found = lines(&find(trial));
    found.retain(|line| line.contains(&format!(" {object}: ")));
    found
}

#[test]
fn a_deny_where_the_model_left_it_denies_no_longer_once_it_selects_fewer_pods() {
    let opened = "critical orphan NetworkPolicy/orders/cofferdam-default-deny-ingress: the model no longer mentions its namespace, and somebody changed it: it denies no longer [widens]";
    for spec in [
        lets_in(),
        json!({"podSelector": {"matchLabels": {"app": "nothing"}}, "policyTypes": ["Ingress"]}),
        json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{}]}),
    ] {
        let mut trial = left();
        trial.cluster.act(&write(DENY, spec));
        assert_eq!(about(&trial, &format!("NetworkPolicy/{DENY}")), [opened]);
    }
    let mut trial = left();
    trial.cluster.act(&write(DENY, denies("Ingress")));
    assert_eq!(
        about(&trial, &format!("NetworkPolicy/{DENY}")),
        [
            "medium orphan NetworkPolicy/orders/cofferdam-default-deny-ingress: the model no longer mentions its namespace [narrows]"
        ]
    );
    let (namespace, name) = key(DENY);
    trial.cluster.act(&Act::TerminatePolicy { namespace, name });
    assert_eq!(
        about(&trial, &format!("NetworkPolicy/{DENY}")),
        [
            "critical orphan NetworkPolicy/orders/cofferdam-default-deny-ingress: the model no longer mentions its namespace, and it is being deleted: it stands until its finalizers are removed, and is then gone [widens]"
        ]
    );
}

#[test]
fn an_open_policy_that_nobody_asks_for_is_as_urgent_as_what_it_opens() {
    // A pass that was cut off before it closed what it had opened.
    let mut trial = Trial::shop(SHOP, planner);
    let plan = trial.plan();
    let first =
        |step: &cofferdam_state::plan::Step| step.phase == cofferdam_state::plan::Phase::Close;
    let faults = cofferdam_testkit::Faults {
        killed_after: plan.steps.iter().position(first),
        ..cofferdam_testkit::Faults::default()
    };
    trial.carry_out(&plan, &faults, |_, _| {});
    let open = |namespace: &str, severity: &str| {
        let object = format!("NetworkPolicy/{namespace}/cofferdam-open-ingress");
        let want = format!("{severity} orphan {object}: the model no longer asks for it [widens]");
        assert_eq!(about(&trial, &object), [want]);
    };
    open("orders", "critical");
    open("web", "high");
    // What was only staged was never denied.
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    trial.model =
        cofferdam_testkit::model(&SHOP.replace("enforcement: enforce", "enforcement: observe"));
    let object = "NetworkPolicy/orders/cofferdam-open-ingress";
    let want = format!("medium orphan {object}: the model no longer asks for it [widens]");
    assert_eq!(about(&trial, object), [want]);
}

#[test]
fn without_a_record_what_carries_our_label_is_compared_with_what_is_wanted() {
    let mut trial = applied();
    trial.cluster.record = None;
    let object = format!("NetworkPolicy/{DENY}");
    let impostor = "impostor-object NetworkPolicy/orders/cofferdam-default-deny-ingress: it carries our label, but is not in our record";
    assert_eq!(about(&trial, &object), [format!("high {impostor} [none]")]);
    trial.cluster.act(&write(DENY, lets_in()));
    assert_eq!(
        about(&trial, &object),
        [format!(
            "critical {impostor}, and it differs: spec.ingress [widens]; spec.ingress: nothing -> [{{}}]"
        )]
    );
    let allow = "web/cofferdam-allow-dns";
    trial.cluster.act(&write(allow, denies("Egress")));
    let found = about(&trial, &format!("NetworkPolicy/{allow}"));
    let [line] = found.as_slice() else {
        panic!("{found:#?}")
    };
    let want = "high impostor-object NetworkPolicy/web/cofferdam-allow-dns: it carries our label, but is not in our record, and it differs: spec.egress [narrows]; ";
    assert!(line.starts_with(want), "{line}");
}
