//! Policies of every kind that is modelled, as one type.

use std::fmt;
use std::sync::Arc;

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::{Labels, Selector};
use cofferdam_objects::policy::Direction;
use ipnet::IpNet;

use crate::ports::PortSet;

/// Which object of the input something came from; whoever hands in objects says what a number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(pub u32);

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its kind, namespace and name.
    pub id: PolicyId,
    /// The object that it came from.
    pub source: Source,
    /// When it is asked.
    pub stage: Stage,
    /// The pods that it governs.
    pub subject: PodChoice,
    /// What it says to ingress; `None` where it does not concern ingress.
    pub ingress: Option<Vec<Rule>>,
    /// What it says to egress; `None` where it does not concern egress.
    pub egress: Option<Vec<Rule>>,
    /// Whether it has an IPv6 block, be it in a part that does not count.
    pub names_ipv6: bool,
    /// Whether it was compiled from documents, which say why it is there.
    pub is_compiled: bool,
    /// What it says that is not taken as it is written.
    pub slips: Box<[Slip]>,
}

/// A part of a policy that an API server accepts and that does not count as it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slip {
    /// Where, such as `spec.egress`.
    pub path: String,
    /// What is the matter.
    pub kind: SlipKind,
}

/// Why a part of a policy does not count as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlipKind {
    /// Rules of a direction that the policy does not concern.
    LeftOut {
        /// That one.
        direction: Direction,
        /// Whether one of them allows everything, as it is where no policy concerns the direction.
        is_open: bool,
    },
    /// A network with bits beyond its prefix.
    HostBits(IpNet),
}

impl Policy {
    /// Its rules of one direction; `None` where it does not concern it.
    pub(crate) fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }

    /// Its rules of both directions.
    pub(crate) fn all_rules(&self) -> impl Iterator<Item = &Rule> {
        self.ingress.iter().chain(&self.egress).flatten()
    }

    /// Every peer that its rules list.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.all_rules().flat_map(Rule::peers)
    }

    /// Every choice of pods that it makes: its subject, and those among its peers.
    pub(crate) fn choices(&self) -> impl Iterator<Item = &PodChoice> {
        let chosen = self.peers().filter_map(|peer| match peer {
            Peer::Pods(choice) => Some(choice),
            Peer::IpBlock { .. }
            | Peer::Networks(_)
            | Peer::Nodes(_)
            | Peer::DomainNames(_)
            | Peer::Unknown => None,
        });
        [&self.subject].into_iter().chain(chosen)
    }
}

/// What names a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId {
    /// The kind.
    pub kind: PolicyKind,
    /// The namespace; empty for kinds that have none.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.namespace {
            "" => write!(f, "{}/{}", self.kind.as_str(), self.name),
            namespace => write!(f, "{}/{namespace}/{}", self.kind.as_str(), self.name),
        }
    }
}

/// The kinds of policy that are modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// `networking.k8s.io/v1`.
    NetworkPolicy,
    /// `policy.networking.k8s.io/v1alpha1`.
    AdminNetworkPolicy,
    /// `policy.networking.k8s.io/v1alpha1`.
    BaselineAdminNetworkPolicy,
    /// `policy.networking.k8s.io/v1alpha2`.
    ClusterNetworkPolicy,
}

impl PolicyKind {
    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NetworkPolicy => "NetworkPolicy",
            Self::AdminNetworkPolicy => "AdminNetworkPolicy",
            Self::BaselineAdminNetworkPolicy => "BaselineAdminNetworkPolicy",
            Self::ClusterNetworkPolicy => "ClusterNetworkPolicy",
        }
    }
}

/// When a policy is asked: administrators first, then the owners of namespaces, then what holds where
/// nobody decided. Policies that allow and deny by rank stand in a fixed order; those of namespaces add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before those of namespaces.
    Admin(Rank),
    /// `NetworkPolicy`.
    Namespaced,
    /// After those of namespaces.
    Baseline(Rank),
}

/// The place of a policy among those of its stage; lower priorities come first.
///
/// The order of policies of the two APIs, and of two of one API with the same priority, is undefined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// The API that it belongs to.
    pub api: AdminApi,
    /// 0 to 1000.
    pub priority: u16,
}

/// The two generations of policies of administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdminApi {
    /// `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`.
    V1Alpha1,
    /// `ClusterNetworkPolicy`.
    V1Alpha2,
}

/// A rule of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What becomes of what it matches.
    pub action: Action,
    /// The other side.
    pub peers: Peers,
    /// The ports of the destination; empty means all.
    pub ports: Vec<PortRule>,
}

impl Rule {
    /// The peers that it lists; none where it is about everything.
    pub(crate) fn peers(&self) -> &[Peer] {
        match &self.peers {
            Peers::Everything => &[],
            Peers::AnyOf(peers) => peers,
        }
    }
}

/// What becomes of what a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is allowed.
    Allow,
    /// It is denied.
    Deny,
    /// The next stage decides.
    Pass,
}

impl Action {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Pass => "pass",
        }
    }
}

/// The other side of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peers {
    /// Everything, outside included.
    Everything,
    /// Any of these.
    AnyOf(Vec<Peer>),
}

/// One peer of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// Pods.
    Pods(PodChoice),
    /// Addresses, as a `NetworkPolicy` names them: whether those of pods and nodes are among them is for the
    /// network plugin to say.
    IpBlock {
        /// These.
        cidr: IpNet,
        /// But not these.
        except: Vec<IpNet>,
    },
    /// Addresses, as policies of administrators name them: those of pods and nodes are among them.
    Networks(Vec<IpNet>),
    /// Nodes with these labels.
    Nodes(Selector),
    /// Names in DNS; which addresses these are is not known.
    DomainNames(Vec<String>),
    /// A peer of a kind that is not known: a rule that would allow matches nothing because of it, and another
    /// one denies everything.
    Unknown,
}

/// Which pods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodChoice {
    /// Of which namespaces.
    pub namespaces: NamespaceChoice,
    /// With which labels.
    pub pods: Selector,
}

impl PodChoice {
    /// Whether it selects a pod with these labels in a namespace with those.
    pub(crate) fn holds(
        &self,
        (name, of_namespace): (&str, Option<&Labels>),
        labels: &Labels,
    ) -> bool {
        let in_namespace = match &self.namespaces {
            NamespaceChoice::Named(named) => **named == *name,
            NamespaceChoice::Selected(selector) => {
                of_namespace.is_some_and(|labels| selector.matches(labels))
            }
        };
        in_namespace && self.pods.matches(labels)
    }
}

/// Which namespaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamespaceChoice {
    /// This one.
    Named(Arc<str>),
    /// Those with these labels.
    Selected(Selector),
}

/// Ports of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortRule {
    /// These.
    Numbers(PortSet),
    /// Those of this name on the destination pod, with this protocol where one is given.
    Named {
        /// The protocol.
        protocol: Option<Protocol>,
        /// The name.
        name: Arc<str>,
    },
}
