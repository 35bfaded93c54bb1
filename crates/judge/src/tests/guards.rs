//! A legal plan that puts guard rails in, with one thing wrong per row, and why it is refused.

use std::sync::Arc;

use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::managed_fields::ManagedFields;
use cofferdam_state::observed::{Identity, LiveAdmission, Template};
use cofferdam_state::plan::{Expected, KeyChange, LabelPatch};
use cofferdam_testkit::toleration;
use serde_json::json;

use super::*;

const PODS: &str = "ValidatingAdmissionPolicyBinding/cofferdam-pods-pci";
const PIN: &str = "MutatingAdmissionPolicyBinding/cofferdam-pin-pci";

fn documents() -> String {
    let writers = "mode: manage, guards: { writers: ['user:cofferdam'] }";
    SHOP.replace("mode: manage", writers)
}

/// The shop before its first pass: no pod tolerates the taint, so those of the zone are pinned.
pub(super) fn fresh() -> Trial {
    let mut trial = shop(&documents());
    trial.cluster.capabilities.admission.validating_policies = true;
    trial.cluster.capabilities.admission.mutating_policies = true;
    for pod in &mut trial.cluster.pods {
        pod.tolerations.clear();
    }
    trial
}

/// The same with rails in force, and a policy to be written.
fn guarded() -> Trial {
    let mut trial = fresh();
    trial.apply();
    let namespace = "web".to_owned();
    let key = (namespace, "cofferdam-allow-dns".to_owned());
    trial.cluster.policies.remove(&key);
    trial
}

fn is_somebody_else(scene: &mut Scene) {
    scene.observed.identity = Reading::Known(Identity {
        user: "else".to_owned(),
        groups: Vec::new(),
    });
}

/// Takes the label of the pool off its node.
fn unlabel(scene: &mut Scene) {
    let node = &observed(&mut scene.observed.nodes)["pci-1"];
    let (key, value) = node
        .labels
        .iter()
        .find(|(_, value)| *value == "pci")
        .unwrap();
    let change = KeyChange {
        key: key.clone(),
        old: Some(value.clone()),
        new: None,
    };
    let action = Action::PatchNode {
        name: "pci-1".to_owned(),
        uid: node.uid.clone(),
        labels: LabelPatch {
            has_labels: true,
            changes: vec![change],
        },
        taints: None,
    };
    scene.add(Phase::Taint, action);
}

/// Gives the rail about namespaces, as it lives, a text of its own.
fn text_in_force(scene: &mut Scene, text: serde_json::Value) {
    let key = ObjectKey::admission(AdmissionKind::ValidatingPolicy, "cofferdam-namespaces");
    let live = observed(&mut scene.observed.admission).get_mut(&key);
    live.unwrap().spec["validations"] = text;
}

fn observed<T>(reading: &mut Reading<T>) -> &mut T {
    match reading {
        Reading::Known(known) => known,
        Reading::Unknown(why) => panic!("{why}"),
    }
}

fn template(workload: &str, namespace: &str) -> Template {
    Template {
        workload: workload.to_owned(),
        namespace: namespace.to_owned(),
        tolerations: vec![toleration("cofferdam.io/pool", "pci")],
        ..Template::default()
    }
}

/// A rail of the live cluster of this key, as somebody else made it.
fn theirs() -> LiveAdmission {
    LiveAdmission {
        uid: "theirs".to_owned(),
        resource_version: "7".to_owned(),
        labels: cofferdam_model::labels::Labels::default(),
        annotations: cofferdam_model::labels::Labels::default(),
        spec: json!({ "policyName": "theirs", "validationActions": ["Deny"] }),
        managed_fields: ManagedFields::default(),
    }
}

/// What is wrong, how it is made so, and the codes of the refusals.
type Row = (&'static str, fn(&mut Scene), &'static [&'static str]);

fn check(trial: &Trial, rows: &[Row]) {
    let legal = Scene::of(trial);
    assert!(!legal.plan.is_empty());
    assert_eq!(shown(&legal.judge()), Vec::<String>::new());
    for (what, mutate, want) in rows {
        let mut scene = legal.clone();
        mutate(&mut scene);
        let refusals = scene.judge();
        let mut codes: Vec<&str> = refusals.iter().map(|refusal| refusal.code).collect();
        codes.dedup();
        assert_eq!(codes, *want, "{what}: {:#?}", shown(&refusals));
    }
}

#[test]
fn rails_come_in_without_breaking_what_is_there() {
    check(
        &fresh(),
        &[
            (
                "a pod beside the pool tolerates its taint",
                |scene| {
                    let pods = observed(&mut scene.observed.pods);
                    pods[0]
                        .tolerations
                        .push(toleration("cofferdam.io/pool", "pci"));
                },
                &["guard-breaks"],
            ),
            (
                "a pod beside the pool tolerates numbers below one, as values of the taint's key",
                |scene| {
                    let mut numbers = toleration("cofferdam.io/pool", "9");
                    numbers.operator = Some("Lt".to_owned());
                    observed(&mut scene.observed.pods)[0]
                        .tolerations
                        .push(numbers);
                },
                &["guard-breaks"],
            ),
            (
                "so do the pods of a workload",
                |scene| {
                    observed(&mut scene.observed.templates).push(template("Deployment/app", "web"));
                },
                &["guard-breaks"],
            ),
            (
                "a DaemonSet of the zone asks for no nodes",
                |scene| {
                    observed(&mut scene.observed.templates)
                        .push(template("DaemonSet/app", "orders"));
                },
                &["guard-breaks"],
            ),
            (
                "workloads are not known",
                |scene| scene.observed.templates = Reading::Unknown("reset".to_owned()),
                &["unknown"],
            ),
            (
                "no node of the pool is ready",
                |scene| {
                    let nodes = observed(&mut scene.observed.nodes);
                    nodes.get_mut("pci-1").unwrap().ready = false;
                },
                &["guard-breaks"],
            ),
        ],
    );
}

#[test]
fn rails_come_in_by_steps_and_lock_nobody_out() {
    check(
        &fresh(),
        &[
            (
                "it refuses too early",
                |scene| scene.step(Phase::Protect, PODS).phase = Phase::Guard,
                &["order", "not-ours", "order"],
            ),
            (
                "it refuses from the start",
                |scene| {
                    let denies = scene.drop(Phase::Protect, PODS);
                    let object = Arc::clone(denies.action.written_guard().unwrap());
                    scene.drop(Phase::Guard, PODS);
                    scene.add(Phase::Protect, Action::CreateGuard { object });
                },
                &["order"],
            ),
            (
                "the taint comes without the pin",
                |scene| drop(scene.drop(Phase::Pin, PIN)),
                &["order", "guard-breaks"],
            ),
            (
                "the pin is not tried out before the taint",
                |scene| scene.plan.probes.clear(),
                &["order", "guard-breaks"],
            ),
            (
                "whoever writes is no writer",
                is_somebody_else,
                &["lock-out"],
            ),
            (
                "nobody knows who writes",
                |scene| scene.observed.identity = Reading::Unknown("forbidden".to_owned()),
                &["lock-out"],
            ),
        ],
    );
}

#[test]
fn rails_are_written_as_the_bundle_holds_them_over_nothing_but_ours() {
    check(
        &fresh(),
        &[
            (
                "another text",
                |scene| {
                    let step = scene.step(Phase::Guard, PODS);
                    let Action::CreateGuard { object } = &mut step.action else {
                        panic!("{step:#?}")
                    };
                    Arc::make_mut(object).spec["policyName"] = json!("other");
                },
                &["not-in-bundle"],
            ),
            (
                "the name is taken",
                |scene| {
                    let key =
                        ObjectKey::admission(AdmissionKind::ValidatingBinding, "cofferdam-nodes");
                    observed(&mut scene.observed.admission).insert(key, theirs());
                },
                &["exists"],
            ),
            (
                "somebody else's is replaced",
                |scene| {
                    let key = ObjectKey::admission(
                        AdmissionKind::ValidatingBinding,
                        "cofferdam-pods-pci",
                    );
                    observed(&mut scene.observed.admission).insert(key, theirs());
                    scene.drop(Phase::Guard, PODS);
                    let step = scene.step(Phase::Protect, PODS);
                    let Action::ReplaceGuard { expected, .. } = &mut step.action else {
                        panic!("{step:#?}")
                    };
                    *expected = Expected::Seen {
                        uid: "theirs".to_owned(),
                        resource_version: "7".to_owned(),
                    };
                },
                &["not-ours"],
            ),
        ],
    );
}

#[test]
fn texts_that_shut_out_who_writes_are_refused_with_everything_else() {
    check(
        &guarded(),
        &[
            (
                "whoever writes is taken off the list",
                |scene| {
                    is_somebody_else(scene);
                    text_in_force(scene, json!("another text"));
                },
                &["lock-out"],
            ),
            (
                "whoever writes is taken off the list, and there is nothing else to do",
                |scene| {
                    is_somebody_else(scene);
                    text_in_force(scene, json!("another text"));
                    scene.plan.steps.clear();
                },
                &["lock-out"],
            ),
            (
                "somebody else is taken off the list",
                |scene| text_in_force(scene, json!("another text")),
                &[],
            ),
            (
                "whoever writes is no writer, and there is nothing to do",
                |scene| {
                    is_somebody_else(scene);
                    scene.plan.steps.clear();
                },
                &[],
            ),
        ],
    );
}

#[test]
fn rails_in_force_are_not_taken_away_and_refuse_who_is_no_writer() {
    check(
        &guarded(),
        &[
            (
                "whoever writes is no writer",
                is_somebody_else,
                &["locked-out"],
            ),
            (
                "they only note",
                |scene| {
                    is_somebody_else(scene);
                    for live in observed(&mut scene.observed.admission).values_mut() {
                        if let Some(actions) = live.spec.get_mut("validationActions") {
                            *actions = json!(["Audit", "Warn"]);
                        }
                    }
                },
                &[],
            ),
            (
                "break-glass writes",
                |scene| {
                    scene.observed.identity = Reading::Known(Identity {
                        user: "root".to_owned(),
                        groups: vec!["system:masters".to_owned()],
                    });
                },
                &[],
            ),
            (
                "the only node loses the label that pods are bound to",
                unlabel,
                &["guard-breaks"],
            ),
            (
                "another one keeps it",
                |scene| {
                    let nodes = observed(&mut scene.observed.nodes);
                    let mut other = nodes["pci-1"].clone();
                    other.uid = "uid-pci-2".to_owned();
                    nodes.insert("pci-2".to_owned(), other);
                    unlabel(scene);
                },
                &[],
            ),
            (
                "one that the bundle holds is deleted",
                |scene| {
                    let key = ObjectKey::admission(
                        AdmissionKind::ValidatingBinding,
                        "cofferdam-pods-pci",
                    );
                    let live = observed(&mut scene.observed.admission)[&key].clone();
                    let action = Action::DeleteGuard {
                        kind: AdmissionKind::ValidatingBinding,
                        name: key.name,
                        uid: live.uid,
                        resource_version: live.resource_version,
                    };
                    scene.add(Phase::Protect, action);
                },
                &["not-in-bundle", "weakening"],
            ),
        ],
    );
}
