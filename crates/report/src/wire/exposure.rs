//! `ReachReport.exposure`.

use cofferdam_semantics::Allowed;
use cofferdam_semantics::exposure::{
    Addresses, Everybody, Exposure, How, Neighbour, Newcomer, Part, Seen, WayIn,
};
use cofferdam_semantics::facts::ObjectName;
use serde::Serialize;

/// How far a workload is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireExposure {
    /// `namespace/name[Kind]`.
    pub workload: String,
    /// From the internet.
    pub from_internet: FromInternet,
    /// What policies let out to the internet, by addresses; none where they let out nothing.
    pub to_internet: Vec<WirePart>,
    /// What its own policies let in from pods, whatever the policies of these say.
    pub from_cluster: WireEverybody,
    /// What its own policies let out to pods, whatever the policies of these say.
    pub to_cluster: WireEverybody,
    /// Pods that do not exist yet and would reach more of it than any pod that is in their namespace.
    pub new_pods: Vec<WireNewcomer>,
}

/// What comes in from the internet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FromInternet {
    /// Services that are published, Ingresses and routes that lead here.
    pub through: Vec<WireWay>,
    /// What policies let in at the addresses of the pods themselves, where these are routed from outside.
    pub by_address: Vec<WirePart>,
}

/// From where a way in is reached that the internet does not have.
pub const PRIVATE_NETWORKS: &str = "privateNetworks";

/// A way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireWay {
    /// The Service, Ingress or route, or the workload whose pods have ports of nodes, as `Kind/namespace/name`.
    pub through: String,
    /// `loadBalancer`, `nodePort`, `hostPort`, `externalIPs`, `ingress` or `gateway`.
    pub how: &'static str,
    /// The Gateway of a route, as `Gateway/namespace/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// `internet`, or [`PRIVATE_NETWORKS`] where the load balancer is internal or accepts no other clients.
    pub reached_from: &'static str,
    /// The ports of the pods to which it leads.
    pub ports: String,
    /// Whom policies may see as the one who connects: `client`, `node`, `ownNode` (the node of the pod itself, which no
    /// `NetworkPolicy` keeps out), `loadBalancer` (where it is a proxy), `controller` (its pods), or
    /// `somePod` where it is not known which pods these are.
    pub seen_as: Vec<&'static str>,
    /// `allowed`, `denied`, `partly` where some of the ports are allowed and the rest is denied, `unknown` where it depends
    /// on whom policies see, or on the network plugin.
    pub verdict: &'static str,
    /// What policies let in of the ports, whoever they see.
    pub allowed: String,
    /// What they let in of it from some of those whom they may see, or as some plugin reads them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unknown: String,
    /// What they let in from nobody.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub denied: String,
    /// The addresses of clients that get in where policies see these: `internet` where all of these do, `anywhere` where
    /// others do too.
    pub clients: Vec<String>,
}

/// Addresses of the internet with which the same is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WirePart {
    /// CIDRs and ranges, or `internet` for all of it.
    pub addresses: Vec<String>,
    /// What is allowed.
    #[serde(flatten)]
    pub ports: WireAllowed,
}

/// What is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireAllowed {
    /// `all`, or protocols with their ports; empty where nothing is.
    pub allowed: String,
    /// What is allowed only as some plugin reads policies, in some order of policies whose order is undefined, or on a node
    /// of which it is not known whether two share it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unknown: String,
}

/// With the pods of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireEverybody {
    /// With every pod, of every namespace, also those that do not exist yet.
    pub every_pod: WireAllowed,
    /// With some pod, of those that are and that could be.
    pub some_pod: WireAllowed,
    /// With workloads of which a pod is on the same node, one of the two in its network: what that node lets through
    /// whatever policies say, as far as it is more than with every pod and with these on other nodes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub same_node: Vec<WireNeighbour>,
}

/// Who shares a node with a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireNeighbour {
    /// `namespace/name[Kind]`.
    pub workload: String,
    /// What is allowed; unknown where it is not known that the two share a node.
    #[serde(flatten)]
    pub ports: WireAllowed,
}

/// A kind of pods that do not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireNewcomer {
    /// `namespace/labels[any new pod]`.
    pub from: String,
    /// What it would reach.
    pub allowed: String,
}

impl From<&Exposure> for WireExposure {
    fn from(exposure: &Exposure) -> Self {
        let Exposure {
            party,
            ways_in,
            from_internet,
            to_internet,
            from_cluster,
            to_cluster,
            newcomers,
        } = exposure;
        let newcomers = newcomers.iter();
        Self {
            workload: party.to_string(),
            from_internet: FromInternet {
                through: ways_in.iter().map(Into::into).collect(),
                by_address: from_internet.iter().map(Into::into).collect(),
            },
            to_internet: to_internet.iter().map(Into::into).collect(),
            from_cluster: from_cluster.into(),
            to_cluster: to_cluster.into(),
            new_pods: newcomers
                .map(|Newcomer { party, allowed }| WireNewcomer {
                    from: party.to_string(),
                    allowed: allowed.to_string(),
                })
                .collect(),
        }
    }
}

impl From<&WayIn> for WireWay {
    fn from(way: &WayIn) -> Self {
        let WayIn {
            through,
            how,
            is_internal,
            ports,
            seen,
            allowed,
            clients,
        } = way;
        let Allowed { possible, certain } = allowed;
        let unknown = possible.without(certain);
        let denied = ports.without(possible);
        Self {
            through: through.to_string(),
            how: word(how),
            gateway: gateway(how).map(ToString::to_string),
            reached_from: if *is_internal {
                PRIVATE_NETWORKS
            } else {
                "internet"
            },
            ports: ports.to_string(),
            seen_as: seen.iter().map(|one| seen_as(*one)).collect(),
            verdict: match (certain.is_empty(), unknown.is_empty(), denied.is_empty()) {
                (_, false, _) => "unknown",
                (true, true, _) => "denied",
                (false, true, false) => "partly",
                (false, true, true) => "allowed",
            },
            allowed: certain.to_string(),
            unknown: unknown.to_string(),
            denied: denied.to_string(),
            clients: addresses(clients),
        }
    }
}

impl From<&Part> for WirePart {
    fn from(part: &Part) -> Self {
        Self {
            addresses: addresses(&part.addresses),
            ports: (&part.allowed).into(),
        }
    }
}

impl From<&Allowed> for WireAllowed {
    fn from(allowed: &Allowed) -> Self {
        let Allowed { possible, certain } = allowed;
        Self {
            allowed: certain.to_string(),
            unknown: possible.without(certain).to_string(),
        }
    }
}

impl From<&Everybody> for WireEverybody {
    fn from(everybody: &Everybody) -> Self {
        Self {
            every_pod: (&everybody.all).into(),
            some_pod: (&everybody.some).into(),
            same_node: everybody.neighbours.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Neighbour> for WireNeighbour {
    fn from(Neighbour { party, allowed }: &Neighbour) -> Self {
        Self {
            workload: party.to_string(),
            ports: allowed.into(),
        }
    }
}

fn addresses(addresses: &Addresses) -> Vec<String> {
    match addresses {
        Addresses::All => vec!["internet".to_owned()],
        Addresses::Anywhere => vec!["anywhere".to_owned()],
        Addresses::These(ranges) => ranges.iter().map(ToString::to_string).collect(),
    }
}

fn word(how: &How) -> &'static str {
    match how {
        How::LoadBalancer => "loadBalancer",
        How::NodePort => "nodePort",
        How::HostPort => "hostPort",
        How::ExternalAddresses => "externalIPs",
        How::Ingress => "ingress",
        How::Gateway(_) => "gateway",
    }
}

fn gateway(how: &How) -> Option<&ObjectName> {
    match how {
        How::Gateway(gateway) => Some(gateway),
        How::LoadBalancer
        | How::NodePort
        | How::HostPort
        | How::ExternalAddresses
        | How::Ingress => None,
    }
}

fn seen_as(seen: Seen) -> &'static str {
    match seen {
        Seen::Client => "client",
        Seen::Node => "node",
        Seen::OwnNode => "ownNode",
        Seen::LoadBalancer => "loadBalancer",
        Seen::Controller => "controller",
        Seen::SomePod => "somePod",
    }
}
