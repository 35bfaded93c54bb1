//! Policies that let pods out to addresses of Services.
//!
//! Where a network plugin asks policies before such an address is translated, these lead to pods that no policy names.

use cofferdam_model::count::listed;
use cofferdam_model::dialect::{Dialect, IpBlock, Translation};
use cofferdam_objects::policy::Direction;

use crate::addresses::Family;
use crate::facts::{Facts, Service, ServiceKind};
use crate::policy::{Peer, Peers, Policy};

/// Every policy that lets pods out to the address of a Service in the cluster, with that Service, under a dialect in which
/// that says more than what it says of pods.
pub fn let_out<'a>(
    facts: &'a Facts,
    dialect: &Dialect,
) -> impl Iterator<Item = (&'a Policy, &'a Service)> + use<'a> {
    let is_before = dialect.service_addresses == Translation::Before;
    let holds_pods = dialect.pod_addresses == IpBlock::Matches;
    let policies = facts.policies.iter().filter(move |_| is_before);
    policies.flat_map(move |policy| {
        let services = facts.services.iter();
        let services = services.filter(|service| service.kind != ServiceKind::ExternalName);
        let named = services.filter(move |service| names(policy, service, holds_pods));
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
    let (_, policy, service) = concerned.first()?;
    let names = listed(concerned.iter().map(|(name, ..)| *name));
    Some(format!(
        "under {names} policies are asked about the addresses of Services: {} lets pods out to that of Service {}/{}, and what is behind is not told here; `explain` tells it",
        policy.id, service.namespace, service.name
    ))
}

fn names(policy: &Policy, service: &Service, holds_pods: bool) -> bool {
    let rules = policy.rules(Direction::Egress).unwrap_or_default();
    let mut peers = rules.iter().flat_map(|rule| match &rule.peers {
        Peers::Everything => [].as_slice(),
        Peers::AnyOf(peers) => peers.as_slice(),
    });
    peers.any(|peer| {
        let Peer::IpBlock { cidr, except } = peer else {
            return false;
        };
        let is_everything =
            except.is_empty() && Family::BOTH.iter().any(|one| one.network() == *cidr);
        let mut addresses = service.cluster_addresses.iter();
        let named = addresses.any(|address| {
            cidr.contains(address) && !except.iter().any(|one| one.contains(address))
        });
        named && !(is_everything && holds_pods)
    })
}
