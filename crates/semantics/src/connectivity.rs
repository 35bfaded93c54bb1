//! What can reach what: both ends of every connection joined.

mod at_node;
mod blocks;
pub mod explain;
pub(crate) mod in_force;
pub(crate) mod inbound;
pub(crate) mod neighbours;
pub(crate) mod own_node;
mod through_service;

use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::dialect::Dialect;
use cofferdam_objects::policy::Direction;
use roaring::RoaringBitmap;

use crate::addresses::Family;
use crate::classes::{Class, ClassKind, Classes};
use crate::facts::{Facts, Pod};
use crate::policy::Stage;
use crate::ports::PortSet;
use crate::rows::{Compiled, Profile, Rows, arriving};
use crate::sets::index;
use crate::verdict::Allowed;

pub use at_node::NodePort;
pub use blocks::Block;
pub use through_service::ServiceAddress;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// A pod, by its place in the facts.
    Pod(usize),
    /// An address of no pod: of a node, or outside.
    Address(IpAddr),
}

/// What can reach what under one dialect.
#[derive(Debug, Clone)]
pub struct Connectivity {
    pub(crate) classes: Arc<Classes>,
    pub(crate) dialect: Dialect,
    pub(crate) policies: Vec<Compiled>,
    pub(crate) rows: Rows,
    pub(crate) of_classes: Vec<ClassRows>,
}

/// The rows of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClassRows {
    pub(crate) egress: u32,
    pub(crate) ingress: u32,
    /// What its own node may send to it, where policies of administrators govern it.
    pub(crate) from_own_node: Option<u32>,
}

/// The policies that govern a class, by direction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Governing {
    pub(crate) ingress: Vec<u32>,
    pub(crate) egress: Vec<u32>,
}

impl Governing {
    /// Adds a policy where it governs a class.
    pub(crate) fn add(&mut self, number: u32, policy: &Compiled, class: u32) {
        if !policy.subject.contains(class) {
            return;
        }
        if policy.ingress.is_some() {
            put(&mut self.ingress, number);
        }
        if policy.egress.is_some() {
            put(&mut self.egress, number);
        }
    }
}

fn put(sorted: &mut Vec<u32>, number: u32) {
    if let Err(place) = sorted.binary_search(&number) {
        sorted.insert(place, number);
    }
}

impl Connectivity {
    /// Solves everything that was read, under a dialect.
    pub fn solve(classes: Arc<Classes>, dialect: Dialect) -> Self {
        let mut solved = Self::compile(classes, dialect);
        solved.of_classes = solved.rows_while(|_| true);
        solved
    }

    /// The same of another cluster, whose pods and addresses are in the same classes.
    pub(crate) fn of_cluster(&self, classes: Arc<Classes>) -> Self {
        Self {
            classes,
            ..self.clone()
        }
    }

    /// Looks up what policies name; nothing is solved yet.
    pub(crate) fn compile(classes: Arc<Classes>, dialect: Dialect) -> Self {
        let policies = (0_u32..).zip(&classes.facts().policies);
        let policies = policies.map(|policy| Compiled::of(policy, &classes, dialect));
        Self {
            policies: policies.collect(),
            classes,
            dialect,
            rows: Rows::new(dialect),
            of_classes: Vec::new(),
        }
    }

    /// The rows of every class while some of the policies, by their places in the facts, are in force.
    fn rows_while(&mut self, in_force: impl Fn(u32) -> bool) -> Vec<ClassRows> {
        let governing = governing(&self.policies, &self.classes, in_force);
        let of_classes = self.classes.iter().zip(governing);
        let of_classes = of_classes.map(|((_, class), governing)| {
            let shared = (&mut self.rows, &*self.classes);
            rows_of_class(class, governing, &self.policies, shared)
        });
        of_classes.collect()
    }

    /// What was read.
    pub fn facts(&self) -> &Facts {
        self.classes.facts()
    }

    pub(crate) fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The dialect under which this holds.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What one may send to another. A pod always reaches itself, but the pods of a template do not reach each other
    /// for that. Between addresses of which none is a pod's nothing is decided here, and everything allowed. Where it is
    /// not known whether one is the node on which the other runs, what only that decides is possible and not certain.
    pub fn allowed(&self, from: Endpoint, to: Endpoint) -> Allowed {
        let exempt = self.own_node(from, to);
        self.over_each(from, to, |source, target| {
            let known = self.over(source, target, exempt.known);
            exempt.supposed.map_or_else(
                || known.clone(),
                |supposed| known.either(&self.over(source, target, supposed)),
            )
        })
    }

    /// The same where two are not on one node unless that is known.
    pub(crate) fn allowed_as_known(&self, from: Endpoint, to: Endpoint) -> Allowed {
        let exempt = self.own_node(from, to).known;
        self.over_each(from, to, |source, target| self.over(source, target, exempt))
    }

    /// What may be sent over any pair of their classes.
    fn over_each(
        &self,
        from: Endpoint,
        to: Endpoint,
        over: impl Fn(u32, u32) -> Allowed,
    ) -> Allowed {
        if from == to && !self.is_several(from) {
            return arriving(self.dialect);
        }
        let (sources, targets) = (self.classes_of(from), self.classes_of(to));
        let mut allowed = Allowed::nothing();
        for source in &sources {
            for target in &targets {
                if self.family_of(*source) == self.family_of(*target) {
                    allowed = allowed.or(&over(*source, *target));
                }
            }
        }
        allowed
    }

    fn over(&self, source: u32, target: u32, exempt: own_node::Exempt) -> Allowed {
        let of_ends = self.rows_of(source).zip(self.rows_of(target));
        of_ends.map_or_else(Allowed::nothing, |of_ends| {
            self.over_rows(of_ends, (source, target), exempt)
        })
    }

    fn over_rows(
        &self,
        (of_source, of_target): (ClassRows, ClassRows),
        (source, target): (u32, u32),
        exempt: own_node::Exempt,
    ) -> Allowed {
        let everything = || arriving(self.dialect);
        let egress = if exempt.egress {
            everything()
        } else {
            self.answer(of_source.egress, target)
        };
        let ingress = match (exempt.ingress, exempt.namespaced_ingress) {
            (true, _) => everything(),
            (false, true) => match of_target.from_own_node {
                Some(row) => self.answer(row, source),
                None => everything(),
            },
            (false, false) => self.answer(of_target.ingress, source),
        };
        egress.and(&ingress)
    }

    fn answer(&self, row: u32, peer: u32) -> Allowed {
        let row = self.rows.get(row);
        row.map_or_else(Allowed::nothing, |row| self.rows.answers.get(row.at(peer)))
    }

    /// What the policies of a class say to a peer in one direction.
    pub(crate) fn says(&self, direction: Direction, class: u32, peer: u32) -> Allowed {
        let rows = self.rows_of(class);
        rows.map_or_else(Allowed::nothing, |rows| match direction {
            Direction::Ingress => self.answer(rows.ingress, peer),
            Direction::Egress => self.answer(rows.egress, peer),
        })
    }

    /// The same to each of some peers, those to which it is the same together.
    pub(crate) fn says_to_each(
        &self,
        direction: Direction,
        class: u32,
        peers: &RoaringBitmap,
    ) -> Vec<(RoaringBitmap, Allowed)> {
        let row = self.rows_of(class).map(|rows| match direction {
            Direction::Ingress => rows.ingress,
            Direction::Egress => rows.egress,
        });
        let Some(row) = row.and_then(|row| self.rows.get(row)) else {
            return vec![(peers.clone(), Allowed::nothing())];
        };
        let mut rest = peers.clone();
        let mut parts = Vec::new();
        for (cell, answer) in &row.cells {
            let inside = cell & peers;
            rest -= cell;
            parts.push((inside, self.rows.answers.get(*answer)));
        }
        parts.push((rest, self.rows.answers.get(row.rest)));
        parts.retain(|(some, _)| !some.is_empty());
        parts
    }

    /// What ends of these classes may exchange, beside what is possible only between a pod and its own node.
    pub(crate) fn between_classes(&self, from: &[u32], to: &[u32]) -> Allowed {
        let pairs = from
            .iter()
            .flat_map(|from| to.iter().map(move |to| (*from, *to)));
        let pairs = pairs.filter(|(from, to)| self.share_family(*from, *to));
        pairs.fold(Allowed::nothing(), |all, (from, to)| {
            let egress = self.says(Direction::Egress, from, to);
            all.or(&egress.and(&self.says(Direction::Ingress, to, from)))
        })
    }

    /// The ports of a rule on a destination: the rule by its policy, direction and place.
    pub(crate) fn ports_of_rule(
        &self,
        policy: usize,
        (direction, place): (Direction, usize),
        target: u32,
    ) -> PortSet {
        let mut policies = self.policies.iter();
        let policy = match self.policies.get(policy) {
            Some(one) if index(one.place) == policy => Some(one),
            Some(_) | None => policies.find(|one| index(one.place) == policy),
        };
        let rules = policy.and_then(|policy| policy.rules(direction));
        let rule = rules.and_then(|rules| rules.get(place));
        rule.map_or_else(PortSet::none, |rule| self.ports_of(rule, target))
    }

    /// Whether the addresses of two classes are of one family.
    pub(crate) fn share_family(&self, one: u32, other: u32) -> bool {
        self.family_of(one) == self.family_of(other)
    }

    /// Whether the addresses of a class are of a family.
    pub(crate) fn is_of(&self, class: u32, family: Family) -> bool {
        self.family_of(class) == Some(family)
    }

    pub(crate) fn rows_of(&self, class: u32) -> Option<ClassRows> {
        self.of_classes.get(index(class)).copied()
    }

    fn classes_of(&self, endpoint: Endpoint) -> Vec<u32> {
        match endpoint {
            Endpoint::Pod(pod) => self.classes.of_pod(pod).to_vec(),
            Endpoint::Address(address) => self.classes.of_address(address).into_iter().collect(),
        }
    }

    fn family_of(&self, class: u32) -> Option<Family> {
        self.classes.get(class).map(|class| class.family)
    }

    /// Whether an end stands for any number of pods, which reach each other as others do.
    pub(crate) fn is_several(&self, endpoint: Endpoint) -> bool {
        self.pod(endpoint).is_some_and(|pod| pod.is_template)
    }

    fn pod(&self, endpoint: Endpoint) -> Option<&Pod> {
        match endpoint {
            Endpoint::Pod(pod) => self.facts().pods.get(pod),
            Endpoint::Address(_) => None,
        }
    }
}

/// The policies in force that govern each class, in the order of classes.
fn governing(
    policies: &[Compiled],
    classes: &Classes,
    in_force: impl Fn(u32) -> bool,
) -> Vec<Governing> {
    let mut all = vec![Governing::default(); classes.iter().count()];
    let numbered = (0_u32..).zip(policies);
    for (id, policy) in numbered.filter(|(id, _)| in_force(*id)) {
        for class in &policy.subject {
            if let Some(governing) = all.get_mut(index(class)) {
                if policy.ingress.is_some() {
                    governing.ingress.push(id);
                }
                if policy.egress.is_some() {
                    governing.egress.push(id);
                }
            }
        }
    }
    all
}

pub(crate) fn rows_of_class(
    class: &Class,
    governing: Governing,
    policies: &[Compiled],
    (rows, classes): (&mut Rows, &Classes),
) -> ClassRows {
    let governing = match class.kind {
        ClassKind::Pods { .. } => governing,
        ClassKind::Host { .. } | ClassKind::Outside => Governing::default(),
    };
    let any_ingress = |holds: fn(&Compiled) -> bool| {
        let policies = governing
            .ingress
            .iter()
            .filter_map(|id| policies.get(index(*id)));
        policies.into_iter().any(holds)
    };
    let named = any_ingress(Compiled::names_ports);
    let by_administrators = any_ingress(|policy| policy.stage != Stage::Namespaced);
    let ingress = Profile {
        family: class.family,
        is_egress: false,
        policies: governing.ingress,
        ports: if named { class.ports } else { 0 },
        own_node: false,
    };
    let from_own_node = Profile {
        own_node: true,
        ..ingress.clone()
    };
    let egress = Profile {
        family: class.family,
        is_egress: true,
        policies: governing.egress,
        ports: 0,
        own_node: false,
    };
    ClassRows {
        egress: rows.id(egress, policies, classes),
        ingress: rows.id(ingress, policies, classes),
        from_own_node: by_administrators.then(|| rows.id(from_own_node, policies, classes)),
    }
}
