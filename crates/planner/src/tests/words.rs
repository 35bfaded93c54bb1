//! What a plan says of its steps, and beside them.

use std::collections::BTreeSet;

use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::record::entry_key;
use cofferdam_testkit::{Act, Edit, SHOP, Trial, model};
use serde_json::{Value, json};

use super::*;

/// The shop as applied, with another model since.
fn applied(text: &str) -> Trial {
    let mut trial = Trial::shop(SHOP, planner);
    trial.apply();
    trial.model = model(text);
    trial
}

fn replaced(from: &str, to: &str) -> String {
    let text = SHOP.replace(from, to);
    assert_ne!(text, SHOP);
    text
}

/// Every reason of a plan, once, with its phase.
#[track_caller]
fn check_reasons(trial: &Trial, want: &[&str]) {
    let plan = trial.plan();
    let lines = plan.steps.iter().map(|step| {
        let operation = step.action.operation().as_str();
        format!("{} {operation}: {}", step.phase.as_str(), step.reason)
    });
    let lines: BTreeSet<String> = lines.collect();
    assert_eq!(lines.iter().map(String::as_str).collect::<Vec<_>>(), want);
}

#[test]
fn reasons_tell_a_zone_on_its_way_back_from_one_on_its_way_forward() {
    check_reasons(
        &applied(&replaced("enforcement: enforce", "enforcement: observe")),
        &[
            "close delete: no policy isolates the pods any more",
            "labels patch: the namespace is only observed now: labels that we wrote are taken back",
            "open create: the pods are to be isolated no longer: open before the first allow goes",
            "prune delete: the namespace is only observed now",
            "taint patch: no pool asks for what we wrote here any more",
        ],
    );
    let staged = replaced("enforcement: enforce", "enforcement: stage");
    let mut trial = applied(&staged);
    check_reasons(
        &trial,
        &[
            "labels patch: the model no longer asks for labels that we wrote",
            "open create: not there",
            "prune delete: the namespace is only staged now, and nothing is denied there",
            "taint patch: no pool asks for what we wrote here any more",
        ],
    );
    trial.apply();
    trial.model = model(SHOP);
    check_reasons(
        &trial,
        &[
            "close delete: the namespace is enforced now, and every policy is in place",
            "deny create: not there",
            "labels patch: labels of the zone are missing",
            "taint patch: nodes of pool `pci` are dedicated to its zones",
        ],
    );
}

/// What the steps of a plan change, as `object path: have -> want`.
#[track_caller]
fn check_changes(trial: &Trial, want: &[&str]) {
    let observed = trial.cluster.observe();
    let plan = trial.plan();
    let text = |value: &Option<Value>| {
        let value = value.as_ref();
        value.map_or_else(|| "nothing".to_owned(), Value::to_string)
    };
    let lines = plan.steps.iter().flat_map(|step| {
        let object = step.action.object();
        let fields = crate::changes(&observed, step).into_iter();
        fields.map(move |Difference { path, want, have }| {
            format!("{object} {path}: {} -> {}", text(&have), text(&want))
        })
    });
    assert_eq!(lines.collect::<Vec<_>>(), want);
}

#[test]
fn a_plan_tells_old_and_new_of_what_it_changes() {
    let mut trial = applied(SHOP);
    check_changes(&trial, &[]);
    let label = |key: &str, value: Option<&str>| Act::Label {
        namespace: "web".to_owned(),
        key: key.to_owned(),
        value: value.map(ToOwned::to_owned),
    };
    trial
        .cluster
        .act(&label("cofferdam.io/tier", Some("theirs")));
    trial.cluster.act(&label("cofferdam.io/zone", None));
    trial.cluster.act(&Act::WritePolicy {
        namespace: "web".to_owned(),
        name: "cofferdam-default-deny-ingress".to_owned(),
        spec: json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}),
    });
    for node in trial.cluster.nodes.values_mut() {
        node.taints.clear();
    }
    check_changes(
        &trial,
        &[
            "Namespace/web metadata.labels[cofferdam.io/tier]: \"theirs\" -> \"edge\"",
            "Namespace/web metadata.labels[cofferdam.io/zone]: nothing -> \"front\"",
            "NetworkPolicy/web/cofferdam-default-deny-ingress spec.ingress: [{}] -> nothing",
            "Node/pci-1 spec.taints: nothing -> \"cofferdam.io/pool=pci:NoSchedule\"",
        ],
    );
}

#[test]
fn a_plan_tells_what_an_open_policy_was_made_that_it_writes_back() {
    let bare = SHOP.replacen("sensitivity: low", "sensitivity: low, withinZone: deny", 1);
    let staged = bare.replace("enforcement: enforce", "enforcement: stage");
    let mut trial = Trial::shop(&staged, planner);
    trial.apply();
    let other_way = Edit::Types(&["Egress"]);
    trial.cluster.act(&Act::EditOpen(3, other_way));
    let changed =
        "NetworkPolicy/web/cofferdam-open-ingress spec.policyTypes[0]: \"Egress\" -> \"Ingress\"";
    check_changes(&trial, &[changed]);
    trial.model = model(&bare);
    let taint = "Node/pci-1 spec.taints: nothing -> \"cofferdam.io/pool=pci:NoSchedule\"";
    let enforced = ["orders", "web"].map(|namespace| {
        let path =
            format!("Namespace/{namespace} metadata.labels[pod-security.kubernetes.io/enforce");
        [
            format!("{path}]: nothing -> \"baseline\""),
            format!("{path}-version]: nothing -> \"latest\""),
        ]
    });
    let enforced = enforced.as_flattened().iter().map(String::as_str);
    let want: Vec<&str> = enforced.chain([changed, taint]).collect();
    check_changes(&trial, &want);
}

/// The notices of a plan.
#[track_caller]
fn check_notices(trial: &Trial, want: &[&str]) {
    assert_eq!(trial.plan().notices, want);
}

#[test]
fn what_stays_of_a_namespace_that_left_the_model_is_told() {
    let without = replaced(
        "namespaces: [{ name: web }]",
        "namespaces: [{ name: site }]",
    );
    check_notices(
        &applied(&without),
        &[
            "left as last applied, because the model no longer mentions the namespace: `web` (5 policies and labels); \
             put it back into a zone, or `cofferdam apply` takes it back once it is in one with \
             `enforcement: observe`",
        ],
    );
    // With the zone itself gone, it is let go of by that.
    let stays = |text: &&str| !text.contains("{ name: front }") && !text.contains("kind: Flow");
    let without: Vec<&str> = SHOP.split("---\n").filter(stays).collect();
    check_notices(
        &applied(&without.join("---\n")),
        &[
            "left as last applied, because the model no longer mentions the namespace: `web` (5 policies and labels); \
             put it back into a zone, or `cofferdam detach --zone front --remove` takes it back",
        ],
    );
}

#[test]
fn who_lost_the_record_is_told_what_becomes_of_everything_and_what_to_do() {
    let mut trial = applied(SHOP);
    trial.cluster.record = None;
    check_notices(
        &trial,
        &[
            "IN THE WAY: NetworkPolicy/orders/cofferdam-allow-dns, NetworkPolicy/orders/cofferdam-default-deny-egress, \
             NetworkPolicy/orders/cofferdam-default-deny-ingress, NetworkPolicy/orders/cofferdam-flow-web-to-orders-in, \
             NetworkPolicy/orders/cofferdam-within-zone and 5 more: it carries our label, but is not in our record",
            "what carries our label stays in force as it is, and is not kept up. If Cofferdam wrote it, the record was \
             lost: restore ConfigMap cofferdam-system/cofferdam from a backup, or `cofferdam adopt --all` takes over \
             what the bundle asks for",
        ],
    );
    // As it says: one namespace after the other is written anew, though the first leaves a new record.
    trial.apply();
    for (namespace, left) in [("web", 1), ("orders", 0)] {
        trial.cluster.policies.retain(|(of, _), _| of != namespace);
        trial.apply();
        let notices = trial.plan().notices.into_iter();
        let told = notices.filter(|notice| notice.contains("the record was lost"));
        assert_eq!(told.count(), left, "{namespace}");
    }
    assert!(trial.cluster.record.is_some());
    check_notices(&trial, &[]);
    assert_eq!(trial.plan().steps, []);
}

/// Takes a policy out of the record, as if somebody else had made it with our label.
fn forget(trial: &mut Trial, namespace: &str, name: &str) {
    let object = ObjectKey::policy(namespace, name);
    let record = &mut trial.cluster.record.as_mut().unwrap().record;
    assert!(record.entries.remove(&entry_key(&object, "")).is_some());
}

#[test]
fn where_the_record_is_there_only_what_is_in_the_way_is_to_be_deleted() {
    for name in ["cofferdam-within-zone", "cofferdam-default-deny-ingress"] {
        let mut trial = applied(SHOP);
        let before = trial.cluster.policies.len();
        forget(&mut trial, "orders", name);
        let told = format!(
            "IN THE WAY: NetworkPolicy/orders/{name}: it carries our label, but is not in our record"
        );
        let advice = "what is in the way stays in force as it is, and is not kept up. The record knows other policies \
                      beside it, which carry our label too and must stay: delete only what is in the way; what it denies \
                      is open until the next `apply` has written it anew";
        check_notices(&trial, &[&told, advice]);
        // As it says: it alone is written anew.
        let (namespace, name) = ("orders".to_owned(), name.to_owned());
        trial.cluster.act(&Act::DeletePolicy { namespace, name });
        assert_eq!(trial.plan().steps.len(), 1);
        trial.apply();
        check_notices(&trial, &[]);
        assert_eq!(trial.cluster.policies.len(), before);
        assert_eq!(trial.plan().steps, []);
    }
}

#[test]
fn a_staged_pool_holds_no_taint_back() {
    let mut trial = applied(&replaced("enforcement: enforce", "enforcement: stage"));
    trial
        .cluster
        .pods
        .push(cofferdam_testkit::pod("orders", "a", &[]));
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    assert_eq!(crate::held_back(&view), []);
}
