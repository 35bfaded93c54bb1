//! Connectivity of a cluster that changes, in proportion to what a change touches.
//!
//! What can reach what does not depend on how it came to be: after any changes a [`Solution`] says what solving the same
//! facts from scratch says. A change of a policy makes the rows of the classes that it governs anew; a pod
//! that is like another one costs a look-up, and the first of its kind is added to the rows of the policies that name
//! it. These are solved from scratch, and counted ([`Solution::full_solves`]):
//!
//! - a policy with a block of addresses, or a label key of nodes, that no policy had before;
//! - a pod in the network of its node;
//! - the first IPv6 address, or the last one to go;
//! - any change once most classes have no pods any more.

mod effect;
mod namespaces;
mod namings;
mod pods;
mod policies;
mod population;
mod rows;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::dialect::Dialect;

use crate::classes::Classes;
use crate::connectivity::Connectivity;
use crate::facts::{Facts, Namespace, Pod};
use crate::policy::{Policy, PolicyId};
use crate::sets::number;
use effect::Journal;
use namings::Namings;
use population::Population;
use rows::Users;

pub use effect::Effect;

/// A change of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A policy is now this; it may be new.
    SetPolicy(Box<Policy>),
    /// A policy is gone.
    RemovePolicy(PolicyId),
    /// A pod is now this; it may be new.
    SetPod(Box<Pod>),
    /// A pod is gone.
    RemovePod(PodKey),
    /// A namespace has these labels, the one with its name included; it may be new.
    SetNamespace(Arc<str>, Namespace),
    /// A namespace is gone, or nothing but its name is known any more.
    RemoveNamespace(Arc<str>),
}

/// What names a pod, or the template of a workload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodKey {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name; of a template that of the workload.
    pub name: Arc<str>,
    /// Of a template, the kind of the workload.
    pub template_of: Option<Arc<str>>,
}

impl PodKey {
    /// The key of a pod.
    pub fn of(pod: &Pod) -> Self {
        let kind = &pod.workload.kind;
        Self {
            namespace: Arc::clone(&pod.namespace),
            name: Arc::clone(&pod.name),
            template_of: pod.is_template.then(|| Arc::clone(kind)),
        }
    }
}

/// Facts with what they come to under one dialect, kept true change by change.
///
/// Policies and pods are named by their keys; where several have the same key, a change is about the last of them.
#[derive(Debug, Clone)]
pub struct Solution {
    connectivity: Connectivity,
    /// The number of each policy, in the order of the facts.
    numbers: Vec<u32>,
    /// Numbers of policies that are gone.
    free: Vec<u32>,
    policies: BTreeSet<(PolicyId, u32)>,
    namings: Namings,
    population: Population,
    users: Users,
    /// How many policies, pods and nodes have IPv6 addresses.
    with_ipv6: usize,
    journal: Option<Journal>,
    full_solves: usize,
}

/// Classes without pods that are not worth a full solve.
const FEW: u32 = 1_000;

impl Solution {
    /// Solves facts from scratch.
    pub fn new(facts: &Arc<Facts>, dialect: Dialect) -> Self {
        let classes = Arc::new(Classes::of(facts));
        let connectivity = Connectivity::solve(classes, dialect);
        let classes = connectivity.classes();
        let mut namings = Namings::default();
        let mut policies = BTreeSet::new();
        for (number, policy) in (0_u32..).zip(&facts.policies) {
            namings.insert(number, policy, &classes.universe.vocabulary.blocks);
            policies.insert((policy.id.clone(), number));
        }
        let population = Population::of(facts, classes.of_pods());
        let users = Users::of(&connectivity);
        Self {
            numbers: (0..number(facts.policies.len())).collect(),
            free: Vec::new(),
            policies,
            namings,
            population,
            users,
            with_ipv6: with_ipv6(facts),
            journal: None,
            full_solves: 1,
            connectivity,
        }
    }

    /// What can reach what now.
    pub fn connectivity(&self) -> &Connectivity {
        &self.connectivity
    }

    /// What is there now; in no order, once something changed.
    pub fn facts(&self) -> &Facts {
        self.connectivity.facts()
    }

    /// How often everything was solved from scratch, the first time included.
    pub fn full_solves(&self) -> usize {
        self.full_solves
    }

    /// Makes a change; what undoes it, where it changed anything.
    pub fn apply(&mut self, change: Change) -> Option<Change> {
        let undo = match change {
            Change::SetPolicy(policy) => Some(self.set_policy(*policy)),
            Change::RemovePolicy(id) => self.remove_policy(&id),
            Change::SetPod(pod) => Some(self.set_pod(*pod)),
            Change::RemovePod(key) => self.remove_pod(&key),
            Change::SetNamespace(name, namespace) => Some(self.set_namespace(name, namespace)),
            Change::RemoveNamespace(name) => self.remove_namespace(&name),
        };
        self.classes_mut().forget_addresses_of_labels();
        let count = self.connectivity.classes().count();
        if count > 2 * (self.population.inhabited() + self.users.without_pods()) + FEW {
            self.solve_anew();
        }
        undo
    }

    fn classes(&self) -> &Classes {
        self.connectivity.classes()
    }

    fn classes_mut(&mut self) -> &mut Classes {
        Arc::make_mut(&mut self.connectivity.classes)
    }

    fn facts_mut(&mut self) -> &mut Facts {
        self.classes_mut().facts_mut()
    }

    /// Solves what is there from scratch.
    fn solve_anew(&mut self) {
        let dialect = self.connectivity.dialect();
        let facts = self.classes().shared_facts();
        let full_solves = self.full_solves;
        *self = Self::new(&facts, dialect);
        self.full_solves += full_solves;
    }

    /// Counts an object that had an IPv6 address, or has one now; whether that changes the classes of pods without an
    /// address.
    fn counts_ipv6(&mut self, (had, has): (bool, bool)) -> bool {
        self.with_ipv6 += usize::from(has);
        self.with_ipv6 = self.with_ipv6.saturating_sub(usize::from(had));
        let has_ipv6 = self.with_ipv6 > 0;
        let changed = has_ipv6 != self.facts().has_ipv6;
        if changed {
            self.facts_mut().has_ipv6 = has_ipv6;
        }
        changed
    }
}

/// Puts an item into its place, or at the end; the one that was there.
fn put<T>(items: &mut Vec<T>, place: usize, item: T) -> Option<T> {
    if let Some(known) = items.get_mut(place) {
        return Some(std::mem::replace(known, item));
    }
    items.push(item);
    None
}

fn with_ipv6(facts: &Facts) -> usize {
    let policies = facts.policies.iter().filter(|policy| policy.names_ipv6);
    let pods = facts.pods.iter().filter(|pod| has_ipv6(pod));
    let nodes = facts.nodes.values();
    let nodes = nodes.filter(|node| node.addresses.iter().any(IpAddr::is_ipv6));
    let count = policies.count() + pods.count() + nodes.count();
    count.max(usize::from(facts.has_ipv6))
}

fn has_ipv6(pod: &Pod) -> bool {
    let mut addresses = pod.addresses.iter().chain(&pod.place.host_addresses);
    addresses.any(IpAddr::is_ipv6)
}
