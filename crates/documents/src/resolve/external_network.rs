//! `ExternalNetwork` documents.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::external_network::{ExternalNetwork, Trust};
use cofferdam_model::names::ExternalNetworkName;
use cofferdam_model::networks::{covering, outermost, size};
use ipnet::IpNet;

use crate::finding::Reporter;
use crate::raw::external_network as raw;
use crate::raw::{Document, Metadata};
use crate::resolve::address::{cidrs, range};

/// Reads an external network.
pub(crate) fn external_network(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, raw::ExternalNetworkSpec>,
) -> Option<ExternalNetwork> {
    let name = reporter.name(
        "metadata.name",
        &document.metadata.name,
        ExternalNetworkName::parse,
    );
    let raw::ExternalNetworkSpec {
        cidrs: raw_cidrs,
        ranges,
        except,
        vlan,
        trust,
    } = &document.spec;
    let nets = cidrs(reporter, "spec.cidrs", raw_cidrs);
    let ranges: Vec<Option<(IpAddr, IpAddr)>> = ranges
        .iter()
        .enumerate()
        .map(|(index, text)| range(reporter, &format!("spec.ranges[{index}]"), text))
        .collect();
    let except = cidrs(reporter, "spec.except", except);
    let network = ExternalNetwork {
        name: name?,
        cidrs: nets?,
        ranges: ranges.into_iter().collect::<Option<_>>()?,
        except: except?,
        vlan: *vlan,
        trust: match trust {
            raw::Trust::Untrusted => Trust::Untrusted,
            raw::Trust::Partner => Trust::Partner,
            raw::Trust::Internal => Trust::Internal,
        },
    };
    check(reporter, &network);
    Some(network)
}

fn check(reporter: &mut Reporter<'_>, network: &ExternalNetwork) {
    if network.cidrs.is_empty() && network.ranges.is_empty() {
        let message = "the network has no addresses";
        let hint = "give it `cidrs` or `ranges`";
        reporter.error("spec", "empty-network", message).hint(hint);
    }
    for (index, net) in network.cidrs.iter().enumerate() {
        if net.prefix_len() == 0 {
            let message =
                format!("`{net}` is every address, clusters and metadata services included");
            let hint = "a flow to every public address says `internet: true`";
            let path = format!("spec.cidrs[{index}]");
            reporter.error(&path, "whole-internet", message).hint(hint);
        }
    }
    check_size(reporter, network);
    let nets: BTreeSet<IpNet> = network.cidrs.iter().copied().collect();
    let outer = outermost(nets.iter().copied());
    let ranges = Ranges::of(network);
    for (index, hole) in network.except.iter().enumerate() {
        let path = format!("spec.except[{index}]");
        if covering(&outer, hole).is_none() && !ranges.contain(hole) {
            let message = format!("`{hole}` lies outside of the network");
            reporter.error(&path, "except-outside", message);
        } else if nets.contains(hole) {
            let message = format!("`{hole}` takes away all of one of the networks");
            reporter.error(&path, "except-whole", message);
        }
    }
}

/// Whoever names a good part of the internet piece by piece means the internet, and gets what the rules
/// about the internet do not let him have. So all networks and ranges together must be less than a
/// quarter of the addresses that the internet has: of all for IPv4 (a /2), of `2000::/3` for IPv6 (a
/// /5). What is excepted counts, since few holes make no private network of it.
fn check_size(reporter: &mut Reporter<'_>, network: &ExternalNetwork) {
    let all = outermost(network.networks());
    let (four, six): (Vec<&IpNet>, Vec<&IpNet>) =
        all.iter().partition(|net| matches!(net, IpNet::V4(_)));
    for (family, nets, most) in [("IPv4", four, 1 << (32 - 2)), ("IPv6", six, 1 << (128 - 5))] {
        // A network of prefix 0 is told of by itself.
        if nets
            .iter()
            .all(|net| net.prefix_len() > 0 || !network.cidrs.contains(net))
            && size(nets) >= most
        {
            let message = format!(
                "its networks together are a quarter of the internet's {family} addresses or more"
            );
            let hint = "a flow to every public address says `internet: true`";
            reporter.error("spec", "whole-internet", message).hint(hint);
        }
    }
}

/// The ranges by where they begin, each with the farthest end of those that begin no later.
struct Ranges(Vec<(IpAddr, IpAddr)>);

impl Ranges {
    fn of(network: &ExternalNetwork) -> Self {
        let mut ranges = network.ranges.clone();
        ranges.sort_unstable();
        let mut farthest: Option<IpAddr> = None;
        for (_, last) in &mut ranges {
            let end = farthest.map_or(*last, |farthest| farthest.max(*last));
            farthest = Some(end);
            *last = end;
        }
        Self(ranges)
    }

    /// Whether one of them holds all of a network.
    fn contain(&self, net: &IpNet) -> bool {
        let begun = self.0.partition_point(|(first, _)| *first <= first_of(net));
        let farthest = begun.checked_sub(1).and_then(|last| self.0.get(last));
        farthest.is_some_and(|(_, end)| last_of(net) <= *end)
    }
}

fn first_of(net: &IpNet) -> IpAddr {
    net.network()
}

/// The last address; for IPv4 that is the broadcast address.
fn last_of(net: &IpNet) -> IpAddr {
    net.broadcast()
}

#[cfg(test)]
mod tests {
    use cofferdam_model::names::ExternalNetworkName as Name;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn address((four, host): (bool, u8)) -> IpAddr {
        if four {
            IpAddr::from([10, 0, 0, host])
        } else {
            IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, u16::from(host)])
        }
    }

    proptest! {
        #[test]
        fn a_network_lies_in_the_ranges_where_one_of_them_holds_all_of_it(
            ranges in vec((any::<bool>(), any::<u8>(), any::<u8>()), 0..6),
            hole in (any::<bool>(), any::<u8>()),
            length in 0..8_u8,
        ) {
            let range = |(four, a, b): &(bool, u8, u8)| {
                let (first, last) = (*a.min(b), *a.max(b));
                (address((*four, first)), address((*four, last)))
            };
            let network = ExternalNetwork {
                name: Name::parse("some").unwrap(),
                cidrs: Vec::new(),
                ranges: ranges.iter().map(range).collect(),
                except: Vec::new(),
                vlan: None,
                trust: Trust::Internal,
            };
            let hole = IpNet::from(address(hole));
            let hole = IpNet::new(hole.addr(), hole.prefix_len() - length).unwrap().trunc();
            let mut all = network.ranges.iter();
            let want = all.any(|(first, last)| *first <= first_of(&hole) && last_of(&hole) <= *last);
            prop_assert_eq!(Ranges::of(&network).contain(&hole), want);
        }
    }
}
