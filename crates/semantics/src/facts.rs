//! What was read of a cluster, or of manifests, as far as it decides what can be reached.

mod entrance;
mod service;
mod unknown_addresses;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Labels;

use crate::policy::{PodChoice, Policy, Source};

pub use entrance::{
    Admission, AskedClass, BackendReference, Class, Entrances, Gateway, GrantedSource,
    GrantedTarget, Ingress, Listener, ObjectName, ParentReference, PortReference, ReferenceGrant,
    Route,
};
pub use service::{Service, ServiceKind, ServicePort, Slice, SlicePort, Target};
pub use unknown_addresses::UnknownAddresses;

/// What decides what can be reached.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Namespaces by name, also those that pods are in and nobody defined.
    pub namespaces: BTreeMap<Arc<str>, Namespace>,
    /// Pods that are or will be: those that ended are left out.
    pub pods: Vec<Pod>,
    /// Nodes by name.
    pub nodes: BTreeMap<Arc<str>, Node>,
    /// Whether there are no other nodes, as of a cluster that was asked for all of them. Manifests need not hold all.
    pub has_every_node: bool,
    /// Policies.
    pub policies: Vec<Policy>,
    /// Services.
    pub services: Vec<Service>,
    /// Where Services lead that have no selector.
    pub slices: Vec<Slice>,
    /// What passes connections from outside on to Services.
    pub entrances: Entrances,
    /// Whether a pod, node or policy has an IPv6 address or block, so that pods whose addresses are not known may have
    /// one too.
    pub has_ipv6: bool,
    /// Where the addresses of pods lie that are not known.
    pub unknown_addresses: UnknownAddresses,
    /// What stands in the way of a complete verdict.
    pub gaps: BTreeSet<Gap>,
    /// What stands in the way of telling every way in from outside, and of nothing else.
    pub entrance_gaps: BTreeSet<Gap>,
}

impl Facts {
    /// The addresses of a pod, each once: its own, or, in the network of its node, those of the node. None where they
    /// are not known.
    pub fn addresses_of(&self, pod: &Pod) -> Vec<IpAddr> {
        let Place {
            node,
            host_addresses,
            host_network,
        } = &pod.place;
        let mut addresses: Vec<IpAddr> = pod.addresses.to_vec();
        if *host_network {
            addresses.extend(host_addresses);
            if addresses.is_empty() {
                addresses.extend(self.addresses_of_node(node.as_deref()));
            }
        }
        addresses.sort();
        addresses.dedup();
        addresses
    }

    /// Whether policies tell apart here what they tell apart in another cluster: they are the same, and so are the
    /// labels of the namespaces of the other.
    pub(crate) fn tells_apart_as(&self, other: &Self) -> bool {
        let same = |one: &Policy, other: &Policy| {
            let Policy {
                id,
                source: _,
                subject,
                stage,
                ingress,
                egress,
                ..
            } = one;
            (id, subject, stage, ingress, egress)
                == (
                    &other.id,
                    &other.subject,
                    &other.stage,
                    &other.ingress,
                    &other.egress,
                )
        };
        let mut policies = self.policies.iter().zip(&other.policies);
        let mut namespaces = other.namespaces.iter();
        self.has_ipv6 == other.has_ipv6
            && self.policies.len() == other.policies.len()
            && policies.all(|(one, other)| same(one, other))
            && namespaces.all(|(name, namespace)| {
                let own = self.namespaces.get(name);
                own.is_some_and(|own| own.labels == namespace.labels)
            })
    }

    /// Whether a choice selects a pod.
    pub(crate) fn selects(&self, choice: &PodChoice, pod: &Pod) -> bool {
        let namespace = self.namespaces.get(&pod.namespace);
        let of_namespace = namespace.map(|one| &*one.labels);
        choice.holds((&pod.namespace, of_namespace), &pod.labels)
    }

    /// The pods that a policy governs, by their places; those in the network of their node are governed by none.
    pub(crate) fn governed(&self, policy: &Policy) -> impl Iterator<Item = usize> {
        let pods = self.pods.iter().enumerate();
        let governed =
            pods.filter(|(_, pod)| !pod.place.host_network && self.selects(&policy.subject, pod));
        governed.map(|(place, _)| place)
    }

    fn addresses_of_node(&self, node: Option<&str>) -> &[IpAddr] {
        let node = node.and_then(|node| self.nodes.get(node));
        node.map(|node| &*node.addresses).unwrap_or_default()
    }

    /// Every address of pods and nodes.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let of_pods = self.pods.iter().flat_map(|pod| {
            let own = pod.addresses.iter();
            own.chain(&pod.place.host_addresses)
        });
        let of_nodes = self.nodes.values().flat_map(|node| &node.addresses);
        of_pods.chain(of_nodes).copied()
    }

    /// The addresses of the node of a pod, as far as they are known.
    pub fn addresses_of_its_node(&self, pod: &Pod) -> Vec<IpAddr> {
        let Place {
            node,
            host_addresses,
            host_network: _,
        } = &pod.place;
        let own = self.addresses_of_node(node.as_deref());
        host_addresses.iter().chain(own).copied().collect()
    }
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its labels, `kubernetes.io/metadata.name` included.
    pub labels: Arc<Labels>,
    /// The object; `None` where only its name is known.
    pub source: Option<Source>,
}

/// A pod, or the pods that a workload will have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name; of a template that of the workload.
    pub name: Arc<str>,
    /// What it belongs to in the end.
    pub workload: Workload,
    /// The object that it came from.
    pub source: Source,
    /// Its labels.
    pub labels: Arc<Labels>,
    /// The ports that its containers declare.
    pub ports: Arc<[ContainerPort]>,
    /// The ports of its node that lead to it from outside.
    pub host_ports: Box<[HostPort]>,
    /// Its addresses; none where they are not known.
    pub addresses: Box<[IpAddr]>,
    /// Where it runs.
    pub place: Place,
    /// Whether it is only a template, of which no pod was seen.
    pub is_template: bool,
    /// Whether it stands for pods that do not exist yet, so that any of its ports may have any name.
    pub is_future: bool,
}

impl Pod {
    /// Whose it is, as `namespace/name[Kind]` of its workload.
    pub fn owner(&self) -> String {
        format!("{}/{}", self.namespace, self.workload)
    }
}

/// Where a pod runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its node, where it is known.
    pub node: Option<Arc<str>>,
    /// The addresses of its node that its status names.
    pub host_addresses: Box<[IpAddr]>,
    /// Whether it uses the network of its node.
    pub host_network: bool,
}

/// The topmost owner of a pod, or the pod itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Workload {
    /// Its kind.
    pub kind: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerPort {
    /// The name; empty where it has none.
    pub name: Arc<str>,
    /// The protocol.
    pub protocol: Protocol,
    /// The number.
    pub number: u16,
    /// Whether it is of a sidecar: an init container that restarts.
    pub sidecar: bool,
}

/// A port of a node that leads to a container of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// The protocol.
    pub protocol: Protocol,
    /// The number at the node.
    pub number: u16,
    /// The number at the pod.
    pub target: u16,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its labels.
    pub labels: Arc<Labels>,
    /// Its own addresses.
    pub addresses: Box<[IpAddr]>,
}

/// Something that stands in the way of a complete verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The object, as `Kind/[namespace/]name`.
    pub object: String,
    /// Why it does, in one line that names the field where one is concerned.
    pub reason: String,
    /// The object of the input, where there is one.
    pub source: Option<Source>,
    /// What is the matter.
    pub kind: GapKind,
}

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// An API server refuses the object.
    Refused {
        /// Because of this part of it.
        path: String,
    },
    /// A part of a policy is not understood.
    NotUnderstood {
        /// This one.
        path: String,
    },
    /// A kind of policy is not modelled.
    NotModelled,
    /// An object of a kind that is not read makes pods.
    MakesPods,
    /// Something was not read.
    NotRead,
}

impl GapKind {
    /// Whether pods may be there that are not known because of it.
    pub fn may_hide_pods(&self) -> bool {
        match self {
            Self::MakesPods | Self::NotRead => true,
            Self::Refused { .. } | Self::NotUnderstood { .. } | Self::NotModelled => false,
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.reason)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.name, self.kind)
    }
}
