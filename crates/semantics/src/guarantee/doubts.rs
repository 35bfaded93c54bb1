//! What policies cannot keep out, so that a claim is not proved by them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::dialect::OwnNode;
use cofferdam_model::flow::{ClusterService, End};

use super::targets::Targets;
use super::{Reason, Solved};
use crate::connectivity::Endpoint;
use crate::ports::PortSet;
use crate::prove::{Chain, Side};
use crate::service_addresses::let_out;
use crate::services::{all_backends, through_nodes};

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

    /// Before the address of a Service is translated, policies see nothing of what is behind it.
    fn through_service(&self, solved: &Solved<'_>) -> Option<Reason> {
        let facts = solved.facts();
        let mut dialects = solved.ground.dialects.iter();
        dialects.find_map(|dialect| {
            let mut named = let_out(facts, dialect);
            let (policy, service) = named.find(|(policy, service)| {
                let backends = all_backends(facts, service).into_iter().flatten();
                let mut backends = backends.filter_map(|backend| match backend.end {
                    Endpoint::Pod(pod) => Some((pod, PortSet::one(backend.protocol, backend.port))),
                    Endpoint::Address(_) => None,
                });
                let mut own = self.from.pods.iter().filter_map(|pod| facts.pods.get(*pod));
                own.any(|pod| {
                    pod.namespace == policy.id.namespace && policy.subject.pods.matches(&pod.labels)
                }) && backends.any(|(pod, port)| self.is_target(pod, &port))
            })?;
            Some(Reason::from(format!(
                "under {} policies are asked about the addresses of Services, and {} lets pods out to that of Service {}/{}, behind which a destination is: `explain` tells more",
                dialect.name, policy.id, service.namespace, service.name
            )))
        })
    }

    /// Whether the claim is about a pod on one of these ports.
    fn is_target(&self, pod: usize, on: &PortSet) -> bool {
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
        let (service, pods) = match self.ends {
            (End::ClusterService(service), _) => {
                let sides = self.targets.by_ports.values();
                (*service, sides.flat_map(|side| &side.pods).collect())
            }
            (_, End::ClusterService(service)) => {
                let mut dialects = solved.ground.dialects.iter();
                if !dialects.any(|one| one.egress_to_own_node == OwnNode::Exempt) {
                    return None;
                }
                (*service, self.from.pods.iter().collect())
            }
            _ => return None,
        };
        let pods: BTreeSet<&usize> = pods;
        let facts = solved.facts();
        let mut governed = pods.iter().filter_map(|pod| facts.pods.get(**pod));
        let pod = governed.find(|pod| !pod.place.host_network)?;
        let message = match service {
            ClusterService::Nodes => format!(
                "every pod, such as {}, exchanges connections with the node on which it runs, and no policy of a namespace keeps it from that",
                pod.owner()
            ),
            ClusterService::ApiServer | ClusterService::ControlPlane => {
                let address = self.address_of_a_node(solved)?;
                format!(
                    "a pod such as {} may run on the node that has {address}, and no policy of a namespace keeps it from its node",
                    pod.owner()
                )
            }
            ClusterService::Dns | ClusterService::CloudMetadata => return None,
        };
        Some(Reason::from(message))
    }

    /// An address of the service that is also that of a node.
    fn address_of_a_node(&self, solved: &Solved<'_>) -> Option<IpAddr> {
        let to = self.targets.by_ports.values();
        let sides = || to.clone().chain([self.from]);
        let capabilities = solved.ground.capabilities.into_iter();
        let known: BTreeSet<IpAddr> = capabilities
            .flat_map(|known| &known.node_addresses)
            .copied()
            .collect();
        let declared = &solved.ground.cluster.network.node_cidrs;
        let is_node = |address: &IpAddr| {
            known.contains(address) || declared.iter().any(|one| one.contains(address))
        };
        let hosts = sides().flat_map(|side| &side.networks);
        let hosts = hosts.filter(|network| network.prefix_len() == network.max_prefix_len());
        let hosts = hosts.map(ipnet::IpNet::addr).find(is_node);
        let mut nodes = sides().flat_map(|side| &side.nodes);
        nodes.next().copied().or(hosts)
    }
}
