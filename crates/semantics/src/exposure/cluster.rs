//! From and to the pods of the whole cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::labels::Labels;
use cofferdam_objects::policy::Direction;

use super::scene::Scene;
use super::{any, every};
use crate::facts::Pod;
use crate::parties::Party;
use crate::ports::PortSet;
use crate::verdict::Allowed;

/// What the policies of one side let through, whatever those of the other side say. Pods in the network of their node
/// are nodes, and not among the pods of which it tells all or some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Everybody {
    /// To or from every pod, of every namespace, also those that do not exist yet.
    pub all: Allowed,
    /// To or from some pod.
    pub some: Allowed,
    /// With workloads of which a pod is on the same node, one of the two in its network, as far as that is more than is
    /// certain with every pod, and with these anywhere: only possible, where it is not known that they share one.
    pub neighbours: Vec<Neighbour>,
}

/// Who shares a node with a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// The other workload.
    pub party: Party,
    /// What that node lets through.
    pub allowed: Allowed,
}

/// A kind of pods that do not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Newcomer {
    /// Which.
    pub party: Party,
    /// What it would reach, and no pod that is in its namespace does.
    pub allowed: PortSet,
}

/// What comes in from pods and goes out to pods, and who could come.
pub(super) fn of(scene: &Scene, classes: &[u32]) -> (Everybody, Everybody, Vec<Newcomer>) {
    let [from, to] = [Direction::Ingress, Direction::Egress].map(|direction| {
        let of_families = classes
            .iter()
            .map(|class| in_family(scene, direction, *class));
        let of_families: Vec<Everybody> = of_families.collect();
        Everybody {
            all: any(of_families.iter().map(|one| one.all.clone())),
            some: any(of_families.iter().map(|one| one.some.clone())),
            neighbours: Vec::new(),
        }
    });
    let newcomers = newcomers(scene, classes, &from.all.possible);
    (from, to, newcomers)
}

fn in_family(scene: &Scene, direction: Direction, class: u32) -> Everybody {
    let pods = &scene.existing | &scene.newcomers;
    let parts = scene.says(direction, class, &pods);
    let parts: Vec<Allowed> = parts.into_iter().map(|(_, allowed)| allowed).collect();
    Everybody {
        all: every(parts.iter().cloned()),
        some: any(parts),
        neighbours: Vec::new(),
    }
}

fn newcomers(scene: &Scene, classes: &[u32], everybody: &PortSet) -> Vec<Newcomer> {
    let mut found: Vec<(&Pod, PortSet)> = Vec::new();
    for class in classes {
        for (some, allowed) in scene.says(Direction::Ingress, *class, &scene.newcomers) {
            if everybody.covers(&allowed.possible) {
                continue;
            }
            for newcomer in &some {
                let gets = gets(scene, (newcomer, *class), everybody);
                found.extend(scene.newcomer(newcomer).zip(gets));
            }
        }
    }
    let told = found.iter().filter(|one| !is_told(scene, one, &found));
    let told = told.map(|(pod, allowed)| Newcomer {
        party: Party::Workload {
            namespace: Arc::clone(&pod.namespace),
            workload: pod.workload.clone(),
        },
        allowed: allowed.clone(),
    });
    // Over either family of addresses, each is told once.
    let told: BTreeSet<Newcomer> = told.collect();
    told.into_iter().collect()
}

/// What a newcomer reaches that neither everybody does nor any pod that is in its namespace; `None` where that is nothing.
fn gets(scene: &Scene, (newcomer, class): (u32, u32), everybody: &PortSet) -> Option<PortSet> {
    let reaches = |from: u32| scene.between(from, class).possible;
    let mut allowed = reaches(newcomer).without(everybody);
    for existing in &scene.pods_of(&scene.newcomer(newcomer)?.namespace) {
        if allowed.is_empty() {
            return None;
        }
        allowed = allowed.without(&reaches(existing));
    }
    (!allowed.is_empty()).then_some(allowed)
}

/// Whether others with fewer labels already say everything that a newcomer does.
fn is_told(scene: &Scene, (pod, allowed): &(&Pod, PortSet), all: &[(&Pod, PortSet)]) -> bool {
    let labels = |pod: &Pod| {
        (
            scene.labels_of_namespace(&pod.namespace),
            Arc::clone(&pod.labels),
        )
    };
    let own = labels(pod);
    let fewer = all.iter().filter(|(other, _)| {
        let other = labels(other);
        let is_within =
            |one: &Labels, of: &Labels| one.iter().all(|(key, value)| of.get(key) == Some(value));
        other != own && is_within(&other.0, &own.0) && is_within(&other.1, &own.1)
    });
    let said = fewer.fold(PortSet::none(), |all, (_, one)| all.or(one));
    said.covers(allowed)
}
