//! What is behind ports of nodes: Services that have some, and pods that have some of their own node.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use cofferdam_model::flow::Protocol;

use crate::connectivity::Endpoint;
use crate::facts::{Facts, HostPort, Node, Pod, Service, ServicePort};
use crate::services::{self, AskedPort, Backend, NoBackend};

/// The ports that an API server gives to Services at nodes, unless it is told others.
const GIVEN: RangeInclusive<u16> = 30_000..=32_767;

/// What is behind a port of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BehindNode<'a> {
    /// Where it leads.
    pub leads: Vec<Lead<'a>>,
    /// What may be behind it, and may not, one line each.
    pub unknown: BTreeSet<String>,
}

/// Where a port of a node leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead<'a> {
    /// The Service of which the port is; none where it is of the pods themselves.
    pub service: Option<&'a Service>,
    /// What is behind it, as far as it is on that node or any node leads there; also pods of which the node is not known.
    pub backends: Result<Vec<Backend>, NoBackend>,
    /// Whether that node passes connections on to its own pods alone, and not under an address of another node.
    pub keeps_client: bool,
}

/// What is behind a port of the node that has an address; nothing where it is not known that a node has it.
pub fn behind(
    facts: &Facts,
    address: IpAddr,
    (number, protocol): (u16, Option<Protocol>),
) -> BehindNode<'_> {
    let mut found = BehindNode::default();
    let is_asked = |one: Protocol| protocol.is_none_or(|protocol| protocol == one);
    let Some(at) = At::of(facts, address) else {
        found.unknown = behind_some_node(facts, address, number, is_asked);
        return found;
    };
    let (numbered, unnumbered) = listening(facts, number, is_asked);
    for (service, port) in numbered {
        let asked = AskedPort::Number(port.port);
        let backends = services::backends(facts, service, asked, Some(port.protocol));
        let backends = backends.and_then(|all| at.led_to(service, all, &mut found.unknown));
        found.leads.push(Lead {
            service: Some(service),
            backends,
            keeps_client: service.keeps_client,
        });
    }
    let unnumbered = unnumbered.into_iter();
    found.unknown.extend(unnumbered.map(|service| {
        format!(
            "{}: which port of nodes leads to it is not known",
            service.key()
        )
    }));
    let pods = at.host_ports(number, is_asked, &mut found.unknown);
    if !pods.is_empty() {
        found.leads.push(Lead {
            service: None,
            backends: Ok(pods),
            keeps_client: true,
        });
    }
    found
}

/// What may be behind a port of an address that is not known to be a node's, one line each; nothing where it is none.
fn behind_some_node(
    facts: &Facts,
    address: IpAddr,
    number: u16,
    is_asked: impl Fn(Protocol) -> bool + Copy,
) -> BTreeSet<String> {
    let is_of_service = |service: &Service| service.cluster_addresses.contains(&address);
    let is_taken = facts
        .pods
        .iter()
        .any(|pod| pod.addresses.contains(&address))
        || facts.services.iter().any(is_of_service);
    if is_taken || knows_every_node(facts) {
        return BTreeSet::new();
    }
    let (numbered, unnumbered) = listening(facts, number, is_asked);
    let numbered = numbered.into_iter();
    let numbered =
        numbered.map(|(service, _)| format!("its port {number} leads to {}", service.key()));
    let unnumbered = unnumbered.into_iter();
    let unnumbered = unnumbered
        .map(|service| format!("which of its ports leads to {} is not known", service.key()));
    let mut behind: Vec<String> = numbered.chain(unnumbered).collect();
    let somewhere = facts
        .pods
        .iter()
        .filter(|pod| !pod.place.host_network && facts.addresses_of_its_node(pod).is_empty());
    let open = somewhere.filter(|pod| host_ports(pod, number, &is_asked).next().is_some());
    behind.extend(open.map(|pod| format!("its port {number} may lead to {}", pod.owner())));
    let missing = if facts.nodes.is_empty() {
        "no Node is among the objects"
    } else {
        "perhaps not every Node is among the objects"
    };
    let told = behind.into_iter();
    told.map(|what| format!("{missing}: {address} may be one, and {what}"))
        .collect()
}

/// Whether no node is missing: none can be, or every pod is on one that is there.
fn knows_every_node(facts: &Facts) -> bool {
    let is_there = |pod: &Pod| {
        let node = pod.place.node.as_ref();
        node.is_some_and(|node| facts.nodes.contains_key(node))
    };
    facts.has_every_node || !facts.pods.is_empty() && facts.pods.iter().all(is_there)
}

/// The addresses of the node that has this one; of a node of which nothing else is known, it alone.
pub(crate) fn addresses_of_node_at(facts: &Facts, address: IpAddr) -> BTreeSet<IpAddr> {
    let own = At::of(facts, address).and_then(|at| at.node);
    let others = own.into_iter().flat_map(|(_, node)| &*node.addresses);
    others.copied().chain([address]).collect()
}

/// The Services to which a port of nodes of this number leads; where none has it, those whose ports have no number yet and
/// may get it.
fn listening(
    facts: &Facts,
    number: u16,
    is_asked: impl Fn(Protocol) -> bool + Copy,
) -> (Vec<(&Service, &ServicePort)>, Vec<&Service>) {
    let having = |number: Option<u16>| {
        at_nodes(facts, is_asked).filter(move |(_, port)| port.node_port == number)
    };
    let numbered: Vec<(&Service, &ServicePort)> = having(Some(number)).collect();
    let may_get = numbered.is_empty() && GIVEN.contains(&number);
    let unnumbered = having(None).filter(|_| may_get);
    let unnumbered = unnumbered.map(|(service, _)| service).collect();
    (numbered, unnumbered)
}

/// The ports of Services that nodes pass on.
fn at_nodes(
    facts: &Facts,
    is_asked: impl Fn(Protocol) -> bool,
) -> impl Iterator<Item = (&Service, &ServicePort)> {
    let services = facts.services.iter().filter(|one| one.has_node_ports());
    let ports = services.flat_map(|service| service.ports.iter().map(move |port| (service, port)));
    ports.filter(move |(_, port)| is_asked(port.protocol))
}

/// The ports of its node that lead to a pod, of this number.
fn host_ports<'a>(
    pod: &'a Pod,
    number: u16,
    is_asked: &impl Fn(Protocol) -> bool,
) -> impl Iterator<Item = &'a HostPort> {
    let ports = pod.host_ports.iter();
    ports.filter(move |one| one.number == number && is_asked(one.protocol))
}

/// A node, by an address of it.
struct At<'a> {
    facts: &'a Facts,
    address: IpAddr,
    node: Option<(&'a str, &'a Node)>,
}

impl<'a> At<'a> {
    fn of(facts: &'a Facts, address: IpAddr) -> Option<Self> {
        let mut nodes = facts.nodes.iter();
        let node = nodes.find(|(_, node)| node.addresses.contains(&address));
        let node = node.map(|(name, node)| (&**name, node));
        let mut pods = facts.pods.iter();
        let is_of_node = node.is_some()
            || pods.any(|pod| {
                let own = pod.place.host_network && pod.addresses.contains(&address);
                own || pod.place.host_addresses.contains(&address)
            });
        is_of_node.then_some(Self {
            facts,
            address,
            node,
        })
    }

    /// Whether a pod is on this node; `None` where that is not known.
    fn holds(&self, pod: &Pod) -> Option<bool> {
        if let (Some((name, _)), Some(own)) = (self.node, &pod.place.node) {
            return Some(&**own == name);
        }
        let mut own = self.facts.addresses_of_its_node(pod);
        own.extend(pod.addresses.iter().filter(|_| pod.place.host_network));
        let is_own = |address: &IpAddr| {
            let mut here = self.node.into_iter().flat_map(|(_, node)| &*node.addresses);
            *address == self.address || here.any(|one| one == address)
        };
        (!own.is_empty()).then(|| own.iter().any(is_own))
    }

    /// What of this the node leads to.
    fn led_to(
        &self,
        service: &Service,
        backends: Vec<Backend>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<Vec<Backend>, NoBackend> {
        if !service.keeps_client {
            return Ok(backends);
        }
        let mut here = backends;
        here.retain(|backend| self.may_lead_to(backend.end, unknown));
        if here.is_empty() {
            return Err(NoBackend::NoneOnNode);
        }
        Ok(here)
    }

    /// Whether an end is on this node, or may be.
    fn may_lead_to(&self, end: Endpoint, unknown: &mut BTreeSet<String>) -> bool {
        let (holds, name) = match end {
            Endpoint::Pod(place) => {
                let Some(pod) = self.facts.pods.get(place) else {
                    return false;
                };
                let name = pod.owner();
                (self.holds(pod), name)
            }
            Endpoint::Address(address) => (None, address.to_string()),
        };
        if holds.is_none() {
            let address = self.address;
            unknown.insert(format!(
                "{name}: whether it is on the node at {address} is not known"
            ));
        }
        holds != Some(false)
    }

    /// The pods to which this port of the node itself leads.
    fn host_ports(
        &self,
        number: u16,
        is_asked: impl Fn(Protocol) -> bool,
        unknown: &mut BTreeSet<String>,
    ) -> Vec<Backend> {
        let mut found = Vec::new();
        let pods = self.facts.pods.iter().enumerate();
        // What uses the network of the node is that node.
        for (place, pod) in pods.filter(|(_, pod)| !pod.place.host_network) {
            for port in host_ports(pod, number, &is_asked) {
                let end = Endpoint::Pod(place);
                if self.may_lead_to(end, unknown) {
                    found.push(Backend {
                        end,
                        protocol: port.protocol,
                        port: port.target,
                    });
                }
            }
        }
        found
    }
}
