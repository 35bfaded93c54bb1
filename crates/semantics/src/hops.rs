//! Chains of connections, from workload to workload and from cluster to cluster.
//!
//! A workload counts as reached as soon as one of its pods may be reached on any port, and then every pod of it is.
//! Where policies tell its pods apart, these stand by themselves. Addresses end a way, unless another cluster is
//! entered there.

mod arrivals;
mod crossing;
mod ends;
mod graph;
mod own_node;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::cluster::{Cluster, Network};
use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use roaring::RoaringBitmap;

use crate::classes::Classes;
use crate::facts::Facts;
use crate::parties::Workloads;
use crate::ports::PortSet;
use crate::published::{Exposed, exposed, published_at};
use crate::solver::{Solved, Solver};
use arrivals::networks_of_nodes;
use crossing::Crossing;
pub(crate) use ends::{End, Ends, What};
use graph::{Graph, Kind};
pub(crate) use search::Search;

/// A cluster through which connections are followed.
#[derive(Debug, Clone)]
pub struct Site {
    /// What was read of it, solved; nothing where it was not looked at.
    pub solved: Solved,
    /// Where it lies among others; none where it stands alone.
    pub location: Option<Location>,
}

/// Where a cluster lies among others.
#[derive(Debug, Clone, Default)]
pub struct Location {
    /// Its name.
    pub name: String,
    /// What is declared of its network.
    pub network: Network,
    /// The networks of its pods.
    pub pod_networks: Vec<IpNet>,
    /// What it exposes to other networks.
    pub exposed: EntryPoints,
    /// Its nodes and its own load balancers; whether other clusters reach these is not known.
    pub nodes: EntryPoints,
    /// Any address, where it exposes something at some that are not known.
    pub anywhere: EntryPoints,
    /// What that is, one line each.
    pub unaddressed: BTreeSet<String>,
}

/// Addresses at which connections into a cluster are accepted and led to pods.
#[derive(Debug, Clone, Default)]
pub struct EntryPoints {
    /// The addresses.
    pub at: Vec<IpNet>,
    /// The pods behind them; none where that was not looked at.
    pub behind: Option<Exposed>,
}

impl Site {
    /// A cluster that was not looked at.
    pub fn unseen(cluster: &Cluster) -> Self {
        Self {
            solved: Solver::default().solve(&Arc::default(), &[]),
            location: Some(Location::unseen(cluster)),
        }
    }
}

impl Location {
    /// As a document declares it.
    pub fn of(cluster: &Cluster) -> Self {
        let nodes = cluster.network.node_cidrs.iter();
        let balancers = &cluster.network.load_balancer_cidrs;
        Self {
            name: cluster.name.to_string(),
            network: cluster.network.clone(),
            pod_networks: cluster.network.pod_cidrs.clone(),
            exposed: EntryPoints::at(cluster.network.exposed_cidrs.iter().copied()),
            nodes: EntryPoints::at(nodes.chain(balancers).copied()),
            ..Self::default()
        }
    }

    /// Of a cluster that was not looked at: where nothing is declared it may expose something at any address.
    fn unseen(cluster: &Cluster) -> Self {
        let mut location = Self::of(cluster);
        if location.exposed.at.is_empty() {
            let name = &location.name;
            location.unaddressed.insert(format!(
                "which addresses cluster `{name}` exposes is not declared (`network.exposedCidrs`)"
            ));
            location.anywhere = EntryPoints::at(routed());
        }
        location
    }

    /// With what a live cluster tells: the addresses of its load balancers and nodes, and who is behind them.
    #[must_use]
    pub fn as_seen(mut self, facts: &Facts) -> Self {
        let nodes = networks_of_nodes(&self, facts);
        self.nodes.add(nodes, facts);
        self.exposed
            .add(published_at(facts).map(IpNet::from), facts);
        let services = facts.services.iter();
        let unaddressed = services.filter(|service| !service.balancer_names.is_empty());
        self.unaddressed.extend(unaddressed.map(|service| {
            format!(
                "at which addresses {} of cluster `{}` is reached is not known, its load balancer is {}",
                service.key(), self.name, service.balancer_names.join(", ")
            )
        }));
        if !self.unaddressed.is_empty() {
            self.anywhere.add(routed(), facts);
        }
        self
    }
}

impl EntryPoints {
    /// At these addresses, of which it is not known who is behind them.
    pub fn at(addresses: impl IntoIterator<Item = IpNet>) -> Self {
        Self {
            at: addresses.into_iter().collect(),
            behind: None,
        }
    }

    fn add(&mut self, seen: impl IntoIterator<Item = IpNet>, facts: &Facts) {
        self.at.extend(seen);
        self.behind = Some(exposed(facts, &self.at));
    }
}

/// Every address that leads further than a link.
fn routed() -> impl Iterator<Item = IpNet> {
    let v4 = [
        ([0, 0, 0, 0], [169, 253, 255, 255]),
        ([169, 255, 0, 0], [255; 4]),
    ];
    let v4 = v4.map(|(first, last)| Ipv4Subnets::new(first.into(), last.into(), 0));
    let last = [
        0xfe7f, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff,
    ];
    let v6 = [([0; 8], last), ([0xfec0, 0, 0, 0, 0, 0, 0, 0], [0xffff; 8])];
    let v6 = v6.map(|(first, last)| Ipv6Subnets::new(first.into(), last.into(), 0));
    let v4 = v4.into_iter().flatten().map(IpNet::V4);
    v4.chain(v6.into_iter().flatten().map(IpNet::V6))
}

/// An end of a connection in one of the clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stop {
    /// The cluster, by its place.
    pub(crate) site: usize,
    /// The end, by its number there.
    pub(crate) end: u32,
}

/// Which connections are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Those that policies let through.
    Known,
    /// Also those between pods and the node on which they run, those that may arrive with addresses that nobody declared,
    /// and those to pods that would have to be exposed first.
    Supposed,
}

/// Clusters, and what leads from each to each.
#[derive(Debug)]
pub(crate) struct Fleet {
    graphs: Vec<Graph>,
    crossings: BTreeMap<(usize, usize), Crossing>,
}

impl Fleet {
    /// Of the workloads in `split`, by place of the cluster, every pod stands by itself.
    pub(crate) fn new(sites: &[Site], split: &[Workloads]) -> Self {
        let graphs = sites.iter().zip(split).map(|(site, split)| {
            let Solved { classes, under } = &site.solved;
            Graph::new(Arc::clone(under), Ends::of(classes, split))
        });
        let graphs: Vec<Graph> = graphs.collect();
        let located = || {
            let numbered = sites.iter().zip(&graphs).enumerate();
            numbered.filter_map(|(number, (site, graph))| {
                Some((number, graph, site.location.as_ref()?))
            })
        };
        let mut crossings = BTreeMap::new();
        for (from, source, at) in located() {
            let within = Crossing::within(source, at);
            crossings.extend(within.map(|crossing| ((from, from), crossing)));
            for (to, destination, towards) in located().filter(|(to, ..)| *to != from) {
                let crossing = Crossing::new((source, at), (destination, towards));
                crossings.extend(crossing.map(|crossing| ((from, to), crossing)));
            }
        }
        Self { graphs, crossings }
    }

    /// The ends of a cluster.
    pub(crate) fn ends(&self, site: usize) -> Option<&Ends> {
        self.graphs.get(site).map(|graph| &graph.ends)
    }

    /// An end.
    pub(crate) fn end(&self, stop: Stop) -> Option<&End> {
        self.ends(stop.site)?.get(stop.end)
    }

    /// Every end of all clusters of which something holds.
    pub(crate) fn numbered(&self, holds: impl Fn(usize, &End) -> bool) -> Vec<RoaringBitmap> {
        let numbered = self.graphs.iter().enumerate();
        numbered
            .map(|(site, graph)| graph.ends.numbered(|end| holds(site, end)).collect())
            .collect()
    }

    /// Whom an end reaches directly, by place of the cluster; itself among them where its pods reach each other.
    pub(crate) fn direct(&self, from: Stop, follow: Follow) -> Vec<(usize, RoaringBitmap)> {
        let Some(graph) = self.graphs.get(from.site) else {
            return Vec::new();
        };
        let mut all = vec![(from.site, graph.direct(from.end, follow))];
        for (to, crossing) in self.crossings_from(from.site) {
            all.push((to, crossing.targets(graph, from.end, follow)));
        }
        all
    }

    /// Whom an end reaches in its own cluster because one of the two is the node on which the other runs.
    pub(crate) fn beside(&self, from: Stop) -> RoaringBitmap {
        let graph = self.graphs.get(from.site);
        graph.map_or_else(RoaringBitmap::new, |graph| graph.beside(from.end))
    }

    /// On which ports one end reaches another.
    pub(crate) fn ports(&self, from: Stop, to: Stop, follow: Follow) -> PortSet {
        let Some(graph) = self.graphs.get(from.site) else {
            return PortSet::none();
        };
        let crossing = self.crossings.get(&(from.site, to.site));
        let across = crossing.map_or_else(PortSet::none, |one| {
            one.ports(graph, (from.end, to.end), follow)
        });
        if from.site == to.site {
            return across.or(&graph.ports(from.end, to.end, follow));
        }
        across
    }

    /// Some ends, and whatever these reach in any number of connections of what is in `among`, by place of the cluster.
    pub(crate) fn closure(
        &self,
        some: Vec<RoaringBitmap>,
        among: &[RoaringBitmap],
    ) -> Vec<RoaringBitmap> {
        let mut taken = BTreeSet::new();
        let mut edge = some.clone();
        let mut all = some;
        while edge.iter().any(|edge| !edge.is_empty()) {
            let mut next = vec![RoaringBitmap::new(); edge.len()];
            for from in stops(&edge) {
                let kind = self.kind(from, Follow::Supposed);
                if kind.is_some_and(|kind| !taken.insert(kind)) {
                    continue;
                }
                for (site, reached) in self.direct(from, Follow::Supposed) {
                    if let Some((next, among)) = next.get_mut(site).zip(among.get(site)) {
                        *next |= reached & among;
                    }
                }
            }
            for ((all, edge), next) in all.iter_mut().zip(&mut edge).zip(next) {
                *edge = next - &*all;
                *all |= &*edge;
            }
        }
        all
    }

    /// What ends share that reach the same, and are reached alike in their own cluster; none of one whose node makes a
    /// difference.
    pub(crate) fn kind(&self, stop: Stop, follow: Follow) -> Option<(usize, Kind, Option<usize>)> {
        let graph = self.graphs.get(stop.site)?;
        let kind = graph.kind(stop.end, follow)?;
        let back = self.crossings.get(&(stop.site, stop.site));
        let back = back.and_then(|one| one.way_back(stop.end, follow));
        Some((stop.site, kind, back))
    }

    /// The clusters at whose addresses an end may knock, whatever lets it in there.
    pub(crate) fn knocks_at(&self, from: Stop) -> impl Iterator<Item = usize> {
        let row = self.graphs.get(from.site).map(|graph| graph.row(from.end));
        let row = row.unwrap_or_default();
        let crossings = self.crossings_from(from.site);
        let knocks = crossings.filter(move |(_, crossing)| crossing.is_knocked(&row));
        knocks.map(|(to, _)| to)
    }

    /// Whom a cluster lets another reach, whatever this one lets out.
    pub(crate) fn let_in(&self, from: usize, to: usize) -> RoaringBitmap {
        let crossing = self.crossings.get(&(from, to));
        crossing.map_or_else(RoaringBitmap::new, Crossing::let_in)
    }

    /// What had to be supposed of connections from one cluster to another, by their places, one line each.
    pub(crate) fn supposed(&self, pairs: &BTreeSet<(usize, usize)>) -> BTreeSet<String> {
        let crossings = pairs.iter().filter_map(|pair| self.crossings.get(pair));
        crossings
            .flat_map(|one| one.supposed.iter().cloned())
            .collect()
    }

    fn crossings_from(&self, from: usize) -> impl Iterator<Item = (usize, &Crossing)> {
        let own = self.crossings.range((from, 0)..=(from, usize::MAX));
        own.map(|((_, to), crossing)| (*to, crossing))
    }
}

/// Ends by place of the cluster, one by one.
pub(crate) fn stops(ends: &[RoaringBitmap]) -> impl Iterator<Item = Stop> {
    let sites = ends.iter().enumerate();
    sites.flat_map(|(site, ends)| ends.iter().map(move |end| Stop { site, end }))
}

/// The workloads of which some pods are meant and others are not.
pub(crate) fn partly(classes: &Classes, is_meant: impl Fn(usize) -> bool) -> Workloads {
    let mut seen: BTreeMap<_, (bool, bool)> = BTreeMap::new();
    for (place, pod) in classes.facts().pods.iter().enumerate() {
        let of = (Arc::clone(&pod.namespace), pod.workload.clone());
        let (some, others) = seen.entry(of).or_default();
        let is_one = is_meant(place);
        *some |= is_one;
        *others |= !is_one;
    }
    let partly = seen.into_iter().filter(|(_, kinds)| *kinds == (true, true));
    partly.map(|(workload, _)| workload).collect()
}
