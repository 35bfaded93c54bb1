//! What leads from one cluster into another.
//!
//! A cluster is entered at the addresses of its pods where its document says that they are routed, at the port of the
//! pod; and at its exposed addresses, of which it is not known which port leads to which.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use cofferdam_model::cluster::{IngressSource, Network};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use roaring::RoaringBitmap;

use super::graph::Graph;
use super::{Follow, Location};
use crate::ports::PortSet;

/// The ways from one cluster into another.
#[derive(Debug)]
pub(super) struct Crossing {
    doors: Vec<Door>,
    /// What had to be supposed.
    pub(super) supposed: Option<String>,
}

/// Addresses at which a cluster is entered.
#[derive(Debug)]
struct Door {
    /// These addresses, as ends of the source.
    at: RoaringBitmap,
    /// Whether the port at the pod is the one that is asked for.
    keeps_port: bool,
    /// Whether it leads there only once somebody exposes it.
    is_supposed: bool,
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
        if own.is_none() && towards.network.exposed_cidrs.is_empty() {
            return None;
        }
        let arriving = arriving(at, &towards.network);
        let supposed = if arriving.is_empty() {
            Some(format!(
                "with which addresses connections from cluster `{}` arrive in cluster `{}` is not declared",
                at.name, towards.name
            ))
        } else if own.is_some() && towards.pod_networks.is_empty() {
            Some(format!(
                "cluster `{}` does not declare `network.podCidrs`",
                towards.name
            ))
        } else {
            None
        };
        let admitted = destination.admits(&arriving);
        let mut doors = Vec::new();
        if let Some(networks) = own {
            doors.extend(to_pods(source, destination, &networks, &admitted));
        }
        doors.extend(to_exposed(source, destination, towards, &admitted));
        Some(Self { doors, supposed })
    }

    pub(super) fn is_followed(&self, follow: Follow) -> bool {
        self.supposed.is_none() || follow == Follow::Supposed
    }

    /// Whether ends outside are addresses of the destination.
    pub(super) fn is_knocked(&self, outside: &RoaringBitmap) -> bool {
        let mut doors = self.doors.iter();
        doors.any(|door| !door.at.is_disjoint(outside))
    }

    /// Whom an end of the source reaches.
    pub(super) fn targets(&self, source: &Graph, from: u32, follow: Follow) -> RoaringBitmap {
        let row = source.row(from);
        let mut targets = RoaringBitmap::new();
        for door in self.doors(follow) {
            for at in &door.at & &row {
                let leaving = source.ports(from, at, Follow::Known);
                for (admitted, into) in &door.into {
                    if !door.through(&leaving, admitted).is_empty() {
                        targets |= into;
                    }
                }
            }
        }
        targets
    }

    /// On which ports an end of the source reaches one of the destination.
    pub(super) fn ports(&self, source: &Graph, (from, to): (u32, u32), follow: Follow) -> PortSet {
        let row = source.row(from);
        let mut ports = PortSet::none();
        for door in self.doors(follow) {
            let into = door.into.iter().filter(|(_, into)| into.contains(to));
            for (admitted, _) in into {
                for at in &door.at & &row {
                    let leaving = source.ports(from, at, Follow::Known);
                    ports = ports.or(&door.through(&leaving, admitted));
                }
            }
        }
        ports
    }

    /// Whom the destination lets be reached.
    pub(super) fn let_in(&self) -> RoaringBitmap {
        let into = self.doors.iter().flat_map(|door| &door.into);
        into.fold(RoaringBitmap::new(), |all, (_, into)| all | into)
    }

    fn doors(&self, follow: Follow) -> impl Iterator<Item = &Door> {
        let doors = self.doors.iter();
        doors.filter(move |door| !door.is_supposed || follow == Follow::Supposed)
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
    let known = towards.pod_networks.clone();
    let known = if known.is_empty() {
        vec![IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())]
    } else {
        known
    };
    towards.network.pod_addresses_routed.then_some(known)
}

/// The addresses with which connections arrive; none where they are not known.
fn arriving(at: &Location, destination: &Network) -> Vec<IpNet> {
    let declared = at.network.arriving_at(destination).iter().copied();
    let routed = at.network.pod_addresses_routed;
    let detected = at.pod_networks.iter().filter(|_| routed).copied();
    let all: BTreeSet<IpNet> = declared.chain(detected).collect();
    all.into_iter().collect()
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
        is_supposed: false,
        into: into.into_iter().collect(),
    });
    doors.collect()
}

/// Where the destination is reached at what it exposes: one door to the pods that are exposed, or may be where that is not
/// known, and one to those that could be made and would have to be exposed first.
fn to_exposed(
    source: &Graph,
    destination: &Graph,
    towards: &Location,
    admitted: &BTreeMap<u32, PortSet>,
) -> Vec<Door> {
    let at = source.ends.outside(&towards.network.exposed_cidrs);
    if at.is_empty() {
        return Vec::new();
    }
    let ends = &destination.ends;
    // A node lets through to its own pods whatever it takes in, in spite of policies.
    let from_node = towards.network.ingress_source == IngressSource::Node;
    let mut by_door: [BTreeMap<PortSet, RoaringBitmap>; 2] = Default::default();
    let [exposed, to_be_exposed] = &mut by_door;
    for to in ends.pods() {
        let admitted = admitted.get(&to).cloned();
        let (into, ports) = match &towards.exposed {
            None => (&mut *exposed, admitted),
            Some(pods) if ends.has_pod(to, pods) && from_node => {
                (&mut *exposed, Some(PortSet::all()))
            }
            Some(pods) if ends.has_pod(to, pods) => (&mut *exposed, admitted),
            Some(_) if ends.is_template(to) => (&mut *to_be_exposed, admitted),
            Some(_) => continue,
        };
        if let Some(ports) = ports {
            into.entry(ports).or_default().insert(to);
        }
    }
    let doors = by_door.into_iter().zip([false, true]);
    let doors = doors.map(|(into, is_supposed)| Door {
        at: at.clone(),
        keeps_port: false,
        is_supposed,
        into: into.into_iter().collect(),
    });
    doors.collect()
}
