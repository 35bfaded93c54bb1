//! Policies that let pods out to addresses of Services.
//!
//! Where a network plugin asks policies before such an address is translated, these lead to pods that no policy names.

use std::net::IpAddr;

use cofferdam_model::count::listed;
use cofferdam_model::dialect::{Dialect, IpBlock, Translation};
use cofferdam_objects::policy::Direction;
use ipnet::IpNet;

use crate::addresses::Family;
use crate::connectivity::Endpoint;
use crate::facts::{Facts, Pod, Service, ServiceKind};
use crate::policy::{Action, Peer, PodChoice, Policy, Rule};
use crate::services::all_backends;

/// Every policy that lets pods that are there out to the address of a Service in the cluster, or denies them only what is
/// behind it, with that Service, under a dialect in which that says more than what it says of pods.
pub fn let_out<'a>(
    facts: &'a Facts,
    dialect: &Dialect,
) -> impl Iterator<Item = (&'a Policy, &'a Service)> + use<'a> {
    let is_before = dialect.service_addresses == Translation::Before;
    let holds_pods = dialect.pod_addresses == IpBlock::Matches;
    let policies = facts.policies.iter();
    let policies = policies.filter(move |_| is_before);
    policies.flat_map(move |policy| {
        let services = facts.services.iter();
        let services = services.filter(|service| service.kind != ServiceKind::ExternalName);
        let named = services.filter(move |service| {
            let is_concerned =
                allows(policy, service, holds_pods) || leaves_open(facts, policy, service);
            is_concerned && facts.governed(policy).next().is_some()
        });
        named.map(move |service| (policy, service))
    })
}

/// That this is so, in one line, and under which of some dialects.
pub fn told(facts: &Facts, dialects: &[Dialect]) -> Option<String> {
    let concerned = dialects.iter().filter_map(|dialect| {
        let (policy, service) = let_out(facts, dialect).next()?;
        Some((dialect.name, policy, service))
    });
    let concerned: Vec<_> = concerned.collect();
    let (_, policy, service) = *concerned.first()?;
    let names = listed(concerned.iter().map(|(name, ..)| *name));
    let name = format!("Service {}/{}", service.namespace, service.name);
    let what = if leaves_open(facts, policy, service) {
        format!("denies pods what is behind {name} and not its address")
    } else {
        format!("lets pods out to that of {name}")
    };
    Some(format!(
        "under {names} policies are asked about the addresses of Services: {} {what}, and what is behind is not told here; `explain` tells it",
        policy.id
    ))
}

/// Whether it allows the address of a Service, and not only together with what is behind it.
fn allows(policy: &Policy, service: &Service, holds_pods: bool) -> bool {
    let rules = policy.rules(Direction::Egress).unwrap_or_default();
    let rules = rules.iter().filter(|rule| rule.action == Action::Allow);
    let mut peers = rules.flat_map(Rule::peers);
    peers.any(|peer| {
        let mut addresses = service.cluster_addresses.iter();
        match peer {
            Peer::IpBlock { cidr, except } => {
                let named = addresses.any(|address| {
                    cidr.contains(address) && !except.iter().any(|one| one.contains(address))
                });
                named && !(holds_pods && except.is_empty() && is_everything(cidr))
            }
            // They hold pods under every dialect.
            Peer::Networks(networks) => {
                let named =
                    addresses.any(|address| networks.iter().any(|one| one.contains(address)));
                named && !networks.iter().any(is_everything)
            }
            Peer::Pods(_) | Peer::Nodes(_) | Peer::DomainNames(_) | Peer::Unknown => false,
        }
    })
}

/// Whether it denies something behind a Service, and not the address of that.
fn leaves_open(facts: &Facts, policy: &Policy, service: &Service) -> bool {
    let rules = policy.rules(Direction::Egress).unwrap_or_default();
    let denying = rules.iter().filter(|rule| rule.action == Action::Deny);
    let denied: Vec<&Peer> = denying.flat_map(Rule::peers).collect();
    let is_denied = |address: &IpAddr| {
        let mut networks = denied.iter().flat_map(|peer| networks_of(peer));
        networks.any(|one| one.contains(address))
    };
    if denied.is_empty() || service.cluster_addresses.iter().all(is_denied) {
        return false;
    }
    let selects = |pod: &Pod| {
        let mut chosen = denied.iter().filter_map(|peer| pods_of(peer));
        !pod.place.host_network && chosen.any(|choice| facts.selects(choice, pod))
    };
    let mut behind = all_backends(facts, service).into_iter().flatten();
    behind.any(|backend| match backend.end {
        Endpoint::Pod(place) => {
            let pod = facts.pods.get(place);
            pod.is_some_and(|pod| selects(pod) || pod.addresses.iter().any(is_denied))
        }
        Endpoint::Address(address) => is_denied(&address),
    })
}

fn networks_of(peer: &Peer) -> &[IpNet] {
    if let Peer::Networks(networks) = peer {
        return networks;
    }
    &[]
}

fn pods_of(peer: &Peer) -> Option<&PodChoice> {
    if let Peer::Pods(choice) = peer {
        return Some(choice);
    }
    None
}

fn is_everything(network: &IpNet) -> bool {
    Family::BOTH.iter().any(|one| one.network() == *network)
}
