//! Connections to ports of nodes, which pass them on to what is behind these.

use std::net::IpAddr;

use cofferdam_model::flow::Protocol;

use super::explain::{CitedRule, Exemption, Explanation, Side};
use super::through_service::ServiceAddress;
use super::{Connectivity, Endpoint};
use crate::node_ports::addresses_of_node_at;
use crate::verdict::Verdict;

/// A port of a node that leads to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodePort {
    /// The address of the node.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Whether that node passes connections on to its own pods alone, which see the client or their own node.
    pub keeps_client: bool,
}

impl Connectivity {
    /// Why one may or may not reach what is behind a port of a node.
    ///
    /// Policies of ingress may see the client, the node of the pod, or the node that passes the connection on; policies of
    /// the egress of a pod may see that node, or what is behind it. What only some of these allow is undecided.
    pub fn explain_at_node(
        &self,
        from: Endpoint,
        at: NodePort,
        (to, on): (Endpoint, (Protocol, u16)),
    ) -> Explanation {
        let behind = self.explain(from, to, on);
        let (egress, exemption) = self.egress_at_node((from, at), &behind, (to, on));
        let exemption = exemption.or(behind.exemption).filter(|one| is_final(*one));
        let ingress = self.ingress_at_node(&behind, at, (to, on));
        Explanation {
            verdict: match exemption {
                Some(_) => Verdict::Denied,
                None => self.as_it_arrives(egress.verdict.max(ingress), on),
            },
            exemption,
            egress,
            ingress: behind.ingress,
        }
    }

    /// What the policies of the source say of either, and why they are not asked, where they are not.
    fn egress_at_node(
        &self,
        (from, at): (Endpoint, NodePort),
        behind: &Explanation,
        (to, on): (Endpoint, (Protocol, u16)),
    ) -> (Side, Option<Exemption>) {
        let NodePort { address, port, .. } = at;
        if self.sees_services(from) {
            let address = Some(address);
            let through = self.explain_through(from, ServiceAddress { address, port }, (to, on));
            return (through.egress, through.exemption);
        }
        if self.pod(from).is_none_or(|pod| pod.place.host_network) {
            return (behind.egress.clone(), None);
        }
        let before = self.explain(from, Endpoint::Address(address), (on.0, port));
        let said = asked(before.egress, before.exemption);
        let after = asked(behind.egress.clone(), behind.exemption);
        (either(said, after), before.exemption)
    }

    /// What the policies of the destination say of everybody whom they may see.
    fn ingress_at_node(
        &self,
        behind: &Explanation,
        at: NodePort,
        (to, on): (Endpoint, (Protocol, u16)),
    ) -> Verdict {
        let family = at.address.is_ipv4();
        let nodes = addresses_of_node_at(self.facts(), at.address);
        let nodes: Vec<IpAddr> = nodes
            .into_iter()
            .filter(|one| one.is_ipv4() == family)
            .collect();
        let client = asked(behind.ingress.clone(), behind.exemption);
        let mut seen = vec![client.verdict];
        seen.extend(nodes.iter().filter_map(|node| {
            let node = self.classes.of_address(*node)?;
            let own = self.classes_of(to).into_iter();
            let own = own.filter(|class| self.share_family(*class, node));
            own.map(|class| self.says_to_own_node(class, node).at(on.0, on.1))
                .min()
        }));
        if !at.keeps_client {
            // The node of the pod is let in whatever policies say.
            let nodes = nodes.into_iter().map(Endpoint::Address);
            seen.extend(nodes.map(|node| self.allowed(node, to).at(on.0, on.1)));
        }
        let all_say = |verdict: Verdict| seen.iter().all(|one| *one == verdict);
        if all_say(client.verdict) {
            client.verdict
        } else {
            Verdict::Undecided
        }
    }
}

/// Whether no other way of being seen makes up for it.
fn is_final(exemption: Exemption) -> bool {
    match exemption {
        Exemption::NoCommonFamily => true,
        Exemption::Itself
        | Exemption::FromOwnNode
        | Exemption::ToOwnNode
        | Exemption::MaybeOwnNode => false,
    }
}

/// What a side says, as far as it is asked.
fn asked(mut side: Side, exemption: Option<Exemption>) -> Side {
    side.verdict = match exemption {
        Some(Exemption::Itself | Exemption::FromOwnNode | Exemption::ToOwnNode) => Verdict::Allowed,
        Some(Exemption::MaybeOwnNode) => side.verdict.min(Verdict::Undecided),
        Some(Exemption::NoCommonFamily) | None => side.verdict,
    };
    side
}

/// What is said of one of two that may be seen: undecided where they differ.
fn either(mut one: Side, other: Side) -> Side {
    if one.verdict != other.verdict {
        one.verdict = Verdict::Undecided;
    }
    let add = |rules: &mut Vec<CitedRule>, more: Vec<CitedRule>| {
        let more = more.into_iter().filter(|rule| !rules.contains(rule));
        let more: Vec<CitedRule> = more.collect();
        rules.extend(more);
    };
    add(&mut one.matched, other.matched);
    add(&mut one.other_ports, other.other_ports);
    one.other_ports.retain(|rule| !one.matched.contains(rule));
    one
}
