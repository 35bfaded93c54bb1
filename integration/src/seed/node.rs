//! Nodes that are ready although no kubelet runs.

use anyhow::Result;
use serde_json::{Value, json};

use super::{SeedOptions, labels};
use crate::assets::Version;
use crate::cluster::Cluster;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const SEEDED_AT: &str = "2026-01-01T00:00:00Z";

pub(super) fn names(cluster: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{cluster}-node-{number}"))
        .collect()
}

pub(super) fn address(options: &SeedOptions, number: usize) -> String {
    format!("{}.{}", options.node_prefix, number + 10)
}

pub(super) fn objects(nodes: &[String], options: &SeedOptions) -> Vec<Value> {
    let object = |(number, name): (usize, &String)| {
        let usual = labels(&[
            ("kubernetes.io/hostname", name),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", "amd64"),
        ]);
        let own = options.node_labels.get(number).cloned().unwrap_or_default();
        let range = format!("{}.{number}.0/24", options.pod_prefix);
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": usual.into_iter().chain(own).collect::<Labels>()},
            "spec": {"podCIDR": range, "podCIDRs": [range]},
        })
    };
    nodes.iter().enumerate().map(object).collect()
}

type Labels = std::collections::BTreeMap<String, String>;

/// Admission taints every new node; the node lifecycle controller would take the taint away.
pub(super) fn remove_not_ready_taints(cluster: &Cluster) -> Result<()> {
    let nodes = cluster.get_json(&["nodes"])?;
    let items = nodes
        .pointer("/items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let tainted = items.filter(|node| {
        let taints = node
            .pointer("/spec/taints")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        taints
            .filter_map(|taint| taint.pointer("/key"))
            .any(|key| key == NOT_READY)
    });
    let names: Vec<&str> = tainted
        .filter_map(|node| node.pointer("/metadata/name")?.as_str())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let removal = format!("{NOT_READY}-");
    cluster
        .kubectl(&[&["taint", "nodes"], &names[..], &[removal.as_str()]].concat())
        .map(drop)
}

pub(super) fn statuses(nodes: &[String], options: &SeedOptions, version: Version) -> Vec<Value> {
    let kubelet = match version {
        Version::V1_36 => "v1.36.3",
        Version::V1_33 => "v1.33.13",
    };
    let resources = json!({"cpu": "4", "memory": "16Gi", "pods": "110"});
    let status = |(number, name): (usize, &String)| {
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name},
            "status": {
                "addresses": [
                    {"type": "InternalIP", "address": address(options, number)},
                    {"type": "Hostname", "address": name},
                ],
                "allocatable": resources,
                "capacity": resources,
                "conditions": [{
                    "type": "Ready", "status": "True", "reason": "KubeletReady",
                    "message": "kubelet is posting ready status",
                    "lastHeartbeatTime": SEEDED_AT, "lastTransitionTime": SEEDED_AT,
                }],
                "nodeInfo": {
                    "architecture": "amd64", "operatingSystem": "linux",
                    "bootID": name, "machineID": name, "systemUUID": name,
                    "containerRuntimeVersion": "containerd://2.1.0",
                    "kernelVersion": "6.12.0", "osImage": "Debian GNU/Linux 13 (trixie)",
                    "kubeProxyVersion": "", "kubeletVersion": kubelet,
                },
            },
        })
    };
    nodes.iter().enumerate().map(status).collect()
}
