//! What stands, or no longer stands, where the model no longer asks for it.

use super::*;

const ZONE: &str = "cofferdam.io/zone";
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

/// The shop with namespaces `site` and `web` in zone `front` by their labels.
fn selected() -> Trial {
    let by_label = "namespaces: [{ selector: { matchLabels: { part: web } } }]";
    let mut trial = Trial::shop(
        &SHOP.replace("namespaces: [{ name: web }]", by_label),
        planner,
    );
    trial.cluster.add_namespace("site", &[]);
    for name in ["site", "web"] {
        trial.cluster.act(&label(name, "part", Some("web")));
    }
    trial.apply();
    assert_eq!(about(&trial, "Namespace/web"), Vec::<String>::new());
    trial
}

#[test]
fn a_namespace_that_left_its_zone_and_is_still_admitted_by_its_label_widens() {
    let mut trial = selected();
    trial.cluster.act(&label("web", "part", None));
    let admitted = "critical orphan Namespace/web: the model no longer mentions the namespace, and policies of ours still admit it by that label [widens]; metadata.labels[cofferdam.io/zone]: nothing -> front";
    let found = about(&trial, "Namespace/web");
    assert!(found.contains(&admitted.to_owned()), "{found:#?}");
    // Of the whole zone nothing is left, until the policies of the others are written anew.
    trial.cluster.act(&label("site", "part", None));
    let found = about(&trial, "Namespace/web");
    assert!(found.contains(&admitted.to_owned()), "{found:#?}");
    trial.apply();
    let found = about(&trial, "Namespace/web");
    let harmless = "medium orphan Namespace/web: the model no longer mentions the namespace [none]; metadata.labels[cofferdam.io/zone]: nothing -> front";
    assert!(found.contains(&harmless.to_owned()), "{found:#?}");
}

#[test]
fn a_label_that_admits_nobody_else_than_the_model_does_not_widen() {
    let mut trial = selected();
    let by_label = "namespaces: [{ selector: { matchLabels: { part: web } } }]";
    let observed = format!("enforcement: {{ default: observe }}, {by_label}");
    let text = SHOP.replace("namespaces: [{ name: web }]", &observed);
    trial.model = cofferdam_testkit::model(&text);
    assert_eq!(
        about(&trial, "Namespace/web"),
        [
            "medium orphan Namespace/web: the namespace is only observed now, and still has our labels [none]; metadata.labels[cofferdam.io/zone]: nothing -> front"
        ]
    );
}

#[test]
fn a_namespace_that_pretends_widens_where_policies_admit_it_by_its_label() {
    let mut trial = selected();
    trial.cluster.act(&label("default", ZONE, Some("front")));
    let found = about(&trial, "Namespace/default");
    let admitted = "critical impostor-namespace Namespace/default: it carries a zone label that the model does not give it, and policies of ours admit it by that [widens]; metadata.labels[cofferdam.io/zone]: nothing -> front";
    assert!(found.contains(&admitted.to_owned()), "{found:#?}");
    // What the model names is admitted by its name, which nobody can forge.
    trial.cluster.act(&label("default", ZONE, Some("back")));
    let found = about(&trial, "Namespace/default");
    let named = "high impostor-namespace Namespace/default: it carries a zone label that the model does not give it; metadata.labels[cofferdam.io/zone]: nothing -> back";
    assert!(found.contains(&named.to_owned()), "{found:#?}");
    // Of what is not enforced yet, nothing is known.
    let staged = SHOP
        .replace("enforcement: enforce", "enforcement: stage")
        .replace(
            "namespaces: [{ name: web }]",
            "namespaces: [{ selector: { matchLabels: { part: web } } }]",
        );
    trial.model = cofferdam_testkit::model(&staged);
    trial.cluster.act(&label("default", ZONE, Some("front")));
    let found = about(&trial, "Namespace/default");
    let staged = named.replace("-> back", "-> front");
    assert!(found.contains(&staged), "{found:#?}");
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
