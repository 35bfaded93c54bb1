//! Pins, and the taints that rest on them: pods are never bound to nodes that are not there.

mod leaving;
mod swapped;
mod unasked;

use cofferdam_judge::Departure;
use cofferdam_model::cluster::Delivery;
use cofferdam_model::labels::Labels;
use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::REGISTERED;
use cofferdam_state::detach::{Detachment, Manner, Scope};
use cofferdam_state::digest::short_digest;
use cofferdam_state::observed::Template;
use cofferdam_state::plan::{Action, Phase, taint_field};
use cofferdam_testkit::{Faults, SHOP, Trial, model, toleration};
use k8s_openapi::api::core::v1::Taint;

use super::*;
use crate::detach::{Leaving, detach};
use crate::held_back;

const PIN: &str = "cofferdam-pin-pci";
const REGISTRATION: &str = "cofferdam-registration-pci";
const LABEL: &str = "cofferdam.node-restriction.kubernetes.io/pool";

/// The shop with guard rails; what runs in its pool's zone tolerates the pool by the pin alone.
fn shop(text: &str) -> Trial {
    let mut trial = Trial::shop(text, planner);
    trial.cluster.capabilities.admission.validating_policies = true;
    trial.cluster.capabilities.admission.mutating_policies = true;
    trial.cluster.pods.clear();
    let template = template("orders");
    trial.cluster.templates.push(template);
    trial
}

fn documents() -> String {
    let writers = "mode: manage, guards: { writers: ['user:cofferdam'] }";
    SHOP.replace("mode: manage", writers)
}

/// The shop in which the zone of the pool is no longer enforced.
fn staged() -> String {
    documents().replace("tier: data", "tier: data\n  enforcement: stage")
}

fn template(namespace: &str) -> Template {
    Template {
        workload: "Deployment/server".to_owned(),
        namespace: namespace.to_owned(),
        ..Template::default()
    }
}

fn taint(value: &str) -> Taint {
    Taint {
        key: "cofferdam.io/pool".to_owned(),
        value: Some(value.to_owned()),
        effect: "NoSchedule".to_owned(),
        time_added: None,
    }
}

/// What of the way to the pool's nodes is in place: the pin, the taint of new nodes, and by `pci-1` label and taint.
fn in_place(trial: &Trial) -> String {
    let there = |name: &str| {
        let kinds = [
            AdmissionKind::MutatingPolicy,
            AdmissionKind::MutatingBinding,
        ];
        let mut keys = kinds
            .map(|kind| ObjectKey::admission(kind, name))
            .into_iter();
        keys.all(|key| trial.cluster.admission.contains_key(&key))
    };
    let node = &trial.cluster.nodes["pci-1"];
    let parts = [
        ("pin", there(PIN)),
        ("registration", there(REGISTRATION)),
        (
            "label",
            node.labels.get(LABEL).is_some_and(|value| value == "pci"),
        ),
        ("taint", node.taints.contains(&taint("pci"))),
    ];
    let parts = parts.into_iter().filter(|(_, there)| *there);
    parts.map(|(part, _)| part).collect::<Vec<_>>().join(" ")
}

/// Applies what the judge lets through, with faults; what is in place afterwards.
fn applied(trial: &mut Trial, faults: &Faults) -> String {
    applied_to(trial, faults);
    in_place(trial)
}

fn applied_to(trial: &mut Trial, faults: &Faults) {
    let plan = trial.plan();
    assert_eq!(refused(trial, &plan), Vec::<String>::new(), "{plan:#?}");
    trial.carry_out(&plan, faults, |_, _| {});
}

fn refusing(object: &str) -> Faults {
    Faults {
        refused: [object.to_owned()].into(),
        ..Faults::default()
    }
}

/// What is held back of guard rails, and why.
fn held(trial: &Trial) -> Vec<String> {
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let held = held_back(&view).into_iter();
    let held = held.filter(|step| step.object.name.starts_with("cofferdam-"));
    held.map(|step| format!("{}: {}", step.object.name, step.reason))
        .collect()
}

const ALL: &str = "pin registration label taint";

#[test]
fn pods_are_bound_only_to_a_ready_node_that_has_the_label() {
    let mut trial = shop(&documents());
    assert_eq!(applied(&mut trial, &refusing("Node/pci-1")), "");
    assert_eq!(applied(&mut trial, &Faults::default()), ALL);

    let mut trial = shop(&documents());
    let node = trial.cluster.nodes.get_mut("pci-1").unwrap();
    node.ready = false;
    assert_eq!(applied(&mut trial, &Faults::default()), "label");
    assert!(
        held(&trial).join("\n").contains("no ready node"),
        "{:#?}",
        held(&trial)
    );

    // Somebody else's label: nobody writes it over, so nobody is bound to it.
    let mut trial = shop(&documents());
    let node = trial.cluster.nodes.get_mut("pci-1").unwrap();
    node.labels.insert(LABEL.to_owned(), "theirs".to_owned());
    assert_eq!(applied(&mut trial, &Faults::default()), "");
    assert!(trial.plan().is_empty());
}

#[test]
fn the_judge_binds_no_pods_to_nodes_without_the_label() {
    let trial = shop(&documents());
    let mut plan = trial.plan();
    plan.steps.retain(|step| step.phase != Phase::Labels);
    let codes: Vec<String> = refused(&trial, &plan);
    assert!(
        codes
            .iter()
            .any(|one| one.contains("no ready node has the label")),
        "{codes:#?}"
    );
}

#[test]
fn a_pin_lets_go_of_namespaces_also_while_no_node_is_ready() {
    let two = "namespaces: [{ name: orders }, { name: ledger, enforcement: LEVEL }]";
    let at = |level: &str| {
        let namespaces = two.replace("LEVEL", level);
        documents().replace("namespaces: [{ name: orders }]", &namespaces)
    };
    let mut trial = shop(&at("enforce"));
    trial.cluster.add_namespace("ledger", &[]);
    assert_eq!(applied(&mut trial, &Faults::default()), ALL);
    trial.cluster.nodes.get_mut("pci-1").unwrap().ready = false;
    trial.cluster.templates.push(template("ledger"));
    trial.model = model(&at("stage"));
    let told = "new pods of Deployment/ledger/server are bound to pool `pci` no longer, and do not tolerate its taint: \
                they run on other nodes, or not at all";
    assert!(trial.plan().notices.contains(&told.to_owned()));
    applied(&mut trial, &Faults::default());
    let pin = &trial.cluster.admission[&ObjectKey::admission(AdmissionKind::MutatingPolicy, PIN)];
    assert!(!pin.spec.to_string().contains("ledger"));
}

#[test]
fn new_nodes_are_tainted_only_while_those_that_are_there_may_be() {
    let both = documents().replace("zones: [back]", "zones: [back, front]");
    let both = both.replace("tier: edge", "tier: edge, enforcement: stage");
    let mut trial = shop(&both);
    trial.cluster.templates.push(template("web"));
    assert_eq!(applied(&mut trial, &Faults::default()), "pin label");
    let told = held(&trial);
    assert!(told[0].starts_with(REGISTRATION), "{told:#?}");
    assert!(
        told[0].contains("Deployment/web/server would not tolerate it"),
        "{told:#?}"
    );
    assert!(trial.plan().is_empty());

    // Once it may be written it is; and nodes that are tainted stay so, whoever comes later.
    let web = trial.cluster.templates.pop().unwrap();
    assert_eq!(applied(&mut trial, &Faults::default()), ALL);
    trial.cluster.templates.push(web);
    assert_eq!(applied(&mut trial, &Faults::default()), ALL);

    // A node that lost its taint may not get it back, so others come without it too.
    let node = trial.cluster.nodes.get_mut("pci-1").unwrap();
    node.taints.clear();
    assert_eq!(applied(&mut trial, &Faults::default()), "pin label");
}

#[test]
fn a_taint_may_change_its_effect_under_pods_that_have_their_toleration_by_the_pin() {
    let effect = |effect: &str| {
        let taint = format!("zones: [back], taint: {{ effect: {effect} }}");
        documents().replace("zones: [back]", &taint)
    };
    let mut trial = shop(&documents());
    trial.apply();
    // As the pin has it written.
    let mut pinned = cofferdam_testkit::pod("orders", "server-1", &[]);
    pinned.tolerations = vec![toleration("cofferdam.io/pool", "pci")];
    trial.cluster.pods.push(pinned);
    for to in ["NoExecute", "PreferNoSchedule", "NoSchedule"] {
        trial.model = model(&effect(to));
        let plan = trial.plan();
        assert_eq!(refused(&trial, &plan), Vec::<String>::new(), "{to}");
        assert_eq!(held(&trial), Vec::<String>::new(), "{to}");
        trial.apply();
        let taints = trial.cluster.nodes["pci-1"].taints.iter();
        let taints: Vec<&str> = taints.map(|taint| taint.effect.as_str()).collect();
        assert_eq!(taints, [to]);
        assert!(trial.plan().is_empty(), "{to}");
    }
}

/// A node as it registers while the rail is in force.
fn register(trial: &mut Trial, name: &str) {
    let mut node = cofferdam_testkit::node(&format!("uid-{name}"), &[("os", "linux")]);
    let which = short_digest(taint_field(&taint("pci")));
    node.labels.insert(REGISTERED.to_owned(), which);
    node.taints.push(taint("pci"));
    trial.cluster.nodes.insert(name.to_owned(), node);
}

#[test]
fn a_taint_that_a_node_got_at_registration_is_ours() {
    let on = |trial: &Trial| {
        let node = &trial.cluster.nodes["pci-2"];
        let labels = node.labels.keys().map(String::as_str);
        (labels.collect::<Vec<_>>().join(" "), node.taints.len())
    };
    let mut trial = shop(&documents());
    trial.apply();
    register(&mut trial, "pci-2");
    assert_eq!(applied(&mut trial, &Faults::default()), ALL);
    assert_eq!(on(&trial), (format!("{LABEL} os"), 1));
    assert!(trial.plan().is_empty());
    trial.model = model(&staged());
    assert_eq!(applied(&mut trial, &Faults::default()), "label");
    assert_eq!(on(&trial), (format!("{LABEL} os"), 0));

    // Nothing was applied since it registered.
    for leaves in [false, true] {
        let mut trial = shop(&documents());
        trial.apply();
        register(&mut trial, "pci-2");
        if leaves {
            let gone = taken_back(&mut trial);
            assert_eq!(gone.held, Vec::new());
        } else {
            trial.model = model(&staged());
            applied(&mut trial, &Faults::default());
        }
        let labels = if leaves {
            "os".to_owned()
        } else {
            format!("{LABEL} os")
        };
        assert_eq!(on(&trial), (labels, 0));
        assert!(!in_place(&trial).contains("pin"));
    }
}

/// The zone model lets go of the cluster, and whatever may go goes.
fn taken_back(trial: &mut Trial) -> Detachment {
    let leaving = Leaving {
        scope: &Scope::Cluster,
        manner: Manner::Remove,
        delivery: Delivery::Push,
    };
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let detachment = detach(&bundle, &observed, leaving).unwrap();
    let fleet = Fleet {
        model: &trial.model,
        clusters: Vec::new(),
        today: today(),
    };
    let departure = Departure {
        detachment: &detachment,
        bundle: &bundle,
        observed: &observed,
        cluster: trial.document(),
        fleet: &fleet,
    };
    let refusals = cofferdam_judge::judge_detach(&departure);
    assert!(refusals.is_empty(), "{refusals:#?}");
    let plan = &detachment.plan;
    let faults = Faults {
        killed_after: Some(plan.steps.len()),
        ..Faults::default()
    };
    trial.carry_out(plan, &faults, |_, _| {});
    detachment
}
