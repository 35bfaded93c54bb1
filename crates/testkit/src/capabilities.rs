//! What a plain cluster is and can do.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use cofferdam_model::capabilities::{
    Admission, ApiServer, Callers, Capabilities, Cni, Dns, Enforces,
};
use cofferdam_model::names::ClusterName;

/// A cluster as kubeadm makes it, with a network plugin that enforces. Namespaces are those of the
/// cluster when it is observed.
pub fn kubeadm(cluster: ClusterName) -> Capabilities {
    let node = IpAddr::V4(Ipv4Addr::new(10, 1, 0, 5));
    let service = IpAddr::V4(Ipv4Addr::new(10, 96, 0, 1));
    Capabilities {
        uid: format!("uid-{cluster}"),
        cluster,
        version: "v1.36.1".to_owned(),
        kinds: BTreeSet::new(),
        cni: Cni {
            name: "calico".to_owned(),
            enforces: Enforces::Yes,
            evidence: "DaemonSet kube-system/calico-node".to_owned(),
        },
        dns: Dns::assumed(),
        api_server: ApiServer {
            service_addresses: [service].into(),
            service_port: 443,
            endpoints: [(node, 6443)].into(),
        },
        node_addresses: [node].into(),
        pod_cidrs: BTreeSet::new(),
        service_cidrs: BTreeSet::new(),
        mesh: None,
        admission: Admission::default(),
        callers: Callers {
            addresses: [node].into(),
            ..Callers::default()
        },
        callees: Vec::new(),
        namespaces: BTreeMap::new(),
        system_namespaces: BTreeSet::new(),
    }
}
