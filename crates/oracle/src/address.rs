//! Addresses, and the blocks that hold them.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::connection::Side;
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
pub(crate) fn is_in_ip_block(ip_block: &Value, side: Side) -> bool {
    let excepts = items(ip_block, "/except");
    let is_excepted = match side.address {
        Some(_) => excepts
            .iter()
            .any(|except| is_in_cidr(text(except, ""), side)),
        None => !excepts.is_empty(),
    };
    is_in_cidr(text(ip_block, "/cidr"), side) && !is_excepted
}

/// Whether a block holds the address of a side. One that is not known yet is only in a block of all addresses of its family.
pub(crate) fn is_in_cidr(cidr: &str, side: Side) -> bool {
    let Some(block) = block(cidr) else {
        return false;
    };
    match side.address {
        Some(address) => block.contains(&address),
        None => block.addr().is_ipv4() == side.is_ipv4 && block.prefix_len() == 0,
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
