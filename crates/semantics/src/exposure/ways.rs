//! Ways in from outside: Services that are published, Ingresses and routes.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_objects::policy::Direction;
use ipnet::IpNet;

use super::any;
use super::internet::{Addresses, told};
use super::scene::{Outside, Scene, uncertain};
use crate::connectivity::Endpoint;
use crate::entrances::{self, Controller, Entrance};
use crate::facts::{Facts, Gap, GapKind, ObjectName, Service, ServiceKind};
use crate::ports::PortSet;
use crate::services::{self, Backend, NoBackend};
use crate::verdict::Allowed;

/// A way in to a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayIn {
    /// The Service, Ingress or route.
    pub through: ObjectName,
    /// How connections come in there.
    pub how: How,
    /// The ports of the pods to which it leads.
    pub ports: PortSet,
    /// Whom policies may see as the one who connects.
    pub seen: BTreeSet<Seen>,
    /// What of the ports policies let in: possible from one of those whom they may see, certain from each.
    pub allowed: Allowed,
    /// The addresses of the internet from which something of it is possible, where policies see these.
    pub clients: Addresses,
}

/// How connections come in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Through the load balancer of a Service.
    LoadBalancer,
    /// At a port of every node.
    NodePort,
    /// At `externalIPs` of a Service.
    ExternalAddresses,
    /// Through an Ingress.
    Ingress,
    /// Through this Gateway.
    Gateway(ObjectName),
}

/// Whom policies may see as the one who connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// The client, by its address on the internet.
    Client,
    /// A node that passed the connection on under its own address.
    Node,
    /// A load balancer outside the cluster, at an address that is not known.
    LoadBalancer,
    /// The pods of the controller.
    Controller,
    /// Some pod of the cluster: which ones are the controller's is not known.
    SomePod,
}

/// A way in, before it is asked who gets through.
#[derive(Debug)]
pub(super) struct Way {
    through: ObjectName,
    how: How,
    sources: Vec<Source>,
    backends: BTreeSet<Backend>,
}

/// Who connects.
#[derive(Debug)]
enum Source {
    /// Clients: only those of these networks, where there are any.
    Clients(Vec<IpNet>),
    Nodes,
    LoadBalancer,
    Controller(BTreeSet<usize>),
    SomePod,
}

/// Every way in; what cannot be resolved is told.
pub(super) fn find(
    facts: &Facts,
    gaps: &mut BTreeSet<Gap>,
    notes: &mut BTreeSet<String>,
) -> Vec<Way> {
    let mut ways = Vec::new();
    for service in &facts.services {
        let hows = published(service);
        if hows.is_empty() {
            continue;
        }
        let through = id(service);
        match services::all_backends(facts, service) {
            Ok(backends) => {
                let backends: BTreeSet<Backend> = backends.into_iter().collect();
                ways.extend(hows.into_iter().map(|how| Way {
                    through: through.clone(),
                    sources: sources(service, &how),
                    how,
                    backends: backends.clone(),
                }));
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
    let resolved = entrances::resolve(facts);
    gaps.extend(resolved.gaps);
    notes.extend(resolved.notes);
    ways.extend(resolved.entrances.into_iter().map(way));
    notes.extend(ways.iter().filter_map(out_again));
    notes.extend(warnings(&ways));
    ways
}

fn id(service: &Service) -> ObjectName {
    ObjectName {
        kind: "Service".into(),
        namespace: Arc::clone(&service.namespace),
        name: Arc::clone(&service.name),
    }
}

/// How a Service is reached from outside.
fn published(service: &Service) -> Vec<How> {
    let mut hows = Vec::new();
    match service.kind {
        ServiceKind::Cluster | ServiceKind::ExternalName => {}
        ServiceKind::Nodes => hows.push(How::NodePort),
        ServiceKind::LoadBalancer => {
            hows.push(How::LoadBalancer);
            // Its node ports know nothing of the clients that the load balancer accepts.
            hows.extend((!service.clients.is_empty()).then_some(How::NodePort));
        }
    }
    hows.extend((!service.external_addresses.is_empty()).then_some(How::ExternalAddresses));
    hows
}

fn sources(service: &Service, how: &How) -> Vec<Source> {
    let clients = match how {
        How::LoadBalancer => service.clients.clone(),
        How::NodePort | How::ExternalAddresses | How::Ingress | How::Gateway(_) => Vec::new(),
    };
    let mut sources = vec![Source::Clients(clients)];
    if !service.keeps_client {
        sources.push(Source::Nodes);
    }
    sources
}

fn way(entrance: Entrance) -> Way {
    let Entrance {
        id,
        gateway,
        controller,
        backends,
    } = entrance;
    Way {
        through: id,
        how: gateway.map_or(How::Ingress, How::Gateway),
        sources: match controller {
            Controller::Pods(pods) => vec![Source::Controller(pods)],
            Controller::Outside => vec![Source::LoadBalancer, Source::Nodes],
            Controller::Unknown => vec![Source::SomePod],
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
fn warnings(ways: &[Way]) -> Vec<String> {
    let is_there = |wanted: fn(&Source) -> bool| {
        let mut sources = ways.iter().flat_map(|way| &way.sources);
        sources.any(wanted)
    };
    let mut warnings = Vec::new();
    if is_there(|source| matches!(source, Source::Nodes)) {
        warnings.push("without externalTrafficPolicy Local, pods see the client or a node, as the network plugin and the load balancer have it; what only one of them may send is unknown. What a pod's own node passes on may also count as that node's own, which no NetworkPolicy governs".to_owned());
    }
    if is_there(|source| matches!(source, Source::SomePod)) {
        warnings.push("where it is not known which pods are the controller of an Ingress or Gateway, what only some pods may send is unknown".to_owned());
    }
    warnings
}

impl Way {
    /// This way to some pods; `None` where it does not lead there.
    pub(super) fn to(&self, scene: &Scene, pods: &BTreeSet<usize>) -> Option<WayIn> {
        let mut ports = PortSet::none();
        let mut classes = BTreeSet::new();
        for Backend {
            end,
            protocol,
            port,
        } in &self.backends
        {
            if let Endpoint::Pod(pod) = end
                && pods.contains(pod)
            {
                ports = ports.or(&PortSet::one(*protocol, *port));
                classes.extend(scene.classes().of_pod(*pod).iter().copied());
            }
        }
        if ports.is_empty() {
            return None;
        }
        let mut clients = Vec::new();
        let answers: Vec<Allowed> = self
            .sources
            .iter()
            .map(|source| source.gets(scene, &classes, (&ports, &mut clients)))
            .collect();
        let allowed = uncertain(&answers);
        Some(WayIn {
            through: self.through.clone(),
            how: self.how.clone(),
            seen: self.sources.iter().map(Source::seen).collect(),
            allowed: Allowed {
                possible: allowed.possible.and(&ports),
                certain: allowed.certain.and(&ports),
            },
            ports,
            clients: told(&clients),
        })
    }
}

impl Source {
    fn seen(&self) -> Seen {
        match self {
            Self::Clients(_) => Seen::Client,
            Self::Nodes => Seen::Node,
            Self::LoadBalancer => Seen::LoadBalancer,
            Self::Controller(_) => Seen::Controller,
            Self::SomePod => Seen::SomePod,
        }
    }

    /// What these classes let in from it; from which addresses something of some ports comes in goes to the end of a list.
    fn gets(
        &self,
        scene: &Scene,
        classes: &BTreeSet<u32>,
        (ports, clients): (&PortSet, &mut Vec<Outside>),
    ) -> Allowed {
        let own = classes.iter().copied();
        match self {
            Self::Clients(networks) => {
                let mut allowed = Allowed::nothing();
                for class in own {
                    let said = scene.says_to_internet(Direction::Ingress, class, networks);
                    for (outside, answer) in said {
                        if !answer.possible.and(ports).is_empty() {
                            clients.push(outside);
                        }
                        allowed = allowed.or(&answer);
                    }
                }
                allowed
            }
            Self::Nodes => any(own.map(|class| scene.let_in_of_nodes(class))),
            Self::LoadBalancer => any(own.map(|class| scene.let_in_from_somewhere(class))),
            Self::Controller(pods) => {
                let from = pods.iter().flat_map(|pod| scene.classes().of_pod(*pod));
                let from: BTreeSet<u32> = from.copied().collect();
                any(from.into_iter().flat_map(|from| {
                    let own = classes.iter();
                    own.map(move |class| scene.between(from, *class))
                }))
            }
            Self::SomePod => {
                let pods = &scene.existing | &scene.newcomers;
                any(own.map(|class| {
                    let said = scene.says(Direction::Ingress, class, &pods);
                    let said: Vec<Allowed> = said.into_iter().map(|(_, one)| one).collect();
                    uncertain(&said)
                }))
            }
        }
    }
}
