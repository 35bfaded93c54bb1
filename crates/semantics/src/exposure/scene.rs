//! What there is and could be: pods, nodes and addresses outside, solved under every dialect in question.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use cofferdam_model::dialect::{Dialect, IpBlock, Sctp};
use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Labels;
use cofferdam_objects::keys::NAMESPACE_NAME;
use cofferdam_objects::policy::Direction;
use roaring::RoaringBitmap;

use super::{any, every};
use crate::addresses::{Family, Scope, within};
use crate::classes::{ClassKind, Classes};
use crate::connectivity::Connectivity;
use crate::facts::{Facts, Place, Pod, Workload};
use crate::future::{Future, TooMany};
use crate::policy::Source;
use crate::ports::PortSet;
use crate::verdict::Allowed;

/// A part of the addresses of a family.
pub(super) struct Outside {
    pub(super) family: Family,
    pub(super) addresses: Vec<RangeInclusive<IpAddr>>,
}

/// Everything that is asked about.
pub(super) struct Scene {
    classes: Arc<Classes>,
    under: Vec<Connectivity>,
    /// The pods that are, and after them those that could be.
    pub(super) existing: RoaringBitmap,
    pub(super) newcomers: RoaringBitmap,
    /// A pod of each class of newcomers.
    newcomer_of: BTreeMap<u32, usize>,
    /// Every address outside.
    outside: RoaringBitmap,
    /// Nodes; where none is known, one of which the address is not known.
    nodes: RoaringBitmap,
    knows_nodes: bool,
    /// A node of which nothing is known.
    some_node: RoaringBitmap,
    new_namespaces: BTreeSet<Arc<str>>,
    too_many: Vec<TooMany>,
}

impl Scene {
    pub(super) fn new(facts: &Facts, dialects: &[Dialect]) -> Self {
        let mut whole = facts.clone();
        let too_many = add_newcomers(&mut whole);
        let last = whole.pods.len();
        whole.pods.push(some_node());
        let classes = Arc::new(Classes::of(&Arc::new(whole)));
        let new_namespaces = classes.facts().namespaces.keys();
        let new_namespaces = new_namespaces
            .filter(|name| !facts.namespaces.contains_key(*name))
            .cloned()
            .collect();
        let facts = (facts, classes.facts());
        let mut existing = RoaringBitmap::new();
        let mut newcomers = RoaringBitmap::new();
        let mut newcomer_of = BTreeMap::new();
        let (there, all) = facts;
        for (place, pod) in all.pods.iter().enumerate().take(last) {
            if pod.place.host_network {
                continue;
            }
            for class in classes.of_pod(place) {
                if place < there.pods.len() {
                    existing.insert(*class);
                } else {
                    newcomers.insert(*class);
                    newcomer_of.entry(*class).or_insert(place);
                }
            }
        }
        let outside = classes.iter();
        let outside = outside.filter(|(_, class)| class.kind == ClassKind::Outside);
        let outside = outside.map(|(id, _)| id).collect();
        let addresses = there.nodes.values().flat_map(|node| &node.addresses);
        let known: RoaringBitmap = addresses
            .filter_map(|address| classes.of_address(*address))
            .collect();
        let knows_nodes = !known.is_empty();
        let some_node: RoaringBitmap = classes.of_pod(last).iter().copied().collect();
        let nodes = if knows_nodes {
            known
        } else {
            some_node.clone()
        };
        let under = dialects
            .iter()
            .map(|dialect| Connectivity::solve(Arc::clone(&classes), *dialect));
        Self {
            under: under.collect(),
            classes: Arc::clone(&classes),
            existing,
            newcomers,
            newcomer_of,
            outside,
            nodes,
            knows_nodes,
            some_node,
            new_namespaces,
            too_many,
        }
    }

    /// What is not looked at, one line each.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.too_many.iter().map(|TooMany { namespace }| {
            format!(
                "policies tell so many kinds of pods apart in {namespace} that not all of those that could be made there are looked at"
            )
        })
    }

    pub(super) fn classes(&self) -> &Classes {
        &self.classes
    }

    pub(super) fn family(&self, class: u32) -> Option<Family> {
        self.classes().get(class).map(|class| class.family)
    }

    /// A pod that does not exist yet, by its class.
    pub(super) fn newcomer(&self, class: u32) -> Option<&Pod> {
        let place = self.newcomer_of.get(&class)?;
        self.classes().facts().pods.get(*place)
    }

    /// The labels of a namespace, without its name where it does not exist yet.
    pub(super) fn labels_of_namespace(&self, namespace: &str) -> Labels {
        let Some(of) = self.classes.facts().namespaces.get(namespace) else {
            return Labels::new();
        };
        let mut labels = Labels::clone(&of.labels);
        if self.new_namespaces.contains(namespace) {
            labels.remove(NAMESPACE_NAME);
        }
        labels
    }

    /// The classes of pods that are in a namespace already.
    pub(super) fn pods_of(&self, namespace: &str) -> RoaringBitmap {
        let own = self.classes.of_namespace(namespace);
        own.map_or_else(RoaringBitmap::new, |own| own & &self.existing)
    }

    /// What one answer comes to under all dialects: possible under one of them, certain under each. That SCTP may be off
    /// under a dialect is nothing that policies say.
    pub(super) fn ask(&self, question: impl Fn(&Connectivity) -> Allowed) -> Allowed {
        let answers = self.under.iter().map(|one| lenient(one, question(one)));
        merged(answers)
    }

    /// What the policies of a class say to each of some peers of its family, by parts to which they say the same.
    pub(super) fn says(
        &self,
        direction: Direction,
        class: u32,
        peers: &RoaringBitmap,
    ) -> Vec<(RoaringBitmap, Allowed)> {
        let Some(family) = self.family(class) else {
            return Vec::new();
        };
        let peers = peers & self.classes().of_family(family);
        let mut parts: Vec<(RoaringBitmap, Vec<Allowed>)> = vec![(peers, Vec::new())];
        for connectivity in &self.under {
            let mut finer = Vec::new();
            for (peers, so_far) in &parts {
                for (some, allowed) in connectivity.says_to_each(direction, class, peers) {
                    let mut answers = so_far.clone();
                    answers.push(lenient(connectivity, allowed));
                    finer.push((some, answers));
                }
            }
            parts = finer;
        }
        let parts = parts.into_iter();
        parts
            .map(|(some, answers)| (some, merged(answers.into_iter())))
            .collect()
    }

    /// The parts of what is outside, with what the policies of a class say to each, as far as it is in a scope.
    pub(super) fn says_to_outside(
        &self,
        direction: Direction,
        class: u32,
        scope: &Scope,
    ) -> Vec<(Outside, Allowed)> {
        let Some(family) = self.family(class) else {
            return Vec::new();
        };
        let atoms = &self.classes().universe.vocabulary.atoms;
        let parts = self.says(direction, class, &self.outside).into_iter();
        let parts = parts.map(|(some, allowed)| {
            let classes = some.iter().filter_map(|class| self.classes().get(class));
            let ranges: Vec<_> = classes
                .flat_map(|class| atoms.ranges(family, class.atom))
                .collect();
            let addresses = within(family, &ranges, scope);
            (Outside { family, addresses }, allowed)
        });
        parts
            .filter(|(outside, _)| !outside.addresses.is_empty())
            .collect()
    }

    /// What both sides let through from a class to another; nothing where their families differ.
    pub(super) fn between(&self, from: u32, to: u32) -> Allowed {
        if self.family(from) != self.family(to) {
            return Allowed::nothing();
        }
        self.ask(|connectivity| {
            let egress = connectivity.says(Direction::Egress, from, to);
            egress.and(&connectivity.says(Direction::Ingress, to, from))
        })
    }

    /// What a class lets in from a node, whichever that is.
    pub(super) fn let_in_of_nodes(&self, class: u32) -> Allowed {
        let Some(family) = self.family(class) else {
            return Allowed::nothing();
        };
        let of_family = self.classes().of_family(family);
        let said = |connectivity: &Connectivity, peers: &RoaringBitmap| -> Vec<Allowed> {
            let peers = peers & of_family;
            let parts = connectivity.says_to_each(Direction::Ingress, class, &peers);
            parts.into_iter().map(|(_, allowed)| allowed).collect()
        };
        self.ask(|connectivity| {
            if self.knows_nodes {
                return any(said(connectivity, &self.nodes));
            }
            // Its address may be any; a dialect in which no block holds nodes does not ask for it.
            let peers = match connectivity.dialect().node_addresses {
                IpBlock::Matches => &self.nodes | &self.outside,
                IpBlock::Ignores => self.nodes.clone(),
            };
            uncertain(&said(connectivity, &peers))
        })
    }

    /// What a class lets in from the node on which its pods run.
    pub(super) fn let_in_of_own_node(&self, class: u32) -> Allowed {
        let Some(family) = self.family(class) else {
            return Allowed::nothing();
        };
        let own = &self.some_node & self.classes().of_family(family);
        self.ask(|connectivity| {
            let nodes = own.iter();
            any(nodes.map(|node| connectivity.says_to_own_node(class, node)))
        })
    }

    /// What a class lets in from an address outside of which nothing is known.
    pub(super) fn let_in_from_somewhere(&self, class: u32) -> Allowed {
        let parts = self.says(Direction::Ingress, class, &self.outside);
        let parts: Vec<Allowed> = parts.into_iter().map(|(_, allowed)| allowed).collect();
        uncertain(&parts)
    }
}

/// What is possible from one of several, and certain from all.
pub(super) fn uncertain(all: &[Allowed]) -> Allowed {
    Allowed {
        possible: any(all.iter().cloned()).possible,
        certain: every(all.iter().cloned()).certain,
    }
}

fn lenient(connectivity: &Connectivity, allowed: Allowed) -> Allowed {
    let Allowed { possible, certain } = allowed;
    let certain = match connectivity.dialect().sctp {
        Sctp::Governed => certain,
        Sctp::MayBeOff => certain.or(&PortSet::of_protocols([Protocol::Sctp])),
    };
    Allowed { possible, certain }
}

fn merged(answers: impl Iterator<Item = Allowed>) -> Allowed {
    let all: Vec<Allowed> = answers.collect();
    let Allowed { possible, certain } = uncertain(&all);
    let certain = certain.and(&possible);
    Allowed { possible, certain }
}

/// Adds pods that could be made, in namespaces that are there and in such that could be; the namespaces of which not
/// all could be told.
fn add_newcomers(facts: &mut Facts) -> Vec<TooMany> {
    let mut too_many = Vec::new();
    match Future::of(facts, &[]).namespaces() {
        Ok(namespaces) => facts.namespaces.extend(namespaces),
        Err(one) => too_many.push(one),
    }
    let (pods, more) = Future::of(facts, &[]).everywhere();
    facts.pods.extend(pods);
    too_many.extend(more);
    too_many
}

/// A pod in the network of a node of which nothing is known: what it may send, that node may.
fn some_node() -> Pod {
    let name: Arc<str> = "a node".into();
    Pod {
        namespace: "".into(),
        name: Arc::clone(&name),
        workload: Workload {
            kind: "Node".into(),
            name,
        },
        source: Source(u32::MAX),
        labels: Arc::default(),
        ports: Arc::default(),
        host_ports: Box::default(),
        addresses: Box::default(),
        place: Place {
            host_network: true,
            ..Place::default()
        },
        is_template: true,
        is_future: true,
    }
}
