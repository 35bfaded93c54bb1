//! Addresses outside of a cluster must not be those of its own pods or services: some network plugins
//! match `ipBlock` against these too, and then the rule joins pods that no flow joins.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::cluster::{Cluster, IngressSource};
use cofferdam_model::external_network::ExternalNetwork;
use cofferdam_model::flow::{Across, ClusterService, End, Flow};
use cofferdam_model::names::{ClusterName, ExternalNetworkName};
use cofferdam_model::networks::{cover, covering, outermost, range_networks, within};
use ipnet::IpNet;

use super::addresses::pod_cidrs;
use crate::rules::Court;
use crate::rules::presence::pairs;

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    let all = Addresses::of(model);
    let mut found = BTreeSet::new();
    // Many flows may go to one network.
    let mut externals: BTreeSet<(&ExternalNetworkName, &ClusterName)> = BTreeSet::new();
    for flow in model.flows.values() {
        let across = matches!(flow.across, Across::Clusters { .. });
        if !across && matches!((&flow.from, &flow.to), (End::Pods(_), End::Pods(_))) {
            continue;
        }
        for (source, destination) in pairs(model, flow) {
            let (cluster, end) = match (&flow.from, &flow.to) {
                (End::Pods(_), End::Pods(_)) => {
                    found.extend(all.across(source, destination));
                    continue;
                }
                (End::Pods(_), other) => (source, other),
                (other, _) => (destination, other),
            };
            match end {
                End::ExternalNetwork(name) => {
                    externals.insert((name, &cluster.name));
                }
                End::Internet | End::ClusterService(_) | End::Pods(_) => {
                    found.extend(all.outside(flow, cluster, end));
                }
            }
        }
    }
    for (network, cluster) in externals {
        if let Some(network) = model.external_networks.get(network) {
            found.extend(all.external(network, cluster));
        }
    }
    for Fault {
        kind,
        name,
        path,
        named,
        hit: (cluster, own),
    } in found
    {
        let message = format!(
            "addresses {named} overlap {own}, which are pods or services of cluster `{cluster}` itself"
        );
        let hint = if kind == "Cluster" {
            "say more exactly which addresses these are".to_owned()
        } else {
            format!("add {own} to `except`")
        };
        court
            .on(kind, &name)
            .error(&path, "overlapping-addresses", message)
            .hint(hint);
    }
}

/// Networks in a document, and what they meet in a cluster.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    kind: &'static str,
    name: String,
    path: String,
    named: IpNet,
    hit: (String, IpNet),
}

/// What is asked of every pair of clusters again and again.
struct Addresses<'a> {
    model: &'a Model,
    /// The outermost networks of each cluster's pods and services.
    own: BTreeMap<&'a ClusterName, BTreeSet<IpNet>>,
}

impl<'a> Addresses<'a> {
    fn of(model: &'a Model) -> Self {
        let clusters = model.clusters.values();
        Self {
            model,
            own: clusters
                .map(|cluster| (&cluster.name, own(model, cluster)))
                .collect(),
        }
    }

    /// What a flow across clusters says in either of them; pods whose addresses are routed are compared
    /// where all addresses of the two are.
    fn across(&self, source: &Cluster, destination: &Cluster) -> Vec<Fault> {
        let mut found = Vec::new();
        if !destination.network.pod_addresses_routed {
            let exposed = ("exposedCidrs", destination.network.exposed_cidrs.clone());
            found.extend(self.declared(source, (destination, exposed)));
        }
        if !source.network.pod_addresses_routed {
            found.extend(self.arriving(source, destination));
        }
        found
    }

    /// What the destination lets in, by what it sees as source.
    fn arriving(&self, source: &Cluster, destination: &Cluster) -> Option<Fault> {
        let owner = match destination.network.ingress_source {
            IngressSource::Client => source,
            IngressSource::Node | IngressSource::LoadBalancer => destination,
        };
        let addresses = match destination.network.ingress_source {
            IngressSource::Client => ("egressCidrs", owner.network.egress_cidrs.clone()),
            IngressSource::Node => ("nodeCidrs", nodes(self.model, owner)),
            IngressSource::LoadBalancer => {
                let cidrs = owner.network.load_balancer_cidrs.clone();
                ("loadBalancerCidrs", cidrs)
            }
        };
        self.declared(destination, (owner, addresses))
    }

    /// What a flow between pods of a cluster and nodes or the internet says there.
    fn outside(&self, flow: &Flow, cluster: &Cluster, end: &End) -> Option<Fault> {
        match end {
            End::ClusterService(ClusterService::Nodes) => {
                let addresses = ("nodeCidrs", nodes(self.model, cluster));
                self.declared(cluster, (cluster, addresses))
            }
            // Clients of the internet are never taken for pods: their own addresses are left out.
            End::Internet
                if flow.from == End::Internet
                    && cluster.network.ingress_source != IngressSource::Client =>
            {
                self.arriving(cluster, cluster)
            }
            End::Internet | End::ClusterService(_) | End::Pods(_) | End::ExternalNetwork(_) => None,
        }
    }

    /// The networks of a document that mean pods or services of a cluster.
    fn external(&self, network: &ExternalNetwork, cluster: &ClusterName) -> Vec<Fault> {
        let Some(own) = self.own.get(cluster) else {
            return Vec::new();
        };
        let except = outermost(network.except.iter().copied());
        let cidrs = network.cidrs.iter().enumerate();
        let cidrs = cidrs.map(|(index, net)| (format!("spec.cidrs[{index}]"), vec![*net]));
        let ranges = network.ranges.iter().enumerate();
        let ranges = ranges.map(|(index, (first, last))| {
            let nets = range_networks(*first, *last);
            (format!("spec.ranges[{index}]"), nets)
        });
        cidrs
            .chain(ranges)
            .filter_map(|(path, nets)| {
                let mut hits = nets.iter().flat_map(|net| {
                    let met = met(own, net);
                    met.map(move |own| (*net, own))
                });
                // The smaller one of the two is what they share.
                let (named, hit) = hits.find(|(net, own)| {
                    let shared = if net.contains(own) { own } else { net };
                    !cover(&except, shared)
                })?;
                Some(Fault {
                    kind: "ExternalNetwork",
                    name: network.name.to_string(),
                    path,
                    named,
                    hit: (cluster.to_string(), hit),
                })
            })
            .collect()
    }

    /// The first network of a Cluster document that means pods or services of a cluster.
    fn declared(
        &self,
        cluster: &Cluster,
        (owner, (field, addresses)): (&Cluster, (&str, Vec<IpNet>)),
    ) -> Option<Fault> {
        let own = self.own.get(&cluster.name)?;
        let mut hits = addresses
            .iter()
            .filter_map(|net| Some((*net, met(own, net).next()?)));
        let (named, hit) = hits.next()?;
        Some(Fault {
            kind: "Cluster",
            name: owner.name.to_string(),
            path: format!("spec.network.{field}"),
            named,
            hit: (cluster.name.to_string(), hit),
        })
    }
}

/// Addresses of a cluster's nodes, declared or else stored.
pub(crate) fn nodes(model: &Model, cluster: &Cluster) -> Vec<IpNet> {
    let declared = &cluster.network.node_cidrs;
    if !declared.is_empty() {
        return declared.clone();
    }
    let stored = model.capabilities.get(&cluster.name).into_iter();
    stored
        .flat_map(|seen| seen.node_addresses.iter().copied().map(IpNet::from))
        .collect()
}

/// Addresses of a cluster's pods and services.
fn own(model: &Model, cluster: &Cluster) -> BTreeSet<IpNet> {
    let stored = model.capabilities.get(&cluster.name).into_iter();
    let services = stored.flat_map(|seen| seen.service_cidrs.iter().copied());
    outermost(pod_cidrs(model, cluster).into_iter().chain(services))
}

/// Those of the outermost networks that share an address with a network.
fn met<'a>(
    outermost: &'a BTreeSet<IpNet>,
    network: &'a IpNet,
) -> impl Iterator<Item = IpNet> + use<'a> {
    let around = covering(outermost, network).filter(|around| *around != network);
    around
        .into_iter()
        .chain(within(outermost, network))
        .copied()
}
