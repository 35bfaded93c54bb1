//! Connections that open and close from one state to another.

use std::collections::{BTreeMap, BTreeSet};

use super::Reached;
use crate::parties::Party;
use crate::parties::cuts::{self, Cuts};
use crate::ports::PortSet;

/// A connection that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Who opens it.
    pub from: Party,
    /// Who accepts it.
    pub to: Party,
    /// What is possible now and was not.
    pub opens: PortSet,
    /// What was possible and is not any more.
    pub closes: PortSet,
}

/// What opens and closes. Ranges of addresses are cut so that both states speak of the same ones.
pub fn difference(before: &[Reached], after: &[Reached]) -> Vec<Change> {
    let ends: BTreeSet<&Party> = before
        .iter()
        .chain(after)
        .flat_map(|one| [&one.from, &one.to])
        .collect();
    let cuts = Cuts::of(ends);
    let told = |reached: &[Reached]| -> BTreeMap<(Party, Party), PortSet> {
        let mut all = BTreeMap::new();
        for one in reached {
            for from in cuts.cut(&one.from) {
                for to in cuts.cut(&one.to) {
                    all.insert((from.clone(), to), one.allowed.clone());
                }
            }
        }
        all
    };
    let (before, after) = (told(before), told(after));
    let both: BTreeSet<&(Party, Party)> = before.keys().chain(after.keys()).collect();
    let nothing = PortSet::none();
    let changes = both.into_iter().filter_map(|ends| {
        let was = before.get(ends).unwrap_or(&nothing);
        let is = after.get(ends).unwrap_or(&nothing);
        let (opens, closes) = (is.without(was), was.without(is));
        let (from, to) = ends.clone();
        let changed = !opens.is_empty() || !closes.is_empty();
        changed.then_some(Change {
            from,
            to,
            opens,
            closes,
        })
    });
    joined(changes.collect())
}

/// Changes of neighbouring addresses told as one.
fn joined(changes: Vec<Change>) -> Vec<Change> {
    let mut joined: Vec<Change> = Vec::new();
    for change in changes {
        let alike = |one: &&mut Change| one.opens == change.opens && one.closes == change.closes;
        let together = joined.iter_mut().filter(alike).find_map(|one| {
            let from = cuts::joined(&one.from, &change.from).filter(|_| one.to == change.to);
            let to = cuts::joined(&one.to, &change.to).filter(|_| one.from == change.from);
            Some((one, from, to)).filter(|(_, from, to)| from.is_some() || to.is_some())
        });
        match together {
            Some((one, Some(from), _)) => one.from = from,
            Some((one, None, Some(to))) => one.to = to,
            Some((_, None, None)) | None => joined.push(change),
        }
    }
    joined
}
