//! What a cluster is and can do, each with the evidence for it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::flow::Port;
use crate::labels::Labels;
use crate::names::{ClusterName, NamespaceName};

/// What a cluster is and can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The cluster.
    pub cluster: ClusterName,
    /// The UID of namespace `kube-system`.
    pub uid: String,
    /// The API server's version, such as `v1.36.3`.
    pub version: String,
    /// Kinds served that matter to segmentation, as `group/version/Kind`.
    pub kinds: BTreeSet<String>,
    /// The network plugin.
    pub cni: Cni,
    /// Where name resolution is.
    pub dns: Dns,
    /// Where the API server is.
    pub api_server: ApiServer,
    /// The nodes' own addresses (`InternalIP`).
    pub node_addresses: BTreeSet<IpAddr>,
    /// Pod networks, from the nodes.
    pub pod_cidrs: BTreeSet<IpNet>,
    /// Service networks, where the cluster tells them (`ServiceCIDR` objects).
    pub service_cidrs: BTreeSet<IpNet>,
    /// The mesh, where one is detected.
    pub mesh: Option<Mesh>,
    /// What admission the API server offers.
    pub admission: Admission,
    /// From where the control plane calls webhooks and aggregated APIs.
    pub callers: Callers,
    /// Services that the control plane calls.
    pub callees: Vec<Callee>,
    /// Every namespace with its labels.
    pub namespaces: BTreeMap<NamespaceName, Labels>,
    /// Namespaces of the CNI, CSI drivers and mesh, as detected.
    pub system_namespaces: BTreeSet<NamespaceName>,
}

/// Groups of kinds that only OpenShift and its smaller editions serve. Two, because of one that is served by
/// a server beside the API server nothing is told while that is away.
const OPENSHIFT_GROUPS: [&str; 2] = ["config.openshift.io", "security.openshift.io"];

impl Capabilities {
    /// Whether the cluster is an OpenShift, by kinds that none but its administrators can define.
    pub fn is_openshift(&self) -> bool {
        let mut groups = self.kinds.iter().filter_map(|kind| kind.split('/').next());
        groups.any(|group| OPENSHIFT_GROUPS.contains(&group))
    }
}

/// The network plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cni {
    /// Its name, or `unknown`.
    pub name: String,
    /// Whether it enforces NetworkPolicy.
    pub enforces: Enforces,
    /// What that rests on.
    pub evidence: String,
}

/// Whether NetworkPolicy is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enforces {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// That cannot be told.
    Unknown,
}

impl Enforces {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// Where name resolution is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dns {
    /// The pods that answer, each group with the ports on which its pods listen.
    pub servers: Vec<DnsServers>,
    /// Addresses of NodeLocal DNS caches, which run in the host network.
    pub node_local: BTreeSet<IpAddr>,
    /// What that rests on.
    pub evidence: String,
}

/// A group of pods that answer name queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsServers {
    /// Their namespace.
    pub namespace: NamespaceName,
    /// Their labels.
    pub pod_labels: Labels,
    /// Where they listen (target ports, not Service ports).
    pub ports: Vec<Port>,
}

impl Dns {
    /// What is assumed of a cluster that nobody has looked at: the label that kubeadm gives CoreDNS.
    pub fn assumed() -> Self {
        use crate::flow::Protocol;
        let port = |protocol| Port {
            protocol,
            port: crate::flow::PortNumber::Number(53),
        };
        let servers = NamespaceName::parse("kube-system").map(|namespace| DnsServers {
            namespace,
            pod_labels: [("k8s-app".to_owned(), "kube-dns".to_owned())].into(),
            ports: vec![port(Protocol::Tcp), port(Protocol::Udp)],
        });
        Self {
            servers: servers.into_iter().collect(),
            node_local: BTreeSet::new(),
            evidence: "assumed: nothing is stored about this cluster".to_owned(),
        }
    }
}

/// Where the API server is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiServer {
    /// Cluster addresses of Service `default/kubernetes`.
    pub service_addresses: BTreeSet<IpAddr>,
    /// Its port.
    pub service_port: u16,
    /// Every endpoint: address and port.
    pub endpoints: BTreeSet<(IpAddr, u16)>,
}

/// A service mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mesh {
    /// Which one.
    pub kind: MeshKind,
    /// The namespace of its control plane.
    pub control_plane_namespace: NamespaceName,
    /// Namespaces whose pods are enrolled.
    pub enrolled: BTreeSet<NamespaceName>,
    /// What that rests on.
    pub evidence: String,
}

/// The meshes that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MeshKind {
    /// Istio with sidecars.
    IstioSidecar,
    /// Istio in ambient mode.
    IstioAmbient,
    /// Linkerd.
    Linkerd,
}

impl MeshKind {
    /// The word of documents and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IstioSidecar => "istio-sidecar",
            Self::IstioAmbient => "istio-ambient",
            Self::Linkerd => "linkerd",
        }
    }
}

/// What admission the API server offers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Admission {
    /// ValidatingAdmissionPolicy v1 is served.
    pub validating_policies: bool,
    /// MutatingAdmissionPolicy v1 is served.
    pub mutating_policies: bool,
}

/// From where the control plane calls; unknown where both lists are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Callers {
    /// Pods that forward its calls (konnectivity agents).
    pub pods: Vec<PodGroup>,
    /// Its own addresses, where it runs on nodes of the cluster.
    pub addresses: BTreeSet<IpAddr>,
    /// What that rests on.
    pub evidence: String,
}

/// Pods of one namespace with common labels.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodGroup {
    /// Their namespace.
    pub namespace: NamespaceName,
    /// Their labels.
    pub labels: Labels,
}

/// A Service that the control plane calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Callee {
    /// Who makes it call: `ValidatingWebhookConfiguration/name`, `APIService/name`…
    pub caller: String,
    /// The Service's namespace.
    pub namespace: NamespaceName,
    /// The Service's name.
    pub service: String,
    /// Labels of its pods; empty where the Service has no selector.
    pub pod_labels: Labels,
    /// The port on which its pods listen; `None` where the Service or its port is missing.
    pub target: Option<Port>,
}
