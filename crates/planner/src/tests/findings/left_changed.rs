//! What somebody changes where the model left our policies, or is about to delete.

use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::policy_kind::POLICY_KINDS;

use super::left::{DENY, cut_off, left};
use super::*;

/// That a policy is being deleted, after what else is said of it.
const DYING: &str =
    "and it is being deleted: it stands until its finalizers are removed, and is then gone";

/// The finding about a policy, and its hint.
fn told(trial: &Trial, object: &str) -> (String, Option<String>) {
    let found = find(trial);
    let mut about = found.iter().filter(|one| one.object.to_string() == object);
    let one = about.next().unwrap();
    (shown(one), one.hint.clone())
}

#[test]
fn an_allow_where_the_model_left_it_was_changed_once_somebody_else_holds_its_spec() {
    let object = "NetworkPolicy/orders/cofferdam-allow-dns";
    let all = json!({
        "podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]
    });
    let is_left = format!("orphan {object}: the model no longer mentions its namespace");
    let mut trial = left();
    let as_applied = "it stays as last applied: put its namespace back into a zone, or \
        `cofferdam apply` takes it back once it is in one with `enforcement: observe`";
    assert_eq!(
        told(&trial, object),
        (
            format!("medium {is_left} [widens]"),
            Some(as_applied.to_owned())
        )
    );
    let start = trial.clone();
    trial
        .cluster
        .act(&write("orders/cofferdam-allow-dns", all.clone()));
    let as_it_is = "it stays as it is: put its namespace back into a zone, and `cofferdam apply` mends it, \
        or `cofferdam apply` takes it back once it is in one with `enforcement: observe`";
    let changed = format!("{is_left}, and somebody changed it since it was last applied");
    assert_eq!(
        told(&trial, object),
        (
            format!("critical {changed} [widens]"),
            Some(as_it_is.to_owned())
        )
    );
    // What it let through is let through no longer.
    let mut trial = start.clone();
    trial
        .cluster
        .act(&write("orders/cofferdam-allow-dns", denies("Egress")));
    assert_eq!(
        told(&trial, object).0,
        format!("medium {changed} [narrows]")
    );
    // Its labels let nothing through, whoever holds them.
    let mut trial = start.clone();
    let (namespace, name) = key("orders/cofferdam-allow-dns");
    let live = trial
        .cluster
        .policies
        .get_mut(&(namespace.clone(), name.clone()));
    live.unwrap().labels.clear();
    assert_eq!(told(&trial, object).0, format!("medium {is_left} [widens]"));
    let mut trial = start;
    trial.cluster.act(&Act::RemakePolicy { namespace, name });
    let again = format!("critical {is_left}, and somebody deleted it and made it again [widens]");
    assert_eq!(told(&trial, object).0, again);
}

#[test]
fn a_deny_where_the_model_left_it_was_changed_although_it_still_denies() {
    let object = format!("NetworkPolicy/{DENY}");
    let mut trial = left();
    let both = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    trial.cluster.act(&write(DENY, both));
    let changed = format!(
        "medium orphan {object}: the model no longer mentions its namespace, and somebody changed it since it was last applied [narrows]"
    );
    assert_eq!(told(&trial, &object).0, changed);
}

#[test]
fn policies_of_others_count_where_the_model_left_our_denies() {
    let object = "NetworkPolicy/orders/theirs";
    let mut trial = left();
    trial.cluster.act(&write("orders/theirs", lets_in()));
    let (line, hint) = told(&trial, object);
    assert_eq!(
        line,
        format!(
            "critical foreign-policy {object}: allows connections of its own where our denies stand, although the model no longer mentions the namespace [widens]"
        )
    );
    let hint = hint.unwrap();
    let back = "put its namespace back into a zone, or delete it, or waive it by a Waiver with ";
    assert!(hint.starts_with(back), "{hint}");
    trial.cluster.act(&write("orders/theirs", denies("Egress")));
    assert_eq!(
        about(&trial, object),
        [format!(
            "info foreign-policy {object}: allows nothing of its own [none]"
        )]
    );
    // Where we deny nothing, it is nobody's business.
    trial.cluster.act(&write("orders/theirs", lets_in()));
    trial.cluster.act(&delete(DENY));
    assert_eq!(about(&trial, object).len(), 1);
    trial
        .cluster
        .act(&delete("orders/cofferdam-default-deny-egress"));
    assert_eq!(about(&trial, object), Vec::<String>::new());
    trial.cluster.act(&write("default/theirs", lets_in()));
    assert_eq!(
        about(&trial, "NetworkPolicy/default/theirs"),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_being_deleted_is_not_said_to_stay_or_to_be_deleted_by_the_next_apply() {
    let terminate = |object: &str| {
        let (namespace, name) = key(object);
        Act::TerminatePolicy { namespace, name }
    };
    let mut trial = cut_off();
    let open = "orders/cofferdam-open-ingress";
    trial.cluster.act(&terminate(open));
    let object = format!("NetworkPolicy/{open}");
    let pruned = "it is gone when whoever set its finalizers removes them";
    assert_eq!(
        told(&trial, &object),
        (
            format!("critical orphan {object}: the model no longer asks for it, {DYING} [widens]"),
            Some(pruned.to_owned())
        )
    );
    let mut trial = left();
    trial.cluster.act(&terminate("orders/cofferdam-allow-dns"));
    let object = "NetworkPolicy/orders/cofferdam-allow-dns";
    let back =
        "put its namespace back into a zone, and `cofferdam apply` writes it anew when it is gone";
    assert_eq!(
        told(&trial, object),
        (
            format!(
                "medium orphan {object}: the model no longer mentions its namespace, {DYING} [widens]"
            ),
            Some(back.to_owned())
        )
    );
}

#[test]
fn policies_that_are_not_modelled_concern_where_the_model_left_our_denies() {
    let mut trial = left();
    let cilium = POLICY_KINDS
        .iter()
        .find(|one| one.kind == "CiliumNetworkPolicy");
    trial.cluster.other_policies.push(ObjectKey {
        kind: Kind::OtherPolicy(cilium.unwrap()),
        namespace: Some("orders".to_owned()),
        name: "theirs".to_owned(),
    });
    let object = "CiliumNetworkPolicy.cilium.io/orders/theirs";
    let unknown = "a kind of policy that is not modelled: what it opens or closes is not known";
    assert_eq!(
        about(&trial, object),
        [format!("critical foreign-policy {object}: {unknown}")]
    );
    trial
        .cluster
        .policies
        .retain(|(namespace, _), _| namespace != "orders");
    assert_eq!(about(&trial, object), Vec::<String>::new());
}
