//! What holds of every bundle, over generated models; and what single documents become.

use cofferdam_model::Model;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::keys::{self, NAMESPACE_NAME};
use cofferdam_objects::policy::peers;
use cofferdam_state::bundle::{Bundle, DesiredNamespace, Role};
use cofferdam_testkit::generate::{Sketch, Target, cluster, sketch};
use cofferdam_testkit::{Cluster, model};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::compile;

mod documents;
mod guards;
mod platform;
mod pod_security;

/// The bundle of a cluster with what it shows.
fn bundle(model: &Model, cluster: &Cluster) -> Bundle {
    let observed = cluster.observe();
    let document = model.clusters.get(&cluster.name).unwrap();
    compile(model, document, observed.capabilities.known())
        .unwrap()
        .bundle
}

/// The namespaces that the peers of a policy name, sorted.
fn named(policy: &NetworkPolicy) -> Vec<String> {
    let selectors = peers(policy).filter_map(|peer| peer.namespace_selector.as_ref());
    let expressions = selectors.flat_map(|selector| selector.match_expressions.iter().flatten());
    let names = expressions.filter(|expression| expression.key == NAMESPACE_NAME);
    let mut names: Vec<String> = names
        .flat_map(|names| names.values.clone().unwrap())
        .collect();
    names.sort();
    names
}

/// The namespaces of a zone that the bundle holds.
fn of_zone<'a>(bundle: &'a Bundle, zone: &str) -> Vec<(&'a str, &'a DesiredNamespace)> {
    let all = bundle
        .namespaces
        .iter()
        .map(|(name, wanted)| (name.as_str(), wanted));
    all.filter(|(_, wanted)| wanted.zone.as_str() == zone)
        .collect()
}

fn policy<'a>(bundle: &'a Bundle, namespace: &str, name: &str) -> Option<&'a NetworkPolicy> {
    let mut all = bundle.policies.iter();
    let found = all.find(|((ns, n), _)| ns.as_str() == namespace && n == name);
    found.map(|(_, policy)| &*policy.object)
}

const ZONES: [&str; 3] = ["edge", "application", "data"];

/// The zones between which a flow goes, where both of its ends are pods.
fn ends(sketch: &Sketch, number: usize) -> Option<(&'static str, &'static str)> {
    let flow = &sketch.flows[number];
    let to = match flow.to {
        Target::Same => flow.from,
        Target::Next => (flow.from + 1).min(2),
        Target::ApiServer => return None,
    };
    Some((ZONES[flow.from], ZONES[to]))
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(48) })]

    #[test]
    fn the_order_of_documents_does_not_matter(
        (sketch, order) in sketch().prop_flat_map(|sketch| {
            let documents = sketch.documents();
            (Just(sketch), Just(documents).prop_shuffle())
        }),
        cluster in cluster(),
    ) {
        let first = bundle(&model(&sketch.text()), &cluster);
        let second = bundle(&model(&order.join("---\n")), &cluster);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn every_policy_spells_out_all_that_it_means(sketch in sketch(), cluster in cluster()) {
        let bundle = bundle(&model(&sketch.text()), &cluster);
        for ((namespace, name), wanted) in &bundle.policies {
            let what = format!("{namespace}/{name}");
            let spec = wanted.object.spec.as_ref().unwrap();
            prop_assert!(spec.pod_selector.is_some(), "{}", what);
            prop_assert!(spec.ingress.is_some() && spec.egress.is_some(), "{}", what);
            let types = spec.policy_types.clone().unwrap();
            prop_assert!(!types.is_empty(), "{}", what);
            for (word, empty) in [
                ("Ingress", spec.ingress.as_ref().is_none_or(Vec::is_empty)),
                ("Egress", spec.egress.as_ref().is_none_or(Vec::is_empty)),
            ] {
                prop_assert!(empty || types.contains(&word.to_owned()), "{}", what);
            }
            let to_api_server = sketch.flows.iter().enumerate().any(|(number, flow)| {
                matches!(flow.to, Target::ApiServer) && *name == format!("cofferdam-flow-flow-{number}-out")
            });
            for peer in peers(&wanted.object) {
                prop_assert_eq!(peer.ip_block.is_some(), to_api_server, "{}", what);
                let both = peer.namespace_selector.is_some() && peer.pod_selector.is_some();
                prop_assert_eq!(both, !to_api_server, "{}", what);
                let bare = peer.namespace_selector.as_ref();
                prop_assert!(!bare.is_some_and(cofferdam_objects::selector::is_empty), "{}", what);
            }
        }
    }

    #[test]
    fn a_flow_has_both_sides_and_admits_whom_it_names(sketch in sketch(), cluster in cluster()) {
        let bundle = bundle(&model(&sketch.text()), &cluster);
        for number in 0..sketch.flows.len() {
            let Some((from, to)) = ends(&sketch, number) else { continue };
            for (here, there, word) in [(from, to, "out"), (to, from, "in")] {
                let name = format!("cofferdam-flow-flow-{number}-{word}");
                let wanted: Vec<&str> = of_zone(&bundle, there).iter().map(|(name, _)| *name).collect();
                for zone in ZONES {
                    for (namespace, desired) in of_zone(&bundle, zone) {
                        let governed = desired.enforcement > Enforcement::Observe && zone == here;
                        let found = policy(&bundle, namespace, &name);
                        prop_assert_eq!(found.is_some(), governed, "{}/{}", namespace, name);
                        if let Some(found) = found {
                            prop_assert_eq!(named(found), wanted.clone());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn pods_of_a_zone_reach_each_other_as_far_as_it_says(sketch in sketch(), cluster in cluster()) {
        let bundle = bundle(&model(&sketch.text()), &cluster);
        for (zone, drawn) in ZONES.into_iter().zip(&sketch.zones) {
            let members = of_zone(&bundle, zone);
            for (namespace, desired) in &members {
                let found = policy(&bundle, namespace, "cofferdam-within-zone").map(named);
                let everybody: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
                let names = match drawn.within {
                    "same-namespace" => vec![*namespace],
                    "allow" => everybody,
                    _ => Vec::new(),
                };
                // Once for each direction.
                let twice: Vec<&str> = names.iter().flat_map(|name| [*name, *name]).collect();
                let governed = desired.enforcement > Enforcement::Observe && !names.is_empty();
                let found: Option<Vec<&str>> =
                    found.as_ref().map(|names| names.iter().map(String::as_str).collect());
                prop_assert_eq!(found, governed.then_some(twice), "{}", namespace);
            }
        }
    }

    #[test]
    fn levels_decide_what_a_namespace_gets(sketch in sketch(), cluster in cluster()) {
        let bundle = bundle(&model(&sketch.text()), &cluster);
        for (name, wanted) in &bundle.namespaces {
            let here = bundle.policies.iter().filter(|((namespace, _), _)| namespace == name);
            let roles: Vec<Role> = here.map(|(_, policy)| policy.role).collect();
            let count = |test: fn(&Role) -> bool| roles.iter().filter(|role| test(role)).count();
            let denies = count(|role| matches!(role, Role::Deny(_)));
            let opens = count(|role| matches!(role, Role::Open(_)));
            let want = match wanted.enforcement {
                Enforcement::Observe => (0, 0),
                Enforcement::Stage => (0, 2),
                Enforcement::Enforce => (2, 0),
            };
            prop_assert_eq!((denies, opens), want, "{}", name);
            let nothing = wanted.enforcement == Enforcement::Observe;
            prop_assert_eq!(roles.is_empty(), nothing, "{}", name);
            prop_assert_eq!(wanted.labels.is_empty(), nothing, "{}", name);
        }
    }
}
