//! Connections to Services, which some network plugins judge before the Service is translated to a pod behind it.

use std::net::IpAddr;

use cofferdam_model::dialect::Translation;
use cofferdam_model::flow::Protocol;

use super::explain::{CitedRule, Exemption, Explanation, Side};
use super::{Connectivity, Endpoint};
use crate::policy::Action;
use crate::verdict::Verdict;

/// A port of a Service, at an address of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceAddress {
    /// The address; none where it is not known.
    pub address: Option<IpAddr>,
    /// The port of the Service.
    pub port: u16,
}

impl Connectivity {
    /// Whether policies of egress are asked about the address of a Service, and not about what is behind it.
    pub fn sees_services(&self, from: Endpoint) -> bool {
        self.dialect.service_addresses == Translation::Before
            && self.pod(from).is_some_and(|pod| !pod.place.host_network)
    }

    /// What becomes of the answer where the node of the destination may pass the connection on as its own, as behind a
    /// Service that is published: what that node may send is not denied to whom may send it there.
    pub fn explain_by_own_node(
        &self,
        from: Endpoint,
        to: Endpoint,
        on: (Protocol, u16),
    ) -> Explanation {
        let mut explanation = self.explain(from, to, on);
        let peers = self.classes_of(from);
        let own = self.classes_of(to).into_iter().flat_map(|class| {
            let peers = peers.iter();
            peers.map(move |peer| self.says_to_own_node(class, *peer).at(on.0, on.1))
        });
        let is_let_in = own.min().is_some_and(|one| one < Verdict::Denied);
        let is_let_out = explanation.egress.verdict < Verdict::Denied;
        if is_let_out && is_let_in && explanation.exemption.is_none() {
            explanation.verdict = explanation.verdict.min(Verdict::Undecided);
        }
        explanation
    }

    /// Why one may or may not reach what is behind a Service through it.
    pub fn explain_through(
        &self,
        from: Endpoint,
        through: ServiceAddress,
        (to, on): (Endpoint, (Protocol, u16)),
    ) -> Explanation {
        let behind = self.explain(from, to, on);
        if !self.sees_services(from) {
            return behind;
        }
        let egress = match through.address {
            Some(address) => {
                let address = Endpoint::Address(address);
                let said = self.explain(from, address, (on.0, through.port));
                if said.exemption == Some(Exemption::NoCommonFamily) {
                    return Explanation {
                        verdict: Verdict::Denied,
                        exemption: said.exemption,
                        ..behind
                    };
                }
                by_address(said.egress, &behind.egress)
            }
            None => by_some_address(behind.egress.clone()),
        };
        let ingress = match behind.exemption {
            Some(Exemption::NoCommonFamily) => Verdict::Denied,
            Some(Exemption::Itself | Exemption::FromOwnNode | Exemption::ToOwnNode) => {
                Verdict::Allowed
            }
            // Such a destination is a node, which nothing governs.
            Some(Exemption::MaybeOwnNode) | None => behind.ingress.verdict,
        };
        // That a pod reaches itself, and its node, holds only where the address is its own.
        let exemption = behind.exemption.filter(|exemption| match exemption {
            Exemption::NoCommonFamily => true,
            Exemption::Itself
            | Exemption::FromOwnNode
            | Exemption::ToOwnNode
            | Exemption::MaybeOwnNode => false,
        });
        Explanation {
            verdict: self.as_it_arrives(egress.verdict.max(ingress), on),
            exemption,
            egress,
            ingress: behind.ingress,
        }
    }
}

/// What is said of the address. Rules that select the pods behind it may have been resolved to it by the plugin, which
/// makes what only they allow or deny possible.
fn by_address(mut said: Side, behind: &Side) -> Side {
    let may_open = said.verdict == Verdict::Denied && behind.verdict < Verdict::Denied;
    let mut of_pods = behind.matched.iter();
    let may_close = behind.verdict == Verdict::Denied
        && said.verdict < Verdict::Denied
        && of_pods.any(|rule| rule.action == Action::Deny);
    if may_open || may_close {
        said.verdict = Verdict::Undecided;
        let others = behind.matched.iter();
        let others = others.filter(|rule| !said.matched.contains(rule)).cloned();
        let others: Vec<CitedRule> = others.collect();
        said.matched.extend(others);
    }
    said
}

/// What is said of an address of which nothing is known.
fn by_some_address(mut behind: Side) -> Side {
    let is_governed = !behind.isolated_by.is_empty()
        || !behind.matched.is_empty()
        || !behind.other_ports.is_empty();
    if is_governed {
        behind.verdict = Verdict::Undecided;
    }
    behind
}
