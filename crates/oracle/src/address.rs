//! Addresses, and the blocks that hold them.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
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

/// An address that is not known yet is for sure only in what holds every address that it may be.
fn is_in(networks: &[IpNet], excepts: &[IpNet], side: Side) -> Match {
    if let Some(address) = side.address {
        let holds = |all: &[IpNet]| all.iter().any(|one| one.contains(&address));
        return Match::of(holds(networks) && !holds(excepts));
    }
    let is_ipv4 = side.is_ipv4;
    let of_family = |all: &[IpNet]| {
        let all = all.iter().filter(|one| one.addr().is_ipv4() == is_ipv4);
        IpNet::aggregate(&all.copied().collect())
    };
    let (networks, excepts) = (of_family(networks), of_family(excepts));
    let within = if side.within.is_empty() {
        vec![everything(is_ipv4)]
    } else {
        of_family(side.within)
    };
    let holds = |all: &[IpNet], one: &IpNet| all.iter().any(|network| network.contains(one));
    let overlaps = |one: &IpNet, other: &IpNet| one.contains(other) || other.contains(one);
    let mut each = within.iter();
    if each.all(|one| holds(&networks, one) && !excepts.iter().any(|other| overlaps(one, other))) {
        return Match::Surely;
    }
    let mut common = within.iter().flat_map(|one| {
        let others = networks.iter().filter(|other| overlaps(one, other));
        others.map(move |other| if one.contains(other) { other } else { one })
    });
    if common.any(|one| !holds(&excepts, one)) {
        Match::Perhaps
    } else {
        Match::No
    }
}

fn everything(is_ipv4: bool) -> IpNet {
    if is_ipv4 {
        Ipv4Net::default().into()
    } else {
        Ipv6Net::default().into()
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
