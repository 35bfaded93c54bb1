//! External networks that hold addresses of nodes.
//!
//! What nodes forward, as for Services of type `NodePort`, comes from their addresses: a flow from such a network lets in
//! whoever reaches a node.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::diagnostic::{Remark, Severity};
use cofferdam_model::dialect::IpBlock;
use cofferdam_model::external_network::ExternalNetwork;
use cofferdam_model::flow::End;
use cofferdam_model::lint::Lint;
use cofferdam_model::names::{ClusterName, ExternalNetworkName};
use cofferdam_model::networks::{cover, outermost};
use ipnet::IpNet;

use super::ignored_by_plugin::dialect;
use super::over_broad::parts;
use super::{clusters_named, warning};
use crate::rules::own_addresses::nodes;
use crate::rules::presence::pairs;

/// The clusters that take a network for what is outside, and whether one lets it in.
#[derive(Default)]
struct Use<'a> {
    clusters: BTreeSet<&'a ClusterName>,
    is_source: bool,
}

pub(super) fn find(model: &Model) -> Vec<Remark> {
    let found = uses(model).into_iter().filter_map(|(name, used)| {
        let network = model.external_networks.get(name)?;
        fault(model, network, &used)
    });
    found.collect()
}

fn uses(model: &Model) -> BTreeMap<&ExternalNetworkName, Use<'_>> {
    let mut uses: BTreeMap<&ExternalNetworkName, Use<'_>> = BTreeMap::new();
    for flow in model.flows.values() {
        let (name, is_source) = match (&flow.from, &flow.to) {
            (End::ExternalNetwork(name), _) => (name, true),
            (_, End::ExternalNetwork(name)) => (name, false),
            (
                End::Pods(_) | End::Internet | End::ClusterService(_),
                End::Pods(_) | End::Internet | End::ClusterService(_),
            ) => continue,
        };
        let clusters = pairs(model, flow).into_iter().map(|(_, cluster)| cluster);
        let clusters = clusters.filter(|cluster| may_match_nodes(model, cluster));
        let of_network = uses.entry(name).or_default();
        of_network.is_source |= is_source;
        of_network
            .clusters
            .extend(clusters.map(|cluster| &cluster.name));
    }
    uses
}

fn may_match_nodes(model: &Model, cluster: &Cluster) -> bool {
    let dialect = dialect(model, cluster);
    dialect.is_none_or(|dialect| dialect.node_addresses == IpBlock::Matches)
}

fn fault(model: &Model, network: &ExternalNetwork, used: &Use<'_>) -> Option<Remark> {
    let except = outermost(network.except.iter().copied());
    let mut met: BTreeMap<&ClusterName, IpNet> = BTreeMap::new();
    let mut place = None;
    let clusters = used.clusters.iter();
    for cluster in clusters.filter_map(|name| model.clusters.get(*name)) {
        let own = nodes(model, cluster);
        let mut parts = parts(network);
        let hit = parts.find_map(|(path, nets)| {
            let shared = nets
                .iter()
                .flat_map(|net| own.iter().map(|own| shared(net, own)));
            let hit = shared.flatten().find(|net| !cover(&except, net))?;
            Some((path, hit))
        });
        if let Some((path, net)) = hit {
            met.insert(&cluster.name, net);
            place.get_or_insert((path, net));
        }
    }
    let (path, first) = place?;
    let clusters = clusters_named(met.keys().map(|name| name.as_str()));
    let held = format!("nodes of {clusters} have addresses of this network, as {first}");
    let (message, severity) = if used.is_source {
        let message =
            format!("{held}: what a node forwards for others comes from these too, and is let in");
        (message, Severity::Warning)
    } else {
        (format!("{held}: they may be reached too"), Severity::Notice)
    };
    let hint = "add the addresses of nodes to `except`".to_owned();
    let id = ("ExternalNetwork", &network.name);
    let remark = warning(Lint::AddressOfPod, id, path, (message, Some(hint)));
    Some(Remark { severity, ..remark })
}

/// What two networks have in common, which is the smaller one of the two.
fn shared(one: &IpNet, other: &IpNet) -> Option<IpNet> {
    if one.contains(other) {
        Some(*other)
    } else {
        other.contains(one).then_some(*one)
    }
}
