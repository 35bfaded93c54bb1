//! Node pools: labels, taints, and who sets them.

use cofferdam_testkit::{node, pod};
use k8s_openapi::api::core::v1::Taint;

use super::*;

const LABEL: &str = "cofferdam.node-restriction.kubernetes.io/pool";

fn taint(key: &str, value: &str, effect: &str) -> Act {
    Act::Taint {
        node: "pci-1".to_owned(),
        taint: Taint {
            key: key.to_owned(),
            value: Some(value.to_owned()),
            effect: effect.to_owned(),
            time_added: None,
        },
    }
}

fn label_node(value: Option<&str>) -> Act {
    Act::LabelNode {
        node: "pci-1".to_owned(),
        key: LABEL.to_owned(),
        value: value.map(str::to_owned),
    }
}

fn untaint() -> Act {
    Act::Untaint {
        node: "pci-1".to_owned(),
        key: "cofferdam.io/pool".to_owned(),
    }
}

/// The findings after these acts; a pass heals what it may, and what stays found afterwards.
#[track_caller]
fn check_healed(mut trial: Trial, acts: &[Act], want: &[&str], left: &[&str]) {
    for act in acts {
        trial.cluster.act(act);
    }
    check_trial(&trial, want);
    trial.apply();
    check_trial(&trial, left);
}

#[test]
fn a_node_that_joins_is_labelled_and_tainted() {
    let mut trial = applied();
    trial
        .cluster
        .nodes
        .insert("pci-2".to_owned(), node("uid-pci-2", &[]));
    check_healed(
        trial,
        &[],
        &[
            "medium node-pool Node/pci-2: not yet labelled for pool `pci`; metadata.labels[cofferdam.node-restriction.kubernetes.io/pool]: pci -> nothing",
            "medium node-pool Node/pci-2: not yet tainted for pool `pci`; spec.taints: cofferdam.io/pool=pci:NoSchedule -> nothing",
        ],
        &[],
    );
}

#[test]
fn labels_and_taints_that_were_changed_are_healed() {
    check_healed(
        applied(),
        &[label_node(None)],
        &[
            "medium changed Node/pci-1: the pool label that we wrote was removed; pool `pci` asks for it; metadata.labels[cofferdam.node-restriction.kubernetes.io/pool]: pci -> nothing",
        ],
        &[],
    );
    check_healed(
        applied(),
        &[label_node(Some("theirs"))],
        &[
            "medium changed Node/pci-1: the pool label that we wrote was changed; pool `pci` asks for another; metadata.labels[cofferdam.node-restriction.kubernetes.io/pool]: pci -> theirs",
        ],
        &[],
    );
    check_healed(
        applied(),
        &[untaint()],
        &[
            "medium changed Node/pci-1: the pool taint that we wrote was removed; pool `pci` asks for it; spec.taints: cofferdam.io/pool=pci:NoSchedule -> nothing",
        ],
        &[],
    );
    check_healed(
        applied(),
        &[taint("cofferdam.io/pool", "theirs", "NoSchedule")],
        &[
            "medium changed Node/pci-1: the pool taint that we wrote was changed; pool `pci` asks for another; spec.taints: cofferdam.io/pool=pci:NoSchedule -> cofferdam.io/pool=theirs:NoSchedule",
        ],
        &[],
    );
    // Another effect is another taint.
    check_healed(
        applied(),
        &[taint("cofferdam.io/pool", "pci", "NoExecute")],
        &[],
        &[],
    );
}

#[test]
fn labels_and_taints_that_others_hold_stay_theirs() {
    let acts = [
        label_node(Some("theirs")),
        taint("cofferdam.io/pool", "theirs", "NoSchedule"),
    ];
    let mut trial = Trial::shop(SHOP, planner);
    for act in &acts {
        trial.cluster.act(act);
    }
    trial.apply();
    check_healed(
        trial,
        &[],
        &[
            "medium conflict Node/pci-1: another manager holds the label of pool `pci`; metadata.labels[cofferdam.node-restriction.kubernetes.io/pool]: pci -> theirs",
            "medium conflict Node/pci-1: another manager holds the taint of pool `pci`; spec.taints: cofferdam.io/pool=pci:NoSchedule -> cofferdam.io/pool=theirs:NoSchedule",
        ],
        &[
            "medium conflict Node/pci-1: another manager holds the label of pool `pci`; metadata.labels[cofferdam.node-restriction.kubernetes.io/pool]: pci -> theirs",
            "medium conflict Node/pci-1: another manager holds the taint of pool `pci`; spec.taints: cofferdam.io/pool=pci:NoSchedule -> cofferdam.io/pool=theirs:NoSchedule",
        ],
    );
}

/// A pass takes back what a pool of the applied shop no longer asks for, and leaves this.
#[track_caller]
fn check_changed_pool(change: (&str, &str), want: &[&str], left: &[&str]) {
    let mut trial = applied();
    trial.model = cofferdam_testkit::model(&SHOP.replace(change.0, change.1));
    check_healed(trial, &[], want, left);
}

#[test]
fn what_a_pool_that_left_wrote_is_taken_back() {
    check_changed_pool(
        ("pci-*", "other-*"),
        &[
            "medium node-pool Node/pci-1: no pool asks for what we wrote on this node any more; metadata.labels[cofferdam.node-restriction.kubernetes.io/pool]: nothing -> pci; spec.taints: nothing -> cofferdam.io/pool=pci:NoSchedule",
            "medium node-pool Cluster/prod: pool `pci` selects no ready node",
        ],
        &["medium node-pool Cluster/prod: pool `pci` selects no ready node"],
    );
}

#[test]
fn what_a_pool_with_other_keys_wrote_is_taken_back() {
    let with = |field: &str| format!("zones: [back], {field}");
    let pool = "zones: [back]";
    check_changed_pool(
        (pool, &with("label: { key: example.com/pool }")),
        &[
            "medium node-pool Node/pci-1: no pool asks for what we wrote on this node any more; metadata.labels[cofferdam.node-restriction.kubernetes.io/pool]: nothing -> pci",
            "medium node-pool Node/pci-1: not yet labelled for pool `pci`; metadata.labels[example.com/pool]: pci -> nothing",
        ],
        &[],
    );
    check_changed_pool(
        (pool, &with("taint: { key: example.com/pool }")),
        &[
            "medium node-pool Node/pci-1: no pool asks for what we wrote on this node any more; spec.taints: nothing -> cofferdam.io/pool=pci:NoSchedule",
            "medium node-pool Node/pci-1: not yet tainted for pool `pci`; spec.taints: example.com/pool=pci:NoSchedule -> nothing",
            "medium node-pool Cluster/prod: the taint of pool `pci` is held back: Pod/orders/server would not tolerate it",
        ],
        &[
            "medium node-pool Node/pci-1: no pool asks for what we wrote on this node any more; spec.taints: nothing -> cofferdam.io/pool=pci:NoSchedule",
            "medium node-pool Node/pci-1: not yet tainted for pool `pci`; spec.taints: example.com/pool=pci:NoSchedule -> nothing",
            "medium node-pool Cluster/prod: the taint of pool `pci` is held back: Pod/orders/server would not tolerate it",
        ],
    );
    check_changed_pool(
        (pool, &with("taint: { effect: NoExecute }")),
        &[
            "medium node-pool Node/pci-1: no pool asks for what we wrote on this node any more; spec.taints: nothing -> cofferdam.io/pool=pci:NoSchedule",
            "medium node-pool Node/pci-1: not yet tainted for pool `pci`; spec.taints: cofferdam.io/pool=pci:NoExecute -> nothing",
        ],
        &[],
    );
    // Another value of the same key takes the place of the old one, once every pod tolerates it.
    check_changed_pool(
        (pool, &with("taint: { value: cards }")),
        &[
            "medium changed Node/pci-1: it still has the taint of another pool, or that of pool `pci` by earlier documents; spec.taints: cofferdam.io/pool=cards:NoSchedule -> cofferdam.io/pool=pci:NoSchedule",
            "medium node-pool Cluster/prod: the taint of pool `pci` is held back: Pod/orders/server would not tolerate it",
        ],
        &[
            "medium changed Node/pci-1: it still has the taint of another pool, or that of pool `pci` by earlier documents; spec.taints: cofferdam.io/pool=cards:NoSchedule -> cofferdam.io/pool=pci:NoSchedule",
            "medium node-pool Cluster/prod: the taint of pool `pci` is held back: Pod/orders/server would not tolerate it",
        ],
    );
    check_changed_pool(
        (pool, &with("label: { value: cards }")),
        &[
            "medium changed Node/pci-1: it still has the label of another pool, or that of pool `pci` by earlier documents; metadata.labels[cofferdam.node-restriction.kubernetes.io/pool]: cards -> pci",
        ],
        &[],
    );
}

#[test]
fn a_node_of_two_pools_is_left_alone() {
    let second = "---\nkind: NodePool\nmetadata: { name: cards }\nspec: { trustDomains: [production], nodes: [{ names: ['*-1'] }], zones: [front] }\n";
    let mut trial = Trial::shop(&format!("{SHOP}{second}"), planner);
    assert!(
        trial
            .plan()
            .steps
            .iter()
            .all(|step| step.action.object().name != "pci-1")
    );
    trial.apply();
    check_trial(
        &trial,
        &[
            "medium node-pool Node/pci-1: pools `cards`, `pci` all select it, so it is left alone",
            "medium node-pool Cluster/prod: the taint of pool `cards` is held back: Pod/web/server would not tolerate it",
        ],
    );
}

#[test]
fn a_taint_that_its_owner_sets_is_reported_only() {
    let reported = SHOP.replace("zones: [back]", "zones: [back], manage: report");
    let mut trial = Trial::shop(&reported, planner);
    trial.apply();
    check_trial(
        &trial,
        &[
            "medium node-pool Node/pci-1: not yet tainted for pool `pci`; spec.taints: cofferdam.io/pool=pci:NoSchedule -> nothing",
        ],
    );
    trial
        .cluster
        .act(&taint("cofferdam.io/pool", "pci", "NoSchedule"));
    check_trial(&trial, &[]);
}

/// What is said to do about the taint of a node with these labels and annotations.
#[track_caller]
fn check_owner(labels: &[(&str, &str)], annotations: &[(&str, &str)], want: &str) {
    let manage = SHOP.replace("zones: [back] }", "zones: [back], manage: report }");
    assert_ne!(manage, SHOP);
    let mut trial = Trial::shop(&manage, planner);
    let mut owned = node("uid-pci-1", labels);
    let annotations = annotations.iter();
    let annotations = annotations.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    owned.annotations = annotations.collect();
    owned.taints.push(Taint {
        key: "theirs".to_owned(),
        value: None,
        effect: "NoSchedule".to_owned(),
        time_added: None,
    });
    trial.cluster.nodes.insert("pci-1".to_owned(), owned);
    trial.apply();
    let hints: Vec<Option<String>> = find(&trial).into_iter().map(|f| f.hint).collect();
    let hint = format!(
        "{want}, or write `manage: patch` under `spec` of NodePool `pci` to have it set here"
    );
    assert!(hints.contains(&Some(hint)), "{hints:#?}");
}

#[test]
fn who_owns_a_pool_is_told_how_to_set_its_taint() {
    check_owner(
        &[],
        &[],
        "set taint `cofferdam.io/pool=pci:NoSchedule` where the pool is defined",
    );
    check_owner(
        &[
            ("eks.amazonaws.com/nodegroup", "cards"),
            ("alpha.eksctl.io/cluster-name", "prod"),
        ],
        &[],
        "`aws eks update-nodegroup-config --cluster-name prod --nodegroup-name cards --taints \
         'addOrUpdateTaints=[{key=cofferdam.io/pool,value=pci,effect=NO_SCHEDULE}]'`",
    );
    check_owner(
        &[("cloud.google.com/gke-nodepool", "cards")],
        &[],
        "`gcloud container node-pools update cards --cluster=CLUSTER \
         --node-taints=theirs:NoSchedule,cofferdam.io/pool=pci:NoSchedule` (it replaces all taints of the pool)",
    );
    check_owner(
        &[
            ("agentpool", "cards"),
            ("kubernetes.azure.com/agentpool", "cards"),
        ],
        &[],
        "`az aks nodepool update --resource-group GROUP --cluster-name CLUSTER --name cards --node-taints \
         theirs:NoSchedule,cofferdam.io/pool=pci:NoSchedule` (it replaces all taints of the pool)",
    );
    check_owner(
        &[("karpenter.sh/nodepool", "cards")],
        &[],
        "add `- { key: cofferdam.io/pool, value: pci, effect: NoSchedule }` under `spec.template.spec.taints` of \
         Karpenter's NodePool `cards` (its nodes are replaced)",
    );
    check_owner(
        &[],
        &[
            ("cluster.x-k8s.io/owner-kind", "MachineSet"),
            ("cluster.x-k8s.io/owner-name", "cards-1"),
        ],
        "add `- { key: cofferdam.io/pool, value: pci, effect: NoSchedule }` under `spec.template.spec.taints` of the \
         MachineDeployment behind MachineSet `cards-1` (feature gate MachineTaintPropagation), or under \
         `joinConfiguration.nodeRegistration.taints` of its KubeadmConfigTemplate",
    );
}

#[test]
fn a_taint_is_held_back_while_pods_would_not_tolerate_it() {
    let mut trial = Trial::shop(SHOP, planner);
    trial.cluster.pods.push(pod("orders", "old", &[]));
    trial.apply();
    check_trial(
        &trial,
        &[
            "medium node-pool Node/pci-1: not yet tainted for pool `pci`; spec.taints: cofferdam.io/pool=pci:NoSchedule -> nothing",
            "medium node-pool Cluster/prod: the taint of pool `pci` is held back: Pod/orders/old would not tolerate it",
        ],
    );
    trial.cluster.pods.pop();
    check_healed(
        trial,
        &[],
        &[
            "medium node-pool Node/pci-1: not yet tainted for pool `pci`; spec.taints: cofferdam.io/pool=pci:NoSchedule -> nothing",
        ],
        &[],
    );
}

#[test]
fn a_pool_without_a_ready_node_is_found() {
    let mut trial = applied();
    trial
        .cluster
        .nodes
        .values_mut()
        .for_each(|live| live.ready = false);
    check_trial(
        &trial,
        &["medium node-pool Cluster/prod: pool `pci` selects no ready node"],
    );
    trial.cluster.nodes.clear();
    check_trial(
        &trial,
        &["medium node-pool Cluster/prod: pool `pci` selects no ready node"],
    );
}

#[test]
fn nothing_is_taken_back_from_a_node_that_was_made_anew() {
    let mut trial = applied();
    let mut anew = node("uid-anew", &[]);
    anew.taints.push(Taint {
        key: "cofferdam.io/pool".to_owned(),
        value: Some("theirs".to_owned()),
        effect: "NoSchedule".to_owned(),
        time_added: None,
    });
    trial.cluster.nodes.insert("pci-1".to_owned(), anew);
    check_trial(
        &trial,
        &[
            "medium conflict Node/pci-1: another manager holds the taint of pool `pci`; spec.taints: cofferdam.io/pool=pci:NoSchedule -> cofferdam.io/pool=theirs:NoSchedule",
            "medium node-pool Node/pci-1: not yet labelled for pool `pci`; metadata.labels[cofferdam.node-restriction.kubernetes.io/pool]: pci -> nothing",
        ],
    );
}

#[test]
fn nothing_is_said_to_be_taken_back_from_a_node_of_two_pools() {
    let second = "---\nkind: NodePool\nmetadata: { name: cards }\nspec: { trustDomains: [production], nodes: [{ names: ['*-1'] }], zones: [front], label: { key: example.com/pool } }\n";
    let with = "zones: [back], label: { key: example.com/pool }";
    let mut trial = applied();
    let text = format!("{}{second}", SHOP.replace("zones: [back]", with));
    trial.model = cofferdam_testkit::model(&text);
    trial.apply();
    let found = find(&trial).into_iter();
    let stale = found.filter(|finding| finding.message.starts_with("no pool asks"));
    let hints: Vec<Option<String>> = stale.map(|finding| finding.hint).collect();
    let want = "it stays while more than one pool selects the node";
    assert_eq!(hints, [Some(want.to_owned())]);
}
