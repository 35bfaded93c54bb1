//! Pods in the network of their node beside others that run there: what only the common node lets them exchange.
//!
//! Told by group of pods, so that it is looked at node by node which groups have pods there, and never pod by pod.

use std::collections::BTreeMap;
use std::net::IpAddr;

use roaring::RoaringBitmap;

use super::in_force::InForce;
use super::own_node::{Whereabouts, addresses_where_it_runs};
use super::{Connectivity, Endpoint};
use crate::facts::{Facts, Pod};
use crate::ports::PortSet;
use crate::verdict::Allowed;

/// Which groups of pods have pods on one node, some of these in its network.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    hosts: BTreeMap<u32, Host>,
    /// Of each group one of the pods that have a network of their own.
    others: BTreeMap<u32, usize>,
}

/// A group with pods in the network of their nodes.
#[derive(Debug)]
struct Host {
    /// One of them.
    pod: usize,
    /// The groups that have pods on the same nodes.
    same: RoaringBitmap,
    /// The groups that may have some: of one of the two the node is not known.
    perhaps: RoaringBitmap,
}

/// Two groups with pods that are, or may be, on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Who opens connections: the group, and one of its pods.
    pub(crate) from: (u32, usize),
    /// Who accepts them.
    pub(crate) to: (u32, usize),
    /// Whether it is the source that uses the network of the node, and not the destination.
    is_from_host: bool,
    /// Whether it is known that they share one.
    is_known: bool,
}

/// What tells a node from others.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At<'a> {
    Name(&'a str),
    Address(IpAddr),
}

/// Who is on a node.
#[derive(Debug, Default)]
struct OnNode {
    hosts: RoaringBitmap,
    others: RoaringBitmap,
}

impl Neighbours {
    /// Of pods by their places in the facts, each with the number of its group. The pods of a group are in the same
    /// classes.
    pub(crate) fn of(facts: &Facts, grouped: impl IntoIterator<Item = (usize, u32)>) -> Self {
        let mut found = Self::default();
        if !facts.pods.iter().any(|pod| pod.place.host_network) {
            return found;
        }
        let mut nodes: BTreeMap<At<'_>, OnNode> = BTreeMap::new();
        let mut alike: BTreeMap<Whereabouts, RoaringBitmap> = BTreeMap::new();
        for (place, group) in grouped {
            let Some(pod) = facts.pods.get(place) else {
                continue;
            };
            found.note((place, group), pod);
            for at in places(facts, pod) {
                let on_node = nodes.entry(at).or_default();
                if pod.place.host_network {
                    on_node.hosts.insert(group);
                } else {
                    on_node.others.insert(group);
                }
            }
            let like = alike.entry(Whereabouts::of(pod, facts)).or_default();
            like.insert(group);
        }
        for OnNode { hosts, others } in nodes.values() {
            found.add(hosts, |host| host.same |= others);
        }
        for (of_hosts, hosts) in alike.iter().filter(|(one, _)| one.is_host) {
            for (_, others) in alike.iter().filter(|(one, _)| one.may_share(*of_hosts)) {
                found.add(hosts, |host| host.perhaps |= others);
            }
        }
        found
    }

    fn note(&mut self, (place, group): (usize, u32), pod: &Pod) {
        if pod.place.host_network {
            self.hosts.entry(group).or_insert_with(|| Host {
                pod: place,
                same: RoaringBitmap::new(),
                perhaps: RoaringBitmap::new(),
            });
        } else {
            self.others.entry(group).or_insert(place);
        }
    }

    fn add(&mut self, hosts: &RoaringBitmap, add: impl Fn(&mut Host)) {
        for group in hosts {
            if let Some(host) = self.hosts.get_mut(&group) {
                add(host);
            }
        }
    }

    /// Every pair of a group in the network of nodes with one of those that are beside it, in both directions.
    fn pairs(&self, beside: impl Fn(&Host) -> RoaringBitmap) -> impl Iterator<Item = Pair> {
        self.hosts.iter().flat_map(move |(group, host)| {
            let others = beside(host).into_iter();
            let others = others.filter_map(|other| Some((other, *self.others.get(&other)?)));
            others.flat_map(move |other| {
                let own = (*group, host.pod);
                let is_known = host.same.contains(other.0);
                [(own, other, true), (other, own, false)].map(|(from, to, is_from_host)| Pair {
                    from,
                    to,
                    is_from_host,
                    is_known,
                })
            })
        })
    }

    /// The answer of every pair; of pods that are alike it is asked once.
    pub(crate) fn exchange<K: Ord, T: Clone>(
        &self,
        alike: impl Fn(usize) -> K,
        ask: impl Fn(&Pair) -> T,
    ) -> Vec<(Pair, T)> {
        self.ask((alike, ask), |host| &host.same | &host.perhaps)
    }

    /// The same of those of which it is known that they share a node.
    pub(crate) fn exchange_on_known_nodes<K: Ord, T: Clone>(
        &self,
        alike: impl Fn(usize) -> K,
        ask: impl Fn(&Pair) -> T,
    ) -> Vec<(Pair, T)> {
        self.ask((alike, ask), |host| host.same.clone())
    }

    fn ask<K: Ord, T: Clone>(
        &self,
        (alike, ask): (impl Fn(usize) -> K, impl Fn(&Pair) -> T),
        beside: impl Fn(&Host) -> RoaringBitmap,
    ) -> Vec<(Pair, T)> {
        let mut known: BTreeMap<_, T> = BTreeMap::new();
        let told = self.pairs(beside).map(|pair| {
            let ends = [pair.from, pair.to].map(|(_, pod)| alike(pod));
            let alike = (ends, pair.is_from_host, pair.is_known);
            let answer = known.entry(alike).or_insert_with(|| ask(&pair));
            (pair, answer.clone())
        });
        told.collect()
    }
}

/// What is known of the node on which a pod runs.
fn places<'a>(facts: &'a Facts, pod: &'a Pod) -> impl Iterator<Item = At<'a>> {
    let addresses = addresses_where_it_runs(pod, facts);
    let name = pod.place.node.as_deref().map(At::Name);
    name.into_iter()
        .chain(addresses.into_iter().map(At::Address))
}

impl Connectivity {
    /// What two may exchange on one node: only possible, where it is not known that they share one.
    pub(crate) fn beside(&self, pair: &Pair) -> Allowed {
        let exempt = self.exempt(pair.is_from_node());
        let allowed = self.over_each(pair.source(), pair.target(), |source, target| {
            self.over(source, target, exempt)
        });
        pair.as_known(allowed)
    }

    /// The same while only some policies are in force.
    pub(crate) fn beside_in_force(&self, rows: &InForce, pair: &Pair) -> Allowed {
        let exempt = self.exempt(pair.is_from_node());
        let allowed = self.over_each(pair.source(), pair.target(), |source, target| {
            let of_ends = rows.of_class(source).zip(rows.of_class(target));
            of_ends.map_or_else(Allowed::nothing, |of_ends| {
                self.over_rows(of_ends, (source, target), exempt)
            })
        });
        pair.as_known(allowed)
    }
}

impl Pair {
    fn source(&self) -> Endpoint {
        Endpoint::Pod(self.from.1)
    }

    fn target(&self) -> Endpoint {
        Endpoint::Pod(self.to.1)
    }

    /// Whether the source is the node of the destination, and the destination that of the source.
    fn is_from_node(&self) -> [bool; 2] {
        [self.is_from_host, !self.is_from_host]
    }

    fn as_known(&self, allowed: Allowed) -> Allowed {
        let Allowed { possible, certain } = allowed;
        let certain = if self.is_known {
            certain
        } else {
            PortSet::none()
        };
        Allowed { possible, certain }
    }
}
