//! `NetworkPolicy`.

use serde_json::Value;

use super::{is_known_protocol, is_selector_or_absent, port_number};
use crate::address::block;
use crate::fields::{count_of, field, items, text};

pub(super) fn is_valid(policy: &Value) -> bool {
    let known_type = |word: &Value| ["Ingress", "Egress"].contains(&text(word, ""));
    is_selector_or_absent(policy, "/spec/podSelector")
        && items(policy, "/spec/policyTypes").iter().all(known_type)
        && are_rules(items(policy, "/spec/ingress"), "/from")
        && are_rules(items(policy, "/spec/egress"), "/to")
}

fn are_rules(rules: &[Value], peers: &str) -> bool {
    rules.iter().all(|rule| {
        items(rule, peers).iter().all(is_peer) && items(rule, "/ports").iter().all(is_port)
    })
}

fn is_peer(peer: &Value) -> bool {
    match field(peer, "/ipBlock") {
        Some(ip_block) => {
            count_of(peer, &["namespaceSelector", "podSelector"]) == 0 && is_ip_block(ip_block)
        }
        None => {
            count_of(peer, &["namespaceSelector", "podSelector"]) > 0
                && is_selector_or_absent(peer, "/namespaceSelector")
                && is_selector_or_absent(peer, "/podSelector")
        }
    }
}

fn is_ip_block(ip_block: &Value) -> bool {
    let Some(whole) = block(text(ip_block, "/cidr")) else {
        return false;
    };
    items(ip_block, "/except").iter().all(|except| {
        block(text(except, "")).is_some_and(|except| {
            whole.contains(&except) && whole.prefix_len() < except.prefix_len()
        })
    })
}

fn is_port(port: &Value) -> bool {
    let end = field(port, "/endPort");
    is_known_protocol(port, "/protocol")
        && match field(port, "/port") {
            None | Some(Value::String(_)) => end.is_none(),
            Some(_) => port_number(port, "/port").is_some_and(|first| {
                end.is_none() || port_number(port, "/endPort").is_some_and(|last| first <= last)
            }),
        }
}
