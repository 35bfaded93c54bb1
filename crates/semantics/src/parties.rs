//! Connections as people read them: by workload, and by ranges of addresses.

pub(crate) mod cuts;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use ipnet::{Ipv4Subnets, Ipv6Subnets};

use crate::addresses::{Family, join};
use crate::classes::{ClassKind, Classes};
use crate::connectivity::Connectivity;
use crate::facts::Workload;
use crate::verdict::Allowed;

/// Who is at an end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// All pods of a workload.
    Workload {
        /// Its namespace.
        namespace: Arc<str>,
        /// The topmost owner.
        workload: Workload,
    },
    /// Addresses outside, from the first to the last.
    Addresses(IpAddr, IpAddr),
}

/// `namespace/name[Kind]`, a CIDR, or `first-last`.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload {
                namespace,
                workload,
            } => write!(f, "{namespace}/{workload}"),
            Self::Addresses(first, last) => f.write_str(&told_range(*first, *last)),
        }
    }
}

/// Addresses from the first to the last: a CIDR, or `first-last`.
pub(crate) fn told_range(first: IpAddr, last: IpAddr) -> String {
    cidr(first, last).unwrap_or_else(|| format!("{first}-{last}"))
}

fn cidr(first: IpAddr, last: IpAddr) -> Option<String> {
    let only =
        |mut networks: Box<dyn Iterator<Item = String>>| match (networks.next(), networks.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        };
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => only(Box::new(
            Ipv4Subnets::new(first, last, 0).map(|one| one.to_string()),
        )),
        (IpAddr::V6(first), IpAddr::V6(last)) => only(Box::new(
            Ipv6Subnets::new(first, last, 0).map(|one| one.to_string()),
        )),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// A connection that is possible.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// Who opens it.
    pub from: Party,
    /// Who accepts it.
    pub to: Party,
    /// On which ports.
    pub allowed: Allowed,
}

/// A workload, or the part of its pods that policies treat alike.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) party: Party,
    pub(crate) classes: Vec<u32>,
    /// Its pods, by their places in the facts.
    pub(crate) pods: Vec<usize>,
    /// Whether it is a template, that may make any number of them.
    pub(crate) is_template: bool,
}

/// The pods of groups, each with the number of its group.
pub(crate) fn grouped(groups: &[Group]) -> impl Iterator<Item = (usize, u32)> {
    let numbered = (0..).zip(groups);
    numbered.flat_map(|(number, group)| group.pods.iter().map(move |pod| (*pod, number)))
}

/// An end of a connection by number: a group, or addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Group(usize),
    Outside(Family, u32),
}

impl Connectivity {
    /// Every connection that is possible, by workload: replicas that policies tell apart stand as pods of their own.
    /// Addresses outside are not joined with each other. What only a common node allows is not among these.
    ///
    /// So do all replicas of the workloads in `split`.
    pub fn connections(&mut self, split: &Workloads) -> Vec<Connection> {
        let groups = self.classes().groups(split);
        let mut of_classes: BTreeMap<u32, Vec<End>> = BTreeMap::new();
        for (number, group) in groups.iter().enumerate() {
            for class in &group.classes {
                of_classes
                    .entry(*class)
                    .or_default()
                    .push(End::Group(number));
            }
        }
        for (id, class) in self.classes().iter() {
            if class.kind == ClassKind::Outside {
                of_classes
                    .entry(id)
                    .or_default()
                    .push(End::Outside(class.family, class.atom));
            }
        }
        let ends = |set: &roaring::RoaringBitmap| -> BTreeSet<End> {
            set.iter()
                .filter_map(|class| of_classes.get(&class))
                .flatten()
                .copied()
                .collect()
        };
        let mut between: BTreeMap<(End, End), Allowed> = BTreeMap::new();
        for block in self.blocks() {
            let (from, to) = (ends(&block.from), ends(&block.to));
            for source in &from {
                for target in &to {
                    if !is_single(&groups, *source, *target) {
                        let allowed = between.entry((*source, *target)).or_default();
                        *allowed = allowed.or(&block.allowed);
                    }
                }
            }
        }
        self.told(&groups, between)
    }

    /// Connections with names; neighbouring addresses of which the same is said stand together.
    fn told(&self, groups: &[Group], between: BTreeMap<(End, End), Allowed>) -> Vec<Connection> {
        let mut ranges: BTreeMap<(bool, usize, Family, Allowed), Vec<RangeInclusive<IpAddr>>> =
            BTreeMap::new();
        let mut connections = Vec::new();
        let party = |number: usize| groups.get(number).map(|group| group.party.clone());
        for ((from, to), allowed) in between {
            match (from, to) {
                (End::Group(from), End::Group(to)) => {
                    let ends = party(from).zip(party(to));
                    connections.extend(ends.map(|(from, to)| Connection { from, to, allowed }));
                }
                (End::Outside(family, atom), End::Group(group))
                | (End::Group(group), End::Outside(family, atom)) => {
                    let inward = matches!(from, End::Outside(..));
                    let own = self
                        .classes()
                        .universe
                        .vocabulary
                        .atoms
                        .ranges(family, atom);
                    ranges
                        .entry((inward, group, family, allowed))
                        .or_default()
                        .extend(own);
                }
                (End::Outside(..), End::Outside(..)) => {}
            }
        }
        for ((inward, group, family, allowed), ranges) in ranges {
            for range in join(family, &ranges) {
                let outside = Party::Addresses(*range.start(), *range.end());
                let Some(group) = party(group) else { continue };
                let (from, to) = if inward {
                    (outside, group)
                } else {
                    (group, outside)
                };
                connections.push(Connection {
                    from,
                    to,
                    allowed: allowed.clone(),
                });
            }
        }
        connections.sort();
        connections
    }
}

/// Workloads by namespace.
pub type Workloads = BTreeSet<(Arc<str>, Workload)>;

impl Classes {
    /// The workloads whose pods policies treat differently.
    pub fn divided(&self) -> Workloads {
        let mut first: BTreeMap<(&Arc<str>, &Workload), &[u32]> = BTreeMap::new();
        let mut divided = Workloads::new();
        for (place, pod) in self.facts().pods.iter().enumerate() {
            let classes = self.of_pod(place);
            let known = *first
                .entry((&pod.namespace, &pod.workload))
                .or_insert(classes);
            if known != classes {
                divided.insert((Arc::clone(&pod.namespace), pod.workload.clone()));
            }
        }
        divided
    }

    /// The workloads; those that are divided, or are to be split, by their pods.
    pub(crate) fn groups(&self, split: &Workloads) -> Vec<Group> {
        let divided = self.divided();
        let mut groups: BTreeMap<Party, Group> = BTreeMap::new();
        for (place, pod) in self.facts().pods.iter().enumerate() {
            let owner = (Arc::clone(&pod.namespace), pod.workload.clone());
            let alone = divided.contains(&owner) || split.contains(&owner);
            let (namespace, workload) = owner;
            let workload = if alone {
                Workload {
                    kind: "Pod".into(),
                    name: Arc::clone(&pod.name),
                }
            } else {
                workload
            };
            let party = Party::Workload {
                namespace,
                workload,
            };
            let group = groups.entry(party.clone()).or_insert_with(|| Group {
                party,
                classes: self.of_pod(place).to_vec(),
                pods: Vec::new(),
                is_template: pod.is_template,
            });
            group.pods.push(place);
        }
        groups.into_values().collect()
    }
}

/// Whether two ends are one and the same pod.
fn is_single(groups: &[Group], from: End, to: End) -> bool {
    match (from, to) {
        (End::Group(from), End::Group(to)) if from == to => groups
            .get(from)
            .is_some_and(|group| group.pods.len() == 1 && !group.is_template),
        _ => false,
    }
}
