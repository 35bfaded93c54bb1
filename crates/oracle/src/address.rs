//! Addresses, and the blocks that hold them.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

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

/// Whether an `ipBlock` holds an address, which is absent where an IPv4 address is not known yet.
pub(crate) fn is_in_ip_block(ip_block: &Value, address: Option<IpAddr>) -> bool {
    let excepts = items(ip_block, "/except");
    match address {
        Some(_) => {
            is_in_cidr(text(ip_block, "/cidr"), address)
                && !excepts
                    .iter()
                    .any(|except| is_in_cidr(text(except, ""), address))
        }
        None => is_in_cidr(text(ip_block, "/cidr"), None) && excepts.is_empty(),
    }
}

/// Whether a block holds an address. One that is not known yet is only in a block of all of IPv4.
pub(crate) fn is_in_cidr(cidr: &str, address: Option<IpAddr>) -> bool {
    let Some(block) = block(cidr) else {
        return false;
    };
    match address {
        Some(address) => block.contains(&address),
        None => block.addr().is_ipv4() && block.prefix_len() == 0,
    }
}
