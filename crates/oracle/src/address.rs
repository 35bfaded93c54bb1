//! Addresses, and the blocks that hold them.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::connection::{Match, Side};
use crate::fields::{items, text};

/// The addresses that a list of texts, or of objects with such a field, holds.
pub(crate) fn addresses(list: &[Value], path: &str) -> Vec<IpAddr> {
    let parsed = list.iter().map(|item| text(item, path).parse());
    parsed.filter_map(Result::ok).collect()
}

/// A block in CIDR notation. Host bits may be set.
pub(crate) fn block(cidr: &str) -> Option<IpNet> {
    cidr.parse().ok()
}

/// Whether an `ipBlock` holds the address of a side.
pub(crate) fn is_in_ip_block(ip_block: &Value, side: Side) -> Match {
    let excepts = items(ip_block, "/except").iter();
    let excepts: Vec<IpNet> = excepts.filter_map(|one| block(text(one, ""))).collect();
    match block(text(ip_block, "/cidr")) {
        Some(block) => is_in(&[block], &excepts, side),
        None => Match::No,
    }
}

/// Whether one of some networks holds the address of a side.
pub(crate) fn is_in_networks(networks: &[Value], side: Side) -> Match {
    let networks = networks.iter();
    let networks: Vec<IpNet> = networks.filter_map(|one| block(text(one, ""))).collect();
    is_in(&networks, &[], side)
}

/// An address that is not known yet is for sure only in what holds all addresses of its family.
fn is_in(networks: &[IpNet], excepts: &[IpNet], side: Side) -> Match {
    if let Some(address) = side.address {
        let holds = |all: &[IpNet]| all.iter().any(|one| one.contains(&address));
        return if holds(networks) && !holds(excepts) {
            Match::Surely
        } else {
            Match::No
        };
    }
    let of_family = |all: &[IpNet]| {
        let all = all
            .iter()
            .filter(|one| one.addr().is_ipv4() == side.is_ipv4);
        IpNet::aggregate(&all.copied().collect())
    };
    let (networks, excepts) = (of_family(networks), of_family(excepts));
    let is_left = |one: &IpNet| !excepts.iter().any(|except| except.contains(one));
    if !networks.iter().any(is_left) {
        Match::No
    } else if excepts.is_empty() && networks.iter().any(|one| one.prefix_len() == 0) {
        Match::Surely
    } else {
        Match::Perhaps
    }
}

/// Whether a text anywhere in a value is an IPv6 block.
pub(crate) fn names_ipv6(value: &Value) -> bool {
    match value {
        Value::String(text) => block(text).is_some_and(|block| block.addr().is_ipv6()),
        Value::Array(items) => items.iter().any(names_ipv6),
        Value::Object(fields) => fields.values().any(names_ipv6),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
