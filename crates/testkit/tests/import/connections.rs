//! Whether a connection is let through, told from policies one by one, without a word of the import.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

/// A pod, or an address that is none.
#[derive(Debug, Clone)]
pub(crate) enum Peer {
    /// Namespace and labels.
    Pod(String, BTreeMap<String, String>),
    /// An address outside of the pods.
    Address(IpAddr),
}

/// What lets connections through.
pub(crate) struct World {
    /// Labels of the namespaces.
    pub(crate) namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Specs by namespace.
    pub(crate) policies: Vec<(String, Value)>,
}

/// A port: protocol, number, and the name that the destination gives it.
pub(crate) type Port = (&'static str, u16, Option<&'static str>);

impl World {
    /// Whether source and destination both let it through.
    pub(crate) fn lets(&self, from: &Peer, to: &Peer, port: Port) -> bool {
        self.end(from, to, port, ("Egress", "egress", "to"))
            && self.end(to, from, port, ("Ingress", "ingress", "from"))
    }

    fn end(&self, own: &Peer, other: &Peer, port: Port, words: (&str, &str, &str)) -> bool {
        let Peer::Pod(namespace, labels) = own else {
            return true;
        };
        let (word, rules, peers) = words;
        let here = self.policies.iter().filter(|(of, spec)| {
            of == namespace
                && selects(spec.get("podSelector"), labels)
                && isolates(spec, word, rules)
        });
        let specs: Vec<&Value> = here.map(|(_, spec)| spec).collect();
        specs.is_empty()
            || specs.iter().any(|spec| {
                let mut rules = list(spec, rules).iter();
                rules.any(|rule| {
                    let (peers, ports) = (list(rule, peers), list(rule, "ports"));
                    let peer = peers.is_empty()
                        || peers.iter().any(|one| self.is_peer(one, namespace, other));
                    peer && (ports.is_empty() || ports.iter().any(|one| is_port(one, port)))
                })
            })
    }

    fn is_peer(&self, peer: &Value, namespace: &str, other: &Peer) -> bool {
        match other {
            Peer::Address(address) => peer.get("ipBlock").is_some_and(|block| {
                let holds = |text: &Value| {
                    let net: IpNet = text.as_str().unwrap().parse().unwrap();
                    net.contains(address)
                };
                holds(block.get("cidr").unwrap()) && !list(block, "except").iter().any(holds)
            }),
            Peer::Pod(of, labels) => {
                let place = match peer.get("namespaceSelector") {
                    Some(selector) => selects(Some(selector), self.namespaces.get(of).unwrap()),
                    None => peer.get("podSelector").is_some() && of == namespace,
                };
                place && peer.get("ipBlock").is_none() && selects(peer.get("podSelector"), labels)
            }
        }
    }
}

fn isolates(spec: &Value, word: &str, rules: &str) -> bool {
    match list(spec, "policyTypes") {
        [] => word == "Ingress" || !list(spec, rules).is_empty(),
        types => types.iter().any(|one| one == word),
    }
}

fn selects(selector: Option<&Value>, labels: &BTreeMap<String, String>) -> bool {
    let Some(selector) = selector else {
        return true;
    };
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let mut wanted = wanted.into_iter().flatten();
    wanted.all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str())
        && list(selector, "matchExpressions").iter().all(|one| {
            let text = |field: &str| one.get(field).and_then(Value::as_str).unwrap();
            let value = labels.get(text("key"));
            let listed =
                value.is_some_and(|value| list(one, "values").iter().any(|one| one == value));
            match text("operator") {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => value.is_some(),
                _ => value.is_none(),
            }
        })
}

fn is_port(wanted: &Value, (protocol, number, name): Port) -> bool {
    let of = wanted
        .get("protocol")
        .and_then(Value::as_str)
        .unwrap_or("TCP");
    let fits = match wanted.get("port") {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => Some(text.as_str()) == name,
        Some(first) => {
            let first = first.as_u64().unwrap();
            let last = wanted
                .get("endPort")
                .and_then(Value::as_u64)
                .unwrap_or(first);
            (first..=last).contains(&u64::from(number))
        }
    };
    of == protocol && fits
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let items = value.get(field).and_then(Value::as_array);
    items.map(Vec::as_slice).unwrap_or_default()
}
