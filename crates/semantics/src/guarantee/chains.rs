//! Ways that no single cluster shows: into other clusters, and through the nodes that pods share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::flow::{End, Ports};
use cofferdam_model::guarantee::{Claim, Hops};
use roaring::RoaringBitmap;

use super::fences::Fences;
use super::{Hop, Reason, Solved, Stop};
use crate::hops::{self, Ends, Fleet, Follow, Location, Search, Site, What, partly};
use crate::parties::Workloads;
use crate::ports::PortSet;
use crate::prove::{Chain, Side};
use crate::services::published_at;

/// What a way is that had to be supposed.
const SUPPOSED: &str = "a way may lead through a node that pods share, over the addresses of nodes of another cluster, to a pod that would have to be exposed first, or arrive with addresses that are not declared";

/// A claim that something is never possible.
pub(super) struct Claimed<'a> {
    pub(super) from: &'a End,
    pub(super) to: &'a End,
    pub(super) ports: &'a Ports,
    pub(super) chain: Chain,
}

/// The clusters, and what leads from each to each.
pub(super) struct Chains<'a> {
    model: &'a Model,
    solved: &'a [Solved<'a>],
    /// The clusters that were not looked at; they stand behind those that were.
    unseen: Vec<&'a Cluster>,
    /// None where every claim is about what one cluster shows.
    fleet: Option<Fleet>,
}

/// A search for a way, and who is on either side of it.
struct Searched<'a> {
    sources: &'a [RoaringBitmap],
    from: &'a Side,
    ports: &'a PortSet,
    /// By place of the cluster.
    sides: &'a [Side],
}

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
        let mut all_unless = Vec::new();
        let mut hints: BTreeSet<String> = BTreeSet::new();
        for (ports, sides) in self.targets(site, claim) {
            let searched = Searched {
                sources: &sources,
                from,
                ports: &ports,
                sides: &sides,
            };
            match self.follow_to(fleet, site, &searched, claim) {
                Found::Way(way) => return Found::Way(way),
                Found::Nothing { unless, fences } => {
                    all_unless.extend(unless);
                    hints.extend(fences);
                }
            }
        }
        all_unless.dedup();
        let hints: Vec<String> = hints.into_iter().collect();
        Found::Nothing {
            unless: all_unless,
            fences: (!hints.is_empty()).then(|| hints.join("; ")),
        }
    }

    fn follow_to(
        &self,
        fleet: &Fleet,
        site: usize,
        searched: &Searched<'_>,
        claim: &Claimed<'_>,
    ) -> Found {
        let Searched {
            sources,
            from,
            ports,
            sides,
        } = *searched;
        let numbered = sides.iter().enumerate();
        let mut targets: Vec<RoaringBitmap> = numbered
            .map(|(number, side)| ends_of(fleet, number, side))
            .collect();
        let words = Words {
            fleet,
            solved: self.solved,
            site,
            from,
            to: sides,
        };
        let mut known = Search::from(fleet, sources, Follow::Known);
        if let Some(way) = known.way_to(&targets, ports, claim.chain) {
            return Found::Way(words.told(&way));
        }
        // All nodes are one end here; which of them is reached in one cluster was looked at already.
        let of_nodes = |side: &Side| claim.chain == Chain::Any && !side.nodes.is_empty();
        let numbered = targets.iter_mut().zip(sides).enumerate();
        for (number, (targets, _)) in numbered.filter(|(_, (_, side))| of_nodes(side)) {
            let ends = fleet.ends(number);
            *targets |= ends.map(Ends::nodes).unwrap_or_default();
        }
        let mut supposed = Search::from(fleet, sources, Follow::Supposed);
        let way = supposed.way_to(&targets, ports, claim.chain);
        let unknown = self.unknown_of(site, &supposed.knocked, claim).into_iter();
        let elsewhere = self.may_begin_elsewhere(fleet, site, (&targets, ports), claim);
        let others = unknown.chain(elsewhere).map(Reason::from);
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
            let search = Search::from(fleet, sources, Follow::Supposed);
            search.fencing(fenced).way_to(&targets, ports, claim.chain)
        };
        Found::Nothing {
            unless: supposed.into_iter().chain(others).collect(),
            fences: way.and_then(|way| fences.hint(&way, search)),
        }
    }

    /// The destinations in each cluster, by the ports that are asked about. Cluster services are those of the cluster
    /// where a way begins.
    fn targets(&self, site: usize, claim: &Claimed<'_>) -> BTreeMap<PortSet, Vec<Side>> {
        let mut all: BTreeMap<PortSet, Vec<Side>> = BTreeMap::new();
        let is_own = |number: usize| number == site || !matches!(claim.to, End::ClusterService(_));
        let numbered = self.solved.iter().enumerate();
        for (number, solved) in numbered.filter(|(number, _)| is_own(*number)) {
            let targets = solved.targets(claim.to, claim.ports).unwrap_or_default();
            for (ports, side) in targets.by_ports {
                let sides = all.entry(ports);
                let sides = sides.or_insert_with(|| vec![Side::default(); self.solved.len()]);
                if let Some(own) = sides.get_mut(number) {
                    *own = side;
                }
            }
        }
        all
    }

    /// What is not known of clusters that may be entered.
    fn unknown_of(
        &self,
        site: usize,
        knocked: &BTreeSet<(usize, usize)>,
        claim: &Claimed<'_>,
    ) -> Vec<String> {
        let entered: BTreeSet<usize> = knocked.iter().map(|(_, to)| *to).collect();
        let others = entered.into_iter().filter(|other| *other != site);
        let counts =
            |cluster: &Cluster| claim.chain == Chain::Any || self.may_have(cluster, claim.to);
        let reasons = others.flat_map(|other| {
            if let Some(solved) = self.solved.get(other) {
                let name = &solved.ground.cluster.name;
                let gaps = solved.gaps.iter().filter(|_| counts(solved.ground.cluster));
                return gaps.map(|gap| format!("cluster `{name}`: {gap}")).collect();
            }
            let unseen = self.unseen.get(other.saturating_sub(self.solved.len()));
            let told = unseen.filter(|cluster| counts(cluster));
            let told = told.map(|Cluster { name, .. }| {
                format!("a way leads into cluster `{name}`, which was not looked at")
            });
            Vec::from_iter(told)
        });
        reasons.collect()
    }

    /// The clusters that were not looked at, and from where something is let in that leads to the end of a claim.
    fn may_begin_elsewhere(
        &self,
        fleet: &Fleet,
        site: usize,
        (targets, ports): (&[RoaringBitmap], &PortSet),
        claim: &Claimed<'_>,
    ) -> Vec<String> {
        let numbered = (self.solved.len()..).zip(&self.unseen);
        let origins = numbered.filter(|(_, cluster)| self.may_have(cluster, claim.from));
        let leading = origins.filter(|(number, _)| {
            let let_in = fleet.let_in(*number, site);
            let own = targets.get(site);
            if own.is_some_and(|own| !own.is_disjoint(&let_in)) {
                return true;
            }
            let mut sources = self.no_ends();
            if let Some(sources) = sources.get_mut(site) {
                *sources = let_in;
            }
            let mut search = Search::from(fleet, &sources, Follow::Supposed);
            let mut way = || search.way_to(targets, ports, claim.chain);
            claim.chain == Chain::Any && way().is_some()
        });
        let told = leading.map(|(_, Cluster { name, .. })| {
            format!("a way may begin in cluster `{name}`, which was not looked at")
        });
        told.collect()
    }

    /// Whether an end is, by the model, one of pods that a cluster may have.
    fn may_have(&self, cluster: &Cluster, end: &End) -> bool {
        let End::Pods(pods) = end else {
            return false;
        };
        let domain = self.model.trust_domain_of(cluster);
        let zones = self.model.zones.values();
        let mut zones = zones.filter(|zone| pods.zones.contains(&zone.name));
        zones.any(|zone| domain.is_some_and(|domain| zone.trust_domains.contains(&domain.name)))
    }

    fn no_ends(&self) -> Vec<RoaringBitmap> {
        vec![RoaringBitmap::new(); self.solved.len() + self.unseen.len()]
    }
}

/// Whether a claim is about more than each cluster shows alone.
fn is_needed(model: &Model, solved: &[Solved<'_>]) -> bool {
    let mut claims = model.guarantees.values();
    let mut clusters = model.clusters.values();
    let is_declared = |cluster: &Cluster| {
        let at = Location::of(cluster);
        let entry_points = [at.exposed.at, at.nodes.at];
        at.network.pod_addresses_routed || !entry_points.concat().is_empty()
    };
    let is_seen = |one: &Solved<'_>| {
        let facts = one.facts();
        published_at(facts).next().is_some() || !facts.nodes.is_empty()
    };
    let is_enterable = clusters.any(is_declared) || solved.iter().any(is_seen);
    claims.any(|one| one.hops == Hops::Any) || model.clusters.len() > 1 && is_enterable
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

/// Ends with names.
struct Words<'a> {
    fleet: &'a Fleet,
    solved: &'a [Solved<'a>],
    /// The cluster of which something is proved.
    site: usize,
    from: &'a Side,
    to: &'a [Side],
}

impl Words<'_> {
    fn told(&self, way: &[(hops::Stop, PortSet)]) -> Vec<Hop> {
        let pairs = way.iter().zip(way.iter().skip(1));
        let hops = pairs.map(|((from, _), (to, ports))| Hop {
            from: self.stop(*from, Some(self.from)),
            to: self.stop(*to, self.to.get(to.site)),
            ports: ports.to_string(),
        });
        hops.collect()
    }

    fn stop(&self, stop: hops::Stop, side: Option<&Side>) -> Stop {
        let elsewhere = self.solved.get(stop.site);
        let elsewhere = elsewhere.filter(|_| stop.site != self.site);
        Stop {
            cluster: elsewhere.map(|solved| solved.ground.cluster.name.to_string()),
            name: self.name(stop, side).unwrap_or_default(),
        }
    }

    fn name(&self, stop: hops::Stop, side: Option<&Side>) -> Option<String> {
        let ends = self.fleet.ends(stop.site)?;
        match &ends.get(stop.end)?.what {
            What::Pods(party) => Some(party.to_string()),
            What::Nodes => Some("nodes".to_owned()),
            What::Outside(..) => {
                let networks = side.map(|side| side.networks.as_slice());
                let classes = &self.solved.get(stop.site)?.solution.classes;
                let parts = networks.into_iter().flatten();
                let mut parts = parts.flat_map(|network| classes.samples(network));
                let first = parts.find(|(first, _)| ends.outside_at(*first) == Some(stop.end));
                first.map(|(first, _)| first.to_string())
            }
        }
    }
}
