//! Policies: ours, others', and those in our name.

use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::policy_kind::POLICY_KINDS;
use cofferdam_state::finding::Class;
use cofferdam_testkit::Faults;

use super::*;

#[test]
fn what_is_missing_widens_or_narrows() {
    check(
        &[
            delete("orders/cofferdam-default-deny-ingress"),
            delete("orders/cofferdam-allow-dns"),
        ],
        &[
            "critical missing NetworkPolicy/orders/cofferdam-default-deny-ingress: not there [widens]",
            "medium missing NetworkPolicy/orders/cofferdam-allow-dns: not there [narrows]",
        ],
    );
    check(
        &[delete("web/cofferdam-default-deny-egress")],
        &["high missing NetworkPolicy/web/cofferdam-default-deny-egress: not there [widens]"],
    );
}

#[test]
fn what_was_changed_names_its_fields() {
    check(
        &[write("orders/cofferdam-default-deny-ingress", lets_in())],
        &[
            "critical changed NetworkPolicy/orders/cofferdam-default-deny-ingress: changed: spec.ingress [widens]; spec.ingress: nothing -> [{}]",
        ],
    );
    check(
        &[write("web/cofferdam-allow-dns", denies("Egress"))],
        &[
            "medium changed NetworkPolicy/web/cofferdam-allow-dns: changed: spec.egress [narrows]; spec.egress: [{\"ports\":[{\"port\":53,\"protocol\":\"TCP\"},{\"port\":53,\"protocol\":\"UDP\"}],\"to\":[{\"namespaceSelector\":{\"matchExpressions\":[{\"key\":\"kubernetes.io/metadata.name\",\"operator\":\"In\",\"values\":[\"kube-system\"]}]},\"podSelector\":{\"matchLabels\":{\"k8s-app\":\"kube-dns\"}}}]}] -> nothing",
        ],
    );
}

#[test]
fn labels_let_nothing_through() {
    let mut trial = applied();
    let key = key("orders/cofferdam-default-deny-ingress");
    let live = trial.cluster.policies.get_mut(&key).unwrap();
    live.labels.remove("cofferdam.io/instance");
    check_trial(
        &trial,
        &[
            "low changed NetworkPolicy/orders/cofferdam-default-deny-ingress: changed: metadata.labels[cofferdam.io/instance] [none]; metadata.labels[cofferdam.io/instance]: shop -> nothing",
        ],
    );
}

#[test]
fn what_somebody_made_again_is_an_impostor_and_is_written_over() {
    let (namespace, name) = key("orders/cofferdam-allow-dns");
    let mut trial = applied();
    trial.cluster.act(&Act::RemakePolicy { namespace, name });
    check_trial(
        &trial,
        &[
            "high impostor-object NetworkPolicy/orders/cofferdam-allow-dns: deleted and made again by somebody else [none]",
        ],
    );
    // A pass that writes something else does not make it ours.
    let mut plan = trial.plan();
    plan.steps.clear();
    trial.carry_out(&plan, &Faults::default(), |_, _| {});
    let found = find(&trial);
    let still = found.iter().any(|one| one.class == Class::ImpostorObject);
    assert!(still, "{found:?}");
    trial.apply();
    check_trial(&trial, &[]);
}

#[test]
fn a_policy_that_is_being_deleted_is_missing_and_in_the_way() {
    let mut trial = applied();
    let (namespace, name) = key("orders/cofferdam-default-deny-ingress");
    trial.cluster.act(&Act::TerminatePolicy { namespace, name });
    check_trial(
        &trial,
        &[
            "critical missing NetworkPolicy/orders/cofferdam-default-deny-ingress: being deleted: it stands until its finalizers are removed, and is then gone [widens]",
        ],
    );
    assert!(trial.plan().is_empty());
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let blocked: Vec<String> = crate::blocked(&view)
        .iter()
        .map(|(object, why)| format!("{object}: {why}"))
        .collect();
    assert_eq!(
        blocked,
        [
            "NetworkPolicy/orders/cofferdam-default-deny-ingress: it is being deleted, and stands until its finalizers are removed"
        ]
    );
}

#[test]
fn what_carries_our_label_without_being_in_the_record_is_left_alone() {
    let mut trial = applied();
    let ours = trial
        .cluster
        .policies
        .get(&key("web/cofferdam-allow-dns"))
        .cloned()
        .unwrap();
    trial
        .cluster
        .policies
        .insert(key("web/cofferdam-extra"), ours);
    check_trial(
        &trial,
        &[
            "high impostor-object NetworkPolicy/web/cofferdam-extra: it carries our label, but is not in our record [widens]",
        ],
    );
    assert!(trial.plan().is_empty());
}

#[test]
fn what_carries_our_label_and_allows_nothing_does_not_widen() {
    let in_our_name = |text: &str, object: &str, spec: Value| {
        let mut trial = Trial::shop(text, planner);
        trial.apply();
        trial.cluster.act(&write(object, spec));
        let live = trial.cluster.policies.get_mut(&key(object)).unwrap();
        let instance = "cofferdam.io/instance".to_owned();
        live.labels.insert(instance, "shop".to_owned());
        trial
    };
    let impostor = |severity: &str, effect: &str| {
        format!(
            "{severity} impostor-object NetworkPolicy/orders/theirs: it carries our label, but is not in our record{effect}"
        )
    };
    let trial = in_our_name(SHOP, "orders/theirs", denies("Egress"));
    check_trial(&trial, &[&impostor("high", " [none]")]);
    let trial = in_our_name(SHOP, "orders/theirs", lets_in());
    check_trial(&trial, &[&impostor("critical", " [widens]")]);
    // Where nothing is enforced, nobody knows; that is as urgent as of a policy without our label.
    let observed = SHOP.replace("enforcement: enforce", "enforcement: observe");
    for spec in [denies("Egress"), lets_in()] {
        let mut trial = in_our_name(&observed, "orders/theirs", spec);
        check_trial(&trial, &[&impostor("critical", "")]);
        let live = trial.cluster.policies.get_mut(&key("orders/theirs"));
        live.unwrap().labels.clear();
        let foreign =
            "critical foreign-policy NetworkPolicy/orders/theirs: selects pods of the zone";
        check_trial(&trial, &[foreign]);
    }
}

#[test]
fn a_namespace_of_no_zone_is_as_sensitive_as_the_zone_whose_label_it_carries() {
    let domain = "matchLabels: { environment: production } }";
    let more = format!("{domain}, unassignedNamespaces: isolate");
    let mut trial = Trial::shop(&SHOP.replacen(domain, &more, 1), planner);
    trial.cluster.add_namespace("batch", &[]);
    trial
        .cluster
        .act(&label("batch", "cofferdam.io/zone", Some("back")));
    trial.apply();
    trial
        .cluster
        .act(&delete("batch/cofferdam-default-deny-ingress"));
    trial.cluster.act(&write("batch/theirs", lets_in()));
    let mut found = lines(&find(&trial));
    found.retain(|line| line.contains("NetworkPolicy/"));
    assert_eq!(
        found,
        [
            "critical missing NetworkPolicy/batch/cofferdam-default-deny-ingress: not there [widens]",
            "critical foreign-policy NetworkPolicy/batch/theirs: allows connections of its own; whether the model allows them too is not computed [widens]",
        ]
    );
}

#[test]
fn a_name_that_others_hold_is_taken_and_nothing_is_isolated_there_for_the_first_time() {
    let mut trial = Trial::shop(SHOP, planner);
    trial
        .cluster
        .act(&write("web/cofferdam-allow-dns", denies("Egress")));
    trial.apply();
    check_trial(
        &trial,
        &[
            "high missing NetworkPolicy/web/cofferdam-default-deny-egress: not there [widens]",
            "high missing NetworkPolicy/web/cofferdam-default-deny-ingress: not there [widens]",
            "high name-taken NetworkPolicy/web/cofferdam-allow-dns: another object has this name",
            "medium missing NetworkPolicy/web/cofferdam-flow-web-to-orders-out: not there [narrows]",
            "medium missing NetworkPolicy/web/cofferdam-within-zone: not there [narrows]",
        ],
    );
    let in_web = trial
        .cluster
        .policies
        .keys()
        .filter(|(namespace, _)| namespace == "web");
    assert_eq!(in_web.count(), 1);
}

#[test]
fn what_left_the_model_is_an_orphan_until_it_is_pruned() {
    let mut trial = applied();
    let flow = SHOP.rsplit_once("---\n").unwrap().0;
    trial.model = cofferdam_testkit::model(flow);
    check_trial(
        &trial,
        &[
            "medium orphan NetworkPolicy/orders/cofferdam-flow-web-to-orders-in: the model no longer asks for it [widens]",
            "medium orphan NetworkPolicy/web/cofferdam-flow-web-to-orders-out: the model no longer asks for it [widens]",
        ],
    );
    trial.apply();
    check_trial(&trial, &[]);
}

#[test]
fn policies_of_others_count_by_what_they_allow() {
    check(
        &[write("orders/theirs", lets_in())],
        &[
            "critical foreign-policy NetworkPolicy/orders/theirs: allows connections of its own; whether the model allows them too is not computed [widens]",
        ],
    );
    check(
        &[write("web/theirs", lets_in())],
        &[
            "high foreign-policy NetworkPolicy/web/theirs: allows connections of its own; whether the model allows them too is not computed [widens]",
        ],
    );
    check(
        &[write("orders/theirs", denies("Egress"))],
        &["info foreign-policy NetworkPolicy/orders/theirs: allows nothing of its own [none]"],
    );
    // Of no pod that runs now; the next may be one.
    let of_none_yet = json!({"podSelector": {"matchLabels": {"app": "nightly"}}, "ingress": [{}]});
    check(
        &[write("web/theirs", of_none_yet)],
        &[
            "high foreign-policy NetworkPolicy/web/theirs: allows connections of its own; whether the model allows them too is not computed [widens]",
        ],
    );
}

#[test]
fn policies_that_are_not_modelled_concern_their_namespace_or_every_zone() {
    let kind = |name: &str| {
        let found = POLICY_KINDS.iter().find(|one| one.kind == name).unwrap();
        Kind::OtherPolicy(found)
    };
    let mut trial = applied();
    for (name, namespace) in [
        ("CiliumNetworkPolicy", Some("web")),
        ("CiliumNetworkPolicy", Some("default")),
        ("AdminNetworkPolicy", None),
    ] {
        trial.cluster.other_policies.push(ObjectKey {
            kind: kind(name),
            namespace: namespace.map(str::to_owned),
            name: "theirs".to_owned(),
        });
    }
    check_trial(
        &trial,
        &[
            "critical foreign-policy AdminNetworkPolicy.policy.networking.k8s.io/theirs: a kind of policy that is not modelled: what it opens or closes is not known",
            "medium foreign-policy CiliumNetworkPolicy.cilium.io/web/theirs: a kind of policy that is not modelled: what it opens or closes is not known",
        ],
    );
}

#[test]
fn who_replaces_all_policies_of_a_staged_namespace_is_found_out() {
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    trial
        .cluster
        .policies
        .retain(|(namespace, _), _| namespace != "web");
    trial.cluster.act(&write("web/theirs", denies("Egress")));
    let found = find(&trial).into_iter();
    let missing = found.filter(|finding| finding.class.as_str() == "missing");
    let missing: Vec<String> = missing.map(|finding| finding.object.name).collect();
    assert_eq!(missing.len(), 5, "{missing:?}");
    trial.apply();
    let mut left = find(&trial).into_iter();
    assert!(!left.any(|finding| finding.class.as_str() == "missing"));
}
