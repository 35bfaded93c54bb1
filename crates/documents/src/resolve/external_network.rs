//! `ExternalNetwork` documents.

use std::net::IpAddr;

use cofferdam_model::external_network::{ExternalNetwork, Trust};
use cofferdam_model::names::ExternalNetworkName;
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
    for (index, hole) in network.except.iter().enumerate() {
        let in_net = network.cidrs.iter().any(|net| net.contains(hole));
        let in_range = network
            .ranges
            .iter()
            .any(|(first, last)| *first <= first_of(hole) && last_of(hole) <= *last);
        let path = format!("spec.except[{index}]");
        if !in_net && !in_range {
            let message = format!("`{hole}` lies outside of the network");
            reporter.error(&path, "except-outside", message);
        } else if network.cidrs.contains(hole) {
            let message = format!("`{hole}` takes away all of one of the networks");
            reporter.error(&path, "except-whole", message);
        }
    }
}

fn first_of(net: &IpNet) -> IpAddr {
    net.network()
}

/// The last address; for IPv4 that is the broadcast address.
fn last_of(net: &IpNet) -> IpAddr {
    net.broadcast()
}
