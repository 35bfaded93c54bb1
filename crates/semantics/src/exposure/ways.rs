//! Ways in from outside: Services that are published, Ingresses and routes.

use std::collections::BTreeSet;

use super::internet::{Addresses, told};
use super::proxies::{Nearness, Proxies};
use super::published;
use super::scene::{Outside, Scene, uncertain};
use super::sources::{Destination, LetIn, Seen, Source};
use crate::connectivity::Endpoint;
use crate::entrances::{self, Controller, Entrance};
use crate::facts::{Facts, Gap, GapKind, ObjectName};
use crate::ports::PortSet;
use crate::services::{self, Backend, NoBackend};
use crate::verdict::Allowed;

/// A way in to a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// The Service, Ingress or route; for ports of nodes that lead to containers the workload.
    pub through: ObjectName,
    /// How connections come in there.
    pub how: How,
    /// Whether they come from private networks alone, and not from the internet: the load balancer is internal, or accepts
    /// no other clients.
    pub is_internal: bool,
    /// The ports of the pods to which it leads.
    pub ports: PortSet,
    /// Whom policies may see as the one who connects.
    pub seen: BTreeSet<Seen>,
    /// What of the ports policies let in: possible from one of those whom they may see, certain from each.
    pub allowed: Allowed,
    /// The addresses of clients from which something of it is possible, where policies see these.
    pub clients: Addresses,
}

/// How connections come in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Through the load balancer of a Service.
    LoadBalancer,
    /// At a port of every node.
    NodePort,
    /// At a port of the node of a pod.
    HostPort,
    /// At `externalIPs` of a Service.
    ExternalAddresses,
    /// Through an Ingress.
    Ingress,
    /// Through this Gateway.
    Gateway(ObjectName),
}

/// A way in, before it is asked who gets through.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) through: ObjectName,
    pub(super) how: How,
    pub(super) is_internal: bool,
    pub(super) sources: Vec<Source>,
    pub(super) backends: BTreeSet<Backend>,
}

/// Every way in; what cannot be resolved is told.
pub(super) fn find(
    facts: &Facts,
    gaps: &mut BTreeSet<Gap>,
    notes: &mut BTreeSet<String>,
) -> Vec<Way> {
    let mut ways = Vec::new();
    for service in &facts.services {
        let hows = published::published(service);
        if hows.is_empty() {
            continue;
        }
        let through = published::id(service);
        match services::all_backends(facts, service) {
            Ok(backends) => {
                let backends: BTreeSet<Backend> = backends.into_iter().collect();
                let hows = hows.into_iter();
                ways.extend(hows.map(|how| published::way(service, how, backends.clone())));
            }
            Err(NoBackend::NoSelector) => {
                gaps.insert(Gap {
                    object: through.to_string(),
                    reason: NoBackend::NoSelector.told().to_owned(),
                    source: Some(service.source),
                    kind: GapKind::NotRead,
                });
            }
            Err(why) => {
                notes.insert(format!("{through} {}", why.told()));
            }
        }
    }
    ways.extend(published::at_host_ports(facts));
    let resolved = entrances::resolve(facts);
    gaps.extend(resolved.gaps);
    notes.extend(resolved.notes);
    let entrances = resolved.entrances.into_iter();
    ways.extend(entrances.map(|entrance| way(facts, entrance)));
    notes.extend(ways.iter().filter_map(out_again));
    notes.extend(warnings(facts, &ways));
    ways
}

fn way(facts: &Facts, entrance: Entrance) -> Way {
    let Entrance {
        id,
        gateway,
        controller,
        is_internal,
        backends,
    } = entrance;
    Way {
        through: id,
        how: gateway.map_or(How::Ingress, How::Gateway),
        is_internal,
        sources: match controller {
            Controller::Pods(pods) => vec![Source::Controller(Proxies::new(facts, pods))],
            Controller::Outside => vec![Source::LoadBalancer, Source::Nodes, Source::OwnNode],
            // It may also be in the network of nodes, or outside.
            Controller::Unknown => vec![
                Source::SomePod,
                Source::Nodes,
                Source::OwnNode,
                Source::LoadBalancer,
            ],
        },
        backends,
    }
}

/// That a way leads to addresses outside, where it does.
fn out_again(way: &Way) -> Option<String> {
    let addresses = way.backends.iter().filter_map(|backend| match backend.end {
        Endpoint::Address(address) => Some(address.to_string()),
        Endpoint::Pod(_) => None,
    });
    let addresses: BTreeSet<String> = addresses.collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    (!addresses.is_empty()).then(|| {
        let listed = cofferdam_model::count::listed(addresses.into_iter());
        format!("{} leads to addresses of no pod: {listed}", way.through)
    })
}

/// What holds of all ways of a kind.
fn warnings(facts: &Facts, ways: &[Way]) -> Vec<String> {
    let is_there = |wanted: &dyn Fn(&Source) -> bool| {
        let mut sources = ways.iter().flat_map(|way| &way.sources);
        sources.any(wanted)
    };
    let of_services = ways.iter().filter(|way| match way.how {
        How::LoadBalancer | How::NodePort | How::ExternalAddresses => true,
        How::HostPort | How::Ingress | How::Gateway(_) => false,
    });
    let mut of_services = of_services.flat_map(|way| &way.sources);
    let mut warnings = Vec::new();
    if of_services.any(|source| matches!(source, Source::Nodes)) {
        warnings.push("without externalTrafficPolicy Local, pods see the client or a node, as the network plugin and the load balancer have it; what only one of them may send is unknown");
    }
    if is_there(&|source| matches!(source, Source::OwnNode)) {
        warnings.push("what the node of a pod passes on to it may count as that node's own, which no NetworkPolicy keeps out; whether it does is up to the network plugin and the load balancer, with externalTrafficPolicy Local too, so that what policies only keep clients out of is unknown, and not denied");
    }
    if is_there(&|source| matches!(source, Source::SomePod)) {
        warnings.push("where it is not known which pods are the controller of an Ingress or Gateway, or whether it is in the cluster at all, what only some may send is unknown");
    }
    if ways.iter().any(|way| way.may_be_near(facts)) {
        warnings.push("a controller of Ingresses or Gateways is in the network of its nodes, and may be on that of a pod behind it, where nodes are not known: no NetworkPolicy keeps out what comes from a pod's own node");
    }
    warnings.into_iter().map(ToOwned::to_owned).collect()
}

impl Way {
    /// Whether it is not known if a controller is on the node of a pod to which it leads.
    fn may_be_near(&self, facts: &Facts) -> bool {
        let mut pods = self
            .backends
            .iter()
            .filter_map(|backend| match backend.end {
                Endpoint::Pod(place) => facts.pods.get(place),
                Endpoint::Address(_) => None,
            });
        let proxies = self.sources.iter().filter_map(|source| match source {
            Source::Controller(proxies) => Some(proxies),
            Source::Clients(_)
            | Source::Nodes
            | Source::OwnNode
            | Source::LoadBalancer
            | Source::SomePod => None,
        });
        let proxies: Vec<&Proxies> = proxies.collect();
        pods.any(|pod| {
            let mut near = proxies.iter().map(|proxies| proxies.near(facts, pod));
            near.any(|one| one == Nearness::Perhaps)
        })
    }

    /// This way to some pods; `None` where it does not lead there.
    pub(super) fn to(&self, scene: &Scene, pods: &BTreeSet<usize>) -> Option<WayIn> {
        let to = self.destination(scene, pods)?;
        let sources = self.sources.iter();
        let let_in: Vec<LetIn> = sources.map(|source| source.gets(scene, &to)).collect();
        let answers: Vec<Allowed> = let_in.iter().map(|one| one.allowed.clone()).collect();
        let allowed = uncertain(&answers);
        let seen = let_in.iter().flat_map(|one| &one.seen).copied().collect();
        let clients: Vec<Outside> = let_in.into_iter().flat_map(|one| one.clients).collect();
        Some(WayIn {
            through: self.through.clone(),
            how: self.how.clone(),
            is_internal: self.is_internal,
            seen,
            allowed: Allowed {
                possible: allowed.possible.and(&to.ports),
                certain: allowed.certain.and(&to.ports),
            },
            ports: to.ports,
            clients: told(&clients),
        })
    }

    /// Those of some pods to which it leads.
    fn destination(&self, scene: &Scene, pods: &BTreeSet<usize>) -> Option<Destination> {
        let mut to = Destination {
            pods: BTreeSet::new(),
            classes: BTreeSet::new(),
            ports: PortSet::none(),
        };
        for backend in &self.backends {
            if let Endpoint::Pod(pod) = backend.end
                && pods.contains(&pod)
            {
                to.ports = to.ports.or(&PortSet::one(backend.protocol, backend.port));
                to.classes.extend(scene.classes().of_pod(pod));
                to.pods.insert(pod);
            }
        }
        (!to.pods.is_empty()).then_some(to)
    }
}
