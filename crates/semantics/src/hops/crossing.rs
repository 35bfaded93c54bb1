//! What leads from one cluster into another.
//!
//! A cluster is entered at the addresses of its pods where its document says that they are routed, at the port of the
//! pod; and at its exposed addresses, of which it is not known which port leads to which. It may be entered at the addresses
//! of its nodes: whether other clusters reach these, nothing declares.

use std::collections::BTreeMap;
use std::net::IpAddr;

use cofferdam_model::cluster::IngressSource;
use ipnet::IpNet;
use roaring::RoaringBitmap;

use super::arrivals::{Arrivals, families_at, networks_of_nodes};
use super::graph::Graph;
use super::{EntryPoints, Follow, Location};
use crate::addresses::Family;
use crate::ports::PortSet;
use crate::published::Exposed;

/// The ways from one cluster into another.
#[derive(Debug)]
pub(super) struct Crossing {
    /// As what is declared tells.
    known: Doors,
    /// The same with what has to be supposed, where anything has.
    possible: Option<Doors>,
    /// What has to be supposed, one line each.
    pub(super) supposed: Vec<String>,
}

/// Where a cluster is entered.
#[derive(Debug, Default)]
struct Doors {
    of_pods: Vec<Door>,
    /// By pods in the network of their node, which arrive with its addresses too.
    of_hosts: Vec<Door>,
}

/// Addresses at which a cluster is entered.
#[derive(Debug)]
struct Door {
    /// These addresses, as ends of the source.
    at: RoaringBitmap,
    /// Whether the port at the pod is the one that is asked for.
    keeps_port: bool,
    /// Whom they lead to, by the ports on which these let the source in.
    into: Vec<(PortSet, RoaringBitmap)>,
}

impl Crossing {
    /// What leads from a source to a destination; none where nothing does.
    pub(super) fn new(
        (source, at): (&Graph, &Location),
        (destination, towards): (&Graph, &Location),
    ) -> Option<Self> {
        let own = pod_networks(towards);
        let entry_points = [&towards.exposed, &towards.nodes, &towards.anywhere];
        if own.is_none() && entry_points.iter().all(|some| some.at.is_empty()) {
            return None;
        }
        let from = (at, source.ends.facts());
        let to_pods = own.map(|networks| {
            let families = families_at(&networks, destination.ends.facts());
            let arrivals = Arrivals::at_pods(from, &families);
            (networks, arrivals)
        });
        let to_exposed = Arrivals::at_entry_points(from, (&towards.network, &towards.exposed));
        let perhaps = [&towards.nodes, &towards.anywhere].into_iter();
        let perhaps = perhaps.filter(|points| !points.at.is_empty());
        let perhaps = perhaps.map(|points| {
            let arrivals = Arrivals::at_entry_points(from, (&towards.network, points));
            (points, arrivals)
        });
        let entries = Entries {
            ends: [(source, at), (destination, towards)],
            to_pods,
            to_exposed,
            perhaps: perhaps.collect(),
        };
        let supposed = entries.supposed();
        // Pods that could be made would have to be exposed first.
        let is_more_possible = !supposed.is_empty() || towards.exposed.behind.is_some();
        Some(Self {
            known: entries.doors(false),
            possible: is_more_possible.then(|| entries.doors(true)),
            supposed,
        })
    }

    /// What leads from the pods of a cluster back into it, over the addresses of its nodes and load balancers; none where
    /// it was not looked at what is exposed there.
    pub(super) fn within(own: &Graph, at: &Location) -> Option<Self> {
        let exposed = [&at.nodes, &at.exposed].map(|points| points.behind.as_ref());
        let [Some(nodes), Some(exposed)] = exposed else {
            return None;
        };
        let admitted = own.admits(&networks_of_nodes(at, own.ends.facts()));
        let mut into: BTreeMap<PortSet, RoaringBitmap> = BTreeMap::new();
        for to in own.ends.pods() {
            let passed_on = [nodes, exposed].map(|behind| through_own_node(own, to, (behind, at)));
            let passed_on = passed_on
                .into_iter()
                .fold(PortSet::none(), |all, one| all.or(&one));
            if !passed_on.is_empty() {
                let ports = admitted.get(&to).cloned().unwrap_or_default();
                into.entry(ports.or(&passed_on)).or_default().insert(to);
            }
        }
        if into.is_empty() {
            return None;
        }
        let outside = own
            .ends
            .outside(&[&at.nodes.at[..], &at.exposed.at, &at.anywhere.at].concat());
        let door = || Door {
            at: own.ends.nodes() | &outside,
            keeps_port: false,
            into: into.clone().into_iter().collect(),
        };
        let doors = Doors {
            of_pods: vec![door()],
            of_hosts: vec![door()],
        };
        Some(Self {
            known: Doors::default(),
            possible: Some(doors),
            supposed: Vec::new(),
        })
    }

    /// Whom the destination lets be reached, by whatever is let out.
    pub(super) fn let_in(&self) -> RoaringBitmap {
        let doors = self.followed(Follow::Supposed);
        let doors = doors.of_pods.iter().chain(&doors.of_hosts);
        let into = doors.flat_map(|door| &door.into);
        into.fold(RoaringBitmap::new(), |all, (_, into)| all | into)
    }

    /// Whether ends outside are addresses of the destination.
    pub(super) fn is_knocked(&self, outside: &RoaringBitmap) -> bool {
        let mut doors = self.followed(Follow::Supposed).of_pods.iter();
        doors.any(|door| !door.at.is_disjoint(outside))
    }

    /// The number of the way by which a cluster leads back to an end of its own, which is on one alone.
    pub(super) fn way_back(&self, to: u32, follow: Follow) -> Option<usize> {
        let mut doors = self.followed(follow).of_pods.iter();
        let mut into = doors.next()?.into.iter();
        into.position(|(_, into)| into.contains(to))
    }

    /// Whom an end of the source reaches.
    pub(super) fn targets(&self, source: &Graph, from: u32, follow: Follow) -> RoaringBitmap {
        let mut targets = RoaringBitmap::new();
        for (ports, into) in self.ways(source, from, follow) {
            if !ports.is_empty() {
                targets |= into;
            }
        }
        targets
    }

    /// On which ports an end of the source reaches one of the destination.
    pub(super) fn ports(&self, source: &Graph, (from, to): (u32, u32), follow: Follow) -> PortSet {
        let ways = self.ways(source, from, follow);
        let ways = ways.filter(|(_, into)| into.contains(to));
        ways.fold(PortSet::none(), |all, (ports, _)| all.or(&ports))
    }

    /// Whom an end of the source reaches on which ports, by each way there is; on none where either side lets none through.
    fn ways(
        &self,
        source: &Graph,
        from: u32,
        follow: Follow,
    ) -> impl Iterator<Item = (PortSet, &RoaringBitmap)> {
        let doors = self.followed(follow);
        let doors = if source.ends.is_of_hosts(from) {
            &doors.of_hosts
        } else {
            &doors.of_pods
        };
        let row = source.row(from);
        doors.iter().flat_map(move |door| {
            let at = &door.at & &row;
            let leaving = at.iter().map(|at| source.ports(from, at, Follow::Known));
            let leaving: Vec<PortSet> = leaving.collect();
            leaving.into_iter().flat_map(move |leaving| {
                let into = door.into.iter();
                into.map(move |(admitted, into)| (door.through(&leaving, admitted), into))
            })
        })
    }

    fn followed(&self, follow: Follow) -> &Doors {
        let supposed = self.possible.as_ref();
        let supposed = supposed.filter(|_| follow == Follow::Supposed);
        supposed.unwrap_or(&self.known)
    }
}

impl Door {
    /// On which ports pods are reached, where the source lets some out and they let some in.
    fn through(&self, leaving: &PortSet, admitted: &PortSet) -> PortSet {
        if self.keeps_port {
            return leaving.and(admitted);
        }
        let protocols = leaving.ranges().map(|(protocol, ..)| protocol);
        PortSet::of_protocols(protocols).and(admitted)
    }
}

/// The networks at which the pods of a cluster are reached from elsewhere: any address where they are not known.
fn pod_networks(towards: &Location) -> Option<Vec<IpNet>> {
    let mut known = towards.pod_networks.clone();
    if known.is_empty() {
        known.extend(Family::BOTH.map(Family::network));
    }
    towards.network.pod_addresses_routed.then_some(known)
}

/// What a source may enter in a destination.
struct Entries<'a> {
    ends: [(&'a Graph, &'a Location); 2],
    /// Networks of pods.
    to_pods: Option<(Vec<IpNet>, Arrivals)>,
    to_exposed: Arrivals,
    /// Entry points of which it is not known whether the source gets there.
    perhaps: Vec<(&'a EntryPoints, Arrivals)>,
}

impl Entries<'_> {
    fn supposed(&self) -> Vec<String> {
        let [(_, at), (_, towards)] = self.ends;
        let (from, to) = (&at.name, &towards.name);
        let to_pods = self.to_pods.as_ref();
        let missing = to_pods.and_then(|(_, arrivals)| arrivals.missing());
        let missing = missing.or_else(|| self.to_exposed.missing());
        let arriving = missing.map(|missing| {
            format!("with which {missing} connections from cluster `{from}` arrive in cluster `{to}` is not declared")
        });
        let is_unknown = to_pods.is_some() && towards.pod_networks.is_empty();
        let networks =
            is_unknown.then(|| format!("cluster `{to}` does not declare `network.podCidrs`"));
        let has_nodes = !towards.nodes.at.is_empty();
        let nodes = has_nodes.then(|| {
            format!("whether cluster `{from}` reaches the addresses of nodes of cluster `{to}` is not known")
        });
        let named = towards.unaddressed.iter().cloned();
        let others = nodes.into_iter().chain(named);
        arriving.or(networks).into_iter().chain(others).collect()
    }

    fn doors(&self, is_supposed: bool) -> Doors {
        let [(source, at), _] = self.ends;
        let nodes = networks_of_nodes(at, source.ends.facts());
        Doors {
            of_pods: self.doors_with(&[], is_supposed),
            of_hosts: self.doors_with(&nodes, is_supposed),
        }
    }

    /// Where these networks arrive too.
    fn doors_with(&self, also: &[IpNet], is_supposed: bool) -> Vec<Door> {
        let [(source, _), (destination, towards)] = self.ends;
        let admitted = |arrivals: &Arrivals| {
            let mut networks = arrivals.networks(is_supposed);
            networks.extend(also);
            destination.admits(&networks)
        };
        let to_pods = self.to_pods.as_ref();
        let to_pods = to_pods.filter(|_| is_supposed || !towards.pod_networks.is_empty());
        let to_pods = to_pods.map(|(networks, arrivals)| {
            self::to_pods(source, destination, networks, &admitted(arrivals))
        });
        let entered = |entry_points: &EntryPoints, arrivals: &Arrivals| {
            to_entry_points(
                source,
                (destination, towards),
                &Behind {
                    entry_points,
                    admitted: admitted(arrivals),
                    is_supposed,
                },
            )
        };
        let to_exposed = entered(&towards.exposed, &self.to_exposed);
        let perhaps = self.perhaps.iter().filter(|_| is_supposed);
        let perhaps =
            perhaps.filter_map(|(entry_points, arrivals)| entered(entry_points, arrivals));
        let to_entry_points = to_exposed.into_iter().chain(perhaps);
        to_pods
            .into_iter()
            .flatten()
            .chain(to_entry_points)
            .collect()
    }
}

/// Where the pods of the destination are reached at addresses of their own.
fn to_pods(
    source: &Graph,
    destination: &Graph,
    networks: &[IpNet],
    admitted: &BTreeMap<u32, PortSet>,
) -> Vec<Door> {
    let anywhere = source.ends.outside(networks);
    let mut doors: BTreeMap<u32, BTreeMap<PortSet, RoaringBitmap>> =
        anywhere.iter().map(|at| (at, BTreeMap::new())).collect();
    for (to, ports) in admitted {
        let (addresses, others): (Vec<IpAddr>, bool) = destination.ends.addresses(*to);
        let at = addresses.into_iter();
        let mut at: RoaringBitmap = at
            .filter_map(|address| source.ends.outside_at(address))
            .collect();
        if others {
            at |= &anywhere;
        }
        for at in at {
            let into = doors.entry(at).or_default();
            into.entry(ports.clone()).or_default().insert(*to);
        }
    }
    let doors = doors.into_iter().map(|(at, into)| Door {
        at: [at].into_iter().collect(),
        keeps_port: true,
        into: into.into_iter().collect(),
    });
    doors.collect()
}

/// Addresses at which a destination is entered, and whom it lets be entered there.
struct Behind<'a> {
    entry_points: &'a EntryPoints,
    /// On which ports policies let each end be reached.
    admitted: BTreeMap<u32, PortSet>,
    /// Whether pods count that could be made, and would have to be exposed first.
    is_supposed: bool,
}

/// Where the destination is reached at addresses of others than pods.
fn to_entry_points(
    source: &Graph,
    (destination, towards): (&Graph, &Location),
    behind: &Behind<'_>,
) -> Option<Door> {
    let at = source.ends.outside(&behind.entry_points.at);
    if at.is_empty() {
        return None;
    }
    let ends = &destination.ends;
    let mut into: BTreeMap<PortSet, RoaringBitmap> = BTreeMap::new();
    for to in ends.pods() {
        let mut ports = behind.admitted.get(&to).cloned().unwrap_or_default();
        if let Some(exposed) = &behind.entry_points.behind {
            let may_be = behind.is_supposed && ends.is_template(to);
            if !may_lead_to(destination, to, exposed) && !may_be {
                continue;
            }
            ports = ports.or(&through_own_node(destination, to, (exposed, towards)));
        }
        if !ports.is_empty() {
            into.entry(ports).or_default().insert(to);
        }
    }
    Some(Door {
        at,
        keeps_port: false,
        into: into.into_iter().collect(),
    })
}

/// On which ports the own node of a pod may pass connections on to it, in spite of policies.
fn through_own_node(
    destination: &Graph,
    to: u32,
    (exposed, towards): (&Exposed, &Location),
) -> PortSet {
    let from_node = towards.network.ingress_source == IngressSource::Node;
    if from_node && may_lead_to(destination, to, exposed) {
        return PortSet::all();
    }
    let ports = pods_of(destination, to).map(|pod| exposed.through_own_node(pod));
    ports.fold(PortSet::none(), |all, one| all.or(&one))
}

/// Whether connections from outside may be led to a pod of an end.
fn may_lead_to(destination: &Graph, to: u32, exposed: &Exposed) -> bool {
    let mut own = pods_of(destination, to);
    own.any(|pod| exposed.may_lead_to(pod))
}

fn pods_of(graph: &Graph, end: u32) -> impl Iterator<Item = usize> {
    let pods = graph.ends.get(end).map(|end| end.pods.iter());
    pods.into_iter().flatten().copied()
}
