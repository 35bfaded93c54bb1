//! `networking.k8s.io/v1` `NetworkPolicy`.

use std::sync::Arc;

use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Selector;
use cofferdam_objects::policy::Direction;
use ipnet::IpNet;

use super::cursor::Cursor;
use super::selector::selector;
use crate::policy::{Action, NamespaceChoice, Peer, Peers, PodChoice, PortRule, Rule, SlipKind};
use crate::ports::{ALL_PORTS, PortSet};

/// The pods that a policy selects, and its rules by direction.
pub(super) struct Spec {
    pub(super) subject: PodChoice,
    pub(super) ingress: Option<Vec<Rule>>,
    pub(super) egress: Option<Vec<Rule>>,
}

/// The spec of a policy of a namespace, with the defaults of the API server.
pub(super) fn spec(at: &Cursor<'_>, namespace: &Arc<str>) -> Spec {
    at.knows(&["podSelector", "ingress", "egress", "policyTypes"]);
    let rules = |field: &str, peers: &str| -> Vec<Rule> {
        let rules = at.list(field).unwrap_or_default();
        rules
            .iter()
            .map(|one| rule(one, peers, namespace))
            .collect()
    };
    let (ingress, egress) = (rules("ingress", "from"), rules("egress", "to"));
    let types: Vec<&str> = at
        .list("policyTypes")
        .unwrap_or_default()
        .iter()
        .filter_map(policy_type)
        .collect();
    let (has_ingress, has_egress) = if types.is_empty() {
        (true, !egress.is_empty())
    } else {
        (types.contains(&"Ingress"), types.contains(&"Egress"))
    };
    for (direction, counts, rules) in [
        (Direction::Ingress, has_ingress, &ingress),
        (Direction::Egress, has_egress, &egress),
    ] {
        let left_out = at
            .get(direction.field())
            .filter(|_| !counts && !rules.is_empty());
        if let Some(left_out) = left_out {
            let is_open = rules
                .iter()
                .any(|rule| rule.peers == Peers::Everything && rule.ports.is_empty());
            left_out.slip(SlipKind::LeftOut { direction, is_open });
        }
    }
    Spec {
        subject: PodChoice {
            namespaces: NamespaceChoice::Named(Arc::clone(namespace)),
            pods: at
                .get("podSelector")
                .map(|pods| selector(&pods))
                .unwrap_or_default(),
        },
        ingress: has_ingress.then_some(ingress),
        egress: has_egress.then_some(egress),
    }
}

fn policy_type<'a>(at: &Cursor<'a>) -> Option<&'a str> {
    let word = at.text()?;
    if !["Ingress", "Egress"].contains(&word) {
        at.fault(&format!("is `{word}`, neither Ingress nor Egress"));
    }
    Some(word)
}

fn rule(at: &Cursor<'_>, peers_field: &str, namespace: &Arc<str>) -> Rule {
    at.knows(&[peers_field, "ports"]);
    let peers = at.list(peers_field).unwrap_or_default();
    let ports = at.list("ports").unwrap_or_default();
    Rule {
        action: Action::Allow,
        peers: if peers.is_empty() {
            Peers::Everything
        } else {
            Peers::AnyOf(
                peers
                    .iter()
                    .filter_map(|one| peer(one, namespace))
                    .collect(),
            )
        },
        ports: ports.iter().filter_map(port).collect(),
    }
}

fn peer(at: &Cursor<'_>, namespace: &Arc<str>) -> Option<Peer> {
    at.knows(&["podSelector", "namespaceSelector", "ipBlock"]);
    let namespaces = at.get("namespaceSelector").map(|one| selector(&one));
    let pods = at.get("podSelector").map(|one| selector(&one));
    let block = at.get("ipBlock");
    match (namespaces, pods, block) {
        (None, None, None) => {
            at.fault("is empty: a peer needs a selector or an ipBlock");
            None
        }
        (None, None, Some(block)) => ip_block(&block),
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            at.fault("has an ipBlock beside a selector");
            None
        }
        (namespaces, pods, None) => Some(Peer::Pods(PodChoice {
            namespaces: match namespaces {
                Some(selector) => NamespaceChoice::Selected(selector),
                None => NamespaceChoice::Named(Arc::clone(namespace)),
            },
            pods: pods.unwrap_or_else(Selector::default),
        })),
    }
}

fn ip_block(at: &Cursor<'_>) -> Option<Peer> {
    at.knows(&["cidr", "except"]);
    let Some(cidr) = at.get("cidr") else {
        at.fault("has no cidr");
        return None;
    };
    let cidr = network(&cidr)?;
    let except = at.list("except").unwrap_or_default();
    let except = except.iter().filter_map(|one| {
        let inner = network(one)?;
        let strictly = cidr.contains(&inner) && cidr.prefix_len() < inner.prefix_len();
        if !strictly {
            one.fault(&format!("is not strictly inside {cidr}"));
        }
        strictly.then_some(inner)
    });
    let except = except.collect();
    Some(Peer::IpBlock { cidr, except })
}

/// A network, its host bits cleared.
pub(super) fn network(at: &Cursor<'_>) -> Option<IpNet> {
    let text = at.text()?;
    let network: Option<IpNet> = text.parse().ok();
    if network.is_none() {
        at.fault(&format!("is `{text}`, which is no CIDR"));
    }
    let network = network?;
    if network.trunc() != network {
        at.slip(SlipKind::HostBits(network));
    }
    Some(network.trunc())
}

fn port(at: &Cursor<'_>) -> Option<PortRule> {
    at.knows(&["protocol", "port", "endPort"]);
    let protocol = match at.get("protocol") {
        Some(word) => protocol(&word)?,
        None => Protocol::Tcp,
    };
    let end = at.get("endPort");
    let Some(first) = at.get("port") else {
        if let Some(end) = end {
            end.fault("needs a port");
        }
        return Some(PortRule::Numbers(PortSet::of_protocols([protocol])));
    };
    if first.value.is_string() {
        if let Some(end) = end {
            end.fault("needs a port that is a number");
        }
        let name = port_name(&first)?;
        return Some(PortRule::Named {
            protocol: Some(protocol),
            name,
        });
    }
    let first = first.number(1, *ALL_PORTS.end())?;
    let last = match end {
        Some(end) => end.number(first, *ALL_PORTS.end())?,
        None => first,
    };
    Some(PortRule::Numbers(PortSet::range(protocol, first..=last)))
}

/// The name of a container port: up to 15 letters, digits and single hyphens, and at least one letter.
pub(super) fn port_name(at: &Cursor<'_>) -> Option<Arc<str>> {
    let name = at.text()?;
    let fits = (1..=15).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && name.chars().any(|c| c.is_ascii_lowercase())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    if !fits {
        at.fault(&format!("is `{name}`, which is no name of a port"));
    }
    fits.then(|| name.into())
}

pub(super) fn protocol(at: &Cursor<'_>) -> Option<Protocol> {
    match at.text()? {
        "TCP" => Some(Protocol::Tcp),
        "UDP" => Some(Protocol::Udp),
        "SCTP" => Some(Protocol::Sctp),
        other => {
            at.fault(&format!("is `{other}`, which is none of TCP, UDP and SCTP"));
            None
        }
    }
}
