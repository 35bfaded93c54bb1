//! Kinds beside NetworkPolicy that decide what can be reached, and that we never write.
//!
//! Each of them can allow what our policies deny: tiers and priorities come before NetworkPolicy, and
//! the allow rules of Cilium add to it. Kinds that only narrow, such as those of a mesh, are not here.

/// A kind of policy.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyKind {
    /// Its API version, with the group.
    pub api_version: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// The plural by which it is listed.
    pub plural: &'static str,
    /// Whether its objects belong to a namespace.
    pub namespaced: bool,
    /// Prefixes of names by which objects only mirror those of another kind.
    pub mirrors: &'static [&'static str],
}

/// Every such kind, with the version that we list.
pub static POLICY_KINDS: [PolicyKind; 14] = [
    of_cluster(
        "policy.networking.k8s.io/v1alpha1",
        "AdminNetworkPolicy",
        "adminnetworkpolicies",
    ),
    of_cluster(
        "policy.networking.k8s.io/v1alpha1",
        "BaselineAdminNetworkPolicy",
        "baselineadminnetworkpolicies",
    ),
    of_cluster(
        "policy.networking.k8s.io/v1alpha2",
        "ClusterNetworkPolicy",
        "clusternetworkpolicies",
    ),
    of_namespace(
        "cilium.io/v2",
        "CiliumNetworkPolicy",
        "ciliumnetworkpolicies",
    ),
    of_cluster(
        "cilium.io/v2",
        "CiliumClusterwideNetworkPolicy",
        "ciliumclusterwidenetworkpolicies",
    ),
    PolicyKind {
        mirrors: &["knp.default."],
        ..of_namespace("projectcalico.org/v3", "NetworkPolicy", "networkpolicies")
    },
    PolicyKind {
        mirrors: &[
            "kanp.adminnetworkpolicy.",
            "kbanp.baselineadminnetworkpolicy.",
        ],
        ..of_cluster(
            "projectcalico.org/v3",
            "GlobalNetworkPolicy",
            "globalnetworkpolicies",
        )
    },
    of_namespace(
        "crd.projectcalico.org/v1",
        "NetworkPolicy",
        "networkpolicies",
    ),
    of_cluster(
        "crd.projectcalico.org/v1",
        "GlobalNetworkPolicy",
        "globalnetworkpolicies",
    ),
    of_namespace("crd.antrea.io/v1beta1", "NetworkPolicy", "networkpolicies"),
    of_cluster(
        "crd.antrea.io/v1beta1",
        "ClusterNetworkPolicy",
        "clusternetworkpolicies",
    ),
    of_namespace(
        "networking.gke.io/v1alpha1",
        "FQDNNetworkPolicy",
        "fqdnnetworkpolicies",
    ),
    of_namespace(
        "networking.k8s.aws/v1alpha1",
        "ApplicationNetworkPolicy",
        "applicationnetworkpolicies",
    ),
    of_cluster(
        "networking.k8s.aws/v1alpha1",
        "ClusterNetworkPolicy",
        "clusternetworkpolicies",
    ),
];

const fn of_namespace(
    api_version: &'static str,
    kind: &'static str,
    plural: &'static str,
) -> PolicyKind {
    PolicyKind {
        api_version,
        kind,
        plural,
        namespaced: true,
        mirrors: &[],
    }
}

const fn of_cluster(
    api_version: &'static str,
    kind: &'static str,
    plural: &'static str,
) -> PolicyKind {
    PolicyKind {
        namespaced: false,
        ..of_namespace(api_version, kind, plural)
    }
}

impl PolicyKind {
    /// Its API group.
    pub fn group(&self) -> &'static str {
        self.api_version.split('/').next().unwrap_or_default()
    }

    /// Whether its policies are read with their specs, and not only by name.
    pub fn is_read_whole(&self) -> bool {
        self.group() == "policy.networking.k8s.io"
    }

    /// Whether an object of this name only mirrors one of another kind.
    pub fn is_mirror(&self, name: &str) -> bool {
        self.mirrors.iter().any(|prefix| name.starts_with(prefix))
    }
}
