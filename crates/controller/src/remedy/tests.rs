use cofferdam_model::cluster::Delivery;
use cofferdam_planner::reach::{Ground, weigh};
use cofferdam_planner::view::View;
use cofferdam_state::bundle::Bundle;
use cofferdam_testkit::{Cluster, SHOP, Trial};
use serde_json::json;

use super::*;

fn planner(bundle: &Bundle, observed: &Observed, model: &Model) -> Result<Plan, Vec<String>> {
    cofferdam_planner::plan(&View::new(bundle, observed, Delivery::Push), model)
}

/// What somebody does to the shop after it was applied.
#[derive(Clone, Copy)]
enum Act {
    /// Deletes the deny of a namespace.
    Lose(&'static str),
    /// Allows everything with the deny of a namespace.
    Widen(&'static str),
    /// Takes the taint and label off a node.
    Release(&'static str),
    /// Allows everything in a namespace, by a policy of their own.
    Open(&'static str),
}

const DENY: &str = "cofferdam-default-deny-ingress";

fn act(cluster: &mut Cluster, act: Act) {
    match act {
        Act::Lose(namespace) => {
            let lost = cluster
                .policies
                .remove(&(namespace.to_owned(), DENY.to_owned()));
            assert!(lost.is_some());
        }
        Act::Widen(namespace) => {
            let deny = cluster
                .policies
                .get_mut(&(namespace.to_owned(), DENY.to_owned()));
            let deny = deny.expect("a deny");
            deny.spec =
                json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}).into();
        }
        Act::Release(node) => {
            let node = cluster.nodes.get_mut(node).expect("a node");
            node.labels.clear();
            node.taints.clear();
        }
        Act::Open(namespace) => {
            let deny = cluster
                .policies
                .get(&(namespace.to_owned(), DENY.to_owned()));
            let mut foreign = deny.expect("a deny").clone();
            foreign.labels.clear();
            "uid-of-the-hole".clone_into(&mut foreign.uid);
            foreign.spec =
                json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}).into();
            let hole = (namespace.to_owned(), "hole".to_owned());
            cluster.policies.insert(hole, foreign);
        }
    }
}

/// Changes of the shop's documents, what somebody does, and what is put back of it; `!` is before an object that was put
/// back three times already, `?` before one of which the finding is accepted.
#[track_caller]
fn check(edits: &[(&str, &str)], acts: &[Act], but: &[&str], expected: &[&str]) {
    let mut text = SHOP.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let mut trial = Trial::shop(&text, planner);
    trial.apply();
    for one in acts {
        act(&mut trial.cluster, *one);
    }
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let cluster = trial.document();
    let mut findings = cofferdam_planner::find(&view, cluster, None);
    let ground = Ground {
        view: &view,
        model: &trial.model,
        cluster,
    };
    weigh(&mut findings, ground);
    let named = |mark: char| but.iter().filter_map(move |one| one.strip_prefix(mark));
    let mut struggles = Struggles::default();
    for object in named('!') {
        struggles.note(&vec![format!("{object} spec.ingress"); CHANGED_BACK], 0);
    }
    let accepted = findings
        .iter()
        .filter(|one| named('?').any(|object| *object == one.object.to_string()));
    let accepted: BTreeSet<String> = accepted.map(Finding::id).collect();
    let grounds = Grounds {
        model: &trial.model,
        domain: trial
            .model
            .trust_domain_of(cluster)
            .expect("a trust domain"),
        findings: &findings,
        accepted: &accepted,
        struggles: &struggles,
        now: 60,
    };
    let remedy = grounds.remedy(&trial.plan(), &bundle, &observed);
    let removals = remedy.removals.iter().map(|step| step.action.object());
    let told = remedy
        .places
        .iter()
        .cloned()
        .chain(removals)
        .map(|object| object.to_string());
    assert_eq!(told.collect::<Vec<_>>(), expected, "{edits:?} {but:?}");
}

const HIGH: &str = "sensitivity: high\n";
const LOW: &str = "sensitivity: low,";
const PRODUCTION: &str = "spec: { clusters: { matchLabels: { environment: production } } }";

#[test]
fn sensitive_zones_are_put_back_and_others_are_not() {
    check(&[], &[], &[], &[]);
    check(
        &[],
        &[Act::Lose("orders"), Act::Lose("web")],
        &[],
        &["Namespace/orders"],
    );
    check(&[], &[Act::Widen("orders")], &[], &["Namespace/orders"]);
}

#[test]
fn a_zone_goes_before_its_trust_domain_and_a_class_before_the_default() {
    let domain = "spec: { healing: heal, clusters: { matchLabels: { environment: production } } }";
    let both = [Act::Lose("orders"), Act::Lose("web")];
    check(
        &[(PRODUCTION, domain)],
        &both,
        &[],
        &["Namespace/orders", "Namespace/web"],
    );
    let edits = [
        (PRODUCTION, domain),
        (LOW, "sensitivity: low, healing: observe,"),
    ];
    check(&edits, &both, &[], &["Namespace/orders"]);
    let edits = [(HIGH, "sensitivity: high\n  healing: { missing: alert }\n")];
    check(&edits, &[Act::Lose("orders")], &[], &[]);
    check(&edits, &[Act::Widen("orders")], &[], &["Namespace/orders"]);
    // What is left to people leaves its whole namespace to them.
    let lost = [Act::Widen("orders")];
    let both = ["?NetworkPolicy/orders/cofferdam-default-deny-ingress"];
    check(&[], &lost, &both, &[]);
}

#[test]
fn nodes_are_put_back_where_their_trust_domain_says_so() {
    let domain = "spec: { healing: heal, clusters: { matchLabels: { environment: production } } }";
    check(
        &[(PRODUCTION, domain)],
        &[Act::Release("pci-1")],
        &[],
        &["Node/pci-1"],
    );
}

#[test]
fn policies_of_others_go_only_where_their_class_is_named() {
    let open = [Act::Open("orders")];
    check(&[], &open, &[], &[]);
    let heal = [(HIGH, "sensitivity: high\n  healing: heal\n")];
    check(&heal, &open, &[], &[]);
    let named = [(
        HIGH,
        "sensitivity: high\n  healing: { foreign-policy: heal }\n",
    )];
    check(&named, &open, &[], &["NetworkPolicy/orders/hole"]);
    check(&named, &open, &["?NetworkPolicy/orders/hole"], &[]);
    // Where our deny is gone, it may be all that still denies.
    let both = [Act::Open("orders"), Act::Lose("orders")];
    check(&named, &both, &[], &["Namespace/orders"]);
    let staged = [(
        HIGH,
        "sensitivity: high\n  enforcement: stage\n  healing: { foreign-policy: heal }\n",
    )];
    check(&staged, &[], &[], &[]);
    check(&named, &open, &["!NetworkPolicy/orders/hole"], &[]);
}

#[test]
fn what_somebody_fights_over_or_accepts_is_left() {
    let deny = "NetworkPolicy/orders/cofferdam-default-deny-ingress";
    for mark in ['!', '?'] {
        check(
            &[],
            &[Act::Widen("orders")],
            &[&format!("{mark}{deny}")],
            &[],
        );
    }
}

#[test]
fn a_fight_is_three_times_within_an_hour() {
    let field = ["NetworkPolicy/a/b spec.egress".to_owned()];
    let mut struggles = Struggles::default();
    for at in [0, 100, 3_500] {
        assert!(!struggles.is_fought("NetworkPolicy/a/b", at));
        struggles.note(&field, at);
    }
    assert!(struggles.is_fought("NetworkPolicy/a/b", 3_500));
    assert!(!struggles.is_fought("NetworkPolicy/a/c", 3_500));
    assert!(!struggles.is_fought("NetworkPolicy/a/b", 3_600));
    // Another field of it is another matter.
    struggles.note(&["NetworkPolicy/a/b spec.ingress".to_owned()], 3_600);
    assert!(!struggles.is_fought("NetworkPolicy/a/b", 3_600));
    struggles.note(&field, 3_600);
    assert!(struggles.is_fought("NetworkPolicy/a/b", 3_650));
    struggles.forget("NetworkPolicy/a/b");
    assert!(!struggles.is_fought("NetworkPolicy/a/b", 3_650));
}
