//! Pods and addresses that no policy tells apart, put together.

mod build;
mod change;
pub(crate) mod postings;
mod unaddressed;
pub(crate) mod vocabulary;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use cofferdam_model::dialect::{Dialect, IpBlock};
use indexmap::IndexMap;
use ipnet::IpNet;
use roaring::RoaringBitmap;
use rustc_hash::FxBuildHasher;

use crate::addresses::Family;
use crate::facts::{ContainerPort, Facts};
use crate::policy::{NamespaceChoice, Peer, Peers, PodChoice};
use crate::sets::{SetList, Table};
pub(crate) use change::News;
use postings::Postings;
use unaddressed::Unaddressed;
use vocabulary::{Vocabulary, block_of};

/// A class: pods, nodes or addresses that every policy treats alike, over one family of addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Class {
    pub(crate) family: Family,
    pub(crate) kind: ClassKind,
    /// The part of the addresses in which its own lies.
    pub(crate) atom: u32,
    /// Its named ports, by the number of the list.
    pub(crate) ports: u32,
}

/// What a class is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ClassKind {
    /// Pods of a namespace with the same labels, both by number.
    Pods { namespace: u32, labels: u32 },
    /// Nodes with the same labels, and the pods in their network; without labels where the node was not seen.
    Host { labels: Option<u32> },
    /// Addresses of neither pods nor nodes.
    Outside,
}

/// Which ports have names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum PortNames {
    /// These.
    These(Vec<ContainerPort>),
    /// Any port may have any name.
    Any,
}

/// Labels that some policy asks for, with their values.
type Told = Vec<(Arc<str>, Arc<str>)>;

/// What was read, with everything that no policy of it tells apart put together. The same under every dialect.
#[derive(Debug, Clone)]
pub struct Classes {
    facts: Arc<Facts>,
    /// Clusters with the same policies and alike pods share it.
    pub(crate) universe: Arc<Universe>,
    /// The classes of each pod, in the order of the facts: one per address.
    of_pods: Vec<Vec<u32>>,
    /// The class of each address of a node.
    of_hosts: BTreeMap<IpAddr, u32>,
}

/// Every class, and how they are found.
#[derive(Debug, Clone)]
pub(crate) struct Universe {
    pub(crate) vocabulary: Vocabulary,
    unaddressed: Unaddressed,
    table: Table<Class>,
    labels: Table<Told>,
    port_lists: Table<PortNames>,
    pub(crate) namespaces: Table<Arc<str>>,
    namespace_labels: Postings,
    by_namespace: SetList,
    pod_labels: Postings,
    node_labels: Postings,
    by_atom: ByAtom,
    by_ports: SetList,
    by_family: [RoaringBitmap; 2],
    /// Labels that were looked at already, by where they are held.
    restricted: IndexMap<(usize, bool), u32, FxBuildHasher>,
}

/// The classes of an atom by what they are made of.
#[derive(Debug, Clone, Default)]
struct ByAtom {
    pods: SetList,
    hosts: SetList,
    outside: SetList,
    atoms_of_blocks: BTreeMap<u32, Vec<u32>>,
    /// Those of addresses that are not known, which blocks hold or not.
    atoms_perhaps_in_blocks: BTreeMap<u32, Vec<u32>>,
}

impl Classes {
    /// What was read.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// A class by its number.
    pub(crate) fn get(&self, id: u32) -> Option<&Class> {
        self.universe.table.get(id)
    }

    /// Every class with its number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Class)> {
        self.universe.table.iter()
    }

    /// The classes of a pod, by its place in the facts.
    pub fn of_pod(&self, pod: usize) -> &[u32] {
        self.of_pods.get(pod).map(Vec::as_slice).unwrap_or_default()
    }

    /// The class of an address.
    pub(crate) fn of_address(&self, address: IpAddr) -> Option<u32> {
        let host = self.of_hosts.get(&address).copied();
        host.or_else(|| self.outside(address))
    }

    /// Whether an address is that of a node.
    pub(crate) fn is_of_node(&self, address: IpAddr) -> bool {
        self.of_hosts.contains_key(&address)
    }

    /// The class of an address as one of neither pods nor nodes.
    pub(crate) fn outside(&self, address: IpAddr) -> Option<u32> {
        self.universe.table.find(&Class {
            family: Family::of(address),
            kind: ClassKind::Outside,
            atom: self.universe.vocabulary.atoms.of(address),
            ports: 0,
        })
    }

    /// The parts of a network in which policies treat all addresses alike, from first to last.
    pub fn samples(&self, network: &IpNet) -> Vec<(IpAddr, IpAddr)> {
        self.universe.vocabulary.atoms.inside(network)
    }

    /// One address of each kind of nodes in a network.
    pub fn nodes_in(&self, network: &IpNet) -> Vec<IpAddr> {
        let kinds = self.addresses_of_nodes().into_iter();
        let inside = kinds.map(|kind| kind.into_iter().find(|one| network.contains(one)));
        inside.flatten().collect()
    }

    /// The addresses of nodes, those of one class together.
    pub(crate) fn addresses_of_nodes(&self) -> Vec<Vec<IpAddr>> {
        let mut by_class: BTreeMap<u32, Vec<IpAddr>> = BTreeMap::new();
        for (address, class) in &self.of_hosts {
            by_class.entry(*class).or_default().push(*address);
        }
        by_class.into_values().collect()
    }

    /// Every part of the addresses outside that policies treat alike: its ranges, from first to last.
    pub(crate) fn parts_outside(&self) -> Vec<Vec<(IpAddr, IpAddr)>> {
        let atoms = &self.universe.vocabulary.atoms;
        let classes = self.universe.table.iter();
        let outside = classes.filter(|(_, class)| class.kind == ClassKind::Outside);
        let parts = outside.map(|(_, class)| {
            let ranges = atoms.ranges(class.family, class.atom).into_iter();
            ranges.map(RangeInclusive::into_inner).collect()
        });
        parts.collect()
    }

    /// Every class of a family.
    pub(crate) fn of_family(&self, family: Family) -> &RoaringBitmap {
        let [v4, v6] = &self.universe.by_family;
        match family {
            Family::V4 => v4,
            Family::V6 => v6,
        }
    }

    /// The classes of the pods of a namespace.
    pub(crate) fn of_namespace(&self, name: &str) -> Option<&RoaringBitmap> {
        self.universe
            .by_namespace
            .get(self.universe.namespaces.find(name)?)
    }

    /// The classes of pods that a choice selects.
    pub(crate) fn chosen(&self, choice: &PodChoice) -> RoaringBitmap {
        let PodChoice { namespaces, pods } = choice;
        let of_pods = || self.universe.pod_labels.select(pods);
        match namespaces {
            NamespaceChoice::Named(name) => {
                let id = self.universe.namespaces.find(name);
                let own = id.and_then(|id| self.universe.by_namespace.get(id));
                match own {
                    Some(own) if pods.is_empty() => own.clone(),
                    Some(own) => own & of_pods(),
                    None => RoaringBitmap::new(),
                }
            }
            NamespaceChoice::Selected(selector) if selector.is_empty() => of_pods(),
            NamespaceChoice::Selected(selector) => {
                let own = self
                    .universe
                    .by_namespace
                    .union(self.universe.namespace_labels.select(selector));
                if pods.is_empty() {
                    own
                } else {
                    own & of_pods()
                }
            }
        }
    }

    /// The classes that a peer matches.
    pub(crate) fn matched(&self, peer: &Peer, dialect: Dialect) -> RoaringBitmap {
        match peer {
            Peer::Pods(choice) => self.chosen(choice),
            Peer::IpBlock { .. } | Peer::Networks(_) => {
                let by_atom = &self.universe.by_atom;
                let atoms = self.in_block(peer, &by_atom.atoms_of_blocks);
                let outside = by_atom.outside.union(atoms.iter().copied());
                outside | self.addressed_as(peer, atoms, dialect)
            }
            Peer::Nodes(selector) => self.universe.node_labels.select(selector),
            Peer::DomainNames(_) | Peer::Unknown => RoaringBitmap::new(),
        }
    }

    /// The classes that peers may match, and may not: of pods and nodes of which no address is known.
    pub(crate) fn perhaps_matched_by(&self, peers: &Peers, dialect: Dialect) -> RoaringBitmap {
        let peers = match peers {
            Peers::Everything => [].as_slice(),
            Peers::AnyOf(peers) => peers.as_slice(),
        };
        let perhaps = peers.iter().map(|peer| {
            let atoms = self.in_block(peer, &self.universe.by_atom.atoms_perhaps_in_blocks);
            self.addressed_as(peer, atoms, dialect)
        });
        perhaps.fold(RoaringBitmap::new(), |all, one| all | one)
    }

    /// The classes that peers match; `None` stands for all.
    pub(crate) fn matched_by(&self, peers: &Peers, dialect: Dialect) -> Option<RoaringBitmap> {
        match peers {
            Peers::Everything => None,
            Peers::AnyOf(peers) => Some(peers.iter().map(|peer| self.matched(peer, dialect)).fold(
                RoaringBitmap::new(),
                |all, one| {
                    if all.is_empty() { one } else { all | one }
                },
            )),
        }
    }

    /// What is told of the block that a peer names; nothing where it names none.
    fn in_block<'a>(&self, peer: &Peer, told: &'a BTreeMap<u32, Vec<u32>>) -> &'a [u32] {
        let block = block_of(peer).and_then(|block| self.universe.vocabulary.blocks.find(&block));
        let told = block.and_then(|block| told.get(&block));
        told.map(Vec::as_slice).unwrap_or_default()
    }

    /// The classes of pods and nodes with addresses of some atoms, as far as a peer looks at the addresses of these.
    fn addressed_as(&self, peer: &Peer, atoms: &[u32], dialect: Dialect) -> RoaringBitmap {
        let ByAtom { pods, hosts, .. } = &self.universe.by_atom;
        let of_kinds = match peer {
            Peer::IpBlock { .. } => [dialect.pod_addresses, dialect.node_addresses],
            Peer::Networks(_) => [IpBlock::Matches; 2],
            Peer::Pods(_) | Peer::Nodes(_) | Peer::DomainNames(_) | Peer::Unknown => {
                [IpBlock::Ignores; 2]
            }
        };
        let kinds = of_kinds.into_iter().zip([pods, hosts]);
        let looked_at = kinds.filter(|(looks, _)| *looks == IpBlock::Matches);
        let classes = looked_at.map(|(_, kind)| kind.union(atoms.iter().copied()));
        classes.fold(RoaringBitmap::new(), |all, one| all | one)
    }

    /// The named ports of a list.
    pub(crate) fn ports(&self, list: u32) -> &PortNames {
        const NONE: &PortNames = &PortNames::These(Vec::new());
        self.universe.port_lists.get(list).unwrap_or(NONE)
    }

    /// Every list of named ports, with the classes that have it.
    pub(crate) fn by_ports(&self) -> impl Iterator<Item = (u32, &RoaringBitmap)> {
        let lists = 0..self.universe.port_lists.len();
        lists.filter_map(|list| Some((list, self.universe.by_ports.get(list)?)))
    }
}
