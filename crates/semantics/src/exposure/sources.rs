//! Whom policies may see as the one who connects, and what they let in from each.

use std::collections::BTreeSet;

use cofferdam_objects::policy::Direction;

use super::any;
use super::proxies::{Nearness, Proxies};
use super::scene::{Outside, Scene, uncertain};
use crate::addresses::Scope;
use crate::ports::PortSet;
use crate::verdict::Allowed;

/// Whom policies may see as the one who connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// The client, by its own address.
    Client,
    /// A node that passed the connection on under its own address.
    Node,
    /// The node of the pod itself, which no `NetworkPolicy` keeps out.
    OwnNode,
    /// A load balancer outside the cluster, at an address that is not known.
    LoadBalancer,
    /// The pods of the controller.
    Controller,
    /// Some pod of the cluster: which ones are the controller's is not known.
    SomePod,
}

/// Who connects.
#[derive(Debug)]
pub(super) enum Source {
    Clients(Scope),
    Nodes,
    OwnNode,
    LoadBalancer,
    Controller(Proxies),
    SomePod,
}

/// Pods to which a way leads.
pub(super) struct Destination {
    /// Their places in the facts.
    pub(super) pods: BTreeSet<usize>,
    pub(super) classes: BTreeSet<u32>,
    pub(super) ports: PortSet,
}

/// What is let in from a source, and from whom.
pub(super) struct LetIn {
    pub(super) allowed: Allowed,
    pub(super) seen: Vec<Seen>,
    /// The clients from which something of the ports is possible, where the source is clients.
    pub(super) clients: Vec<Outside>,
}

impl Source {
    /// What pods let in from it.
    pub(super) fn gets(&self, scene: &Scene, to: &Destination) -> LetIn {
        let own = to.classes.iter().copied();
        let (seen, allowed) = match self {
            Self::Clients(of) => return clients(scene, to, of),
            Self::Controller(proxies) => return controller(scene, to, proxies),
            Self::Nodes => (
                Seen::Node,
                any(own.map(|class| scene.let_in_of_nodes(class))),
            ),
            Self::OwnNode => (
                Seen::OwnNode,
                any(own.map(|class| scene.let_in_of_own_node(class))),
            ),
            Self::LoadBalancer => (
                Seen::LoadBalancer,
                any(own.map(|class| scene.let_in_from_somewhere(class))),
            ),
            Self::SomePod => {
                let pods = &scene.existing | &scene.newcomers;
                let of_pods = own.map(|class| {
                    let said = scene.says(Direction::Ingress, class, &pods);
                    let said: Vec<Allowed> = said.into_iter().map(|(_, one)| one).collect();
                    uncertain(&said)
                });
                (Seen::SomePod, any(of_pods))
            }
        };
        LetIn {
            allowed,
            seen: vec![seen],
            clients: Vec::new(),
        }
    }
}

fn clients(scene: &Scene, to: &Destination, of: &Scope) -> LetIn {
    let mut allowed = Allowed::nothing();
    let mut clients = Vec::new();
    for class in &to.classes {
        let said = scene.says_to_outside(Direction::Ingress, *class, of);
        for (outside, answer) in said {
            if !answer.possible.and(&to.ports).is_empty() {
                clients.push(outside);
            }
            allowed = allowed.or(&answer);
        }
    }
    LetIn {
        allowed,
        seen: vec![Seen::Client],
        clients,
    }
}

fn controller(scene: &Scene, to: &Destination, proxies: &Proxies) -> LetIn {
    let from = proxies
        .pods()
        .flat_map(|pod| scene.classes().of_pod(pod).iter());
    let from: BTreeSet<u32> = from.copied().collect();
    let mut allowed = any(from.iter().flat_map(|from| {
        let own = to.classes.iter();
        own.map(|class| scene.between(*from, *class))
    }));
    let mut seen = vec![Seen::Controller];
    let (same, perhaps) = near(scene, to, proxies);
    for (classes, is_certain) in [(same, true), (perhaps, false)] {
        if classes.is_empty() {
            continue;
        }
        let own = any(classes.iter().map(|class| scene.let_in_of_own_node(*class)));
        let certain = if is_certain {
            own.certain
        } else {
            PortSet::none()
        };
        allowed = allowed.or(&Allowed {
            possible: own.possible,
            certain,
        });
        seen.push(Seen::OwnNode);
    }
    LetIn {
        allowed,
        seen,
        clients: Vec::new(),
    }
}

/// The classes of pods that have a proxy on their node, and of those that may have one.
fn near(scene: &Scene, to: &Destination, proxies: &Proxies) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let facts = scene.classes().facts();
    let (mut same, mut perhaps) = (BTreeSet::new(), BTreeSet::new());
    for place in &to.pods {
        let nearness = facts.pods.get(*place).map(|pod| proxies.near(facts, pod));
        let found = match nearness {
            Some(Nearness::Same) => &mut same,
            Some(Nearness::Perhaps) => &mut perhaps,
            Some(Nearness::Other) | None => continue,
        };
        found.extend(scene.classes().of_pod(*place));
    }
    (same, perhaps)
}
