//! The shortest ways from some ends to others.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;

use super::{Fleet, Follow, Stop, What, stops};
use crate::ports::PortSet;
use crate::prove::Chain;

/// A search from end to end, one connection further at a time.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    fleet: &'a Fleet,
    follow: Follow,
    /// Every end that was reached, with the one before it; without one where it began.
    before: BTreeMap<Stop, Option<Stop>>,
    seen: Vec<RoaringBitmap>,
    /// Those that were reached last.
    edge: Vec<Stop>,
    /// Ends that are taken to be isolated, by place of the cluster; empty where none are.
    fenced: Vec<RoaringBitmap>,
    /// The clusters at whose addresses somebody may knock, and from where.
    pub(crate) knocked: BTreeSet<(usize, usize)>,
}

impl<'a> Search<'a> {
    /// A search that is about to begin at these ends, by place of the cluster.
    pub(crate) fn from(fleet: &'a Fleet, sources: &[RoaringBitmap], follow: Follow) -> Self {
        let edge: Vec<Stop> = stops(sources).collect();
        Self {
            fleet,
            follow,
            before: edge.iter().map(|stop| (*stop, None)).collect(),
            seen: sources.to_vec(),
            edge,
            fenced: Vec::new(),
            knocked: BTreeSet::new(),
        }
    }

    /// The same as if some ends were isolated, by place of the cluster: only between a pod and its node nothing is.
    pub(crate) fn fencing(self, fenced: &[RoaringBitmap]) -> Self {
        Self {
            fenced: fenced.to_vec(),
            ..self
        }
    }

    /// Goes on until nothing more is reached.
    pub(crate) fn exhaust(&mut self) {
        while self.goes_on() {}
    }

    /// The shortest way to one of some ends whose last connection is on one of these ports.
    pub(crate) fn way_to(
        &mut self,
        targets: &[RoaringBitmap],
        ports: &PortSet,
        chain: Chain,
    ) -> Option<Vec<(Stop, PortSet)>> {
        loop {
            if let Some(way) = self.arrives(targets, ports) {
                return Some(way);
            }
            if !self.goes_on() || chain == Chain::Direct {
                return None;
            }
        }
    }

    /// What was reached, without the ends from which the search began.
    pub(crate) fn reached(&self) -> impl Iterator<Item = Stop> {
        let reached = self.before.iter();
        reached
            .filter(|(_, before)| before.is_some())
            .map(|(stop, _)| *stop)
    }

    /// From where the way to an end begins, on no port, and then every stop with the ports on which it is reached.
    pub(crate) fn way(&self, target: Stop) -> Vec<(Stop, PortSet)> {
        let mut way = Vec::new();
        let mut at = target;
        while let Some(Some(before)) = self.before.get(&at) {
            way.push((at, self.fleet.ports(*before, at, self.follow)));
            at = *before;
        }
        way.push((at, PortSet::none()));
        way.reverse();
        way
    }

    /// Goes one connection further from all that was reached last; whether anything new was.
    fn goes_on(&mut self) -> bool {
        let mut next = Vec::new();
        for from in std::mem::take(&mut self.edge) {
            if self.is_passed(from) {
                continue;
            }
            let knocked = self.fleet.knocks_at(from).map(|to| (from.site, to));
            self.knocked.extend(knocked);
            for (site, reached) in self.direct(from) {
                let Some(seen) = self.seen.get_mut(site) else {
                    continue;
                };
                let new = reached - &*seen;
                *seen |= &new;
                let new = new.into_iter().map(|end| Stop { site, end });
                for to in new {
                    self.before.insert(to, Some(from));
                    next.push(to);
                }
            }
        }
        self.edge = next;
        !self.edge.is_empty()
    }

    /// Whether a way ends there: addresses and nodes, unless it began there.
    fn is_passed(&self, stop: Stop) -> bool {
        let is_source = matches!(self.before.get(&stop), Some(None));
        let end = self.fleet.end(stop);
        !is_source && !end.is_some_and(|end| matches!(end.what, What::Pods(_)))
    }

    /// The way, where the next connection can be the last.
    fn arrives(&self, targets: &[RoaringBitmap], ports: &PortSet) -> Option<Vec<(Stop, PortSet)>> {
        let mut tried = BTreeSet::new();
        let edge = self.edge.iter().filter(|from| !self.is_passed(**from));
        for from in edge {
            let kind = self.fleet.kind(*from, self.follow);
            for (site, reached) in self.direct(*from) {
                let targets = targets.get(site).map(|targets| reached & targets);
                for end in targets.into_iter().flatten() {
                    let to = Stop { site, end };
                    // From elsewhere pods are reached at addresses of their own.
                    let is_near = site == from.site;
                    let kinds = kind.zip(self.fleet.kind(to, self.follow));
                    let kinds = kinds.filter(|_| is_near);
                    let is_itself = to == *from && !self.is_several(to);
                    if is_itself || kinds.is_some_and(|kinds| !tried.insert(kinds)) {
                        continue;
                    }
                    let last = self.fleet.ports(*from, to, self.follow).and(ports);
                    if !last.is_empty() {
                        let mut way = self.way(*from);
                        way.push((to, last));
                        return Some(way);
                    }
                }
            }
        }
        None
    }

    /// Whom an end reaches directly, by place of the cluster.
    fn direct(&self, from: Stop) -> Vec<(usize, RoaringBitmap)> {
        let mut all = self.fleet.direct(from, self.follow);
        if self.fenced.is_empty() {
            return all;
        }
        let own = self.fenced.get(from.site);
        let is_fenced = own.is_some_and(|own| own.contains(from.end));
        let beside = self.fleet.beside(from);
        for (site, reached) in &mut all {
            let mut kept = reached.clone();
            if is_fenced {
                kept.clear();
            } else if let Some(fenced) = self.fenced.get(*site) {
                kept -= fenced;
            }
            if *site == from.site {
                kept |= &*reached & &beside;
            }
            *reached = kept;
        }
        all
    }

    fn is_several(&self, stop: Stop) -> bool {
        self.fleet.end(stop).is_some_and(|end| end.is_several)
    }
}
