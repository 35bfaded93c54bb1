//! Sets of networks. In their order a network comes before everything that lies in it, so that one look
//! to the left finds what covers a network, however many there are.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};

/// The networks that no other one of them contains. None has bits beyond its prefix.
pub fn outermost(networks: impl IntoIterator<Item = IpNet>) -> BTreeSet<IpNet> {
    let all: BTreeSet<IpNet> = networks.into_iter().collect();
    let mut last: Option<IpNet> = None;
    all.into_iter()
        .filter(|network| {
            let covered = last.is_some_and(|last| last.contains(network));
            if !covered {
                last = Some(*network);
            }
            !covered
        })
        .collect()
}

/// The one of the outermost networks that contains a network.
pub fn covering<'a>(outermost: &'a BTreeSet<IpNet>, network: &IpNet) -> Option<&'a IpNet> {
    let before = outermost.range(..=*network).next_back();
    before.filter(|before| before.contains(network))
}

/// Those of the outermost networks that lie in a network.
pub fn within<'a>(
    outermost: &'a BTreeSet<IpNet>,
    network: &'a IpNet,
) -> impl Iterator<Item = &'a IpNet> {
    let from = outermost.range(*network..);
    from.take_while(move |inner| network.contains(*inner))
}

/// The fewest networks that cover a range of addresses exactly; none where the families differ.
pub fn range_networks(first: IpAddr, last: IpAddr) -> Vec<IpNet> {
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            Ipv4Subnets::new(first, last, 0).map(IpNet::V4).collect()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => {
            Ipv6Subnets::new(first, last, 0).map(IpNet::V6).collect()
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Vec::new(),
    }
}

/// How many addresses networks of one family have together, of which none contains another; at the
/// largest number where there are more.
pub fn size<'a>(outermost: impl IntoIterator<Item = &'a IpNet>) -> u128 {
    let sizes = outermost.into_iter().map(|network| {
        let host_bits = network.max_prefix_len() - network.prefix_len();
        1_u128.checked_shl(host_bits.into()).unwrap_or(u128::MAX)
    });
    sizes.fold(0, u128::saturating_add)
}

/// Whether the outermost networks hold every address of a network, one or several of them together.
pub fn cover(outermost: &BTreeSet<IpNet>, network: &IpNet) -> bool {
    covering(outermost, network).is_some() || size(within(outermost, network)) == size([network])
}

/// The networks of addresses that are never public: the special-purpose ones (IANA registries), and Azure's
/// platform address. IPv4-mapped IPv6 is not among them: no packet carries it, and API servers refuse it in
/// a policy.
pub fn not_public() -> impl Iterator<Item = IpNet> {
    NOT_PUBLIC.iter().filter_map(|text| text.parse().ok())
}

/// Where instance metadata of AWS, Azure and Google is, with EKS pod identity and GKE workload identity: networks, and the
/// port there.
pub fn cloud_metadata() -> impl Iterator<Item = (impl Iterator<Item = IpNet>, u16)> {
    let groups = CLOUD_METADATA.into_iter();
    groups.map(|(texts, port)| {
        let networks = texts.iter().filter_map(|text| text.parse().ok());
        (networks, port)
    })
}

const CLOUD_METADATA: [(&[&str], u16); 2] = [
    (
        &[
            "169.254.169.254/32",
            "169.254.170.23/32",
            "fd00:ec2::254/128",
            "fd00:ec2::23/128",
        ],
        80,
    ),
    (&["169.254.169.252/32"], 988),
];

const NOT_PUBLIC: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/127",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

#[cfg(test)]
mod tests {
    use super::{CLOUD_METADATA, NOT_PUBLIC, cloud_metadata, not_public};

    #[test]
    fn every_network_that_is_written_here_is_one() {
        assert_eq!(not_public().count(), NOT_PUBLIC.len());
        let metadata = cloud_metadata().flat_map(|(networks, _)| networks);
        let written = CLOUD_METADATA.iter().flat_map(|(texts, _)| *texts);
        assert_eq!(metadata.count(), written.count());
    }
}
