//! Ranges of addresses cut where others begin or end, so that two lists of them can be compared.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Party;
use crate::addresses::{Family, after, before};

/// Where ranges begin.
#[derive(Debug)]
pub(crate) struct Cuts(BTreeSet<IpAddr>);

impl Cuts {
    /// The cuts of all of these ends.
    pub(crate) fn of<'a>(parties: impl IntoIterator<Item = &'a Party>) -> Self {
        let mut cuts = BTreeSet::new();
        for party in parties {
            if let Party::Addresses(first, last) = party {
                cuts.insert(*first);
                cuts.extend(after(*last));
            }
        }
        Self(cuts)
    }

    /// An end in parts that hold no cut; an end of pods as it is.
    pub(crate) fn cut(&self, party: &Party) -> Vec<Party> {
        let Party::Addresses(first, last) = party else {
            return vec![party.clone()];
        };
        let inner = self.0.range(*first..=*last).filter(|cut| *cut > first);
        let starts: Vec<IpAddr> = [*first].into_iter().chain(inner.copied()).collect();
        let ends = starts
            .iter()
            .skip(1)
            .filter_map(|next| before(*next))
            .chain([*last]);
        let pieces = starts.iter().zip(ends);
        pieces
            .map(|(start, end)| Party::Addresses(*start, end))
            .collect()
    }
}

/// Two ends as one, where they are ranges of which the second begins where the first ends.
pub(crate) fn joined(one: &Party, other: &Party) -> Option<Party> {
    match (one, other) {
        (Party::Addresses(first, end), Party::Addresses(start, last))
            if Family::of(*first) == Family::of(*start) && after(*end) == Some(*start) =>
        {
            Some(Party::Addresses(*first, *last))
        }
        _ => None,
    }
}
