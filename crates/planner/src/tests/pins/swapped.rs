//! Nodes that go from one pool to another.

use cofferdam_state::observed::LiveNode;

use super::*;

/// Two pools, each with a zone, a node and its label and taint there.
fn two_pools(front: &str, back: &str) -> String {
    let pool = |name: &str, nodes: &str, zone: &str| {
        format!(
            "metadata: {{ name: {name} }}\nspec: {{ trustDomains: [production], nodes: [{{ names: [{nodes}] }}], zones: [{zone}] }}\n"
        )
    };
    let before = pool("pci", "'pci-*'", "back");
    let pools = [pool("log", front, "front"), pool("prov", back, "back")];
    let text = documents();
    assert!(text.contains(&before));
    text.replace(&before, &pools.join("---\nkind: NodePool\n"))
}

/// The label and taint of the pools on both nodes.
fn of_both(trial: &Trial) -> String {
    let told = ["a-1", "b-1"].map(|name| {
        let node = &trial.cluster.nodes[name];
        let label = node.labels.get(LABEL).map_or("-", String::as_str);
        let taints = node
            .taints
            .iter()
            .filter_map(|taint| taint.value.as_deref());
        format!("{name}: {label} {}", taints.collect::<Vec<_>>().join(","))
    });
    told.join("; ")
}

/// The shop with both of them in place.
fn two() -> Trial {
    let mut trial = shop(&two_pools("'a-*'", "'b-*'"));
    let node = trial.cluster.nodes.remove("pci-1").unwrap();
    for name in ["a-1", "b-1"] {
        let node = LiveNode {
            uid: format!("uid-{name}"),
            ..node.clone()
        };
        trial.cluster.nodes.insert(name.to_owned(), node);
    }
    trial.cluster.templates.push(template("web"));
    trial.apply();
    assert_eq!(of_both(&trial), APART);
    trial
}

const APART: &str = "a-1: log log; b-1: prov prov";

#[test]
fn pools_that_swap_their_nodes_never_have_the_label_of_one_and_the_taint_of_the_other() {
    let swapped = "a-1: prov prov; b-1: log log";
    for (refused, want) in [
        (None, swapped),
        (Some("Node/a-1"), APART),
        (Some("Node/b-1"), APART),
    ] {
        let mut trial = two();
        trial.model = model(&two_pools("'b-*'", "'a-*'"));
        let faults = refused.map_or_else(Faults::default, refusing);
        applied_to(&mut trial, &faults);
        assert_eq!(of_both(&trial), want, "{refused:?}");
        applied_to(&mut trial, &Faults::default());
        assert_eq!(of_both(&trial), swapped, "{refused:?}");
        assert!(trial.plan().is_empty());
    }
    // The last node of one goes to the other: it stays, whole, while pods are bound to it; and so does the one that it
    // was to take the place of.
    for (front, back) in [
        ("'c-*'", "'a-*', 'b-*'"),
        ("'b-*'", "'c-*'"),
        ("'c-*'", "'a-*'"),
    ] {
        let mut trial = two();
        trial.model = model(&two_pools(front, back));
        applied_to(&mut trial, &Faults::default());
        assert_eq!(of_both(&trial), APART, "{front} {back}");
    }
}

#[test]
fn the_judge_lets_no_node_have_the_label_of_one_pool_and_the_taint_of_another() {
    let mut trial = two();
    trial.model = model(&two_pools("'b-*'", "'a-*'"));
    let mut plan = trial.plan();
    for step in &mut plan.steps {
        if let Action::PatchNode { labels, .. } = &mut step.action {
            labels.changes.clear();
        }
    }
    let told = refused(&trial, &plan).join("\n");
    let want = "Node/a-1: gets the taint of pool `prov` and has the label of pool `log`";
    assert!(told.contains(want), "{told}");
}

#[test]
fn pods_are_not_bound_to_a_node_that_another_pool_keeps() {
    let mut trial = shop(&documents());
    trial.apply();
    // The only node of one pool goes to a new one, of another label: pods of the old one are bound to it still.
    let text = documents().replace("names: ['pci-*']", "names: ['cde-*']");
    let new = "---\napiVersion: cofferdam.io/v1alpha1\nkind: NodePool\nmetadata: { name: log }\nspec: { trustDomains: \
               [production], nodes: [{ names: ['pci-*'] }], zones: [front], label: { key: example.org/pool } }\n";
    let moved = [text.trim_end(), "\n", new].concat();
    trial.model = model(&moved);
    trial.cluster.templates.push(template("web"));
    for _ in 0..2 {
        applied_to(&mut trial, &Faults::default());
        let pin = ObjectKey::admission(AdmissionKind::MutatingPolicy, "cofferdam-pin-log");
        assert!(!trial.cluster.admission.contains_key(&pin));
        assert_eq!(trial.cluster.nodes["pci-1"].taints, [taint("pci")]);
        let told = held(&trial).join("\n");
        assert!(
            told.contains("cofferdam-pin-log: the nodes of its pool stay with another one"),
            "{told}"
        );
    }
    let node = LiveNode {
        uid: "uid-cde-1".to_owned(),
        labels: Labels::default(),
        taints: Vec::new(),
        ..trial.cluster.nodes["pci-1"].clone()
    };
    trial.cluster.nodes.insert("cde-1".to_owned(), node);
    for _ in 0..2 {
        applied_to(&mut trial, &Faults::default());
    }
    assert_eq!(trial.cluster.nodes["pci-1"].taints, [taint("log")]);
    assert_eq!(trial.cluster.nodes["cde-1"].taints, [taint("pci")]);
    assert!(trial.plan().is_empty());
}
