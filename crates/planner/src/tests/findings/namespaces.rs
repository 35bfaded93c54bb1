//! Namespaces of zones, and namespaces of nobody.

use cofferdam_state::finding::Class;
use cofferdam_testkit::pod;

use super::*;

const ZONE: &str = "cofferdam.io/zone";

#[test]
fn labels_that_were_changed_or_never_written() {
    check(
        &[label("web", ZONE, Some("back"))],
        &[
            "critical changed Namespace/web: changed: metadata.labels[cofferdam.io/zone]; metadata.labels[cofferdam.io/zone]: front -> back",
        ],
    );
    check(
        &[label("web", ZONE, None)],
        &[
            "medium changed Namespace/web: changed: metadata.labels[cofferdam.io/zone]; metadata.labels[cofferdam.io/zone]: front -> nothing",
        ],
    );
    let mut trial = Trial::shop(SHOP, planner);
    trial.cluster.act(&label(
        "web",
        "pod-security.kubernetes.io/warn",
        Some("privileged"),
    ));
    let mut found = lines(&find(&trial));
    found.retain(|line| line.contains("Namespace/web"));
    assert_eq!(
        found,
        [
            "medium missing Namespace/web: not labelled: metadata.labels[cofferdam.io/tier], metadata.labels[cofferdam.io/trust-domain], metadata.labels[cofferdam.io/zone], metadata.labels[pod-security.kubernetes.io/audit], metadata.labels[pod-security.kubernetes.io/audit-version], metadata.labels[pod-security.kubernetes.io/enforce], metadata.labels[pod-security.kubernetes.io/enforce-version], metadata.labels[pod-security.kubernetes.io/warn-version]; metadata.labels[cofferdam.io/tier]: edge -> nothing; metadata.labels[cofferdam.io/trust-domain]: production -> nothing; metadata.labels[cofferdam.io/zone]: front -> nothing; metadata.labels[pod-security.kubernetes.io/audit]: baseline -> nothing; metadata.labels[pod-security.kubernetes.io/audit-version]: latest -> nothing; metadata.labels[pod-security.kubernetes.io/enforce]: baseline -> nothing; metadata.labels[pod-security.kubernetes.io/enforce-version]: latest -> nothing; metadata.labels[pod-security.kubernetes.io/warn-version]: latest -> nothing",
            "medium conflict Namespace/web: held by another manager with another value: metadata.labels[pod-security.kubernetes.io/warn]; metadata.labels[pod-security.kubernetes.io/warn]: baseline -> privileged"
        ]
    );
}

#[test]
fn a_zone_label_that_others_hold_keeps_policies_away() {
    let mut trial = Trial::shop(SHOP, planner);
    trial.cluster.act(&label("web", ZONE, Some("theirs")));
    trial.apply();
    check_trial(
        &trial,
        &[
            "high missing NetworkPolicy/web/cofferdam-default-deny-egress: not there [widens]",
            "high missing NetworkPolicy/web/cofferdam-default-deny-ingress: not there [widens]",
            "medium missing NetworkPolicy/web/cofferdam-allow-dns: not there [narrows]",
            "medium missing NetworkPolicy/web/cofferdam-flow-web-to-orders-out: not there [narrows]",
            "medium missing NetworkPolicy/web/cofferdam-within-zone: not there [narrows]",
            "medium conflict Namespace/web: held by another manager with another value: metadata.labels[cofferdam.io/zone]; metadata.labels[cofferdam.io/zone]: front -> theirs",
        ],
    );
    assert!(
        trial
            .cluster
            .ours()
            .iter()
            .all(|(namespace, _)| namespace == "orders")
    );
}

#[test]
fn namespaces_that_are_not_there() {
    let missing = SHOP.replace("[{ name: web }]", "[{ name: web }, { name: shelf }]");
    let mut trial = applied();
    trial.model = cofferdam_testkit::model(&missing);
    check_trial(
        &trial,
        &[
            "medium changed NetworkPolicy/orders/cofferdam-flow-web-to-orders-in: changed: spec.ingress[0].from[0].namespaceSelector.matchExpressions[0].values [narrows]; spec.ingress[0].from[0].namespaceSelector.matchExpressions[0].values: [\"shelf\",\"web\"] -> [\"web\"]",
            "medium missing-namespace Namespace/shelf: the namespace does not exist, and is not ours to create",
        ],
    );
    let created = SHOP.replace(
        "[{ name: web }]",
        "[{ name: web }, { name: shelf, create: true }]",
    );
    let observed = created.replace("enforcement: enforce", "enforcement: observe");
    trial.model = cofferdam_testkit::model(&observed);
    let found = find(&trial);
    let one = found
        .iter()
        .find(|one| one.class == Class::MissingNamespace);
    assert_eq!(
        one.and_then(|one| one.hint.as_deref()),
        Some(
            "create it, or write `create: true` beside its name under `spec.namespaces` of Zone `front` and take it to \
             `stage`: in `observe` nothing is created, or narrow that entry by `clusters`"
        )
    );
    trial.model = cofferdam_testkit::model(&created);
    check_trial(
        &trial,
        &[
            "medium missing Namespace/shelf: the namespace is to be created [narrows]",
            "medium changed NetworkPolicy/orders/cofferdam-flow-web-to-orders-in: changed: spec.ingress[0].from[0].namespaceSelector.matchExpressions[0].values [narrows]; spec.ingress[0].from[0].namespaceSelector.matchExpressions[0].values: [\"shelf\",\"web\"] -> [\"web\"]",
        ],
    );
    let mut trial = applied();
    trial.cluster.act(&Act::Terminate {
        name: "web".to_owned(),
    });
    check_trial(
        &trial,
        &["medium missing-namespace Namespace/web: the namespace is being deleted"],
    );
}

#[test]
fn namespaces_that_pretend_or_were_left_behind() {
    let mut trial = applied();
    trial.cluster.act(&label("default", ZONE, Some("back")));
    let found = lines(&find(&trial));
    assert_eq!(
        found,
        [
            "high impostor-namespace Namespace/default: it carries a zone label that the model does not give it; metadata.labels[cofferdam.io/zone]: nothing -> back",
            "info unassigned-namespace Namespace/default: no zone holds it; it has no pods"
        ]
    );
    let mut trial = applied();
    trial.model = cofferdam_testkit::model(
        &SHOP.replace("[{ name: web }]", "[{ name: shelf, create: true }]"),
    );
    trial.apply();
    check_trial(
        &trial,
        &[
            "medium orphan Namespace/web: the model no longer mentions the namespace [none]; metadata.labels[cofferdam.io/zone]: nothing -> front",
            "medium orphan NetworkPolicy/web/cofferdam-allow-dns: the model no longer mentions its namespace [widens]",
            "medium orphan NetworkPolicy/web/cofferdam-default-deny-egress: the model no longer mentions its namespace [narrows]",
            "medium orphan NetworkPolicy/web/cofferdam-default-deny-ingress: the model no longer mentions its namespace [narrows]",
            "medium orphan NetworkPolicy/web/cofferdam-flow-web-to-orders-out: the model no longer mentions its namespace [widens]",
            "medium orphan NetworkPolicy/web/cofferdam-within-zone: the model no longer mentions its namespace [widens]",
            "medium unassigned-namespace Namespace/web: no zone holds it; it has 1 pod",
        ],
    );
    trial.cluster.act(&Act::WritePolicy {
        namespace: "web".to_owned(),
        name: "cofferdam-default-deny-ingress".to_owned(),
        spec: serde_json::json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}),
    });
    let opened = "high orphan NetworkPolicy/web/cofferdam-default-deny-ingress: the model no longer mentions its namespace, and somebody changed it: it denies no longer [widens]";
    let found = lines(&find(&trial));
    assert!(found.contains(&opened.to_owned()), "{found:#?}");
}

#[test]
fn namespaces_of_nobody_count_once_they_have_pods() {
    let mut trial = applied();
    trial.cluster.add_namespace("stray", &[]);
    check_trial(
        &trial,
        &["info unassigned-namespace Namespace/stray: no zone holds it; it has no pods"],
    );
    trial.cluster.pods.push(pod("stray", "one", &[]));
    check_trial(
        &trial,
        &["medium unassigned-namespace Namespace/stray: no zone holds it; it has 1 pod"],
    );
    trial.cluster.pods.push(pod("stray", "two", &[]));
    check_trial(
        &trial,
        &["medium unassigned-namespace Namespace/stray: no zone holds it; it has 2 pods"],
    );
    let mut done = pod("stray", "done", &[]);
    done.finished = true;
    trial.cluster.pods = vec![done];
    check_trial(
        &trial,
        &["info unassigned-namespace Namespace/stray: no zone holds it; it has no pods"],
    );
}
