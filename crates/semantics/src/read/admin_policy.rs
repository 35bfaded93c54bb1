//! `policy.networking.k8s.io`: `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` of v1alpha1, and
//! `ClusterNetworkPolicy` of v1alpha2.

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Selector;

use super::cursor::Cursor;
use super::network_policy::{network, port_name, protocol};
use super::selector::selector;
use crate::policy::{
    Action, AdminApi, NamespaceChoice, Peer, Peers, PodChoice, PolicyKind, PortRule, Rank, Rule,
    Stage,
};
use crate::ports::{ALL_PORTS, PROTOCOLS, PortSet};

/// When a policy is asked, whom it governs, and its rules by direction.
pub(super) struct Spec {
    pub(super) stage: Stage,
    pub(super) subject: PodChoice,
    pub(super) ingress: Vec<Rule>,
    pub(super) egress: Vec<Rule>,
}

const MOST_PRIORITY: u16 = 1000;

const MOST_NETWORKS: usize = 25;

/// The spec of a policy of administrators; `None` where it cannot be told whom it governs, or when.
pub(super) fn spec(at: &Cursor<'_>, kind: PolicyKind, name: &str) -> Option<Spec> {
    let (stage, most) = match kind {
        PolicyKind::AdminNetworkPolicy => {
            at.knows(&["priority", "subject", "ingress", "egress"]);
            (Stage::Admin(rank(at, AdminApi::V1Alpha1)?), 100)
        }
        PolicyKind::BaselineAdminNetworkPolicy => {
            at.knows(&["subject", "ingress", "egress"]);
            if name != "default" {
                at.fault("belongs to a policy that is not named `default`");
            }
            let api = AdminApi::V1Alpha1;
            (Stage::Baseline(Rank { api, priority: 0 }), 100)
        }
        PolicyKind::ClusterNetworkPolicy => {
            at.knows(&["tier", "priority", "subject", "ingress", "egress"]);
            let rank = rank(at, AdminApi::V1Alpha2)?;
            (tier(at, rank)?, 25)
        }
        PolicyKind::NetworkPolicy => return None,
    };
    let rules = |field: &str, peers: &str| {
        let rules = at.list(field).unwrap_or_default();
        if rules.len() > most {
            at.fault(&format!("has more than {most} rules of {field}"));
        }
        let of = Of {
            kind,
            peers: peers.to_owned(),
            most,
        };
        rules.iter().filter_map(|one| of.rule(one)).collect()
    };
    Some(Spec {
        stage,
        ingress: rules("ingress", "from"),
        egress: rules("egress", "to"),
        subject: subject(at, kind)?,
    })
}

fn rank(at: &Cursor<'_>, api: AdminApi) -> Option<Rank> {
    let Some(priority) = at.get("priority") else {
        at.fault("has no priority");
        return None;
    };
    let priority = priority.number(0, MOST_PRIORITY)?;
    Some(Rank { api, priority })
}

fn tier(at: &Cursor<'_>, rank: Rank) -> Option<Stage> {
    match at.get("tier").and_then(|tier| tier.text()) {
        Some("Admin") => Some(Stage::Admin(rank)),
        Some("Baseline") => Some(Stage::Baseline(rank)),
        _ => {
            at.fault("has a tier that is neither Admin nor Baseline");
            None
        }
    }
}

fn subject(at: &Cursor<'_>, kind: PolicyKind) -> Option<PodChoice> {
    let Some(subject) = at.get("subject") else {
        at.fault("has no subject");
        return None;
    };
    subject.knows(&["namespaces", "pods"]);
    let choice = pod_choice(&subject, kind);
    if choice.is_none() {
        subject.fault("needs exactly one of namespaces and pods");
    }
    choice
}

/// `namespaces` or `pods`; `None` where there is neither or both.
fn pod_choice(at: &Cursor<'_>, kind: PolicyKind) -> Option<PodChoice> {
    match (at.get("namespaces"), at.get("pods")) {
        (Some(namespaces), None) => Some(PodChoice {
            namespaces: NamespaceChoice::Selected(selector(&namespaces)),
            pods: Selector::default(),
        }),
        (None, Some(pods)) => {
            pods.knows(&["namespaceSelector", "podSelector"]);
            let part = |field| {
                let found = pods.get(field).map(|one| selector(&one));
                let optional =
                    kind == PolicyKind::ClusterNetworkPolicy && field == "namespaceSelector";
                if found.is_none() && !optional {
                    pods.fault(&format!("has no {field}"));
                }
                found.unwrap_or_default()
            };
            Some(PodChoice {
                namespaces: NamespaceChoice::Selected(part("namespaceSelector")),
                pods: part("podSelector"),
            })
        }
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// What a rule is a part of.
struct Of {
    kind: PolicyKind,
    peers: String,
    most: usize,
}

impl Of {
    fn rule(&self, at: &Cursor<'_>) -> Option<Rule> {
        let ports_field = match self.kind {
            PolicyKind::ClusterNetworkPolicy => "protocols",
            PolicyKind::NetworkPolicy
            | PolicyKind::AdminNetworkPolicy
            | PolicyKind::BaselineAdminNetworkPolicy => "ports",
        };
        at.knows(&["name", "action", &self.peers, ports_field]);
        let action = self.action(at)?;
        let peers = at.list(&self.peers).unwrap_or_default();
        let ports = at.list(ports_field).unwrap_or_default();
        if peers.is_empty() {
            at.fault(&format!("names nobody in `{}`", self.peers));
        }
        if peers.len() > self.most || ports.len() > self.most {
            at.fault(&format!("has more than {} peers or ports", self.most));
        }
        let peers: Vec<Peer> = peers
            .iter()
            .filter_map(|one| self.peer(one, action))
            .collect();
        let ports: Vec<PortRule> = ports.iter().filter_map(|one| self.port(one)).collect();
        let by_address = |peer: &Peer| {
            matches!(
                peer,
                Peer::Networks(_) | Peer::Nodes(_) | Peer::DomainNames(_)
            )
        };
        let named = ports
            .iter()
            .any(|port| matches!(port, PortRule::Named { .. }));
        if named && peers.iter().any(by_address) {
            at.fault("has a named port beside networks, nodes or domain names");
        }
        let peers = Peers::AnyOf(peers);
        Some(Rule {
            action,
            peers,
            ports,
        })
    }

    fn action(&self, at: &Cursor<'_>) -> Option<Action> {
        let is_new = self.kind == PolicyKind::ClusterNetworkPolicy;
        let is_baseline = self.kind == PolicyKind::BaselineAdminNetworkPolicy;
        match at.get("action").and_then(|action| action.text()) {
            Some("Accept") if is_new => Some(Action::Allow),
            Some("Allow") if !is_new => Some(Action::Allow),
            Some("Deny") => Some(Action::Deny),
            Some("Pass") if !is_baseline => Some(Action::Pass),
            _ => {
                at.fault("has an action that its kind does not have");
                None
            }
        }
    }

    fn peer(&self, at: &Cursor<'_>, action: Action) -> Option<Peer> {
        let egress = self.peers == "to";
        let known: &[&str] = match (egress, self.kind) {
            (true, PolicyKind::BaselineAdminNetworkPolicy) => {
                &["namespaces", "pods", "networks", "nodes"]
            }
            (true, _) => &["namespaces", "pods", "networks", "nodes", "domainNames"],
            (false, _) => &["namespaces", "pods"],
        };
        at.knows(known);
        let named: Vec<&str> = known
            .iter()
            .copied()
            .filter(|field| at.get(field).is_some())
            .collect();
        match named.as_slice() {
            [] => Some(Peer::Unknown),
            ["networks"] => {
                let networks = at.list("networks").unwrap_or_default();
                if networks.is_empty() || networks.len() > MOST_NETWORKS {
                    at.fault(&format!("needs 1 to {MOST_NETWORKS} networks"));
                }
                Some(Peer::Networks(
                    networks.iter().filter_map(network).collect(),
                ))
            }
            ["nodes"] => Some(Peer::Nodes(selector(&at.get("nodes")?))),
            ["domainNames"] => {
                if action == Action::Allow {
                    at.doubt("allows names in DNS, whose addresses are not known");
                } else {
                    at.doubt("names domains in a rule that does not allow, of which the API does not say what it means");
                }
                let domains = at.list("domainNames").unwrap_or_default();
                let domains = domains.iter().filter_map(Cursor::text);
                Some(Peer::DomainNames(domains.map(str::to_owned).collect()))
            }
            [_] => pod_choice(at, self.kind).map(Peer::Pods),
            _ => {
                at.fault("needs exactly one kind of peer");
                None
            }
        }
    }

    fn port(&self, at: &Cursor<'_>) -> Option<PortRule> {
        match self.kind {
            PolicyKind::ClusterNetworkPolicy => protocols_entry(at),
            PolicyKind::NetworkPolicy
            | PolicyKind::AdminNetworkPolicy
            | PolicyKind::BaselineAdminNetworkPolicy => ports_entry(at),
        }
    }
}

/// An entry of `ports` of v1alpha1.
fn ports_entry(at: &Cursor<'_>) -> Option<PortRule> {
    at.knows(&["portNumber", "portRange", "namedPort"]);
    let protocol_of = |at: &Cursor<'_>| match at.get("protocol") {
        Some(word) => protocol(&word),
        None => Some(Protocol::Tcp),
    };
    match (
        at.get("portNumber"),
        at.get("portRange"),
        at.get("namedPort"),
    ) {
        (Some(number), None, None) => {
            number.knows(&["protocol", "port"]);
            let port = required(&number, "port")?;
            Some(PortRule::Numbers(PortSet::one(protocol_of(&number)?, port)))
        }
        (None, Some(range), None) => {
            range.knows(&["protocol", "start", "end"]);
            let set = port_range(&range, protocol_of(&range)?)?;
            Some(PortRule::Numbers(set))
        }
        (None, None, Some(name)) => {
            let name = port_name(&name)?;
            Some(PortRule::Named {
                protocol: None,
                name,
            })
        }
        _ => {
            at.fault("needs exactly one of portNumber, portRange and namedPort");
            None
        }
    }
}

/// An entry of `protocols` of v1alpha2.
fn protocols_entry(at: &Cursor<'_>) -> Option<PortRule> {
    at.knows(&["tcp", "udp", "sctp", "destinationNamedPort"]);
    if let (Some(name), Some(1)) = (
        at.get("destinationNamedPort"),
        at.value.as_object().map(serde_json::Map::len),
    ) {
        let name = port_name(&name)?;
        return Some(PortRule::Named {
            protocol: None,
            name,
        });
    }
    let named = PROTOCOLS.map(|one| (one, at.get(&one.as_str().to_lowercase())));
    let mut named = named
        .into_iter()
        .filter_map(|(one, value)| value.map(|value| (one, value)));
    let (Some((protocol, body)), None, None) =
        (named.next(), named.next(), at.get("destinationNamedPort"))
    else {
        at.fault("needs exactly one of tcp, udp, sctp and destinationNamedPort");
        return None;
    };
    body.knows(&["destinationPort"]);
    if body
        .value
        .as_object()
        .is_some_and(serde_json::Map::is_empty)
    {
        body.fault("is empty: it needs a destinationPort");
    }
    let Some(port) = body.get("destinationPort") else {
        return Some(PortRule::Numbers(PortSet::of_protocols([protocol])));
    };
    port.knows(&["number", "range"]);
    match (port.get("number"), port.get("range")) {
        (Some(number), None) => {
            let number = number.number(1, *ALL_PORTS.end())?;
            Some(PortRule::Numbers(PortSet::one(protocol, number)))
        }
        (None, Some(range)) => {
            range.knows(&["start", "end"]);
            Some(PortRule::Numbers(port_range(&range, protocol)?))
        }
        _ => {
            port.fault("needs exactly one of number and range");
            None
        }
    }
}

/// `start` and `end`, of which the first is less.
fn port_range(at: &Cursor<'_>, protocol: Protocol) -> Option<PortSet> {
    let (first, last) = (required(at, "start")?, required(at, "end")?);
    if first >= last {
        at.fault("does not begin before it ends");
        return None;
    }
    Some(PortSet::range(protocol, first..=last))
}

fn required(at: &Cursor<'_>, field: &str) -> Option<u16> {
    let number = at.get(field);
    if number.is_none() {
        at.fault(&format!("has no {field}"));
    }
    number?.number(1, *ALL_PORTS.end())
}
