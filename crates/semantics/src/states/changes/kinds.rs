//! The ends of a comparison, those that are alike in both states together.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;

use super::{Place, Solution};
use crate::facts::Pod;
use crate::parties::told_range;
use crate::states::States;

/// Ends of which nothing that is compared tells one from another.
pub(super) struct Kind<'a, N> {
    /// Its classes before and after.
    pub(super) classes: Classes,
    pub(super) name: N,
    pub(super) end: End<'a>,
    /// Another one of them, where it is more than one pod: one reaches another.
    pub(super) another: Option<End<'a>>,
    /// Whether policies may say something else of it than before: to what it opens, and to what it accepts.
    pub(super) touched: (bool, bool),
}

/// The classes of an end, one per address, before and after.
pub(super) type Classes = (Vec<u32>, Vec<u32>);

pub(super) enum End<'a> {
    Pod(&'a Pod),
    Addresses(Vec<(IpAddr, IpAddr)>),
}

impl States {
    pub(super) fn kinds_of_pods<N: Ord + Clone>(
        &self,
        before: Solution<'_>,
        after: Solution<'_>,
        name: impl Fn(Place<'_>) -> N,
    ) -> Vec<Kind<'_, N>> {
        let mut kinds: BTreeMap<(Classes, N), Kind<'_, N>> = BTreeMap::new();
        for (number, pod) in self.facts.pods.iter().enumerate() {
            let of = |(_, variant): Solution<'_>| variant.classes.of_pod(number).to_vec();
            let classes = (of(before), of(after));
            let name = if pod.place.host_network {
                name(Place::Nodes(&self.facts.addresses_of(pod)))
            } else {
                name(Place::Pod(pod))
            };
            let known = kinds.entry((classes, name));
            let known = known.and_modify(|known| {
                known.another.get_or_insert(End::Pod(pod));
            });
            if let Entry::Vacant(new) = known {
                let (classes, name) = new.key().clone();
                new.insert(Kind {
                    touched: touched(before, after, &classes),
                    classes,
                    name,
                    end: End::Pod(pod),
                    another: pod.is_template.then_some(End::Pod(pod)),
                });
            }
        }
        kinds.into_values().collect()
    }
}

pub(super) fn kinds_of_addresses<'a, N>(
    before: Solution<'_>,
    after: Solution<'_>,
    name: impl Fn(Place<'_>) -> N,
) -> Vec<Kind<'a, N>> {
    let classes = &before.1.classes;
    let nodes = classes.addresses_of_nodes().into_iter();
    let nodes = nodes.filter_map(|addresses| {
        let sample = *addresses.first()?;
        let of = |(_, variant): Solution<'_>| variant.classes.of_address(sample);
        let ranges = addresses.iter().map(|one| (*one, *one)).collect();
        let name = name(Place::Nodes(&addresses));
        Some((name, ranges, (of(before), of(after))))
    });
    let outside = classes.parts_outside().into_iter();
    let outside = outside.filter_map(|ranges| {
        let (sample, _) = *ranges.first()?;
        let of = |(_, variant): Solution<'_>| variant.classes.outside(sample);
        let name = name(Place::Outside(&ranges));
        Some((name, ranges, (of(before), of(after))))
    });
    let kinds = nodes.chain(outside).map(|(name, ranges, (was, is))| {
        let classes = (was.into_iter().collect(), is.into_iter().collect());
        Kind {
            touched: touched(before, after, &classes),
            classes,
            name,
            end: End::Addresses(ranges),
            another: None,
        }
    });
    kinds.collect()
}

/// Whether policies may say something else of an end of these classes: to what it opens, and to what it accepts.
fn touched(
    (before, _): Solution<'_>,
    (after, _): Solution<'_>,
    (was, is): &Classes,
) -> (bool, bool) {
    if before.variant != after.variant {
        return (true, true);
    }
    let under = before.rows.iter().zip(&after.rows);
    let rows = under.flat_map(|(before, after)| before.of(was).zip(after.of(is)));
    rows.fold((false, false), |(opens, accepts), (was, is)| {
        (
            opens || was.egress != is.egress,
            accepts || was.ingress != is.ingress,
        )
    })
}

impl End<'_> {
    pub(super) fn exists(&self) -> bool {
        match self {
            Self::Pod(pod) => !pod.is_future,
            Self::Addresses(_) => true,
        }
    }

    pub(super) fn told(&self) -> String {
        match self {
            Self::Pod(pod) => pod.owner(),
            Self::Addresses(ranges) => {
                let first = ranges.first();
                first.map_or_else(String::new, |(first, last)| told_range(*first, *last))
            }
        }
    }
}
