//! Addresses: networks less other networks, ranges as networks.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::external_network::ExternalNetwork;
use cofferdam_model::networks::{covering, outermost, within};
use ipnet::IpNet;
use k8s_openapi::api::networking::v1::NetworkPolicyPeer;

use super::peers::block_peer;

/// The peers of an external network: its networks and ranges, less what is excepted.
pub(super) fn external_peers(network: &ExternalNetwork) -> Vec<NetworkPolicyPeer> {
    less(network.networks(), &network.except)
}

/// Each network less the exceptions that lie in it; a network that an exception covers is left out.
pub(super) fn less(
    networks: impl IntoIterator<Item = IpNet>,
    except: &[IpNet],
) -> Vec<NetworkPolicyPeer> {
    let except: BTreeSet<IpNet> = outermost(except.iter().map(IpNet::trunc));
    networks
        .into_iter()
        .filter(|network| covering(&except, network).is_none())
        .map(|network| {
            let holes: Vec<IpNet> = within(&except, &network).copied().collect();
            block_peer(network, &holes)
        })
        .collect()
}

/// Single addresses as peers.
pub(super) fn address_peers<'a>(
    addresses: impl IntoIterator<Item = &'a IpAddr>,
) -> Vec<NetworkPolicyPeer> {
    addresses
        .into_iter()
        .map(|address| block_peer(IpNet::from(*address), &[]))
        .collect()
}

/// Whole networks as peers.
pub(super) fn network_peers(networks: &[IpNet]) -> Vec<NetworkPolicyPeer> {
    let networks: BTreeSet<IpNet> = networks.iter().copied().collect();
    networks
        .into_iter()
        .map(|network| block_peer(network, &[]))
        .collect()
}

#[cfg(test)]
mod tests {
    use cofferdam_model::networks::range_networks;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn nets(words: &[&str]) -> Vec<IpNet> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    fn check(networks: &[&str], except: &[&str], want: &[(&str, &[&str])]) {
        let peers = less(nets(networks), &nets(except));
        let want: Vec<NetworkPolicyPeer> = want
            .iter()
            .map(|(cidr, holes)| block_peer(cidr.parse().unwrap(), &nets(holes)))
            .collect();
        assert_eq!(peers, want);
    }

    #[test]
    fn exceptions_stay_within_their_network() {
        check(
            &["10.0.0.0/8"],
            &["10.1.0.0/16"],
            &[("10.0.0.0/8", &["10.1.0.0/16"])],
        );
        check(&["10.0.0.0/8"], &["11.0.0.0/8"], &[("10.0.0.0/8", &[])]);
        check(&["10.1.0.0/16"], &["10.0.0.0/8"], &[]);
        check(
            &["10.0.0.0/8"],
            &["10.1.0.0/16", "10.1.2.0/24"],
            &[("10.0.0.0/8", &["10.1.0.0/16"])],
        );
        check(
            &["0.0.0.0/0", "::/0"],
            &["fc00::/7"],
            &[("0.0.0.0/0", &[]), ("::/0", &["fc00::/7"])],
        );
    }

    #[test]
    fn ranges_are_covered_exactly() {
        let range = range_networks(
            "192.168.31.10".parse().unwrap(),
            "192.168.31.13".parse().unwrap(),
        );
        assert_eq!(range, nets(&["192.168.31.10/31", "192.168.31.12/31"]));
    }

    /// Networks that are likely to lie in each other, of both families.
    fn network() -> impl Strategy<Value = IpNet> {
        (any::<bool>(), any::<u8>(), 24..=32_u8).prop_map(|(four, host, length)| {
            let (address, length) = if four {
                (IpAddr::from([10, 0, 0, host]), length)
            } else {
                let last = u16::from(host);
                (IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, last]), length + 96)
            };
            IpNet::new(address, length).unwrap().trunc()
        })
    }

    proptest! {
        #[test]
        fn every_network_gets_the_outermost_exceptions_in_it(
            networks in vec(network(), 0..8),
            except in vec(network(), 0..12),
        ) {
            let mut holes: Vec<IpNet> = except.clone();
            holes.retain(|hole| !except.iter().any(|other| other != hole && other.contains(hole)));
            holes.sort_unstable();
            holes.dedup();
            let open = networks.iter().filter(|net| !except.iter().any(|hole| hole.contains(*net)));
            let want = open.map(|network| {
                let inner = holes.iter().filter(|hole| network.contains(*hole));
                block_peer(*network, &inner.copied().collect::<Vec<_>>())
            });
            prop_assert_eq!(less(networks.clone(), &except), want.collect::<Vec<_>>());
        }
    }
}
