//! How far each workload is open: from and to the internet, and from and to the whole cluster, with pods that do not
//! exist yet.
//!
//! Who opens a connection from outside is not always who policies see: nodes and load balancers translate addresses, and
//! controllers of Ingresses and Gateways open connections of their own. Each way in is asked from everybody whom policies may
//! see; what only some of these may send is possible, and not certain.

mod cluster;
mod internet;
mod on_nodes;
mod proxies;
mod published;
mod scene;
mod sources;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::dialect::Dialect;

use crate::facts::{Facts, Gap};
use crate::parties::{Group, Party, Workloads};
use crate::verdict::Allowed;
use scene::Scene;

pub use cluster::{Everybody, Neighbour, Newcomer};
pub use internet::{Addresses, Part};
pub use sources::Seen;
pub use ways::{How, WayIn};

/// How far a workload is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The workload, or one of its pods where policies tell these apart.
    pub party: Party,
    /// The ways in from outside.
    pub ways_in: Vec<WayIn>,
    /// What policies let in from addresses of the internet: possible wherever addresses of pods are routed from outside.
    pub from_internet: Vec<Part>,
    /// What policies let out to addresses of the internet.
    pub to_internet: Vec<Part>,
    /// What its own policies let in from pods.
    pub from_cluster: Everybody,
    /// What its own policies let out to pods.
    pub to_cluster: Everybody,
    /// Pods that do not exist yet and would reach more of it than any that is there.
    pub newcomers: Vec<Newcomer>,
}

/// How far workloads are open, and what of that is not known.
#[derive(Debug, Clone, Default)]
pub struct Exposures {
    /// One for each workload, in their order.
    pub all: Vec<Exposure>,
    /// What stands in the way of telling every way in.
    pub gaps: BTreeSet<Gap>,
    /// What is worth knowing, one line each.
    pub notes: Vec<String>,
}

/// How far every workload is open, under each of the dialects one of which is in force.
pub fn exposure(facts: &Facts, dialects: &[Dialect]) -> Exposures {
    let scene = Scene::new(facts, dialects);
    let mut gaps = facts.entrance_gaps.clone();
    let mut notes: BTreeSet<String> = scene.notes().collect();
    let ways = ways::find(facts, &mut gaps, &mut notes);
    // Most workloads are told apart by nothing but their name.
    let mut alike: BTreeMap<Vec<u32>, Exposure> = BTreeMap::new();
    let groups = scene.classes().groups(&Workloads::new()).into_iter();
    let groups = groups.filter(|group| group.pods.iter().all(|pod| *pod < facts.pods.len()));
    let groups: Vec<Group> = groups.collect();
    let mut neighbours = on_nodes::of(&scene, facts, &groups);
    let all = (0..).zip(groups).map(|(number, group)| {
        let Group {
            party,
            classes,
            pods,
            ..
        } = group;
        let known = alike.entry(classes);
        let mut exposure = known
            .or_insert_with_key(|classes| of_classes(&scene, &party, classes))
            .clone();
        exposure.party = party;
        neighbours.tell(number, &mut exposure);
        let pods: BTreeSet<usize> = pods.into_iter().collect();
        let through = ways.iter().filter_map(|way| way.to(&scene, &pods));
        exposure.ways_in = through.collect();
        exposure
    });
    Exposures {
        all: all.collect(),
        gaps,
        notes: notes.into_iter().collect(),
    }
}

fn of_classes(scene: &Scene, party: &Party, classes: &[u32]) -> Exposure {
    let (from_cluster, to_cluster, newcomers) = cluster::of(scene, classes);
    let (from_internet, to_internet) = internet::of(scene, classes);
    Exposure {
        party: party.clone(),
        ways_in: Vec::new(),
        from_internet,
        to_internet,
        from_cluster,
        to_cluster,
        newcomers,
    }
}

/// What is allowed wherever one of several is.
fn any(all: impl IntoIterator<Item = Allowed>) -> Allowed {
    let all = all.into_iter();
    all.fold(Allowed::nothing(), |any, one| any.or(&one))
}

/// What is allowed wherever it is by all of several; nothing where there are none.
fn every(all: impl IntoIterator<Item = Allowed>) -> Allowed {
    let all = all.into_iter();
    all.reduce(|every, one| every.and(&one)).unwrap_or_default()
}
