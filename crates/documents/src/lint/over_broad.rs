//! Addresses or ports by the thousand.

use cofferdam_model::Model;
use cofferdam_model::diagnostic::Remark;
use cofferdam_model::external_network::ExternalNetwork;
use cofferdam_model::flow::{End, Flow, PortNumber, Ports};
use cofferdam_model::lint::Lint;
use cofferdam_model::networks::{not_public, outermost, range_networks, size};
use ipnet::IpNet;

use super::{on_flow, warning};

/// Longer ranges of ports are hardly those of one service.
const MOST_PORTS: u16 = 1000;

/// The ports that an API server gives to Services at nodes.
const NODE_PORTS: (u16, u16) = (30_000, 32_767);

/// Below are the ports of well-known services, which no range of media or data connections holds.
const FIRST_UNRESERVED: u16 = 1024;

/// Networks of more addresses are no hosts that somebody thought of.
const MOST_ADDRESSES: u128 = 1 << 16;

pub(super) fn find(model: &Model) -> Vec<Remark> {
    let networks = model.external_networks.values().flat_map(of_network);
    let flows = model.flows.values().flat_map(|flow| {
        let mut found = ranges(model, flow);
        found.extend(everything(flow));
        found
    });
    networks.chain(flows).collect()
}

fn of_network(network: &ExternalNetwork) -> Vec<Remark> {
    let broad = parts(network).filter(|(_, nets)| is_broad(nets));
    let found = broad.map(|(path, _)| {
        let message = "these are more public addresses than a network of /8 has".to_owned();
        let hint = "name the networks that are meant; a flow to every public address says `internet: true`";
        let told = (message, Some(hint.to_owned()));
        warning(Lint::OverBroad, ("ExternalNetwork", &network.name), path, told)
    });
    found.collect()
}

/// The networks and ranges of an external network, each with its place.
pub(super) fn parts(network: &ExternalNetwork) -> impl Iterator<Item = (String, Vec<IpNet>)> {
    let cidrs = network.cidrs.iter().enumerate();
    let cidrs = cidrs.map(|(place, net)| (format!("spec.cidrs[{place}]"), vec![*net]));
    let ranges = network.ranges.iter().enumerate();
    let ranges = ranges.map(|(place, (first, last))| {
        let nets = range_networks(*first, *last);
        (format!("spec.ranges[{place}]"), nets)
    });
    cidrs.chain(ranges)
}

/// Whether networks of one family have more public addresses than one of /8.
fn is_broad(nets: &[IpNet]) -> bool {
    let Some(first) = nets.first() else {
        return false;
    };
    let private: Vec<IpNet> = not_public().collect();
    let is_private = |net: &IpNet| private.iter().any(|private| private.contains(net));
    let public = nets.iter().filter(|net| !is_private(net));
    let outer = outermost(public.copied());
    let inner = private.into_iter().filter(|private| {
        let mut all = outer.iter();
        all.any(|net| net.contains(private))
    });
    let public = size(&outer).saturating_sub(size(&outermost(inner)));
    public > 1 << (first.max_prefix_len() - 8)
}

fn ranges(model: &Model, flow: &Flow) -> Vec<Remark> {
    let Ports::Some(ports) = &flow.ports else {
        return Vec::new();
    };
    let are_narrow = [&flow.from, &flow.to]
        .into_iter()
        .all(|end| is_narrow(model, end));
    let mut found = Vec::new();
    for (place, port) in ports.iter().enumerate() {
        let PortNumber::Range(first, last) = port.port else {
            continue;
        };
        let is_meant = (first, last) == NODE_PORTS || (are_narrow && first >= FIRST_UNRESERVED);
        if last - first >= MOST_PORTS && !is_meant {
            let count = u32::from(last - first) + 1;
            let protocol = port.protocol.as_str();
            let message = format!("{count} ports, {protocol} {first} to {last}");
            let hint = "name the ports that somebody listens on, or narrow both ends to those who need so many";
            let path = format!("spec.ports[{place}].port");
            found.push(on_flow(Lint::OverBroad, flow, path, (message, hint)));
        }
    }
    found
}

/// Whether an end is something that somebody thought of, and not whole zones or networks.
fn is_narrow(model: &Model, end: &End) -> bool {
    match end {
        End::Pods(end) => end
            .workload
            .as_ref()
            .is_some_and(|workload| !workload.is_empty()),
        End::ExternalNetwork(name) => {
            let network = model.external_networks.get(name);
            network.is_some_and(|network| size(&outermost(network.networks())) <= MOST_ADDRESSES)
        }
        End::Internet | End::ClusterService(_) => false,
    }
}

/// Every port to or from every public address.
fn everything(flow: &Flow) -> Option<Remark> {
    if flow.ports != Ports::All {
        return None;
    }
    let what = match (&flow.from, &flow.to) {
        (End::Internet, _) => "every public address may connect on every port",
        (_, End::Internet) => "every public address may be reached on every port",
        (
            End::Pods(_) | End::ExternalNetwork(_) | End::ClusterService(_),
            End::Pods(_) | End::ExternalNetwork(_) | End::ClusterService(_),
        ) => return None,
    };
    let told = (what.to_owned(), "name the ports");
    Some(on_flow(Lint::OverBroad, flow, "spec.ports", told))
}
