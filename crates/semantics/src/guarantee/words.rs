//! Ways through clusters, in words.

use super::{Hop, Solved, Stop};
use crate::hops::{self, Fleet, What};
use crate::ports::PortSet;
use crate::prove::Side;

/// Ends with names.
pub(super) struct Words<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) solved: &'a [Solved<'a>],
    /// The cluster of which something is proved.
    pub(super) site: usize,
    pub(super) from: &'a Side,
    pub(super) to: &'a [Side],
}

impl Words<'_> {
    pub(super) fn told(&self, way: &[(hops::Stop, PortSet)]) -> Vec<Hop> {
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
