//! What network plugins decide each in their own way, because the Kubernetes API leaves it open.

/// How one network plugin reads policies where the API leaves it open.
///
/// Sources: the `NetworkPolicy` page of the Kubernetes documentation for what is open, and each
/// plugin's own documentation or source for what it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dialect {
    /// The plugin's name, as `Cni::name` has it.
    pub name: &'static str,
    /// Whether an `ipBlock` matches the addresses of pods.
    pub pod_addresses: IpBlock,
    /// Whether an `ipBlock` matches the addresses of nodes, and so of pods in the host network.
    pub node_addresses: IpBlock,
    /// Where an `ipBlock` of egress stands towards service translation.
    pub service_addresses: Translation,
    /// What becomes of SCTP.
    pub sctp: Sctp,
    /// Whether the named ports of sidecars (init containers that restart) count.
    pub sidecar_ports: SidecarPorts,
    /// Whether policies govern what a pod sends to the node it runs on.
    pub egress_to_own_node: OwnNode,
    /// Whether policies of a cluster govern what a pod's own node sends to it. A `NetworkPolicy` never
    /// does.
    pub ingress_from_own_node: OwnNode,
}

/// Whether an `ipBlock` matches a kind of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IpBlock {
    /// It does.
    Matches,
    /// It never does, not even as `0.0.0.0/0`.
    Ignores,
}

/// Where a policy looks at the destination of a connection to a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Translation {
    /// Before translation: at the Service's address and port.
    Before,
    /// After translation: at the address and port of a pod behind it.
    After,
}

/// What becomes of SCTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sctp {
    /// Policies govern it as they govern TCP.
    Governed,
    /// As policies say where it is switched on, which nobody reads; elsewhere it never arrives.
    MayBeOff,
}

/// Whether the named ports of sidecars count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SidecarPorts {
    /// They do.
    Count,
    /// Only those of containers do.
    Ignored,
}

/// Whether policies govern traffic between a pod and the node it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnNode {
    /// They do not: it is always allowed.
    Exempt,
    /// They do.
    Governed,
}

/// The plugin that matches addresses as they are, which most others only differ from.
const PLAIN: Dialect = Dialect {
    name: "kube-network-policies",
    pod_addresses: IpBlock::Matches,
    node_addresses: IpBlock::Matches,
    service_addresses: Translation::After,
    sctp: Sctp::Governed,
    sidecar_ports: SidecarPorts::Ignored,
    egress_to_own_node: OwnNode::Exempt,
    ingress_from_own_node: OwnNode::Exempt,
};

/// Identities in place of addresses; SCTP is off unless switched on.
const CILIUM: Dialect = Dialect {
    name: "cilium",
    pod_addresses: IpBlock::Ignores,
    node_addresses: IpBlock::Ignores,
    sctp: Sctp::MayBeOff,
    sidecar_ports: SidecarPorts::Count,
    egress_to_own_node: OwnNode::Governed,
    ..PLAIN
};

/// The node agent filters before `kube-proxy` translates, and exempts the node only in its newest versions.
const AWS: Dialect = Dialect {
    name: "aws-vpc-cni",
    service_addresses: Translation::Before,
    ingress_from_own_node: OwnNode::Governed,
    ..PLAIN
};

/// What a pod sends to its own node passes its policies first.
const CALICO: Dialect = Dialect {
    name: "calico",
    sidecar_ports: SidecarPorts::Count,
    egress_to_own_node: OwnNode::Governed,
    ..PLAIN
};

/// Every plugin that is known, by name.
pub const DIALECTS: [Dialect; 15] = [
    Dialect {
        name: "antrea",
        ..PLAIN
    },
    AWS,
    Dialect {
        name: "azure-npm",
        ..PLAIN
    },
    CALICO,
    Dialect {
        name: "canal",
        ..CALICO
    },
    CILIUM,
    Dialect {
        name: "eks-auto-mode",
        ..AWS
    },
    Dialect {
        name: "flannel",
        ..PLAIN
    },
    Dialect {
        name: "gke-dataplane-v2",
        ..CILIUM
    },
    Dialect {
        name: "k3s",
        ..PLAIN
    },
    Dialect {
        name: "kindnet",
        ..PLAIN
    },
    PLAIN,
    Dialect {
        name: "kube-router",
        ..PLAIN
    },
    Dialect {
        name: "ovn-kubernetes",
        ..PLAIN
    },
    Dialect {
        name: "weave",
        ..PLAIN
    },
];

impl Dialect {
    /// The dialect of a plugin, by the name that detection gives it.
    pub fn of_plugin(name: &str) -> Option<Self> {
        DIALECTS.into_iter().find(|dialect| dialect.name == name)
    }

    /// Whether two dialects read every policy alike.
    #[must_use]
    pub fn reads_like(self, other: Self) -> bool {
        self == Self {
            name: self.name,
            ..other
        }
    }
}
