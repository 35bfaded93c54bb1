//! Ways that no single cluster shows: into other clusters, and through the nodes that pods share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::flow::{End, Ports};
use cofferdam_model::guarantee::{Claim, Hops};
use roaring::RoaringBitmap;

use super::fences::Fences;
use super::words::Words;
use super::{Hop, Reason, Solved};
use crate::facts::Service;
use crate::hops::{Ends, Fleet, Follow, Location, Search, Site, partly};
use crate::parties::Workloads;
use crate::ports::PortSet;
use crate::prove::{Chain, Side};

/// What a way is that had to be supposed.
const SUPPOSED: &str = "a way may lead through a node, over an address of a node or of a load balancer, to a pod that would have to be exposed first, or arrive with addresses that are not declared";

/// A claim that something is never possible.
pub(super) struct Claimed<'a> {
    pub(super) from: &'a End,
    pub(super) to: &'a End,
    pub(super) ports: &'a Ports,
    pub(super) chain: Chain,
}

/// The clusters, and what leads from each to each.
pub(super) struct Chains<'a> {
    pub(super) model: &'a Model,
    pub(super) solved: &'a [Solved<'a>],
    /// The clusters that were not looked at; they stand behind those that were.
    pub(super) unseen: Vec<&'a Cluster>,
    /// None where every claim is about what one cluster shows.
    fleet: Option<Fleet>,
}

/// A search for a way to some ends, and who is on either side of it.
struct Searched<'a> {
    fleet: &'a Fleet,
    /// The cluster where the way begins.
    site: usize,
    sources: &'a [RoaringBitmap],
    ports: &'a PortSet,
    chain: Chain,
    words: Words<'a>,
}

impl Searched<'_> {
    /// The ends that are looked for, by place of the cluster.
    fn targets(&self) -> Vec<RoaringBitmap> {
        let sides = self.words.to.iter().enumerate();
        let ends = sides.map(|(number, side)| ends_of(self.fleet, number, side));
        ends.collect()
    }

    fn search(&self, follow: Follow) -> Search<'_> {
        Search::from(self.fleet, self.sources, follow)
    }
}

/// Destinations by place of the cluster, by their ports.
type Certain = BTreeMap<PortSet, Vec<Side>>;

/// The same where it is not known which of these ports, with why.
type Uncertain = BTreeMap<(PortSet, String), Vec<Side>>;

/// What became of a search.
pub(super) enum Found {
    /// A way.
    Way(Vec<Hop>),
    /// None.
    Nothing {
        /// What there may be nevertheless.
        unless: Vec<Reason>,
        /// What would leave no way that had to be supposed.
        fences: Option<String>,
    },
}

impl<'a> Chains<'a> {
    pub(super) fn new(model: &'a Model, solved: &'a [Solved<'a>]) -> Self {
        let is_seen = |cluster: &&Cluster| {
            let mut seen = solved.iter();
            seen.any(|one| one.ground.cluster.name == cluster.name)
        };
        if !is_needed(model, solved) {
            return Self {
                model,
                solved,
                unseen: Vec::new(),
                fleet: None,
            };
        }
        let unseen: Vec<&Cluster> = model
            .clusters
            .values()
            .filter(|one| !is_seen(one))
            .collect();
        let sites = solved.iter().map(Solved::site);
        let sites = sites.chain(unseen.iter().map(|cluster| Site::unseen(cluster)));
        let sites: Vec<Site> = sites.collect();
        let split = solved.iter().map(Solved::split);
        let split: Vec<Workloads> = split
            .chain(unseen.iter().map(|_| Workloads::new()))
            .collect();
        Self {
            model,
            fleet: Some(Fleet::new(&sites, &split)),
            solved,
            unseen,
        }
    }

    /// The shortest way from a side of one cluster to an end in any of them.
    pub(super) fn follow(&self, site: usize, from: &Side, claim: &Claimed<'_>) -> Found {
        let Some(fleet) = &self.fleet else {
            return Found::Nothing {
                unless: Vec::new(),
                fences: None,
            };
        };
        let mut sources = self.no_ends();
        if let Some(own) = sources.get_mut(site) {
            *own = ends_of(fleet, site, from);
        }
        let mut all_unless: Vec<Reason> = Vec::new();
        let mut hints: BTreeSet<String> = BTreeSet::new();
        let (certain, uncertain) = self.targets(site, claim);
        let searched = |ports, to| Searched {
            fleet,
            site,
            sources: &sources,
            ports,
            chain: claim.chain,
            words: Words {
                fleet,
                solved: self.solved,
                site,
                from,
                to,
            },
        };
        for ((ports, because), sides) in &uncertain {
            all_unless.extend(way_to_uncertain(&searched(ports, sides), because));
        }
        for (ports, sides) in &certain {
            match self.follow_to(&searched(ports, sides), claim) {
                Found::Way(way) => return Found::Way(way),
                Found::Nothing { unless, fences } => {
                    let new = unless.into_iter().filter(|one| !all_unless.contains(one));
                    all_unless.extend(new.collect::<Vec<_>>());
                    hints.extend(fences);
                }
            }
        }
        let hints: Vec<String> = hints.into_iter().collect();
        Found::Nothing {
            unless: all_unless,
            fences: (!hints.is_empty()).then(|| hints.join("; ")),
        }
    }

    fn follow_to(&self, searched: &Searched<'_>, claim: &Claimed<'_>) -> Found {
        let Searched {
            fleet,
            site,
            ports,
            chain,
            ref words,
            ..
        } = *searched;
        let mut targets = searched.targets();
        let mut known = searched.search(Follow::Known);
        if let Some(way) = known.way_to(&targets, ports, chain) {
            return Found::Way(words.told(&way));
        }
        // All nodes are one end here; which of them is reached in one cluster was looked at already.
        for (number, (targets, side)) in targets.iter_mut().zip(words.to).enumerate() {
            if chain == Chain::Any && !side.nodes.is_empty() {
                *targets |= fleet.ends(number).map(Ends::nodes).unwrap_or_default();
            }
        }
        let mut supposed = searched.search(Follow::Supposed);
        let way = supposed.way_to(&targets, ports, chain);
        let unknown = self.unknown_of(site, &supposed.knocked, claim).into_iter();
        let elsewhere = self.may_begin_elsewhere(fleet, site, (&targets, ports), claim);
        let of_nodes = self.nodes_into(fleet, site, (&targets, claim));
        let others = unknown.chain(elsewhere).chain(of_nodes);
        let others = others.map(Reason::from);
        let supposed = way.as_ref().map(|way| Reason {
            message: SUPPOSED.to_owned(),
            way: words.told(way),
        });
        let fences = Fences {
            fleet,
            model: self.model,
            solved: self.solved,
            site,
        };
        let search = |fenced: &[RoaringBitmap]| {
            let search = searched.search(Follow::Supposed);
            search.fencing(fenced).way_to(&targets, ports, chain)
        };
        Found::Nothing {
            unless: supposed.into_iter().chain(others).collect(),
            fences: way.and_then(|way| fences.hint(&way, search)),
        }
    }

    /// The destinations in each cluster, by the ports that are asked about; apart from them those of which the ports are
    /// not known, with why. Cluster services are those of the cluster where a way begins.
    fn targets(&self, site: usize, claim: &Claimed<'_>) -> (Certain, Uncertain) {
        let (mut certain, mut uncertain) = (Certain::new(), Uncertain::new());
        let is_own = |number: usize| number == site || !matches!(claim.to, End::ClusterService(_));
        let numbered = self.solved.iter().enumerate();
        for (number, solved) in numbered.filter(|(number, _)| is_own(*number)) {
            let targets = solved.targets(claim.to, claim.ports).unwrap_or_default();
            for (ports, side) in targets.by_ports {
                let sides = certain.entry(ports).or_insert_with(|| self.no_sides());
                if let Some(own) = sides.get_mut(number) {
                    *own = side;
                }
            }
            // In the cluster itself they were looked at already.
            if let Some((ports, side, because)) = targets.uncertain.filter(|_| number != site) {
                let sides = uncertain.entry((ports, because));
                let sides = sides.or_insert_with(|| self.no_sides());
                if let Some(own) = sides.get_mut(number) {
                    *own = side;
                }
            }
        }
        // Where there is no destination at all, a way into what was not looked at counts nevertheless.
        if certain.is_empty() {
            certain.insert(PortSet::all(), self.no_sides());
        }
        (certain, uncertain)
    }

    fn no_sides(&self) -> Vec<Side> {
        vec![Side::default(); self.solved.len()]
    }

    pub(super) fn no_ends(&self) -> Vec<RoaringBitmap> {
        vec![RoaringBitmap::new(); self.solved.len() + self.unseen.len()]
    }
}

/// The way to ends in other clusters of which the ports are not known.
fn way_to_uncertain(searched: &Searched<'_>, because: &str) -> Option<Reason> {
    let mut search = searched.search(Follow::Supposed);
    let way = search.way_to(&searched.targets(), searched.ports, searched.chain)?;
    Some(Reason {
        message: because.to_owned(),
        way: searched.words.told(&way),
    })
}

/// Whether a claim is about more than each cluster shows alone.
fn is_needed(model: &Model, solved: &[Solved<'_>]) -> bool {
    let mut claims = model.guarantees.values();
    let mut clusters = model.clusters.values();
    let is_declared = |cluster: &Cluster| {
        let network = &cluster.network;
        let mut entered = [
            &network.exposed_cidrs,
            &network.node_cidrs,
            &network.load_balancer_cidrs,
        ]
        .into_iter();
        network.pod_addresses_routed || entered.any(|at| !at.is_empty())
    };
    let is_seen = |one: &Solved<'_>| {
        let facts = one.facts();
        facts.services.iter().any(Service::is_published) || !facts.nodes.is_empty()
    };
    let is_enterable = clusters.any(is_declared)
        || solved.iter().any(is_seen)
        || solved.len() < model.clusters.len();
    let has_hosts = |one: &Solved<'_>| one.facts().pods.iter().any(|pod| pod.place.host_network);
    claims.any(|one| one.hops == Hops::Any) || solved.iter().any(has_hosts) || is_enterable
}

/// A side as ends of a cluster.
fn ends_of(fleet: &Fleet, site: usize, of: &Side) -> RoaringBitmap {
    let Some(ends) = fleet.ends(site) else {
        return RoaringBitmap::new();
    };
    let pods = ends.numbered(|end| end.pods.iter().any(|pod| of.pods.contains(pod)));
    pods.collect::<RoaringBitmap>() | ends.outside(&of.networks)
}

impl Solved<'_> {
    fn site(&self) -> Site {
        let ground = &self.ground;
        let mut location = Location::of(ground.cluster);
        location.pod_networks.clone_from(&ground.pod_networks);
        if ground.tells_exposed {
            location = location.as_seen(self.facts());
        }
        Site {
            solved: self.solution.clone(),
            location: Some(location),
        }
    }

    /// The workloads whose pods stand by themselves: those of which a claim names some, and those in the network of
    /// their nodes, which reach different pods there.
    fn split(&self) -> Workloads {
        let mut split = Workloads::new();
        for guarantee in self.model.guarantees.values() {
            let (Claim::Never { from, to, .. } | Claim::Always { from, to, .. }) = &guarantee.claim;
            for side in [from, to].into_iter().filter_map(|end| self.side(end).ok()) {
                split.extend(partly(&self.solution.classes, |pod| {
                    side.pods.contains(&pod)
                }));
            }
        }
        let pods = self.facts().pods.iter();
        let hosts = pods.filter(|pod| pod.place.host_network);
        split.extend(hosts.map(|pod| (Arc::clone(&pod.namespace), pod.workload.clone())));
        split
    }
}
