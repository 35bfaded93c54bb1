//! Connections from cluster to cluster, beside a search pod by pod.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::cluster::Network;
use cofferdam_model::dialect::Dialect;
use cofferdam_oracle::generate::{Corners, cluster};
use ipnet::IpNet;

use super::cases;
use super::pod_by_pod::{self, WITHOUT_NODES, party};
use super::read;
use crate::blast::{Reached, Target, blast};
use crate::connectivity::{Connectivity, Endpoint};
use crate::facts::{Facts, Pod};
use crate::hops::{EntryPoints, Location, Site};
use crate::parties::{Party, Workloads};
use crate::ports::PortSet;
use crate::reach;
use crate::solver::Solver;

/// Pairs of clusters that are tried in each run of the tests.
const CLUSTERS: u64 = 300;

/// Two clusters, of which each may be entered from the other, and what each lets out and in, pod by pod.
struct Pair<'a> {
    solved: [&'a Connectivity; 2],
    networks: [Network; 2],
}

/// Every address in a network.
fn hosts(network: &IpNet) -> Vec<Endpoint> {
    let all = network.subnets(network.max_prefix_len()).unwrap();
    all.map(|one| Endpoint::Address(one.addr())).collect()
}

impl Pair<'_> {
    /// On which ports a pod of one may reach one of the other.
    fn across(&self, site: usize, (from, to): (usize, usize)) -> PortSet {
        let other = 1 - site;
        let arriving = self.networks[site].arriving_at(&self.networks[other]);
        let own = self.solved[site].facts();
        let of_nodes = own.nodes.values().flat_map(|node| node.addresses.to_vec());
        let of_hosts = own.pods.iter().filter(|pod| pod.place.host_network);
        let of_nodes = of_nodes.chain(of_hosts.flat_map(|pod| own.addresses_of(pod)));
        let of_nodes = of_nodes.filter(|_| own.pods[from].place.host_network);
        let arriving = arriving.iter().flat_map(hosts);
        let arriving = arriving.chain(of_nodes.map(Endpoint::Address));
        let admitted = arriving.map(|source| {
            let allowed = self.solved[other].allowed(source, Endpoint::Pod(to));
            allowed.possible
        });
        let admitted = admitted.fold(PortSet::none(), |all, one| all.or(&one));
        let out = |address| {
            self.solved[site]
                .allowed(Endpoint::Pod(from), address)
                .possible
        };
        let towards = &self.networks[other];
        let facts = self.solved[other].facts();
        let own = facts.addresses_of(&facts.pods[to]).into_iter();
        let own: Vec<Endpoint> = own.map(Endpoint::Address).collect();
        let own = if own.is_empty() {
            towards.pod_cidrs.iter().flat_map(hosts).collect()
        } else {
            own
        };
        let routed = own.into_iter().filter(|_| towards.pod_addresses_routed);
        let mut ports = routed
            .map(|address| out(address).and(&admitted))
            .fold(PortSet::none(), |all, one| all.or(&one));
        for address in towards.exposed_cidrs.iter().flat_map(hosts) {
            let protocols = out(address);
            let protocols = protocols.ranges().map(|(protocol, ..)| protocol);
            ports = ports.or(&PortSet::of_protocols(protocols).and(&admitted));
        }
        ports
    }
}

/// Networks of two clusters by a few bits: whose pods are routed, what they expose, what arrives.
fn network(bits: u64) -> Network {
    let nets = |words: &[&str]| words.iter().map(|word| word.parse().unwrap()).collect();
    Network {
        pod_cidrs: nets(&["10.0.0.0/28", "fd00::/124"]),
        pod_addresses_routed: bits & 1 == 1,
        exposed_cidrs: nets(if bits & 2 == 2 { &["10.0.0.4/30"] } else { &[] }),
        egress_cidrs: nets(if bits & 4 == 4 {
            &["192.168.0.0/31", "fd01::/127"]
        } else {
            &["10.0.0.3/32", "fd00::3/128"]
        }),
        ..Network::default()
    }
}

/// A workload of one of the clusters.
type Place = (usize, Party);

/// What workloads of both clusters may open to each other, with the sites of the search that is tried.
struct Fleet {
    edges: BTreeMap<Place, BTreeMap<Place, PortSet>>,
    apart: [Workloads; 2],
}

impl Fleet {
    fn new(pair: &Pair<'_>, apart: [Workloads; 2]) -> Self {
        let mut edges: BTreeMap<Place, BTreeMap<Place, PortSet>> = BTreeMap::new();
        for (site, solved) in pair.solved.iter().enumerate() {
            for (from, row) in pod_by_pod::edges(solved, &apart[site]) {
                let to = row.into_iter().map(|(to, ports)| ((site, to), ports));
                edges.entry((site, from)).or_default().extend(to);
            }
            let other = 1 - site;
            for (source, from) in solved.facts().pods.iter().enumerate() {
                for (target, to) in pair.solved[other].facts().pods.iter().enumerate() {
                    let across = pair.across(site, (source, target));
                    if !across.is_empty() {
                        let from = (site, party(from, &apart[site]));
                        let to = (other, party(to, &apart[other]));
                        let ports = edges.entry(from).or_default().entry(to).or_default();
                        *ports = ports.or(&across);
                    }
                }
            }
        }
        Self { edges, apart }
    }

    /// How many connections away from a namespace of the first cluster everything is that can be reached.
    fn distances(&self, pods: &[Pod], namespace: &str) -> BTreeMap<Place, usize> {
        let sources = pods.iter().filter(|pod| *pod.namespace == *namespace);
        let sources = sources.map(|pod| ((0, party(pod, &self.apart[0])), 0));
        let mut distance: BTreeMap<Place, usize> = sources.collect();
        for step in 1.. {
            let edge = distance.iter().filter(|(_, known)| **known + 1 == step);
            let next = edge.filter_map(|(from, _)| self.edges.get(from)).flatten();
            let next: Vec<Place> = next.map(|(to, _)| to.clone()).collect();
            let known = distance.len();
            for end in next {
                distance.entry(end).or_insert(step);
            }
            if distance.len() == known {
                break;
            }
        }
        distance.retain(|_, distance| *distance > 0);
        distance
    }

    /// What was said of workloads with the lengths of the ways; every connection of these is on the right ports.
    fn said(&self, reached: &[Reached]) -> BTreeMap<Place, usize> {
        let mut said = BTreeMap::new();
        for one in reached {
            let mut from = (one.site, one.from.clone());
            for hop in &one.way {
                if let Target::Party(to @ Party::Workload { .. }) = &hop.to {
                    let to = (hop.site, to.clone());
                    let ports = self.edges.get(&from).and_then(|row| row.get(&to));
                    assert_eq!(Some(&hop.ports), ports, "{from:?} {to:?}");
                    from = to;
                }
            }
            let last = one.way.last().unwrap();
            if let Target::Party(to @ Party::Workload { .. }) = &last.to {
                said.insert((last.site, to.clone()), one.way.len());
            }
        }
        said
    }
}

/// From each namespace of the first cluster; how many are reached in the second.
fn check_pair(seed: u64, facts: [&Arc<Facts>; 2], dialect: Dialect) -> usize {
    let solved = facts.map(|facts| Solver::default().solve(facts, &[dialect]));
    let pair = Pair {
        solved: [&solved[0].under[0].0, &solved[1].under[0].0],
        networks: [network(seed), network(seed >> 3)],
    };
    let fleet = Fleet::new(
        &pair,
        [0, 1].map(|site: usize| solved[site].classes.divided()),
    );
    let sites = [0, 1].map(|site: usize| Site {
        location: Some(Location {
            name: site.to_string(),
            network: pair.networks[site].clone(),
            pod_networks: pair.networks[site].pod_cidrs.clone(),
            exposed: EntryPoints::at(pair.networks[site].exposed_cidrs.clone()),
            ..Location::default()
        }),
        solved: solved[site].clone(),
    });
    let mut elsewhere = 0;
    for namespace in facts[0].namespaces.keys() {
        let blast = blast(&sites, |site, pod| site == 0 && pod.namespace == *namespace);
        let said = fleet.said(&blast.reached);
        let expected = fleet.distances(&facts[0].pods, namespace);
        assert_eq!(said, expected, "clusters {seed}, {namespace}");
        elsewhere += said.keys().filter(|(site, _)| *site == 1).count();
    }
    elsewhere
}

#[test]
fn connections_are_followed_into_other_clusters_and_back() {
    let mut elsewhere = 0;
    for seed in 0..cases(CLUSTERS) {
        for corners in [Corners::PLAIN, WITHOUT_NODES] {
            let facts = [seed, seed + 100_000].map(|seed| read(&cluster(seed, corners)));
            let dialects = reach::different_dialects();
            let dialect = dialects[usize::try_from(seed).unwrap() % dialects.len()];
            elsewhere += check_pair(seed, [&facts[0], &facts[1]], dialect);
        }
    }
    assert!(elsewhere > 500, "only {elsewhere} were reached elsewhere");
}
