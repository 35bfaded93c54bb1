//! What opens and closes from one state to another, told between places.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;

use super::{Solved, States, Variant};
use crate::facts::Pod;
use crate::parties::told_range;
use crate::ports::PortSet;

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

/// Ends of which nothing that is compared tells one from another.
struct Kind<'a, N> {
    /// Its classes before and after.
    classes: Classes,
    name: N,
    end: End<'a>,
    /// Another one of them, where it is more than one pod: one reaches another.
    another: Option<End<'a>>,
    /// Whether policies may say something else of it than before: to what it opens, and to what it accepts.
    touched: (bool, bool),
}

/// The classes of an end, one per address, before and after.
type Classes = (Vec<u32>, Vec<u32>);

/// A state with what it was solved from.
type Solution<'a> = (&'a Solved, &'a Variant);

enum End<'a> {
    Pod(&'a Pod),
    Addresses(Vec<(IpAddr, IpAddr)>),
}

impl States {
    /// What opens and closes from one state to another, with names for the places. What happens between a pod and its
    /// own node is not told, and nothing between ends that are no pods.
    pub fn changes<N: Ord + Clone>(
        &self,
        before: &Solved,
        after: &Solved,
        name: impl Fn(Place<'_>) -> N,
    ) -> Changes<N> {
        let mut changes = Changes {
            opens: BTreeMap::new(),
            closes: BTreeMap::new(),
        };
        let (Some(was), Some(is)) = (self.variant(before), self.variant(after)) else {
            return changes;
        };
        if before.variant == after.variant && before.rows == after.rows {
            return changes;
        }
        let (before, after) = ((before, was), (after, is));
        let mut kinds = self.kinds_of_pods(before, after, &name);
        kinds.extend(kinds_of_addresses(before, after, &name));
        let numbered = || kinds.iter().enumerate();
        let accepting: Vec<(usize, &Kind<'_, N>)> =
            numbered().filter(|(_, kind)| kind.touched.1).collect();
        for (source, from) in numbered() {
            let targets: &mut dyn Iterator<Item = (usize, &Kind<'_, N>)> = if from.touched.0 {
                &mut numbered()
            } else {
                &mut accepting.iter().copied()
            };
            for (target, to) in targets {
                let Some(end) = other_end((source, from), (target, to)) else {
                    continue;
                };
                let (opens, closes) = differences(before, after, from, to);
                note(&mut changes.opens, (from, to, end), opens);
                note(&mut changes.closes, (from, to, end), closes);
            }
        }
        changes
    }

    fn kinds_of_pods<N: Ord + Clone>(
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

fn kinds_of_addresses<'a, N>(
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

/// Whom the first kind may reach of the second; none where no packet of theirs is anybody's to decide.
fn other_end<'a, 'k, N>(
    (source, from): (usize, &Kind<'a, N>),
    (target, to): (usize, &'k Kind<'a, N>),
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

impl End<'_> {
    fn exists(&self) -> bool {
        match self {
            Self::Pod(pod) => !pod.is_future,
            Self::Addresses(_) => true,
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Pod(pod) => format!("{}/{}", pod.namespace, pod.workload),
            Self::Addresses(ranges) => {
                let first = ranges.first();
                first.map_or_else(String::new, |(first, last)| told_range(*first, *last))
            }
        }
    }
}
