//! The network plugin, as far as it can be seen through the API.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::application::{Application, Kind};
use super::labels;

/// A network plugin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cni {
    /// Calico in `kube-system`.
    #[default]
    Calico,
    /// Cilium in `kube-system`, with its settings.
    Cilium,
    /// Flannel, which enforces no policies.
    Flannel,
    /// None that can be seen.
    None,
}

pub(super) fn application(cni: Cni) -> Option<Application> {
    let (namespace, name, key, value, image) = match cni {
        Cni::Calico => (
            "kube-system",
            "calico-node",
            "k8s-app",
            "calico-node",
            "quay.io/calico/node:v3.30.0",
        ),
        Cni::Cilium => (
            "kube-system",
            "cilium",
            "k8s-app",
            "cilium",
            "quay.io/cilium/cilium:v1.17.4",
        ),
        Cni::Flannel => (
            FLANNEL_NAMESPACE,
            "kube-flannel-ds",
            "app",
            "flannel",
            "ghcr.io/flannel-io/flannel:v0.26.7",
        ),
        Cni::None => return None,
    };
    Some(Application {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        kind: Kind::DaemonSet,
        labels: labels(&[(key, value)]),
        image: image.to_owned(),
        host_network: true,
        node_selector: BTreeMap::new(),
        tolerations: BTreeMap::new(),
        ports: Vec::new(),
        service: None,
    })
}

/// What belongs to the plugin besides its pods.
pub(super) fn settings(cni: Cni) -> Option<Value> {
    match cni {
        Cni::Cilium => Some(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": "kube-system", "name": "cilium-config"},
            "data": {
                "enable-policy": "default",
                "ipam": "cluster-pool",
                "kube-proxy-replacement": "false",
                "policy-cidr-match-mode": "",
                "routing-mode": "tunnel",
            },
        })),
        Cni::Flannel => Some(json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": FLANNEL_NAMESPACE},
        })),
        Cni::Calico | Cni::None => None,
    }
}

const FLANNEL_NAMESPACE: &str = "kube-flannel";
