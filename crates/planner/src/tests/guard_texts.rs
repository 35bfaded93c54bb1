//! New texts of guard rails that refuse already.

use cofferdam_model::cluster::Delivery;
use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::observed::Template;
use cofferdam_testkit::{Faults, SHOP, Trial, model, toleration};
use k8s_openapi::api::core::v1::Toleration;
use serde_json::json;

use super::*;
use crate::held_back;

const RAIL: &str = "cofferdam-pods-pci";

fn documents() -> String {
    let writers = "mode: manage, guards: { writers: ['user:cofferdam'] }";
    SHOP.replace("mode: manage", writers)
}

/// The documents with other namespaces of the pool's zone, and guests.
fn with(namespaces: &str, guests: &str) -> String {
    let guests = format!("zones: [back], guests: [{guests}]");
    let text = documents().replace("zones: [back]", &guests);
    text.replace(
        "namespaces: [{ name: orders }]",
        &format!("namespaces: [{namespaces}]"),
    )
}

fn applied(text: &str) -> Trial {
    let mut trial = Trial::shop(text, planner);
    trial.cluster.capabilities.admission.validating_policies = true;
    trial.cluster.capabilities.admission.mutating_policies = true;
    trial.cluster.pods.clear();
    for name in ["ledger", "play"] {
        trial.cluster.add_namespace(name, &[]);
    }
    let plan = trial.plan();
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
    trial.apply();
    trial
}

fn tolerant(workload: &str, namespace: &str) -> Template {
    Template {
        workload: workload.to_owned(),
        namespace: namespace.to_owned(),
        tolerations: vec![toleration("cofferdam.io/pool", "pci")],
        ..Template::default()
    }
}

fn bare(workload: &str, namespace: &str) -> Template {
    Template {
        tolerations: Vec::new(),
        ..tolerant(workload, namespace)
    }
}

/// Whether the next pass writes the policy of the rail, and what it holds back of rails.
fn check(trial: &mut Trial, text: &str, written: bool, held: &[&str]) {
    trial.model = model(text);
    let plan = trial.plan();
    assert_eq!(refused(trial, &plan), Vec::<String>::new());
    let policy = ObjectKey::admission(AdmissionKind::ValidatingPolicy, RAIL);
    let mut steps = plan.steps.iter();
    assert_eq!(steps.any(|step| step.action.object() == policy), written);
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let told = held_back(&view).into_iter();
    let told: Vec<String> = told
        .filter(|one| one.object.name.starts_with("cofferdam-"))
        .map(|one| format!("{}: {}", one.object.name, one.reason))
        .collect();
    assert_eq!(told, held);
}

const BOTH: &str = "{ name: orders }, { name: ledger }";
const WOULD_REFUSE: &str = "cofferdam-pods-pci: the guard rail waits: it would refuse what is there already: Deployment/ledger/server";

#[test]
fn what_is_refused_already_keeps_no_rail_from_being_kept_up() {
    let mut trial = applied(&documents());
    let agent = tolerant("DaemonSet/agent", "play");
    trial.cluster.templates.push(agent);
    check(&mut trial, &documents(), false, &[]);
    let other = with("{ name: orders }", "{ namespace: web, daemonSet: other }");
    check(&mut trial, &other, true, &[]);
    check(&mut trial, &with(BOTH, ""), true, &[]);

    // Somebody hollows it out: it comes back, whatever came in between.
    let key = ObjectKey::admission(AdmissionKind::ValidatingPolicy, RAIL);
    let never = json!([{ "name": "never", "expression": "false" }]);
    let live = trial.cluster.admission.get_mut(&key).unwrap();
    live.spec["matchConditions"] = never;
    trial
        .cluster
        .templates
        .push(tolerant("Deployment/server", "web"));
    check(&mut trial, &documents(), true, &[]);
    let told = "guard rail `cofferdam-pods-pci` comes back as it was, and refuses new pods of DaemonSet/play/agent, \
                Deployment/web/server";
    let notices = trial.plan().notices;
    assert!(notices.contains(&told.to_owned()), "{notices:#?}");
    trial.apply();
    check(&mut trial, &documents(), false, &[]);
}

#[test]
fn a_rail_that_somebody_hollowed_out_comes_back_also_after_passes_that_do_not_write_it() {
    let mut trial = applied(&documents());
    let key = ObjectKey::admission(AdmissionKind::ValidatingPolicy, RAIL);
    let never = json!([{ "name": "never", "expression": "false" }]);
    let live = trial.cluster.admission.get_mut(&key).unwrap();
    live.spec["matchConditions"] = never;
    trial
        .cluster
        .templates
        .push(tolerant("Deployment/server", "web"));
    let faults = Faults {
        refused: [key.to_string()].into(),
        ..Faults::default()
    };
    let plan = trial.plan();
    trial.carry_out(&plan, &faults, |_, _| {});
    check(&mut trial, &documents(), true, &[]);
    trial.apply();
    check(&mut trial, &documents(), false, &[]);
}

#[test]
fn a_rail_that_was_changed_otherwise_waits_where_its_new_text_would_refuse_what_is_there() {
    let mut trial = applied(&documents());
    let key = ObjectKey::admission(AdmissionKind::ValidatingPolicy, RAIL);
    let live = trial.cluster.admission.get_mut(&key).unwrap();
    live.spec["matchConstraints"]["objectSelector"] = json!({ "matchLabels": { "a": "b" } });
    trial
        .cluster
        .templates
        .push(tolerant("DaemonSet/agent", "play"));
    let would = "cofferdam-pods-pci: the guard rail waits: it would refuse what is there already: DaemonSet/play/agent";
    let other = with("{ name: orders }", "{ namespace: web, daemonSet: other }");
    check(&mut trial, &other, false, &[would]);
}

#[test]
fn a_rail_that_only_noted_is_not_waited_for_before_pins() {
    let mut trial = Trial::shop(&documents(), planner);
    trial.cluster.capabilities.admission.validating_policies = true;
    trial.cluster.capabilities.admission.mutating_policies = true;
    trial.cluster.pods.clear();
    trial.cluster.add_namespace("play", &[]);
    trial
        .cluster
        .templates
        .push(tolerant("Deployment/server", "play"));
    trial.apply();
    trial.model = model(&with("{ name: orders }, { name: play }", ""));
    let plan = trial.plan();
    let mut due = plan.probes.iter();
    let of_rail = due.find(|due| due.probe.policy.name == RAIL).unwrap();
    assert_eq!(of_rail.before, None);
}

#[test]
fn a_text_that_would_newly_refuse_what_is_there_waits() {
    let agent = "{ namespace: play, daemonSet: agent }";
    let mut trial = applied(&with("{ name: orders }", agent));
    trial
        .cluster
        .templates
        .push(tolerant("DaemonSet/agent", "play"));
    let would = "cofferdam-pods-pci: the guard rail waits: it would refuse what is there already: DaemonSet/play/agent";
    check(&mut trial, &documents(), false, &[would]);
}

#[test]
fn pods_that_have_their_toleration_by_the_pin_keep_no_namespace_from_leaving() {
    let mut trial = applied(&with(BOTH, ""));
    trial
        .cluster
        .templates
        .push(bare("Deployment/server", "ledger"));
    let mut pod = cofferdam_testkit::pod("ledger", "server-1", &[]);
    pod.workload = Some(("Deployment".to_owned(), "server".to_owned()));
    pod.tolerations = vec![Toleration {
        operator: Some("Equal".to_owned()),
        ..toleration("cofferdam.io/pool", "pci")
    }];
    trial.cluster.pods.push(pod);
    check(&mut trial, &documents(), true, &[]);
    // By its template it would be refused.
    trial
        .cluster
        .templates
        .push(tolerant("Deployment/server", "ledger"));
    check(&mut trial, &documents(), false, &[WOULD_REFUSE]);
}

#[test]
fn pods_are_pinned_only_where_the_rail_of_their_pool_lets_them_pass() {
    let mut trial = applied(&with(BOTH, ""));
    trial
        .cluster
        .templates
        .push(tolerant("Deployment/server", "ledger"));
    // One namespace leaves, and what runs there holds the text back; another one joins.
    let joins = with("{ name: orders }, { name: play }", "");
    let waits = "cofferdam-pin-pci: the guard rail waits: the guard rail that keeps other pods off pool `pci` does not let \
                 those of namespace `play` pass yet";
    check(&mut trial, &joins, false, &[waits, WOULD_REFUSE]);
    trial.apply();
    // A node that comes meanwhile waits for its taint, and others are as before.
    trial
        .cluster
        .templates
        .push(bare("Deployment/server", "orders"));
    let node = cofferdam_testkit::node("uid-pci-2", &[]);
    trial.cluster.nodes.insert("pci-2".to_owned(), node);
    check(&mut trial, &joins, false, &[waits, WOULD_REFUSE]);
    trial.apply();
    let registration =
        ObjectKey::admission(AdmissionKind::MutatingPolicy, "cofferdam-registration-pci");
    assert!(trial.cluster.admission.contains_key(&registration));
    let pin = ObjectKey::admission(AdmissionKind::MutatingPolicy, "cofferdam-pin-pci");
    assert!(
        !trial.cluster.admission[&pin]
            .spec
            .to_string()
            .contains("play")
    );
    trial.cluster.templates.clear();
    trial.apply();
    assert!(
        trial.cluster.admission[&pin]
            .spec
            .to_string()
            .contains("play")
    );
    assert!(trial.plan().is_empty());
}

#[test]
fn the_judge_pins_no_pods_that_the_rail_of_their_pool_refuses() {
    let mut trial = applied(&documents());
    trial.model = model(&with(BOTH, ""));
    let mut plan = trial.plan();
    plan.steps.retain(|step| step.action.object().name != RAIL);
    let told = refused(&trial, &plan).join("\n");
    assert!(
        told.contains("pods of namespace `ledger` would tolerate pool `pci`"),
        "{told}"
    );
}
