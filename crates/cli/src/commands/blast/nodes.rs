//! What nodes and load balancers may pass on to pods, as far as manifests tell.

use std::collections::BTreeSet;

use cofferdam_model::count::listed;
use cofferdam_semantics::facts::{Facts, GapKind, Service, ServiceKind};
use cofferdam_semantics::hops::{EntryPoints, Location};
use cofferdam_semantics::services::{NoBackend, all_backends};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What is passed on, with what is to be said of it.
pub(super) struct PassedOn {
    /// Where connections are accepted, and to whom they are passed on.
    pub(super) location: Location,
    /// What counts as reached for it.
    pub(super) note: Option<String>,
    /// What cannot be followed, one line each.
    pub(super) unknown: Vec<String>,
}

impl PassedOn {
    pub(super) fn of(facts: &Facts) -> Self {
        let anywhere: [IpNet; 2] = [Ipv4Net::default().into(), Ipv6Net::default().into()];
        let is_anywhere = is_anywhere(facts);
        let location = Location {
            nodes: EntryPoints::at(anywhere.into_iter().filter(|_| is_anywhere)),
            ..Location::default()
        };
        let unknown = at_nodes(facts)
            .filter(|service| all_backends(facts, service) == Err(NoBackend::NoSelector));
        Self {
            location: location.as_seen(facts),
            note: note(facts, is_anywhere),
            unknown: unknown
                .map(|one| format!("{} {}", one.key(), NoBackend::NoSelector.told()))
                .collect(),
        }
    }
}

/// Whether not every address is known at which connections are accepted.
fn is_anywhere(facts: &Facts) -> bool {
    let mut nodes = facts.nodes.values();
    let mut services = at_nodes(facts);
    facts.nodes.is_empty()
        || nodes.any(|node| node.addresses.is_empty())
        || services.any(|service| {
            matches!(service.kind, ServiceKind::LoadBalancer { .. })
                && service.balancer_addresses.is_empty()
        })
}

fn note(facts: &Facts, is_anywhere: bool) -> Option<String> {
    let led = at_nodes(facts).filter(|service| all_backends(facts, service).is_ok());
    let led = led.map(Service::key);
    // What uses the network of the node is that node.
    let pods = facts.pods.iter();
    let pods = pods.filter(|pod| !pod.host_ports.is_empty() && !pod.place.host_network);
    let at_pods = pods.map(|pod| format!("host ports of {}", pod.owner()));
    let gaps = facts.entrance_gaps.iter();
    let gaps = gaps.filter(|gap| gap.kind == GapKind::NotRead);
    let not_read = gaps.map(ToString::to_string);
    let through: BTreeSet<String> = led.chain(at_pods).chain(not_read).collect();
    let whoever = if is_anywhere {
        "any address outside, as not all of theirs are known"
    } else {
        "one of their addresses"
    };
    (!through.is_empty()).then(|| {
        format!(
            "what nodes and load balancers pass on is not sure to be kept out by any policy: it counts as reached by whoever reaches {whoever}, through {}",
            listed(through.iter().map(String::as_str))
        )
    })
}

fn at_nodes(facts: &Facts) -> impl Iterator<Item = &Service> {
    facts.services.iter().filter(|one| one.is_at_nodes())
}
