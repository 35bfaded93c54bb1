//! What policies cannot keep out, so that a claim is not proved by them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::dialect::OwnNode;
use cofferdam_model::flow::{ClusterService, End};
use cofferdam_objects::keys::POD_SECURITY_ENFORCE;

use super::targets::Targets;
use super::{Reason, Solved};
use crate::ports::PortSet;
use crate::prove::{Chain, Side};
use crate::published::through_nodes;

/// A claim that something is never possible in a cluster.
pub(super) struct Never<'a> {
    pub(super) ends: (&'a End, &'a End),
    pub(super) from: &'a Side,
    pub(super) targets: &'a Targets,
    pub(super) chain: Chain,
}

impl Never<'_> {
    /// Why it may not hold in spite of what policies say.
    pub(super) fn doubts(&self, solved: &Solved<'_>) -> Vec<Reason> {
        let doubts = [
            self.passed_on(solved),
            self.own_node(solved),
            self.in_host_network(solved),
            self.through_service(solved),
            self.uncertain(solved),
        ];
        doubts.into_iter().flatten().collect()
    }

    /// The way to ends of which the ports are not known.
    fn uncertain(&self, solved: &Solved<'_>) -> Option<Reason> {
        let (ports, to, because) = self.targets.uncertain.as_ref()?;
        let (_, way) = solved.way(self.from, &[(ports, to)], self.chain)?;
        Some(Reason {
            message: because.clone(),
            way,
        })
    }

    /// Whether the claim is about a pod on one of these ports.
    pub(super) fn is_target(&self, pod: usize, on: &PortSet) -> bool {
        let mut targets = self.targets.by_ports.iter();
        targets.any(|(ports, to)| to.pods.contains(&pod) && !on.and(ports).is_empty())
    }

    /// What is exposed is reached from outside through nodes as well, and no policy of a namespace keeps out the node of a
    /// pod.
    fn passed_on(&self, solved: &Solved<'_>) -> Option<Reason> {
        let (End::Internet | End::ExternalNetwork(_), _) = self.ends else {
            return None;
        };
        if !solved.ground.tells_exposed {
            return None;
        }
        let entered = through_nodes(solved.facts());
        let direct = entered
            .iter()
            .find(|(pod, open)| self.is_target(**pod, open));
        let direct = direct.and_then(|(pod, _)| solved.facts().pods.get(*pod));
        if let Some(pod) = direct {
            return Some(Reason::from(format!(
                "a Service passes connections from outside on to {}, which sees them come from its own node, and no policy of a namespace keeps that out",
                pod.owner()
            )));
        }
        if self.chain == Chain::Direct {
            return None;
        }
        let from = Side {
            pods: entered.into_keys().collect(),
            ..Side::default()
        };
        let (_, way) = solved.way(&from, &self.targets.ends(), Chain::Any)?;
        Some(Reason {
            message: "a way may begin at a pod to which a Service passes connections from outside on, which sees them come from its own node".to_owned(),
            way,
        })
    }

    /// Every pod runs on one of the nodes.
    fn own_node(&self, solved: &Solved<'_>) -> Option<Reason> {
        let is_of_nodes =
            |end: &End| matches!(end, End::ClusterService(_) | End::ExternalNetwork(_));
        let (end, pods) = match self.ends {
            (from, _) if is_of_nodes(from) => (from, self.targets.pods().collect()),
            (_, to) if is_of_nodes(to) => {
                let mut dialects = solved.ground.dialects.iter();
                if !dialects.any(|one| one.egress_to_own_node == OwnNode::Exempt) {
                    return None;
                }
                (to, self.from.pods.iter().collect())
            }
            _ => return None,
        };
        let pods: BTreeSet<&usize> = pods;
        let facts = solved.facts();
        let mut governed = pods.iter().filter_map(|pod| facts.pods.get(**pod));
        let pod = governed.find(|pod| !pod.place.host_network)?.owner();
        let message = match end {
            End::ClusterService(ClusterService::Nodes) => format!(
                "every pod, such as {pod}, exchanges connections with the node on which it runs, and no policy of a namespace keeps it from that"
            ),
            End::ClusterService(ClusterService::Dns) => {
                let dns = &solved.ground.capabilities?.dns;
                let address = dns.node_local.first()?;
                format!(
                    "the node of a pod such as {pod} answers DNS at {address}, and no policy of a namespace keeps it from its node"
                )
            }
            End::ClusterService(ClusterService::CloudMetadata) => return None,
            End::ClusterService(ClusterService::ApiServer | ClusterService::ControlPlane)
            | End::ExternalNetwork(_)
            | End::Internet
            | End::Pods(_) => {
                let address = self.address_of_a_node(solved)?;
                format!(
                    "a pod such as {pod} may run on the node that has {address}, and no policy of a namespace keeps it from its node"
                )
            }
        };
        Some(Reason::from(message))
    }

    /// What uses the network of its node is governed by no policy, and Pod Security alone keeps such pods from being made.
    fn in_host_network(&self, solved: &Solved<'_>) -> Option<Reason> {
        let facts = solved.facts();
        let is_from_outside = !matches!(self.ends.0, End::Pods(_));
        let to = self.targets.pods().filter(|_| is_from_outside);
        let mut made = self.from.pods.iter().chain(to);
        let namespace = made.find_map(|pod| {
            let pod = facts.pods.get(*pod).filter(|pod| pod.is_future)?;
            let namespace = facts.namespaces.get(&pod.namespace)?;
            let level = namespace.labels.get(POD_SECURITY_ENFORCE);
            let is_kept_out = level.is_some_and(|level| level != "privileged");
            (!is_kept_out).then_some(&pod.namespace)
        })?;
        Some(Reason::from(format!(
            "pods in the network of their node may be made in namespace {namespace}, where Pod Security does not keep them out (label `{POD_SECURITY_ENFORCE}`), and no policy governs these"
        )))
    }

    /// An address of an end that is, or may be, also that of a node.
    fn address_of_a_node(&self, solved: &Solved<'_>) -> Option<IpAddr> {
        let to = self.targets.by_ports.values();
        let sides = || to.clone().chain([self.from]);
        if let Some(node) = sides().flat_map(|side| &side.nodes).next() {
            return Some(*node);
        }
        let capabilities = solved.ground.capabilities.into_iter();
        let known = capabilities.flat_map(|known| &known.node_addresses);
        let nodes = solved.facts().nodes.values();
        let known: BTreeSet<IpAddr> = known
            .chain(nodes.flat_map(|node| &node.addresses))
            .copied()
            .collect();
        let declared = &solved.ground.cluster.network.node_cidrs;
        let mut networks = sides().flat_map(|side| &side.networks);
        networks.find_map(|network| {
            let mut known = known.iter();
            let mut declared = declared.iter();
            let both = declared.find(|one| one.contains(network) || network.contains(*one));
            let overlap = both.map(|one| {
                if network.contains(one) {
                    one.addr()
                } else {
                    network.addr()
                }
            });
            known
                .find(|one| network.contains(*one))
                .copied()
                .or(overlap)
        })
    }
}
