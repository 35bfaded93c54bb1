//! Small clusters full of corners, and questions about them: the same for the same seed.
//!
//! There are few names, labels, addresses and ports, so that selectors and rules hit often.

mod cluster_policies;
mod network_policies;
mod nodes;
mod pods;
mod questions;
mod random;
mod selectors;
mod spoil;

use serde_json::{Value, json};

use random::Random;

pub use questions::questions;

/// Which corners a cluster may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corners {
    /// Which kinds of policies.
    pub policies: Policies,
    /// Which families of addresses.
    pub families: Families,
    /// Whether there are nodes, and pods in their network.
    pub nodes: bool,
    /// Whether now and then a policy is one that an API server refuses.
    pub invalid: bool,
}

/// Which kinds of policies a cluster may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policies {
    /// `NetworkPolicy`.
    Namespaced,
    /// `NetworkPolicy`, `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`.
    FirstVersion,
    /// `NetworkPolicy` and `ClusterNetworkPolicy`.
    SecondVersion,
    /// All of them beside each other.
    Mixed,
}

/// Which families of addresses a cluster may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    /// Each pod has one IPv4 address.
    Ipv4,
    /// A pod has none, either or both; blocks are of either.
    Both,
}

impl Corners {
    /// `NetworkPolicy` and pods with one address.
    pub const PLAIN: Self = Self {
        policies: Policies::Namespaced,
        families: Families::Ipv4,
        nodes: false,
        invalid: false,
    };
    /// Everything.
    pub const ALL: Self = Self {
        policies: Policies::Mixed,
        families: Families::Both,
        nodes: true,
        invalid: true,
    };
}

/// Names of namespaces; the last has no object.
const NAMESPACES: [&str; 4] = ["alpha", "beta", "gamma", "missing"];

/// A cluster of at most three nodes, four namespaces, eight pods and seven policies.
pub fn cluster(seed: u64, corners: Corners) -> Vec<Value> {
    let mut random = Random::new(seed);
    let mut objects: Vec<Value> = namespaces(&mut random);
    let nodes = if corners.nodes { random.below(4) } else { 0 };
    objects.extend((1..=nodes).map(|index| nodes::node(&mut random, corners, index)));
    let pods = 1 + random.below(8);
    objects.extend((1..=pods).map(|index| pods::pod(&mut random, corners, index)));
    let count = random.below(7);
    let policies = (1..=count).map(|index| policy(&mut random, corners, index));
    let mut policies: Vec<Value> = policies.collect();
    only_one_default(&mut policies);
    if random.chance(70) {
        let original = random.pick(&policies);
        policies.extend(cluster_policies::twin(&mut random, original));
    }
    objects.extend(policies);
    objects
}

fn namespaces(random: &mut Random) -> Vec<Value> {
    let [first, others @ .., _] = NAMESPACES;
    let count = 1 + random.below(others.len() + 1);
    let names = [first].into_iter().chain(others).take(count);
    names
        .map(|name| {
            let labels = random.some(85, |random| random.labels(&selectors::NAMESPACE_LABELS));
            json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": object([("name", Some(json!(name))), ("labels", labels)]),
            })
        })
        .collect()
}

fn policy(random: &mut Random, corners: Corners, index: usize) -> Value {
    use cluster_policies::Version::{Admin, Baseline, Cluster};
    let namespaced = random.chance(40);
    let version = match corners.policies {
        Policies::Namespaced => None,
        Policies::SecondVersion => Some(Cluster),
        Policies::Mixed if random.chance(40) => Some(Cluster),
        Policies::FirstVersion | Policies::Mixed if random.chance(70) => Some(Admin),
        Policies::FirstVersion | Policies::Mixed => Some(Baseline),
    };
    let made = match version {
        Some(version) if !namespaced => cluster_policies::policy(random, corners, version, index),
        Some(_) | None => network_policies::policy(random, corners, index),
    };
    if corners.invalid && random.chance(10) {
        spoil::spoil(random, made)
    } else {
        made
    }
}

/// There is one name that several policies may get.
fn only_one_default(objects: &mut Vec<Value>) {
    let mut found = false;
    objects.retain(|object| {
        let is_default = object.pointer("/metadata/name") == Some(&json!("default"));
        let is_second = is_default && found;
        found |= is_default;
        !is_second
    });
}

/// An object of the fields that are there.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let fields = fields.into_iter();
    let present = fields.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect())
}
