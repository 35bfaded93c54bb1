//! What a policy allows, as single connections, and whether two of them may have packets in common.

use std::collections::BTreeSet;

use cofferdam_objects::policy::{Direction, isolates};
use ipnet::IpNet;
use serde_json::{Value, json};

/// One peer on one port, seen from the pods of a policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Connection {
    direction: Direction,
    /// The policy's selector.
    pods: Value,
    /// Null for everybody.
    peer: Value,
    /// Null for every port.
    port: Value,
}

/// The connections that a policy allows. Lists of namespaces are taken apart.
pub(crate) fn connections(spec: &Value) -> Vec<Connection> {
    let pods = spec.get("podSelector").unwrap_or(&Value::Null);
    let mut found = Vec::new();
    for direction in Direction::BOTH {
        let field = match direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        };
        let rules = list(spec, direction.field());
        for rule in rules.iter().filter(|_| isolates(spec, direction)) {
            let peers: Vec<Value> = list(rule, field).iter().flat_map(single_peers).collect();
            for peer in or_any(&peers) {
                for port in or_any(list(rule, "ports")) {
                    found.push(Connection {
                        direction,
                        pods: pods.clone(),
                        peer: peer.clone(),
                        port: port.clone(),
                    });
                }
            }
        }
    }
    found
}

impl Connection {
    /// Whether some packet may belong to both. Selectors of labels are taken to have pods in common
    /// unless they ask one key for different values.
    pub(crate) fn may_overlap(&self, other: &Self) -> bool {
        self.direction == other.direction
            && !are_apart(&self.pods, &other.pods)
            && may_ports_overlap(&self.port, &other.port)
            && may_peers_overlap(&self.peer, &other.peer)
    }
}

fn may_peers_overlap(one: &Value, other: &Value) -> bool {
    if one.is_null() || other.is_null() {
        return true;
    }
    let network = |peer: &Value| {
        let text = peer.pointer("/ipBlock/cidr").and_then(Value::as_str);
        text.and_then(|text| text.parse::<IpNet>().ok())
    };
    match (network(one), network(other)) {
        (Some(one), Some(other)) => one.contains(&other) || other.contains(&one),
        // Some plugins match blocks against the addresses of pods.
        (Some(_), None) | (None, Some(_)) => true,
        (None, None) => ["namespaceSelector", "podSelector"].iter().all(|field| {
            let selector = |peer: &Value| peer.get(field).cloned().unwrap_or_default();
            !are_apart(&selector(one), &selector(other))
        }),
    }
}

fn may_ports_overlap(one: &Value, other: &Value) -> bool {
    if one.is_null() || other.is_null() {
        return true;
    }
    let protocol = |port: &Value| {
        let text = port.get("protocol").and_then(Value::as_str);
        text.unwrap_or("TCP").to_owned()
    };
    let numbers = |port: &Value| {
        let first = port.get("port").and_then(Value::as_i64)?;
        let last = port.get("endPort").and_then(Value::as_i64);
        Some((first, last.unwrap_or(first)))
    };
    protocol(one) == protocol(other)
        && match (numbers(one), numbers(other)) {
            (Some(one), Some(other)) => one.0 <= other.1 && other.0 <= one.1,
            // A name may stand for any number.
            _ => true,
        }
}

/// Whether no labels can satisfy both selectors: they ask one key for values of which none is in both.
fn are_apart(one: &Value, other: &Value) -> bool {
    let (one, other) = (values(one), values(other));
    one.iter().any(|(key, values)| {
        let mut same = other.iter().filter(|(other, _)| other == key);
        same.any(|(_, others)| values.is_disjoint(others))
    })
}

/// The values that a selector takes for each key that it lists values of.
fn values(selector: &Value) -> Vec<(String, BTreeSet<String>)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let labels = labels.map(|(key, value)| (key.clone(), [text(value)].into()));
    let expressions = list(selector, "matchExpressions").iter();
    let expressions =
        expressions.filter(|one| one.get("operator").is_some_and(|word| word == "In"));
    let expressions = expressions.map(|one| {
        let key = one.get("key").map(text).unwrap_or_default();
        (key, list(one, "values").iter().map(text).collect())
    });
    labels.chain(expressions).collect()
}

/// A peer for each of the namespaces that it names.
fn single_peers(peer: &Value) -> Vec<Value> {
    const VALUES: &str = "/namespaceSelector/matchExpressions/0/values";
    let expressions = peer.pointer("/namespaceSelector/matchExpressions");
    let expressions = expressions.and_then(Value::as_array);
    let one = expressions
        .filter(|all| all.len() == 1)
        .and_then(|all| all.first());
    let is_list = one.is_some_and(|one| one.get("operator").is_some_and(|word| word == "In"));
    let values = peer.pointer(VALUES).and_then(Value::as_array);
    let Some(values) = values.filter(|values| is_list && !values.is_empty()) else {
        return vec![peer.clone()];
    };
    let single = |value: &Value| {
        let mut single = peer.clone();
        if let Some(place) = single.pointer_mut(VALUES) {
            *place = json!([value]);
        }
        single
    };
    values.iter().map(single).collect()
}

/// An empty list of peers or ports stands for any.
fn or_any(items: &[Value]) -> Vec<&Value> {
    if items.is_empty() {
        vec![&Value::Null]
    } else {
        items.iter().collect()
    }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let items = value.get(field).and_then(Value::as_array);
    items.map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: Value, other: Value, want: bool) {
        let connection = |rule: Value| {
            let spec = json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [rule]});
            connections(&spec).remove(0)
        };
        let (one, other) = (connection(one), connection(other));
        assert_eq!(one.may_overlap(&other), want, "{one:?} {other:?}");
        assert_eq!(other.may_overlap(&one), want, "{other:?} {one:?}");
    }

    #[test]
    fn ports_overlap_by_their_numbers() {
        let port = |first: u16, last: u16| json!({"ports": [{"port": first, "endPort": last}]});
        check(port(9001, 9010), port(9006, 9010), true);
        check(port(9001, 9005), port(9006, 9010), false);
        check(port(9001, 9010), json!({"ports": [{"port": 9003}]}), true);
        check(
            port(9001, 9010),
            json!({"ports": [{"port": 9003, "protocol": "UDP"}]}),
            false,
        );
        check(port(9001, 9010), json!({"ports": [{"port": "web"}]}), true);
        check(port(9001, 9010), json!({}), true);
    }

    #[test]
    fn peers_overlap_unless_one_key_tells_them_apart() {
        let named = |name: &str| {
            json!({"from": [{"namespaceSelector": {"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [name]}]}}]})
        };
        let block = |cidr: &str| json!({"from": [{"ipBlock": {"cidr": cidr}}]});
        let pods = |app: &str| json!({"from": [{"podSelector": {"matchLabels": {"app": app}}}]});
        check(named("a"), named("a"), true);
        check(named("a"), named("b"), false);
        check(named("a"), json!({}), true);
        check(pods("x"), pods("y"), false);
        check(pods("x"), named("a"), true);
        check(block("10.0.0.0/8"), block("10.1.0.0/16"), true);
        check(block("10.0.0.0/16"), block("10.1.0.0/16"), false);
        check(block("10.0.0.0/8"), named("a"), true);
    }
}
