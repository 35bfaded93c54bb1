//! Pods are never left without the pin that lets them onto nodes which stay tainted, nor without the label that it
//! binds them to.

use std::collections::BTreeMap;

use cofferdam_state::observed::LiveAdmission;
use cofferdam_state::plan::TaintPatch;
use cofferdam_testkit::Act;

use super::*;
use crate::guards::removal;

#[test]
fn a_pin_stays_while_a_node_could_not_be_untainted() {
    let mut trial = shop(&documents());
    trial.apply();
    trial.model = model(&staged());
    assert_eq!(applied(&mut trial, &refusing("Node/pci-1")), ALL);
    assert_eq!(applied(&mut trial, &Faults::default()), "label");
}

#[test]
fn the_judge_takes_no_pin_while_nodes_stay_tainted() {
    let mut trial = shop(&documents());
    trial.apply();
    trial.model = model(&staged());
    let mut plan = trial.plan();
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
    for step in &mut plan.steps {
        if let Action::PatchNode { taints, .. } = &mut step.action {
            *taints = taints.take().map(|patch| TaintPatch {
                new: patch.old.clone(),
                ..patch
            });
        }
    }
    let told = refused(&trial, &plan).join("\n");
    assert!(
        told.contains("which Deployment/server in orders tolerates by this alone"),
        "{told}"
    );
}

/// The shop whose pool has its taint from the owner of the pool.
fn of_an_owner() -> Trial {
    let mut trial = shop(&documents().replace("zones: [back]", "zones: [back], manage: report"));
    let (node, taint) = ("pci-1".to_owned(), taint("pci"));
    trial.cluster.act(&Act::Taint { node, taint });
    assert_eq!(applied(&mut trial, &Faults::default()), "pin label taint");
    trial
}

#[test]
fn a_pin_stays_while_the_owner_of_a_pool_keeps_its_taint() {
    let why = "cofferdam-pin-pci: new pods of Deployment/orders/server need it: they tolerate \
               `cofferdam.io/pool=pci:NoSchedule` of Node/pci-1 by it alone";
    let report = |text: String| text.replace("zones: [back]", "zones: [back], manage: report");
    let without_writers = report(SHOP.to_owned());
    for text in [report(staged()), without_writers] {
        for mend in ["untaint", "tolerate"] {
            let mut trial = of_an_owner();
            trial.model = model(&text);
            assert_eq!(applied(&mut trial, &Faults::default()), "pin label taint");
            assert_eq!(held(&trial), [why, why]);
            assert!(trial.plan().is_empty());
            if mend == "untaint" {
                trial.cluster.nodes.get_mut("pci-1").unwrap().taints.clear();
            } else {
                let tolerates = toleration("cofferdam.io/pool", "pci");
                trial.cluster.templates[0].tolerations.push(tolerates);
            }
            assert!(
                !applied(&mut trial, &Faults::default()).contains("pin"),
                "{mend}"
            );
        }
    }
}

#[test]
fn a_cluster_is_not_let_go_of_while_pods_need_a_pin() {
    let mut trial = of_an_owner();
    let detachment = taken_back(&mut trial);
    assert_eq!(in_place(&trial), "pin label taint");
    let held: Vec<String> = detachment
        .held
        .iter()
        .map(|one| one.object.to_string())
        .collect();
    let pins = [
        "MutatingAdmissionPolicy/cofferdam-pin-pci",
        "MutatingAdmissionPolicyBinding/cofferdam-pin-pci",
        "Node/pci-1",
    ];
    assert_eq!(
        held.iter().collect::<std::collections::BTreeSet<_>>(),
        pins.map(String::from).iter().collect()
    );
    trial.cluster.nodes.get_mut("pci-1").unwrap().taints.clear();
    assert_eq!(taken_back(&mut trial).held, Vec::new());
    assert_eq!(in_place(&trial), "");
}

/// The shop after its pool got another name.
fn renamed() -> String {
    documents().replace("name: pci }", "name: cards }")
}

#[test]
fn a_pool_that_is_renamed_never_leaves_pods_without_a_node() {
    let mut trial = shop(&documents());
    trial.apply();
    trial.model = model(&renamed());
    let plan = trial.plan();
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
    let phase = |what: &dyn Fn(&Action) -> bool| {
        let mut steps = plan.steps.iter();
        steps.find(|step| what(&step.action)).unwrap().phase
    };
    // Who is bound to the new label waits for it; nobody is bound to the old one any more when it goes.
    let relabels = |action: &Action| matches!(action, Action::PatchNode { .. });
    assert_eq!(
        phase(&|action| action.object().name == "cofferdam-pin-cards"),
        Phase::Pin
    );
    assert_eq!(phase(&|action| action.object().name == PIN), Phase::Pin);
    assert_eq!(phase(&relabels), Phase::Taint);
    trial.apply();
    let node = &trial.cluster.nodes["pci-1"];
    assert_eq!(
        (node.labels[LABEL].as_str(), &node.taints),
        ("cards", &vec![taint("cards")])
    );
    assert_eq!(in_place(&trial), "");
    assert!(trial.plan().is_empty());
}

#[test]
fn a_pool_that_is_renamed_keeps_label_and_pin_while_its_owner_keeps_the_taint() {
    let report = |text: String| text.replace("zones: [back]", "zones: [back], manage: report");
    let mut trial = of_an_owner();
    trial.model = model(&report(renamed()));
    assert_eq!(applied(&mut trial, &Faults::default()), "pin label taint");
    let told = held(&trial);
    assert!(
        told.iter()
            .any(|one| one.starts_with("cofferdam-pin-cards")),
        "{told:#?}"
    );
    let node = trial.cluster.nodes.get_mut("pci-1").unwrap();
    node.taints = vec![taint("cards")];
    trial.apply();
    assert_eq!(trial.cluster.nodes["pci-1"].labels[LABEL], "cards");
    assert_eq!(in_place(&trial), "");
}

#[test]
fn the_last_node_that_a_pin_binds_to_keeps_its_label() {
    let mut trial = shop(&documents());
    trial.apply();
    // The pool selects other nodes now, none of which is there.
    trial.model = model(&documents().replace("names: ['pci-*']", "names: ['cde-*']"));
    assert_eq!(applied(&mut trial, &Faults::default()), ALL);
    let node = trial.cluster.nodes["pci-1"].clone();
    trial.cluster.nodes.insert("cde-1".to_owned(), node);
    assert_eq!(applied(&mut trial, &Faults::default()), "pin registration");
}

/// A DaemonSet that asks for nodes of the pool.
fn agent() -> Template {
    Template {
        workload: "DaemonSet/agent".to_owned(),
        node_selector: [(LABEL.to_owned(), "pci".to_owned())].into(),
        ..template("orders")
    }
}

#[test]
fn daemon_sets_whose_pods_end_on_a_node_that_leaves_its_pool_are_told() {
    let mut trial = shop(&documents().replace("names: ['pci-*']", "names: ['pci-*', 'cde-*']"));
    let node = trial.cluster.nodes["pci-1"].clone();
    trial.cluster.nodes.insert("cde-1".to_owned(), node);
    trial.apply();
    trial.cluster.templates.push(agent());
    assert_eq!(trial.plan().notices, Vec::<String>::new());
    trial.model = model(&documents());
    let told =
        "pods of DaemonSet/orders/agent end on nodes that lose the label which it asks for: cde-1";
    assert!(
        trial.plan().notices.contains(&told.to_owned()),
        "{:#?}",
        trial.plan().notices
    );
}

#[test]
fn rails_are_removed_without_the_pins_that_pods_need() {
    let mut trial = shop(&documents());
    trial.apply();
    let stays = |trial: &Trial, unread: bool| {
        let (bundle, mut observed) = (trial.bundle(), trial.cluster.observe());
        if unread {
            observed.nodes = cofferdam_state::observed::Reading::Unknown("forbidden".to_owned());
        }
        let view = View::new(&bundle, &observed, Delivery::Push);
        let removal = removal(&view);
        assert_eq!(
            removal.goes.len() + removal.stays.len(),
            observed.admission.known().unwrap().len()
        );
        let stays = removal
            .stays
            .into_iter()
            .map(|(key, _, _)| key.name.clone());
        stays.collect::<Vec<_>>()
    };
    assert_eq!(stays(&trial, false), [PIN, PIN]);
    assert_eq!(stays(&trial, true), [PIN, PIN]);
    trial.cluster.nodes.get_mut("pci-1").unwrap().taints.clear();
    assert_eq!(stays(&trial, false), Vec::<String>::new());
}

/// The plan of the shop after its pool got another name, in which the writes of some objects fail; what there is then
/// of the rails of the old one.
fn renamed_but_for(refused: &[&str]) -> Vec<String> {
    let mut trial = shop(&documents());
    trial.apply();
    trial.model = model(&renamed());
    let faults = Faults {
        refused: refused.iter().map(|one| (*one).to_owned()).collect(),
        ..Faults::default()
    };
    applied(&mut trial, &faults);
    let left = trial.cluster.admission.keys();
    let left = left.filter(|key| key.name.ends_with("-pci"));
    left.map(|key| format!("{} {}", key.kind.as_str(), key.name))
        .collect()
}

#[test]
fn rails_of_a_renamed_pool_stay_until_others_have_their_place() {
    assert_eq!(renamed_but_for(&[]), Vec::<String>::new());
    let all = 8;
    for refused in [
        "MutatingAdmissionPolicy/cofferdam-pin-cards",
        "MutatingAdmissionPolicyBinding/cofferdam-pin-cards",
        "Node/pci-1",
    ] {
        assert_eq!(renamed_but_for(&[refused]).len(), all, "{refused}");
    }
}

#[test]
fn pods_are_not_bound_to_a_new_label_that_no_node_would_take() {
    let value = "zones: [back], label: { value: gold }";
    for text in [renamed(), documents().replace("zones: [back]", value)] {
        let mut trial = shop(&documents());
        trial.apply();
        let before = trial.cluster.admission.clone();
        trial.model = model(&text);
        applied(&mut trial, &refusing("Node/pci-1"));
        let pins = |admission: &BTreeMap<ObjectKey, LiveAdmission>| {
            let pins = admission.iter();
            let pins = pins.filter(|(key, _)| key.name.starts_with("cofferdam-pin-"));
            pins.map(|(key, live)| (key.clone(), live.spec.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(pins(&trial.cluster.admission), pins(&before));
        applied(&mut trial, &Faults::default());
        assert!(trial.plan().is_empty());
    }
}

#[test]
fn a_pin_stays_while_its_owner_keeps_the_old_value_of_a_taint() {
    let other = "zones: [back], manage: report, taint: { value: gold }";
    let mut trial = of_an_owner();
    trial.model = model(&documents().replace("zones: [back]", other));
    let plan = trial.plan();
    assert_eq!(refused(&trial, &plan), Vec::<String>::new());
    trial.carry_out(&plan, &Faults::default(), |_, _| {});
    let key = ObjectKey::admission(AdmissionKind::MutatingPolicy, PIN);
    let text = trial.cluster.admission[&key].spec.to_string();
    assert!(
        text.contains("value: 'pci'}") && !text.contains("gold"),
        "{text}"
    );
    let told = held(&trial).join("\n");
    assert!(
        told.contains("need it: they tolerate `cofferdam.io/pool=pci:NoSchedule`"),
        "{told}"
    );
}

#[test]
fn a_label_waits_while_workloads_ask_for_its_old_value() {
    let value = "zones: [back], label: { value: gold }";
    let mut trial = shop(&documents());
    trial.apply();
    trial.cluster.templates.push(agent());
    trial.model = model(&documents().replace("zones: [back]", value));
    assert_eq!(applied(&mut trial, &Faults::default()), ALL);
    let bundle = trial.bundle();
    let observed = trial.cluster.observe();
    let view = View::new(&bundle, &observed, Delivery::Push);
    let told: Vec<String> = held_back(&view)
        .into_iter()
        .map(|step| step.reason)
        .collect();
    assert!(
        told.iter()
            .any(|one| one.contains("DaemonSet/orders/agent ask for nodes with the old value")),
        "{told:#?}"
    );
}

#[test]
fn a_label_is_not_changed_where_the_pin_was_not() {
    let value = "zones: [back], label: { value: gold }";
    let mut trial = shop(&documents());
    trial.apply();
    trial.model = model(&documents().replace("zones: [back]", value));
    let refused = refusing("MutatingAdmissionPolicy/cofferdam-pin-pci");
    assert_eq!(applied(&mut trial, &refused), ALL);
    applied(&mut trial, &Faults::default());
    assert_eq!(trial.cluster.nodes["pci-1"].labels[LABEL], "gold");
    assert!(trial.plan().is_empty());
}
