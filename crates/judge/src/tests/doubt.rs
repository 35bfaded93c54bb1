//! What cannot be judged, because something that decides was not read or more could be than is looked at.

use serde_json::json;

use super::*;

const GUARANTEE: &str = "
---
kind: Guarantee
metadata: { name: web-is-left-alone }
spec: { never: { from: { zone: back }, to: { zone: front } } }
";

/// A waiver of a finding until 2099.
fn waiver(covers: &str) -> String {
    format!(
        "
---
kind: Waiver
metadata: {{ name: known }}
spec: {{ for: {{ {covers} }}, reason: soon, approval: {{ by: security, at: 2026-09-01 }}, expires: 2099-01-01 }}
"
    )
}

/// The shop of these documents with everything in place.
fn applied(text: &str) -> Trial {
    let mut trial = shop(text);
    trial.apply();
    trial
}

/// What is refused of a plan for the documents, all as far as the hint.
#[track_caller]
fn check(scene: &Scene, want: &[&str]) {
    let told = scene.judge().into_iter();
    let told: Vec<String> = told
        .map(|one| format!("{}: {}", one.code, one.message))
        .collect();
    assert_eq!(told, want);
}

/// Policies of some kinds may not be read.
type Hide = fn(&mut Observed);

const ADMINISTRATORS: Hide = |seen| {
    seen.cluster_policies = Reading::Unknown("forbidden".to_owned());
};

const OTHER_KINDS: Hide = |seen| {
    seen.other_policies = Reading::Unknown("forbidden".to_owned());
};

#[track_caller]
fn check_unread(trial: &Trial, hide: Hide, want: &[&str]) {
    let mut scene = Scene::of(trial);
    hide(&mut scene.observed);
    check(&scene, want);
}

#[test]
fn a_sensitive_zone_is_not_judged_where_policies_may_not_be_read() {
    let zone = "not-judged: whether zone `back` of sensitivity high would be reachable beyond the flows cannot be judged: policies of";
    let of_administrators = format!("{zone} administrators: forbidden");
    let of_other_kinds = format!("{zone} kinds that are not modelled: forbidden");
    for trial in [shop(SHOP), applied(SHOP)] {
        check_unread(&trial, |_| {}, &[]);
        check_unread(&trial, ADMINISTRATORS, &[&of_administrators]);
        check_unread(&trial, OTHER_KINDS, &[&of_other_kinds]);
    }
}

#[test]
fn what_is_unread_says_how_it_can_be_read() {
    let mut scene = Scene::of(&shop(SHOP));
    ADMINISTRATORS(&mut scene.observed);
    let hints: Vec<Option<String>> = scene.judge().into_iter().map(|one| one.hint).collect();
    let hint = "see to it that they can be read: `cofferdam rbac --profile policies --cluster prod` prints the rights";
    assert_eq!(hints, [Some(hint.to_owned())]);
}

#[test]
fn where_nothing_sensitive_is_denied_nothing_is_asked() {
    let medium = SHOP.replace("sensitivity: high", "sensitivity: medium");
    check_unread(&shop(&medium), ADMINISTRATORS, &[]);
    let staged = SHOP.replace("enforcement: enforce", "enforcement: stage");
    let staged = format!("{staged}{GUARANTEE}");
    check_unread(&shop(&staged), ADMINISTRATORS, &[]);
}

#[test]
fn a_guarantee_is_not_judged_where_policies_may_not_be_read() {
    let medium = SHOP.replace("sensitivity: high", "sensitivity: medium");
    let guaranteed = format!("{medium}{GUARANTEE}");
    check_unread(
        &shop(&guaranteed),
        ADMINISTRATORS,
        &[
            "not-judged: whether guarantee `web-is-left-alone` would be broken cannot be judged: policies of administrators: forbidden",
        ],
    );
    let waived = format!("{guaranteed}{}", waiver("finding: web-is-left-alone"));
    check_unread(&shop(&waived), ADMINISTRATORS, &[]);
}

#[test]
fn what_only_mends_goes_on_although_policies_may_not_be_read() {
    let mut trial = applied(SHOP);
    trial.cluster.act(&Act::DeletePolicy {
        namespace: "orders".to_owned(),
        name: "cofferdam-default-deny-ingress".to_owned(),
    });
    check_unread(&trial, ADMINISTRATORS, &[]);
}

/// Lets pods of its own namespace in, by so many labels that all ways to combine them are not looked at.
fn by_many_labels(namespace: &str) -> Act {
    let peers = (0..13).map(|key| {
        let labels = [(format!("k{key}"), "v")];
        json!({"podSelector": {"matchLabels": labels.into_iter().collect::<std::collections::BTreeMap<_, _>>()}})
    });
    let peers: Vec<_> = peers.collect();
    Act::WritePolicy {
        namespace: namespace.to_owned(),
        name: "theirs".to_owned(),
        spec: json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": peers}]}),
    }
}

#[test]
fn a_sensitive_zone_is_not_judged_where_there_are_more_kinds_of_pods_than_are_looked_at() {
    let crowded = |namespace: &str, text: &str| {
        let mut trial = applied(text);
        trial.cluster.act(&by_many_labels(namespace));
        Scene::of(&trial)
    };
    let refused = |namespace: &str| {
        format!(
            "not-judged: whether zone `back` of sensitivity high would be reachable beyond the flows cannot be judged: in namespace {namespace} policies tell more kinds of pods apart than are looked at"
        )
    };
    for namespace in ["orders", "web"] {
        check(&crowded(namespace, SHOP), &[&refused(namespace)]);
    }
    check(&crowded("default", SHOP), &[]);
    let covers = "finding: foreign-policy, object: NetworkPolicy/orders/theirs";
    let waived = format!("{SHOP}{}", waiver(covers));
    check(&crowded("orders", &waived), &[]);
}

#[test]
fn a_guarantee_is_not_judged_where_there_are_more_kinds_of_pods_than_are_looked_at() {
    let medium = SHOP.replace("sensitivity: high", "sensitivity: medium");
    let mut trial = applied(&format!("{medium}{GUARANTEE}"));
    trial.cluster.act(&by_many_labels("default"));
    check(
        &Scene::of(&trial),
        &[
            "not-judged: whether guarantee `web-is-left-alone` would be broken cannot be judged: in namespace default policies tell more kinds of pods apart than are looked at",
        ],
    );
}
