//! The namespaces in which parts of a cluster live.
//!
//! Who may create workloads in a namespace must not steer what other namespaces get. So a part is
//! taken for what its name says only in the namespaces that are named here, which belong to whoever
//! runs the cluster. A part that lives elsewhere is not seen; users list its namespace under
//! `systemNamespaces` of the zone model.

use crate::observe::wire::Workload;

/// Where most parts live: DNS servers, konnectivity agents, and the plugins of most installers.
pub(super) const SYSTEM: &[&str] = &["kube-system"];
/// Caches of the nodes for DNS.
pub(super) const DNS: &[&str] = &["kube-system", "openshift-dns"];

/// Cilium's agent.
pub(super) const CILIUM: &[&str] = &["kube-system", "cilium"];
/// What else belongs to Cilium.
pub(super) const CILIUM_MORE: &[&str] = &["cilium-secrets"];
/// Calico's agent: by manifest, and by its operator.
pub(super) const CALICO: &[&str] = &["kube-system", "calico-system"];
/// What else belongs to Calico.
pub(super) const CALICO_MORE: &[&str] = &["calico-apiserver", "tigera-operator"];
/// The node agent of OVN-Kubernetes.
pub(super) const OVN: &[&str] = &["openshift-ovn-kubernetes", "ovn-kubernetes"];
/// Flannel's agent.
pub(super) const FLANNEL: &[&str] = &["kube-system", "kube-flannel"];
/// kube-network-policies, alone or beside flannel.
pub(super) const ENGINE: &[&str] = FLANNEL;

/// Istio's control plane.
pub(super) const ISTIO: &[&str] = &["istio-system"];
/// What Istio runs on each node.
pub(super) const ISTIO_NODES: &[&str] = &["istio-system", "kube-system"];
/// Linkerd's control plane.
pub(super) const LINKERD: &[&str] = &["linkerd"];
/// What else belongs to Linkerd.
pub(super) const LINKERD_MORE: &[&str] = &["linkerd-viz"];

/// Drivers for storage, by the defaults of their installers.
pub(super) const STORAGE: &[&str] = &[
    "ceph-csi-cephfs",
    "ceph-csi-rbd",
    "csi-isilon",
    "csi-powerstore",
    "csi-unity",
    "csi-vxflexos",
    "democratic-csi",
    "kube-system",
    "longhorn-system",
    "mayastor",
    "openebs",
    "piraeus-datastore",
    "portworx",
    "rook-ceph",
    "secrets-store-csi-driver",
    "synology-csi",
    "topolvm-system",
    "trident",
    "vmware-system-csi",
];

/// Whether a workload lives in one of these namespaces.
pub(super) fn at_home(workload: &Workload, homes: &[&str]) -> bool {
    homes.contains(&workload.metadata.namespace.as_str())
}
