//! What opens and closes from one state to another, told between places.

mod candidates;
mod kinds;
mod told;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Solved, States, Variant};
use crate::facts::Pod;
use crate::ports::PortSet;
use crate::sets::index;
use candidates::Candidates;
use kinds::{End, Kind, kinds_of_addresses};
use told::Told;

/// Where an end of a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// At a pod.
    Pod(&'a Pod),
    /// At nodes with these addresses: the nodes themselves, or pods in their network.
    Nodes(&'a [IpAddr]),
    /// At one of these addresses, which are of neither pods nor nodes; first and last of each range.
    Outside(&'a [(IpAddr, IpAddr)]),
}

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Who opens it: `namespace/name[Kind]`, or addresses.
    pub from: String,
    /// Who accepts it.
    pub to: String,
    /// On which ports.
    pub ports: PortSet,
    /// Whether both ends exist already.
    pub exists: bool,
}

/// What opens or closes between two places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Between {
    /// On which ports, of all pairs of ends together.
    pub ports: PortSet,
    /// One of the connections; rather one whose ends exist.
    pub witness: Option<Witness>,
}

/// What opens and closes, by the names of the places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes<N: Ord> {
    /// What is possible after and was not before, under some dialect.
    pub opens: BTreeMap<(N, N), Between>,
    /// What was possible before and is not after, or was certain and is not, under some dialect.
    pub closes: BTreeMap<(N, N), Between>,
}

/// A state with what it was solved from.
pub(super) type Solution<'a> = (&'a Solved, &'a Variant);

impl States {
    /// What opens and closes from one state to another, with names for the places. What happens between a pod and its
    /// own node is not told (see [`States::on_common_nodes`]), and nothing between ends that are no pods.
    pub fn changes<N: Ord + Clone>(
        &self,
        before: &Solved,
        after: &Solved,
        name: impl Fn(Place<'_>) -> N,
    ) -> Changes<N> {
        let mut changes = Changes::none();
        let (Some(was), Some(is)) = (self.variant(before), self.variant(after)) else {
            return changes;
        };
        if before.variant == after.variant && before.rows == after.rows {
            return changes;
        }
        let (before, after) = ((before, was), (after, is));
        let mut kinds = self.kinds_of_pods(before, after, &name);
        kinds.extend(kinds_of_addresses(before, after, &name));
        let mut candidates = Candidates::new((before, after), &kinds);
        let mut told = Told::new(&kinds);
        for (source, from) in (0..).zip(&kinds) {
            for candidate in candidates.of(source, &mut told) {
                let (target, _) = candidate;
                let to = kinds.get(index(target));
                let Some(to) = to.filter(|_| !told.is_told(source, candidate)) else {
                    continue;
                };
                if let Some(end) = other_end((source, from), (target, to)) {
                    let (opens, closes) = differences(before, after, from, to);
                    note(&mut changes.opens, (from, to, end), opens);
                    note(&mut changes.closes, (from, to, end), closes);
                }
                told.take(&changes, source, candidate);
            }
        }
        changes
    }
}

#[cfg(test)]
impl States {
    /// The same, asked of every pair of ends.
    pub(crate) fn changes_of_every_pair<N: Ord + Clone>(
        &self,
        before: &Solved,
        after: &Solved,
        name: impl Fn(Place<'_>) -> N,
    ) -> Changes<N> {
        let mut changes = Changes::none();
        let (was, is) = (self.variant(before).unwrap(), self.variant(after).unwrap());
        let (before, after) = ((before, was), (after, is));
        let mut kinds = self.kinds_of_pods(before, after, &name);
        kinds.extend(kinds_of_addresses(before, after, &name));
        for (source, from) in (0..).zip(&kinds) {
            for (target, to) in (0..).zip(&kinds) {
                if let Some(end) = other_end((source, from), (target, to)) {
                    let (opens, closes) = differences(before, after, from, to);
                    note(&mut changes.opens, (from, to, end), opens);
                    note(&mut changes.closes, (from, to, end), closes);
                }
            }
        }
        changes
    }
}

impl<N: Ord> Changes<N> {
    fn none() -> Self {
        Self {
            opens: BTreeMap::new(),
            closes: BTreeMap::new(),
        }
    }
}

/// Whom the first kind may reach of the second; none where no packet of theirs is anybody's to decide.
fn other_end<'a, 'k, N>(
    (source, from): (u32, &Kind<'a, N>),
    (target, to): (u32, &'k Kind<'a, N>),
) -> Option<&'k End<'a>> {
    if source == target {
        return to.another.as_ref();
    }
    match (&from.end, &to.end) {
        (End::Addresses(_), End::Addresses(_)) => None,
        (End::Pod(_), End::Pod(_) | End::Addresses(_)) | (End::Addresses(_), End::Pod(_)) => {
            Some(&to.end)
        }
    }
}

/// What opens and closes between two kinds, under some dialect.
fn differences<N>(
    (before, was): Solution<'_>,
    (after, is): Solution<'_>,
    from: &Kind<'_, N>,
    to: &Kind<'_, N>,
) -> (PortSet, PortSet) {
    let (mut opens, mut closes) = (PortSet::none(), PortSet::none());
    let before = was.under.iter().zip(&before.rows);
    let after = is.under.iter().zip(&after.rows);
    for ((was, before), (is, after)) in before.zip(after) {
        let before = was.between(before, &from.classes.0, &to.classes.0);
        let after = is.between(after, &from.classes.1, &to.classes.1);
        if before != after {
            opens = opens.or(&after.possible.without(&before.possible));
            closes = closes.or(&before.possible.without(&after.possible));
            // What was certain and is only possible now may be denied.
            closes = closes.or(&before.certain.without(&after.certain));
        }
    }
    (opens, closes)
}

fn note<N: Ord + Clone>(
    all: &mut BTreeMap<(N, N), Between>,
    (from, to, end): (&Kind<'_, N>, &Kind<'_, N>, &End<'_>),
    ports: PortSet,
) {
    if ports.is_empty() {
        return;
    }
    let places = (from.name.clone(), to.name.clone());
    let between = all.entry(places).or_default();
    between.ports = between.ports.or(&ports);
    let exists = from.end.exists() && end.exists();
    let known = between.witness.as_ref();
    if known.is_none_or(|known| exists && !known.exists) {
        between.witness = Some(Witness {
            from: from.end.told(),
            to: end.told(),
            ports,
            exists,
        });
    }
}
