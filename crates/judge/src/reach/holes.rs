//! Which of the connections into zones of sensitivity high are worst.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use cofferdam_model::names::ZoneName;
use cofferdam_model::networks::{cover, not_public, outermost, range_networks};
use cofferdam_semantics::facts::Pod;
use cofferdam_semantics::ports::PortSet;
use cofferdam_semantics::states::{Between, Place, Witness};
use cofferdam_state::bundle::Bundle;
use ipnet::IpNet;

/// An end of a connection, as far as it matters to how bad that is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End<'a> {
    /// A workload that is to be closed.
    Protected(&'a ZoneName, String),
    /// Pods of a zone that is not, or not yet.
    Zone(&'a ZoneName),
    /// Pods of no zone.
    NoZone,
    /// Nodes.
    Nodes,
    /// Addresses of networks that are not public, by the first of them.
    Private(Option<IpAddr>),
    /// Public addresses, by the first of them.
    Internet(Option<IpAddr>),
}

impl End<'_> {
    /// Whether it is the same or, of addresses, of the same kind.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Private(_), Self::Private(_)) | (Self::Internet(_), Self::Internet(_)) => true,
            (one, other) => one == other,
        }
    }
}

/// How bad it is that somebody gets in; worse later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    SameZone,
    OtherZone,
    NoZone,
    Private,
    Internet,
}

/// Which end is where.
pub(super) struct Ends<'a> {
    zones: BTreeMap<&'a str, &'a ZoneName>,
    protected: &'a BTreeSet<&'a str>,
    not_public: BTreeSet<IpNet>,
}

impl<'a> Ends<'a> {
    /// Those of a cluster in which these namespaces are to be closed.
    pub(super) fn of(bundle: &'a Bundle, protected: &'a BTreeSet<&'a str>) -> Self {
        let zones = bundle.namespaces.iter();
        Self {
            zones: zones
                .map(|(name, wanted)| (name.as_str(), &wanted.zone))
                .collect(),
            protected,
            not_public: outermost(not_public()),
        }
    }

    pub(super) fn of_place(&self, place: Place<'_>) -> End<'a> {
        match place {
            Place::Pod(pod) => match self.zones.get(&*pod.namespace) {
                Some(zone) if self.protected.contains(&*pod.namespace) => {
                    End::Protected(zone, told(pod))
                }
                Some(zone) => End::Zone(zone),
                None => End::NoZone,
            },
            Place::Nodes(_) => End::Nodes,
            Place::Outside(ranges) => {
                let first = ranges.first().map(|(first, _)| *first);
                if self.is_public(ranges) {
                    End::Internet(first)
                } else {
                    End::Private(first)
                }
            }
        }
    }

    fn is_public(&self, ranges: &[(IpAddr, IpAddr)]) -> bool {
        let mut networks = ranges
            .iter()
            .flat_map(|(first, last)| range_networks(*first, *last));
        networks.any(|network| !cover(&self.not_public, &network))
    }
}

/// Whose a pod is; those that could be made in a namespace are not told apart.
fn told(pod: &Pod) -> String {
    if pod.is_future {
        pod.namespace.to_string()
    } else {
        pod.owner()
    }
}

/// A connection into a zone that is to be closed.
#[derive(Debug, Clone)]
pub(super) struct Hole<'a> {
    pub(super) zone: &'a ZoneName,
    pub(super) witness: Witness,
    between: (End<'a>, End<'a>),
    ports: PortSet,
}

impl Hole<'_> {
    /// Whether any of it may be among what opens. Parts of networks may begin elsewhere there.
    pub(super) fn is_opened(&self, opens: &BTreeMap<(End<'_>, End<'_>), Between>) -> bool {
        let mut opens = opens.iter();
        opens.any(|((from, to), between)| {
            *to == self.between.1
                && from.is_like(&self.between.0)
                && !between.ports.and(&self.ports).is_empty()
        })
    }

    /// By who gets in, whether both ends exist, and on how many ports.
    fn rank(&self) -> (Origin, bool, u64) {
        let ports = self.witness.ports.count();
        (self.origin(), self.witness.exists, ports)
    }

    fn origin(&self) -> Origin {
        match &self.between.0 {
            End::Protected(zone, _) | End::Zone(zone) if *zone == self.zone => Origin::SameZone,
            End::Protected(..) | End::Zone(_) => Origin::OtherZone,
            End::NoZone => Origin::NoZone,
            End::Nodes | End::Private(_) => Origin::Private,
            End::Internet(_) => Origin::Internet,
        }
    }
}

/// The worst connection into each zone that is to be closed, in the order of names: from the internet rather than from
/// networks that are not public, from these rather than from pods of no zone, then of other zones, then of the same; then
/// one whose ends exist, and on the most ports.
pub(super) fn worst<'a>(opens: &BTreeMap<(End<'a>, End<'a>), Between>) -> Vec<Hole<'a>> {
    let mut worst: BTreeMap<&ZoneName, Hole<'a>> = BTreeMap::new();
    for (between, Between { ports, witness }) in opens {
        let (End::Protected(zone, _), Some(witness)) = (&between.1, witness) else {
            continue;
        };
        let hole = Hole {
            zone,
            witness: witness.clone(),
            between: between.clone(),
            ports: ports.clone(),
        };
        let known = worst.get(zone);
        if known.is_none_or(|known| hole.rank() > known.rank()) {
            worst.insert(zone, hole);
        }
    }
    worst.into_values().collect()
}
