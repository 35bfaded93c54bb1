//! What the policies of a cluster (`AdminNetworkPolicy`, `BaselineAdminNetworkPolicy` and
//! `ClusterNetworkPolicy`) say in one tier.

use std::collections::BTreeSet;

use cofferdam_model::dialect::{Dialect, SidecarPorts};
use cofferdam_model::flow::Protocol;
use serde_json::Value;

use crate::address::is_in_networks;
use crate::cluster::{Cluster, node_addresses};
use crate::connection::{Connection, Direction, Match, Side};
use crate::fields::{count_of, field, items, text};
use crate::kind;
use crate::port::{is_between, is_named, number, protocol};
use crate::selector::{labels, selects};
use crate::valid::admin::known_peers;

/// What a rule says about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Decision {
    Allow,
    Deny,
    /// Skips the rest of the tier.
    Pass,
}

/// The two tiers around `NetworkPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    Admin,
    Baseline,
}

/// Everything that a tier may decide.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    pub(crate) possible: BTreeSet<Decision>,
    /// Whether one of these is decided, and not perhaps none.
    pub(crate) is_sure: bool,
}

/// What the tier may decide.
///
/// The API does not order policies of `v1alpha1` against those of `v1alpha2`, so each version decides
/// for itself, and what either decides may count.
pub(crate) fn decide(
    cluster: &Cluster,
    dialect: Dialect,
    tier: Tier,
    direction: Direction,
    connection: &Connection,
) -> Decided {
    let first_version = cluster.of(match tier {
        Tier::Admin => kind::ADMIN,
        Tier::Baseline => kind::BASELINE,
    });
    let second_version = cluster.of(kind::CLUSTER).filter(|policy| {
        text(policy, "/spec/tier")
            == match tier {
                Tier::Admin => "Admin",
                Tier::Baseline => "Baseline",
            }
    });
    let reader = Reader {
        cluster,
        sidecars: dialect.sidecar_ports,
        direction,
        connection,
    };
    let mut decided = reader.first_match(&first_version.collect::<Vec<_>>());
    let second = reader.first_match(&second_version.collect::<Vec<_>>());
    decided.possible.extend(second.possible);
    decided.is_sure |= second.is_sure;
    decided
}

/// One connection, as policies of one direction look at it.
struct Reader<'r, 'a> {
    cluster: &'r Cluster<'a>,
    sidecars: SidecarPorts,
    direction: Direction,
    connection: &'r Connection<'a>,
}

impl Reader<'_, '_> {
    /// What the policies of the lowest priority with a match decide. Where they are several, the API
    /// lets any of them count.
    fn first_match(&self, policies: &[&Value]) -> Decided {
        let priority = |policy: &Value| number(policy, "/spec/priority").unwrap_or(0);
        let priorities: BTreeSet<i64> = policies.iter().map(|policy| priority(policy)).collect();
        let mut all = Decided::default();
        for level in priorities {
            for policy in policies.iter().filter(|policy| priority(policy) == level) {
                let Decided { possible, is_sure } = self.decision(policy);
                all.possible.extend(possible);
                all.is_sure |= is_sure;
            }
            if all.is_sure {
                break;
            }
        }
        all
    }

    /// What the first rule of a policy that matches decides; those before it that match perhaps may.
    fn decision(&self, policy: &Value) -> Decided {
        let subject = self.direction.subject(self.connection);
        let mut decided = Decided::default();
        let selects = |chosen: &Value| self.selects(chosen, subject);
        if !field(policy, "/spec/subject").is_some_and(selects) {
            return decided;
        }
        for rule in items(policy, self.direction.rules()) {
            if let Some((decision, matches)) = self.rule(policy, rule) {
                decided.possible.insert(decision);
                decided.is_sure = matches == Match::Surely;
            }
            if decided.is_sure {
                break;
            }
        }
        decided
    }

    fn rule(&self, policy: &Value, rule: &Value) -> Option<(Decision, Match)> {
        let peers = items(rule, self.direction.peers());
        let action = match text(rule, "/action") {
            "Allow" | "Accept" => Decision::Allow,
            "Pass" => Decision::Pass,
            _ => Decision::Deny,
        };
        // A peer without a known field comes from a newer API. The text asks to fail closed: such a
        // rule allows nothing, and denies everything.
        let known = known_peers(policy, self.direction);
        let kinds = peers.iter().map(|peer| (peer, known_field(peer, known)));
        if kinds.clone().any(|(_, kind)| kind.is_none()) {
            return (action != Decision::Allow).then_some((Decision::Deny, Match::Surely));
        }
        let kinds = kinds.filter_map(|(peer, kind)| Some((peer, kind?)));
        let matches = kinds.map(|(peer, kind)| self.peer(peer, kind)).max();
        let matches = matches.filter(|one| *one != Match::No && self.ports(policy, rule))?;
        Some((action, matches))
    }

    fn peer(&self, peer: &Value, kind: &str) -> Match {
        let side = self.direction.peer(self.connection);
        match kind {
            "namespaces" | "pods" => Match::of(self.selects(peer, side)),
            "nodes" => Match::of(self.is_node_selected(field(peer, "/nodes"), side)),
            "networks" => is_in_networks(items(peer, "/networks"), side),
            // A domain name is no address.
            _ => Match::No,
        }
    }

    /// Whether `namespaces` or `pods` of a subject or peer select this side.
    fn selects(&self, either: &Value, side: Side) -> bool {
        let Some(pod) = side.pod else { return false };
        if let Some(namespaces) = field(either, "/namespaces") {
            return self.cluster.selects_pod(Some(namespaces), None, pod);
        }
        field(either, "/pods").is_some_and(|pods| {
            let namespace_selector = field(pods, "/namespaceSelector");
            let pod_selector = field(pods, "/podSelector");
            self.cluster
                .selects_pod(namespace_selector, pod_selector, pod)
        })
    }

    /// Whether the side is a node that the selector selects: by its address, or as a pod in the host
    /// network of such a node.
    fn is_node_selected(&self, selector: Option<&Value>, side: Side) -> bool {
        if !self.cluster.is_node(side) {
            return false;
        }
        let nodes = self.cluster.of(kind::NODE);
        let mut selected = nodes.filter(|node| selects(selector, &labels(node)));
        selected.any(|node| {
            let runs_there = side
                .pod
                .is_some_and(|pod| text(pod, "/spec/nodeName") == text(node, "/metadata/name"));
            let has_address = side
                .address
                .is_some_and(|address| node_addresses(node).contains(&address));
            runs_there || has_address
        })
    }

    /// Whether the rule is about the connection's protocol and port.
    fn ports(&self, policy: &Value, rule: &Value) -> bool {
        if kind::is(policy, kind::CLUSTER) {
            let protocols = items(rule, "/protocols");
            protocols.is_empty() || protocols.iter().any(|entry| self.is_protocol(entry))
        } else {
            let ports = items(rule, "/ports");
            ports.is_empty() || ports.iter().any(|entry| self.is_port(entry))
        }
    }

    /// An entry of `ports`, in `v1alpha1`.
    fn is_port(&self, entry: &Value) -> bool {
        let word = self.connection.protocol.as_str();
        if let Some(name) = field(entry, "/namedPort").and_then(Value::as_str) {
            return is_named(self.connection, name, self.sidecars);
        }
        if let Some(range) = field(entry, "/portRange") {
            return protocol(range, "/protocol") == word && self.is_in_range(range);
        }
        field(entry, "/portNumber").is_some_and(|port| {
            protocol(port, "/protocol") == word && self.is_number(port, "/port")
        })
    }

    /// An entry of `protocols`, in `v1alpha2`.
    fn is_protocol(&self, entry: &Value) -> bool {
        if let Some(name) = field(entry, "/destinationNamedPort").and_then(Value::as_str) {
            return is_named(self.connection, name, self.sidecars);
        }
        let path = match self.connection.protocol {
            Protocol::Tcp => "/tcp/destinationPort",
            Protocol::Udp => "/udp/destinationPort",
            Protocol::Sctp => "/sctp/destinationPort",
        };
        field(entry, path).is_some_and(|port| match field(port, "/range") {
            Some(range) => self.is_in_range(range),
            None => self.is_number(port, "/number"),
        })
    }

    fn is_number(&self, value: &Value, path: &str) -> bool {
        number(value, path) == Some(i64::from(self.connection.port))
    }

    fn is_in_range(&self, range: &Value) -> bool {
        let bounds = number(range, "/start").zip(number(range, "/end"));
        bounds.is_some_and(|(start, end)| is_between(self.connection, start, end))
    }
}

/// The one field of a peer that its kind of policy knows.
fn known_field<'k>(peer: &Value, known: &[&'k str]) -> Option<&'k str> {
    let mut known = known.iter().copied();
    known.find(|name| count_of(peer, &[name]) > 0)
}
