//! What pools write on their nodes, as far as their zones are taken.

use cofferdam_model::cluster::Delivery;
use cofferdam_testkit::{Act, SHOP, Trial, model, toleration};
use k8s_openapi::api::core::v1::Taint;

use super::{planner, refused};
use crate::view::View;

/// What is ours on the node of the shop: labels and taints, as `key` and `key=value`.
fn on_node(trial: &Trial) -> Vec<String> {
    let live = &trial.cluster.nodes["pci-1"];
    let labels = live.labels.keys().filter(|key| *key != "os").cloned();
    let taints = live.taints.iter();
    let taints = taints.map(|t| format!("{}={}", t.key, t.value.as_deref().unwrap_or_default()));
    labels.chain(taints).collect()
}

/// Applies a model under the eyes of the judge.
fn apply(trial: &mut Trial, text: &str) {
    trial.model = model(text);
    let plan = trial.plan();
    assert_eq!(refused(trial, &plan), Vec::<String>::new());
    trial.apply();
    assert!(trial.plan().is_empty());
}

const LABEL: &str = "cofferdam.node-restriction.kubernetes.io/pool";
const TAINT: &str = "cofferdam.io/pool=pci";

#[test]
fn nodes_are_labelled_when_a_zone_is_staged_and_tainted_when_one_is_enforced() {
    let at = |level: &str| SHOP.replace("enforcement: enforce", &format!("enforcement: {level}"));
    let mut trial = Trial::shop(SHOP, planner);
    for (level, want) in [
        ("observe", &[][..]),
        ("stage", &[LABEL]),
        ("enforce", &[LABEL, TAINT]),
        ("stage", &[LABEL]),
        ("observe", &[]),
    ] {
        apply(&mut trial, &at(level));
        assert_eq!(on_node(&trial), want, "{level}");
    }
}

#[test]
fn a_taint_stays_until_the_one_that_replaces_it_is_in_force() {
    let mut trial = Trial::shop(SHOP, planner);
    apply(&mut trial, SHOP);
    let other = "zones: [back], taint: { key: acme.io/pool, value: cards }";
    let other = SHOP.replace("zones: [back]", other);
    apply(&mut trial, &other);
    // No pod of the zone tolerates the new one yet.
    assert_eq!(on_node(&trial), [LABEL, TAINT]);
    for server in &mut trial.cluster.pods {
        server.tolerations.push(toleration("acme.io/pool", "cards"));
    }
    apply(&mut trial, &other);
    assert_eq!(on_node(&trial), [LABEL, "acme.io/pool=cards"]);
}

#[test]
fn a_taint_that_somebody_set_where_a_killed_pass_was_to_is_theirs() {
    let mut trial = Trial::shop(SHOP, planner);
    trial.apply_killed_after(0);
    let taint = Taint {
        key: "cofferdam.io/pool".to_owned(),
        value: Some("theirs".to_owned()),
        effect: "NoSchedule".to_owned(),
        time_added: None,
    };
    let node = "pci-1".to_owned();
    trial.cluster.act(&Act::Taint { node, taint });
    apply(&mut trial, SHOP);
    assert_eq!(on_node(&trial), [LABEL, "cofferdam.io/pool=theirs"]);
}

#[test]
fn a_label_changes_together_with_its_taint() {
    let mut trial = Trial::shop(SHOP, planner);
    apply(&mut trial, SHOP);
    let other = "zones: [back], label: { value: cards }, taint: { value: cards }";
    let other = SHOP.replace("zones: [back]", other);
    let label = |trial: &Trial| trial.cluster.nodes["pci-1"].labels[LABEL].clone();
    apply(&mut trial, &other);
    // Pods that run here select and tolerate the old ones.
    assert_eq!(
        (label(&trial).as_str(), on_node(&trial)),
        ("pci", vec![LABEL.to_owned(), TAINT.to_owned()])
    );
    let (bundle, observed) = (trial.bundle(), trial.cluster.observe());
    let view = View::new(&bundle, &observed, Delivery::Push);
    let hints: Vec<String> = crate::held_back(&view)
        .into_iter()
        .map(|step| step.hint)
        .collect();
    assert_eq!(
        hints,
        [
            "add a toleration for `cofferdam.io/pool=cards:NoSchedule` to them, beside that for \
          `cofferdam.io/pool=pci:NoSchedule`, which stands until then"
        ]
    );
    for server in &mut trial.cluster.pods {
        server
            .tolerations
            .push(toleration("cofferdam.io/pool", "cards"));
    }
    apply(&mut trial, &other);
    assert_eq!(
        (label(&trial).as_str(), on_node(&trial)),
        (
            "cards",
            vec![LABEL.to_owned(), "cofferdam.io/pool=cards".to_owned()]
        )
    );
}
