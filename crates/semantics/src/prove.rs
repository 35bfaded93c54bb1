//! Claims about what must never, or always, be possible: proved, or with a witness against them.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use crate::connectivity::{Block, Connectivity, Endpoint};
use crate::ports::PortSet;
use kinds::Kinds;

/// An end of a claim.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// Pods, by their places in the facts.
    pub pods: BTreeSet<usize>,
    /// Addresses outside.
    pub networks: Vec<IpNet>,
    /// Addresses of nodes.
    pub nodes: BTreeSet<IpAddr>,
}

impl Side {
    /// Addresses outside.
    pub fn at(networks: Vec<IpNet>) -> Self {
        Self {
            networks,
            ..Self::default()
        }
    }

    /// Adds another.
    pub fn extend(&mut self, other: Self) {
        let Self {
            pods,
            networks,
            nodes,
        } = other;
        self.pods.extend(pods);
        self.networks.extend(networks);
        self.nodes.extend(nodes);
    }

    /// Whether nobody is on it.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty() && self.networks.is_empty() && self.nodes.is_empty()
    }
}

/// Connections that show a claim false: each begins where the one before it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// From the first end to the last.
    pub steps: Vec<Step>,
}

/// A connection that is possible, or that is not and should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who opens it.
    pub from: Endpoint,
    /// Who accepts it.
    pub to: Endpoint,
    /// On which ports.
    pub ports: PortSet,
}

/// How many connections a chain may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chain {
    /// One.
    Direct,
    /// Any number, through pods.
    Any,
}

/// The shortest way from one side to the other that is possible, where there is one, `blocks` being all that is; the last connection of it is on one of
/// `ports`.
///
/// A pod that is on both sides is no way to itself; pods of one template are to each other.
pub fn way(
    connectivity: &Connectivity,
    blocks: &[Block],
    (from, to): (&Side, &Side),
    ports: &PortSet,
    chain: Chain,
) -> Option<Witness> {
    let kinds = Kinds::new(connectivity, from, to);
    // What blocks do not tell: what a pod in the network of its node reaches because it is that node.
    if let Some(step) = on_own_node(connectivity, (from, to), ports) {
        return Some(Witness { steps: vec![step] });
    }
    let mut search = Search::new(&kinds);
    loop {
        if let Some(witness) = search.arrives(blocks, ports) {
            return Some(witness);
        }
        if chain == Chain::Direct || !search.goes_on(blocks) {
            return None;
        }
    }
}

/// A pair of which one may not certainly reach the other on all of `ports`, with the ports that are missing.
pub fn gap(
    connectivity: &Connectivity,
    (from, to): (&Side, &Side),
    ports: &PortSet,
) -> Option<Step> {
    let ends = |side: &Side| -> Vec<Endpoint> {
        let pods = side.pods.iter().map(|pod| Endpoint::Pod(*pod));
        let samples = side
            .networks
            .iter()
            .flat_map(|one| connectivity.classes().samples(one));
        let addresses = samples
            .map(|(first, _)| first)
            .chain(side.nodes.iter().copied());
        pods.chain(addresses.map(Endpoint::Address)).collect()
    };
    let targets = ends(to);
    for from in ends(from) {
        for to in targets
            .iter()
            .filter(|to| **to != from || connectivity.is_several(from))
        {
            let missing = ports.without(&connectivity.allowed(from, *to).certain);
            if !missing.is_empty() {
                let to = *to;
                return Some(Step {
                    from,
                    to,
                    ports: missing,
                });
            }
        }
    }
    None
}

fn on_own_node(
    connectivity: &Connectivity,
    (from, to): (&Side, &Side),
    ports: &PortSet,
) -> Option<Step> {
    let facts = connectivity.facts();
    let is_host = |pod: &usize| {
        facts
            .pods
            .get(*pod)
            .is_some_and(|pod| pod.place.host_network)
    };
    let pairs = from
        .pods
        .iter()
        .flat_map(|from| to.pods.iter().map(move |to| (from, to)));
    let of_pods = pairs
        .filter(|(from, to)| is_host(from) != is_host(to))
        .map(|(from, to)| (Endpoint::Pod(*from), Endpoint::Pod(*to)));
    // The own node of a pod by its addresses.
    let beside = |pods: &BTreeSet<usize>, nodes: &BTreeSet<IpAddr>| -> Vec<(Endpoint, Endpoint)> {
        let pods = pods.iter().filter(|_| !nodes.is_empty());
        let pairs = pods.flat_map(|number| {
            let pod = facts
                .pods
                .get(*number)
                .filter(|pod| !pod.place.host_network);
            let own = pod
                .into_iter()
                .flat_map(|pod| facts.addresses_of_its_node(pod));
            let own = own.filter(|address| nodes.contains(address));
            own.map(|address| (Endpoint::Pod(*number), Endpoint::Address(address)))
        });
        pairs.collect()
    };
    let to_nodes = beside(&from.pods, &to.nodes);
    let from_nodes = beside(&to.pods, &from.nodes);
    let from_nodes = from_nodes.into_iter().map(|(pod, node)| (node, pod));
    let mut steps = of_pods.chain(to_nodes).chain(from_nodes).map(|(from, to)| {
        let ports = connectivity.allowed_as_known(from, to).possible.and(ports);
        Step { from, to, ports }
    });
    steps.find(|step| !step.ports.is_empty())
}

/// A search that goes one connection further at a time, from kind to kind.
struct Search<'a> {
    kinds: &'a Kinds,
    /// Every kind that was reached, with the one before it and the ports on which it was reached from there.
    reached: BTreeMap<usize, Option<(usize, PortSet)>>,
    /// Those that were reached last.
    edge: BTreeSet<usize>,
}

impl<'a> Search<'a> {
    fn new(kinds: &'a Kinds) -> Self {
        let edge: BTreeSet<usize> = kinds.sources().collect();
        let reached = edge.iter().map(|kind| (*kind, None)).collect();
        Self {
            kinds,
            reached,
            edge,
        }
    }

    /// The way, where the next connection can be the last.
    fn arrives(&self, blocks: &[Block], ports: &PortSet) -> Option<Witness> {
        blocks.iter().find_map(|block| {
            let last = block.allowed.possible.and(ports);
            if last.is_empty() {
                return None;
            }
            let mut through = self.kinds.within(&block.from, &self.edge);
            let (kind, from, to) = through.find_map(|kind| {
                let members = self.members(kind);
                let (from, to) = self.kinds.pair(members, &block.to)?;
                Some((kind, from, to))
            })?;
            Some(self.told(
                kind,
                Step {
                    from,
                    to,
                    ports: last,
                },
            ))
        })
    }

    /// Whether there is anything that one more connection reaches.
    fn goes_on(&mut self, blocks: &[Block]) -> bool {
        let mut next = BTreeSet::new();
        for block in blocks {
            let Some(through) = self.kinds.within(&block.from, &self.edge).next() else {
                continue;
            };
            for kind in self.kinds.of_pods(&block.to) {
                self.reached.entry(kind).or_insert_with(|| {
                    next.insert(kind);
                    Some((through, block.allowed.possible.clone()))
                });
            }
        }
        self.edge = next;
        !self.edge.is_empty()
    }

    /// Who is there of a kind: of those where the search began, only these.
    fn members(&self, kind: usize) -> &[Endpoint] {
        match self.reached.get(&kind) {
            Some(None) => self.kinds.from(kind),
            Some(Some(_)) | None => self.kinds.pods(kind),
        }
    }

    /// The way to the last connection, and that itself.
    fn told(&self, kind: usize, last: Step) -> Witness {
        let mut to = last.from;
        let mut steps = vec![last];
        let mut at = kind;
        while let Some(Some((before, ports))) = self.reached.get(&at) {
            let Some(from) = self.members(*before).first().copied() else {
                break;
            };
            let ports = ports.clone();
            steps.push(Step { from, to, ports });
            (at, to) = (*before, from);
        }
        steps.reverse();
        Witness { steps }
    }
}
