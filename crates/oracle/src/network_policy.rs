//! What `NetworkPolicy` objects say.

use cofferdam_model::dialect::{Dialect, IpBlock};
use serde_json::Value;

use crate::address::is_in_ip_block;
use crate::cluster::{Cluster, is_host_network};
use crate::connection::{Connection, Direction, Match, Side};
use crate::fields::{field, items, text};
use crate::kind;
use crate::port::{is_between, is_named, number, protocol};
use crate::selector::{labels, selects};

/// Whether a rule of the policies that select the subject allows the connection; nothing where none selects it.
pub(crate) fn allows(
    cluster: &Cluster,
    dialect: Dialect,
    direction: Direction,
    connection: &Connection,
) -> Option<Match> {
    let subject = direction.subject(connection).pod?;
    let mut policies = cluster
        .of(kind::NETWORK_POLICY)
        .filter(|policy| isolates(policy, direction, subject))
        .peekable();
    policies.peek()?;
    let peer = direction.peer(connection);
    if direction == Direction::Ingress
        && cluster.is_own_node(subject, peer, connection.supposes_one_node)
    {
        return Some(Match::Surely);
    }
    let rules = policies.flat_map(|policy| {
        let rules = items(policy, direction.rules()).iter();
        rules.map(move |rule| (text(policy, "/metadata/namespace"), rule))
    });
    let matches = rules.map(|(namespace, rule)| {
        let ports = items(rule, "/ports");
        let has_port =
            ports.is_empty() || ports.iter().any(|port| is_port(port, dialect, connection));
        let peers = items(rule, direction.peers());
        if !has_port {
            return Match::No;
        }
        if peers.is_empty() {
            return Match::Surely;
        }
        let peers = peers.iter();
        let peers = peers.map(|listed| is_peer(cluster, dialect, listed, namespace, peer));
        peers.max().unwrap_or(Match::No)
    });
    Some(matches.max().unwrap_or(Match::No))
}

/// Whether the policy selects the pod for the direction.
fn isolates(policy: &Value, direction: Direction, pod: &Value) -> bool {
    let types = items(policy, "/spec/policyTypes");
    let governs = match direction {
        _ if !types.is_empty() => types
            .iter()
            .any(|kind| kind.as_str() == Some(direction.policy_type())),
        Direction::Ingress => true,
        Direction::Egress => !items(policy, direction.rules()).is_empty(),
    };
    governs
        && !is_host_network(pod)
        && text(policy, "/metadata/namespace") == text(pod, "/metadata/namespace")
        && selects(field(policy, "/spec/podSelector"), &labels(pod))
}

/// Whether a peer of a rule of a policy in a namespace is this side of the connection.
fn is_peer(
    cluster: &Cluster,
    dialect: Dialect,
    listed: &Value,
    namespace: &str,
    side: Side,
) -> Match {
    if let Some(ip_block) = field(listed, "/ipBlock") {
        let looks = if cluster.is_node(side) {
            dialect.node_addresses
        } else if cluster.is_pod(side) {
            dialect.pod_addresses
        } else {
            IpBlock::Matches
        };
        return match looks {
            IpBlock::Matches => is_in_ip_block(ip_block, side),
            IpBlock::Ignores => Match::No,
        };
    }
    let Some(pod) = side.pod else {
        return Match::No;
    };
    let namespace_selector = field(listed, "/namespaceSelector");
    let pod_selector = field(listed, "/podSelector");
    let own_namespace = text(pod, "/metadata/namespace") == namespace;
    Match::of(
        (namespace_selector.is_some() || own_namespace)
            && cluster.selects_pod(namespace_selector, pod_selector, pod),
    )
}

fn is_port(port: &Value, dialect: Dialect, connection: &Connection) -> bool {
    if protocol(port, "/protocol") != connection.protocol.as_str() {
        return false;
    }
    match field(port, "/port") {
        None => true,
        Some(Value::String(name)) => is_named(connection, name, dialect.sidecar_ports),
        Some(_) => {
            let (first, last) = (number(port, "/port"), number(port, "/endPort"));
            first.is_some_and(|first| is_between(connection, first, last.unwrap_or(first)))
        }
    }
}
