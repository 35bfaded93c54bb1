//! Networks, ranges and single addresses.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::finding::Reporter;

/// Reads a list of CIDRs.
pub(crate) fn cidrs(reporter: &mut Reporter<'_>, path: &str, raw: &[String]) -> Option<Vec<IpNet>> {
    let read: Vec<Option<IpNet>> = raw
        .iter()
        .enumerate()
        .map(|(index, text)| cidr(reporter, &format!("{path}[{index}]"), text))
        .collect();
    read.into_iter().collect()
}

/// Reads a CIDR; bits beyond the prefix are an error.
pub(crate) fn cidr(reporter: &mut Reporter<'_>, path: &str, text: &str) -> Option<IpNet> {
    if let Ok(net) = text.parse::<IpNet>() {
        if let Some(v4) = unmapped(&net) {
            let message = format!("`{text}` is an IPv4 network written as IPv6");
            let hint = format!("write `{v4}`: API servers refuse the other form");
            reporter.error(path, "invalid-cidr", message).hint(hint);
            return None;
        }
        if net.trunc() == net {
            return Some(net);
        }
        let message = format!("`{text}` has bits beyond its prefix");
        let hint = format!(
            "write `{}` for the network, or `{}` for the address",
            net.trunc(),
            IpNet::from(net.addr())
        );
        reporter.error(path, "invalid-cidr", message).hint(hint);
    } else {
        let hint = text
            .parse::<IpAddr>()
            .ok()
            .map(|address| format!("write `{}`", IpNet::from(address)));
        let message = format!("`{text}` is not a network such as `10.0.0.0/8`");
        reporter.error(path, "invalid-cidr", message).maybe(hint);
    }
    None
}

/// The IPv4 network that an IPv4-mapped IPv6 network (`::ffff:0:0/96`, RFC 4291, 2.5.5.2) stands for.
fn unmapped(net: &IpNet) -> Option<IpNet> {
    let IpNet::V6(net) = net else {
        return None;
    };
    let address = net.addr().to_ipv4_mapped()?;
    let length = net.prefix_len().checked_sub(96)?;
    Ipv4Net::new(address, length).ok().map(IpNet::V4)
}

/// Reads a list of addresses.
pub(crate) fn addresses(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &[String],
) -> Option<Vec<IpAddr>> {
    let read: Vec<Option<IpAddr>> = raw
        .iter()
        .enumerate()
        .map(|(index, text)| address(reporter, &format!("{path}[{index}]"), text))
        .collect();
    read.into_iter().collect()
}

/// Reads an address.
pub(crate) fn address(reporter: &mut Reporter<'_>, path: &str, text: &str) -> Option<IpAddr> {
    let address = text.parse().ok();
    if address.is_none() {
        reporter.error(
            path,
            "invalid-address",
            format!("`{text}` is not an IP address"),
        );
    }
    address
}

/// Reads `first-last`.
pub(crate) fn range(
    reporter: &mut Reporter<'_>,
    path: &str,
    text: &str,
) -> Option<(IpAddr, IpAddr)> {
    let parts = text.split_once('-').and_then(|(first, last)| {
        let first: IpAddr = first.trim().parse().ok()?;
        let last: IpAddr = last.trim().parse().ok()?;
        Some((first, last))
    });
    let Some((first, last)) = parts else {
        let message = format!("`{text}` is not a range such as `192.168.31.10-192.168.31.50`");
        reporter.error(path, "invalid-range", message);
        return None;
    };
    if first.is_ipv4() != last.is_ipv4() {
        let message = format!("`{text}` begins and ends in different address families");
        reporter.error(path, "invalid-range", message);
        return None;
    }
    if first > last {
        let hint = format!("write `{last}-{first}`");
        let message = format!("`{text}` ends before it begins");
        reporter.error(path, "invalid-range", message).hint(hint);
        return None;
    }
    Some((first, last))
}

/// Whether two networks share an address.
pub(crate) fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}
