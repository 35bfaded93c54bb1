//! Ways over addresses of Services, where policies are asked before these are translated: they see nothing of what is behind.

use cofferdam_model::dialect::Dialect;

use super::doubts::Never;
use super::{Reason, Solved};
use crate::connectivity::Endpoint;
use crate::facts::Service;
use crate::policy::Policy;
use crate::ports::PortSet;
use crate::prove::{Chain, Side};
use crate::service_addresses::let_out;
use crate::services::{Backend, all_backends};

impl Never<'_> {
    /// That a way may lead over the address of a Service.
    pub(super) fn through_service(&self, solved: &Solved<'_>) -> Option<Reason> {
        let mut dialects = solved.ground.dialects.iter();
        dialects.find_map(|dialect| {
            let (policy, service) = self.last_service(solved, dialect)?;
            Some(Reason::from(format!(
                "under {} policies are asked about the addresses of Services, and {} lets pods out to that of Service {}/{}, behind which a destination is, or a way to one: `explain` tells more",
                dialect.name, policy.id, service.namespace, service.name
            )))
        })
    }

    /// The last Service on such a way, and the policy that lets pods out to it.
    fn last_service<'s>(
        &self,
        solved: &'s Solved<'_>,
        dialect: &Dialect,
    ) -> Option<(&'s Policy, &'s Service)> {
        let all: Vec<(&Policy, &Service)> = let_out(solved.facts(), dialect).collect();
        let mut left: Vec<&[(&Policy, &Service)]> =
            all.chunk_by(|one, other| one.0.id == other.0.id).collect();
        let mut from = self.from.clone();
        loop {
            let is_used = |of_policy: &&[(&Policy, &Service)]| {
                let mut policy = of_policy.iter().take(1);
                policy.any(|(policy, _)| self.begins_at(solved, &from, policy))
            };
            let (used, others) = left.into_iter().partition::<Vec<_>, _>(is_used);
            let mut last = used.iter().copied().flatten();
            if let Some(found) = last.find(|(_, service)| self.leads_on(solved, service)) {
                return Some(*found);
            }
            if used.is_empty() || self.chain == Chain::Direct {
                return None;
            }
            let services = used.into_iter().flatten();
            from.pods = services
                .flat_map(|(_, service)| pods_behind(solved, service).pods)
                .collect();
            left = others;
        }
    }

    /// Whether one of the pods that a policy governs is at a beginning, or reached from there.
    fn begins_at(&self, solved: &Solved<'_>, from: &Side, policy: &Policy) -> bool {
        let governed = Side {
            pods: solved.facts().governed(policy).collect(),
            ..Side::default()
        };
        let is_passed = || solved.way(from, &[(&PortSet::all(), &governed)], Chain::Any);
        !from.pods.is_disjoint(&governed.pods) || self.chain == Chain::Any && is_passed().is_some()
    }

    /// Whether a destination is behind a Service, or reached from what is.
    fn leads_on(&self, solved: &Solved<'_>, service: &Service) -> bool {
        let mut backends = backends(solved, service);
        let is_target = |Backend {
                             end,
                             protocol,
                             port,
                         }: Backend| {
            let on = PortSet::one(protocol, port);
            match end {
                Endpoint::Pod(pod) => self.is_target(pod, &on),
                Endpoint::Address(address) => {
                    let mut targets = self.targets.by_ports.iter();
                    targets.any(|(ports, to)| {
                        let mut networks = to.networks.iter();
                        let is_there = networks.any(|one| one.contains(&address));
                        (is_there || to.nodes.contains(&address)) && !on.and(ports).is_empty()
                    })
                }
            }
        };
        let goes_on = || {
            let behind = pods_behind(solved, service);
            solved.way(&behind, &self.targets.ends(), Chain::Any)
        };
        backends.any(is_target) || self.chain == Chain::Any && goes_on().is_some()
    }
}

fn pods_behind(solved: &Solved<'_>, service: &Service) -> Side {
    let pods = backends(solved, service).filter_map(|backend| match backend.end {
        Endpoint::Pod(pod) => Some(pod),
        Endpoint::Address(_) => None,
    });
    Side {
        pods: pods.collect(),
        ..Side::default()
    }
}

fn backends(solved: &Solved<'_>, service: &Service) -> impl Iterator<Item = Backend> {
    let backends = all_backends(solved.facts(), service);
    backends.into_iter().flatten()
}
