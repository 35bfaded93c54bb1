//! Namespaces that no zone holds, isolated and released again.

use cofferdam_model::Model;
use cofferdam_model::cluster::Delivery;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::keys;
use cofferdam_objects::policy_kind::POLICY_KINDS;
use cofferdam_testkit::generate::{Sketch, act, cluster, foreign_spec, sketch};
use cofferdam_testkit::{Act, Edit, Faults, SHOP, Trial, model};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

use super::passes::is_settled;
use super::{cases, planner, refused, trial};
use crate::view::View;

/// The shop with what its trust domain says of namespaces that no zone holds.
fn shop(unassigned: &str) -> String {
    let domain = "matchLabels: { environment: production } }";
    let more = format!("{domain}, unassignedNamespaces: {unassigned}");
    SHOP.replacen(domain, &more, 1)
}

/// A shop whose namespace `batch` was isolated, after somebody acted, with the model that no longer
/// asks for it.
fn released(acts: &[Act]) -> Trial {
    let mut trial = Trial::shop(&shop("isolate"), planner);
    trial.cluster.add_namespace("batch", &[]);
    trial.apply();
    for act in acts {
        trial.cluster.act(act);
    }
    trial.model = model(&shop("report"));
    trial
}

/// The steps in `batch`, as `phase operation name`.
fn steps(trial: &Trial) -> Vec<String> {
    let plan = trial.plan();
    assert_eq!(refused(trial, &plan), Vec::<String>::new());
    let steps = plan.steps.iter().map(|step| {
        let object = step.action.object();
        let (phase, operation) = (step.phase.as_str(), step.action.operation().as_str());
        let namespace = object.namespace.unwrap_or_default();
        (namespace, format!("{phase} {operation} {}", object.name))
    });
    let here = steps.filter(|(namespace, _)| namespace == "batch");
    here.map(|(_, step)| step).collect()
}

fn left(trial: &Trial) -> usize {
    let policies = trial.cluster.policies.keys();
    policies.filter(|(of, _)| of == "batch").count()
}

#[test]
fn what_isolated_a_namespace_of_no_zone_is_taken_back_when_nobody_asks_for_it() {
    let mut trial = released(&[]);
    let want = [
        "open create cofferdam-open-egress",
        "open create cofferdam-open-ingress",
        "prune delete cofferdam-allow-dns",
        "prune delete cofferdam-default-deny-egress",
        "prune delete cofferdam-default-deny-ingress",
        "close delete cofferdam-open-egress",
        "close delete cofferdam-open-ingress",
    ];
    assert_eq!(steps(&trial), want);
    let start = trial.clone();
    trial.apply();
    assert_eq!((left(&trial), steps(&trial)), (0, Vec::new()));
    // Wherever such a pass is killed, the next one ends it.
    for killed_after in 0..start.plan().steps.len() {
        let mut trial = start.clone();
        trial.apply_killed_after(killed_after);
        trial.apply();
        assert_eq!(left(&trial), 0, "killed after {killed_after}");
    }
}

#[test]
fn what_somebody_makes_under_a_name_that_a_killed_pass_left_keeps_nothing_isolated() {
    let mut trial = Trial::shop(&shop("isolate"), planner);
    trial.apply();
    trial.cluster.add_namespace("batch", &[]);
    let start = trial.clone();
    // Wherever a pass is killed before the name is there, somebody may make it.
    for killed_after in 0..start.plan().steps.len() {
        let mut trial = start.clone();
        trial.apply_killed_after(killed_after);
        let (namespace, name) = ("batch".to_owned(), "cofferdam-allow-dns".to_owned());
        let key = (namespace.clone(), name.clone());
        trial.cluster.policies.remove(&key);
        let spec = json!({"podSelector": {}, "policyTypes": ["Egress"]});
        trial.cluster.act(&Act::WritePolicy {
            namespace,
            name,
            spec,
        });
        trial.model = model(&shop("report"));
        steps(&trial);
        trial.apply();
        let theirs = trial.cluster.policies.get(&key);
        assert!(theirs.is_some(), "killed after {killed_after}");
        assert_eq!(left(&trial), 1, "killed after {killed_after}");
    }
}

#[test]
fn a_released_namespace_is_opened_by_an_open_policy_that_somebody_edited() {
    let mut trial = released(&[]);
    trial.apply_killed_after(2);
    trial.cluster.act(&Act::EditOpen(1, Edit::Pods));
    let want = [
        "open update cofferdam-open-ingress",
        "prune delete cofferdam-allow-dns",
        "prune delete cofferdam-default-deny-egress",
        "prune delete cofferdam-default-deny-ingress",
        "close delete cofferdam-open-egress",
        "close delete cofferdam-open-ingress",
    ];
    assert_eq!(steps(&trial), want);
    trial.apply();
    assert_eq!(left(&trial), 0);
}

#[test]
fn what_may_have_come_from_a_zone_stays_where_the_zone_left() {
    let mut trial = Trial::shop(
        &SHOP.replace("{ name: web }", "{ name: web }, { name: batch }"),
        planner,
    );
    trial.cluster.add_namespace("batch", &[]);
    trial.apply();
    let before = left(&trial);
    trial.model = model(SHOP);
    assert_eq!(steps(&trial), Vec::<String>::new());
    assert!(before > 0);
    // Nor what somebody else wrote there.
    let theirs = Act::WritePolicy {
        namespace: "batch".to_owned(),
        name: "theirs".to_owned(),
        spec: serde_json::json!({"podSelector": {}}),
    };
    let mut trial = released(&[theirs]);
    trial.apply();
    assert_eq!(left(&trial), 1);
}

/// Has the policies of a namespace say that they come from somewhere else.
fn forge(trial: &mut Trial, namespace: &str, source: &str) {
    let policies = trial.cluster.policies.iter_mut();
    for (_, live) in policies.filter(|((of, _), _)| of == namespace) {
        let source = ("cofferdam.io/source".to_owned(), source.to_owned());
        live.annotations = [source].into();
    }
}

/// The shop of which no zone holds `orders`.
fn without_orders(shop: &str) -> Model {
    model(&shop.replace("{ name: orders }", "{ name: store, create: true }"))
}

#[test]
fn what_left_a_zone_stays_although_somebody_says_that_a_trust_domain_isolated_it() {
    let mut trial = Trial::shop(SHOP, planner);
    trial.apply();
    trial.model = without_orders(SHOP);
    trial.apply();
    forge(&mut trial, "orders", "TrustDomain/production");
    assert!(trial.plan().is_empty(), "{:#?}", trial.plan());
    // Nor when nothing is known of its labels any more, because somebody removed them before a pass.
    for key in keys::NAMESPACE_KEYS {
        trial.cluster.act(&Act::Label {
            namespace: "orders".to_owned(),
            key: key.to_owned(),
            value: None,
        });
    }
    trial.cluster.act(&Act::DeleteOurs(0));
    trial.apply();
    trial.cluster.act(&Act::DeletePolicy {
        namespace: "web".to_owned(),
        name: "cofferdam-allow-dns".to_owned(),
    });
    trial.apply();
    forge(&mut trial, "orders", "TrustDomain/production");
    assert!(trial.plan().is_empty(), "{:#?}", trial.plan());
}

#[test]
fn isolation_is_taken_back_whatever_its_policies_say_of_themselves() {
    let mut trial = released(&[]);
    forge(&mut trial, "batch", "Zone/back");
    assert_eq!(steps(&trial).len(), 7);
    trial.apply();
    assert_eq!(left(&trial), 0);
}

#[test]
fn what_somebody_makes_in_a_namespace_that_was_made_anew_is_not_taken_back() {
    let name = || "batch".to_owned();
    let theirs = Act::WritePolicy {
        namespace: name(),
        name: "cofferdam-allow-dns".to_owned(),
        spec: json!({"podSelector": {}, "policyTypes": ["Egress"]}),
    };
    let anew = [
        Act::DeleteNamespace { name: name() },
        Act::AddNamespace { name: name() },
    ];
    let mut trial = released(&[anew.as_slice(), &[theirs]].concat());
    forge(&mut trial, "batch", "TrustDomain/production");
    assert_eq!(steps(&trial), Vec::<String>::new());
}

#[test]
fn what_left_a_zone_is_taken_back_only_after_a_pass_that_isolated_it_has_ended() {
    let mut start = Trial::shop(SHOP, planner);
    start.apply();
    start.model = without_orders(&shop("isolate"));
    let of_orders = |trial: &Trial| {
        let plan = trial.plan();
        assert_eq!(refused(trial, &plan), Vec::<String>::new());
        let objects = plan.steps.iter().map(|step| step.action.object());
        let here = objects.filter(|object| object.namespace.as_deref() == Some("orders"));
        here.count()
    };
    for killed_after in 0..start.plan().steps.len() {
        let mut trial = start.clone();
        trial.apply_killed_after(killed_after);
        trial.model = without_orders(SHOP);
        assert_eq!(of_orders(&trial), 0, "killed after {killed_after}");
        trial.model = without_orders(&shop("isolate"));
        trial.apply();
        trial.model = without_orders(SHOP);
        assert!(of_orders(&trial) > 0, "killed after {killed_after}");
        trial.apply();
        let policies = &trial.cluster.policies;
        assert!(policies.keys().all(|(of, _)| of != "orders"));
    }
}

#[test]
fn what_others_allow_in_a_namespace_that_is_isolated_is_found() {
    let mut trial = Trial::shop(&shop("isolate"), planner);
    trial.cluster.add_namespace("batch", &[]);
    trial.apply();
    for (name, rules) in [("opens", json!([{}])), ("shuts", json!([]))] {
        trial.cluster.act(&Act::WritePolicy {
            namespace: "batch".to_owned(),
            name: name.to_owned(),
            spec: json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": rules}),
        });
    }
    let kind = POLICY_KINDS
        .iter()
        .find(|one| one.kind == "CiliumNetworkPolicy")
        .unwrap();
    trial.cluster.other_policies.push(ObjectKey {
        kind: Kind::OtherPolicy(kind),
        namespace: Some("batch".to_owned()),
        name: "theirs".to_owned(),
    });
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let found = crate::find(&view, trial.document(), None).into_iter();
    let foreign = found.filter(|finding| finding.class.as_str() == "foreign-policy");
    let shown: Vec<String> = foreign
        .map(|finding| {
            let severity = finding.severity.unwrap().as_str();
            format!("{severity} {} {}", finding.effect.as_str(), finding.object)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "high widens NetworkPolicy/batch/opens",
            "medium unknown CiliumNetworkPolicy.cilium.io/batch/theirs",
            "info none NetworkPolicy/batch/shuts",
        ]
    );
}

#[test]
fn pods_of_a_namespace_that_is_to_be_isolated_are_named() {
    let mut trial = Trial::shop(&shop("isolate"), planner);
    trial.cluster.add_namespace("batch", &[]);
    let mut pod = trial.cluster.pods.first().unwrap().clone();
    "batch".clone_into(&mut pod.namespace);
    "night".clone_into(&mut pod.name);
    trial.cluster.pods.push(pod);
    let notices = trial.plan().notices;
    let told = notices.contains(&"newly isolated in `batch`: night".to_owned());
    assert!(told, "{notices:?}");
}

/// Somebody else's policy, under a name that is ours to give or their own, in a namespace of no zone.
fn theirs() -> impl Strategy<Value = Act> {
    let names = [
        "cofferdam-allow-dns",
        "cofferdam-default-deny-egress",
        "cofferdam-open-ingress",
        "theirs",
    ];
    let places = select(vec!["nobodys", "adopted", "default"]);
    (places, select(names.to_vec()), foreign_spec()).prop_map(|(namespace, name, spec)| {
        Act::WritePolicy {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            spec,
        }
    })
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn isolation_is_taken_back_wherever_its_pass_was_killed_and_whatever_somebody_made_there(
        sketch in sketch(),
        cluster in cluster(),
        killed_after in any::<Index>(),
        acts in vec(prop_oneof![theirs(), act()], 0..4),
    ) {
        let isolating = Sketch { isolate: true, ..sketch.clone() };
        let mut trial = trial(&isolating, cluster, &[]);
        let plan = trial.plan();
        let faults = Faults {
            killed_after: Some(killed_after.index(plan.steps.len() + 1)),
            ..Faults::default()
        };
        trial.carry_out(&plan, &faults, |_, _| {});
        for act in &acts {
            trial.cluster.act(act);
        }
        trial.model = model(&Sketch { isolate: false, ..sketch }.text());
        prop_assert_eq!(refused(&trial, &trial.plan()), Vec::<String>::new());
        trial.apply();
        is_settled(&trial)?;
    }
}
