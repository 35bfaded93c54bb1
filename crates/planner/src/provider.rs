//! What sets a taint where a cloud, an autoscaler or Cluster API owns a pool: nodes that they make anew lose
//! what was patched.

use cofferdam_model::labels::Labels;
use cofferdam_model::node_pool::{NodePool, Taint, TaintEffect};
use cofferdam_state::observed::LiveNode;

/// The command, or the lines of the pool's own definition, that set the taint of a pool; what cannot be read
/// off a node is written in capitals. None where nothing tells who owns the node.
pub(crate) fn taint_command(pool: &NodePool, node: &LiveNode) -> Option<String> {
    let taint = &pool.taint;
    let label = |key: &str| node.labels.get(key);
    if let Some(name) = label("cloud.google.com/gke-nodepool") {
        let all = all_taints(taint, node);
        return Some(format!(
            "`gcloud container node-pools update {name} --cluster=CLUSTER --node-taints={all}` (it replaces all taints of \
             the pool)"
        ));
    }
    if let Some(name) = label("eks.amazonaws.com/nodegroup") {
        let cluster = label("alpha.eksctl.io/cluster-name").map_or("CLUSTER", String::as_str);
        return Some(format!(
            "`aws eks update-nodegroup-config --cluster-name {cluster} --nodegroup-name {name} --taints \
             'addOrUpdateTaints=[{{key={},value={},effect={}}}]'`",
            taint.key,
            taint.value,
            eks_effect(taint.effect)
        ));
    }
    let aks = label("kubernetes.azure.com/agentpool").or_else(|| label("agentpool"));
    if let Some(name) = aks {
        let all = all_taints(taint, node);
        return Some(format!(
            "`az aks nodepool update --resource-group GROUP --cluster-name CLUSTER --name {name} --node-taints {all}` (it \
             replaces all taints of the pool)"
        ));
    }
    if let Some(name) = label("karpenter.sh/nodepool") {
        return Some(format!(
            "add `{}` under `spec.template.spec.taints` of Karpenter's NodePool `{name}` (its nodes are replaced)",
            item(taint)
        ));
    }
    machine(&node.annotations).map(|owner| {
        format!(
            "add `{}` under `spec.template.spec.taints` of the MachineDeployment behind {owner} (feature gate \
             MachineTaintPropagation), or under `joinConfiguration.nodeRegistration.taints` of its KubeadmConfigTemplate",
            item(taint)
        )
    })
}

/// What of Cluster API stands behind a node (its annotations `cluster.x-k8s.io/*`).
fn machine(annotations: &Labels) -> Option<String> {
    let kind = annotations.get("cluster.x-k8s.io/owner-kind")?;
    let name = annotations.get("cluster.x-k8s.io/owner-name")?;
    Some(format!("{kind} `{name}`"))
}

fn item(taint: &Taint) -> String {
    let effect = taint.effect.as_str();
    format!(
        "- {{ key: {}, value: {}, effect: {effect} }}",
        taint.key, taint.value
    )
}

fn text(taint: &Taint) -> String {
    format!("{}={}:{}", taint.key, taint.value, taint.effect.as_str())
}

/// The taint beside those that a node has of others; what Kubernetes itself sets comes and goes.
fn all_taints(taint: &Taint, node: &LiveNode) -> String {
    let others = node.taints.iter().filter(|other| {
        let of_kubernetes = other.key.starts_with("node.kubernetes.io/")
            || other.key.starts_with("node.cloudprovider.kubernetes.io/");
        !of_kubernetes && other.key != taint.key
    });
    let others = others.map(crate::findings::taint_text);
    let all: Vec<String> = others.chain([text(taint)]).collect();
    all.join(",")
}

fn eks_effect(effect: TaintEffect) -> &'static str {
    match effect {
        TaintEffect::NoSchedule => "NO_SCHEDULE",
        TaintEffect::PreferNoSchedule => "PREFER_NO_SCHEDULE",
        TaintEffect::NoExecute => "NO_EXECUTE",
    }
}
