//! The namespaces in which parts of a cluster live.
//!
//! Who may create workloads in a namespace must not steer what other namespaces get. So a part is
//! taken for what its name says only in the namespaces that are named here, which belong to whoever
//! runs the cluster. A part that lives elsewhere is not seen; users list its namespace under
//! `systemNamespaces` of the zone model.

use crate::observe::wire::Workload;

/// The namespaces of one part.
pub(super) struct Home {
    /// Where its workloads are taken for what their names say.
    pub(super) workloads: &'static [&'static str],
    /// What else belongs to it, once it was found.
    pub(super) more: &'static [&'static str],
}

/// Konnectivity agents, and plugins that every installer puts there.
pub(super) const SYSTEM: Home = home(&["kube-system"], &[]);
/// Caches of the nodes for DNS.
pub(super) const DNS_CACHE: Home = home(&["kube-system", "openshift-dns"], &[]);

pub(super) const CILIUM: Home = home(&["kube-system", "cilium"], &["cilium-secrets"]);
/// By manifest, and by its operator.
pub(super) const CALICO: Home = home(
    &["kube-system", "calico-system"],
    &["calico-apiserver", "tigera-operator"],
);
pub(super) const OVN: Home = home(&["openshift-ovn-kubernetes", "ovn-kubernetes"], &[]);
pub(super) const FLANNEL: Home = home(&["kube-system", "kube-flannel"], &[]);
/// kube-network-policies, alone or beside flannel.
pub(super) const ENGINE: Home = FLANNEL;

pub(super) const ISTIO: Home = home(&["istio-system"], &[]);
/// What Istio runs on each node.
pub(super) const ISTIO_NODES: Home = home(&["istio-system", "kube-system"], &[]);
pub(super) const LINKERD: Home = home(&["linkerd"], &["linkerd-viz"]);

/// Drivers for storage, by the defaults of their installers.
pub(super) const STORAGE: Home = home(
    &[
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
    ],
    &[],
);

/// Deployments that make pods as they are needed, bound to a node by name or tolerating whatever it is tainted
/// with: helpers that prepare a volume, movers of a backup, trials of a device.
pub(super) const HELPED: &[(&str, Home)] = &[
    (
        "gpu-operator",
        home(&["gpu-operator", "nvidia-gpu-operator"], &[]),
    ),
    ("local-path-provisioner", home(&["local-path-storage"], &[])),
    ("openebs-localpv-provisioner", home(&["openebs"], &[])),
    ("velero", home(&["velero"], &[])),
];

const fn home(workloads: &'static [&'static str], more: &'static [&'static str]) -> Home {
    Home { workloads, more }
}

impl Home {
    /// Whether a workload lives here.
    pub(super) fn has(&self, workload: &Workload) -> bool {
        self.workloads
            .contains(&workload.metadata.namespace.as_str())
    }
}
