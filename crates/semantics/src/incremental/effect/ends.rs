//! The ends of connections that may have changed, as they are told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Journal;
use crate::addresses::Family;
use crate::classes::ClassKind;
use crate::facts::Workload;
use crate::incremental::{PodKey, Solution};
use crate::parties::Party;
use crate::sets::index;

/// One end: pods that were alike and are alike, or addresses.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) place: Place,
    pub(super) was: Side,
    pub(super) is: Side,
}

/// Who is at an end.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Pods(Party),
    Outside(Family, u32),
}

/// An end before or after the changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    /// The classes of each of its pods.
    pub(super) classes: Vec<u32>,
    /// Whether there is more than one pod, or may be.
    pub(super) is_several: bool,
}

/// A pod of a workload, before and after the changes.
struct Member {
    key: PodKey,
    was: Option<Vec<u32>>,
    is: Option<Vec<u32>>,
}

/// Ends by number, each made when it is asked for.
#[derive(Debug)]
pub(super) struct Ends<'a> {
    solution: &'a Solution,
    journal: &'a Journal,
    all: Vec<End>,
    of_workloads: BTreeMap<(Arc<str>, Workload), BTreeMap<PodKey, usize>>,
    of_classes: BTreeMap<u32, BTreeSet<usize>>,
}

impl<'a> Ends<'a> {
    pub(super) fn new(solution: &'a Solution, journal: &'a Journal) -> Self {
        Self {
            solution,
            journal,
            all: Vec::new(),
            of_workloads: BTreeMap::new(),
            of_classes: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, end: usize) -> Option<&End> {
        self.all.get(end)
    }

    /// The ends that were and are in a class; pods that changed are none of them.
    pub(super) fn of_class(&mut self, class: u32) -> BTreeSet<usize> {
        if let Some(known) = self.of_classes.get(&class) {
            return known.clone();
        }
        let ends = self.make_of_class(class);
        self.of_classes.insert(class, ends.clone());
        ends
    }

    fn make_of_class(&mut self, class: u32) -> BTreeSet<usize> {
        let mut ends = BTreeSet::new();
        let classes = self.solution.classes();
        if let Some(of_class) = classes.get(class)
            && of_class.kind == ClassKind::Outside
        {
            let side = Side {
                classes: vec![class],
                is_several: true,
            };
            ends.insert(self.all.len());
            self.all.push(End {
                place: Place::Outside(of_class.family, of_class.atom),
                was: side.clone(),
                is: side,
            });
        }
        let pods = self.solution.population.of_class(class).into_iter();
        for place in pods.flatten() {
            let Some(pod) = classes.facts().pods.get(index(place)) else {
                continue;
            };
            let key = PodKey::of(pod);
            if !self.journal.pods.contains_key(&key) {
                ends.extend(self.of_pod(&key, &pod.workload));
            }
        }
        ends
    }

    /// The end of a pod that is, or was, of a workload.
    pub(super) fn of_pod(&mut self, key: &PodKey, workload: &Workload) -> Option<usize> {
        let of = (Arc::clone(&key.namespace), workload.clone());
        if !self.of_workloads.contains_key(&of) {
            let ends = self.make(&of);
            self.of_workloads.insert(of.clone(), ends);
        }
        self.of_workloads.get(&of)?.get(key).copied()
    }

    fn make(&mut self, of: &(Arc<str>, Workload)) -> BTreeMap<PodKey, usize> {
        let members = self.members(of);
        let alike = |side: fn(&Member) -> Option<&Vec<u32>>| {
            let mut sides = members.iter().filter_map(side);
            let first = sides.next();
            sides.all(|one| Some(one) == first)
        };
        let divided = !(alike(|one| one.was.as_ref()) && alike(|one| one.is.as_ref()));
        let mut ends = BTreeMap::new();
        if divided {
            for member in &members {
                ends.insert(member.key.clone(), self.all.len());
                let workload = Workload {
                    kind: "Pod".into(),
                    name: Arc::clone(&member.key.name),
                };
                self.add((&of.0, workload), std::slice::from_ref(member));
            }
        } else {
            let keys = members.iter().map(|one| (one.key.clone(), self.all.len()));
            ends.extend(keys);
            self.add((&of.0, of.1.clone()), &members);
        }
        ends
    }

    fn add(&mut self, (namespace, workload): (&Arc<str>, Workload), members: &[Member]) {
        let is_template = members.iter().any(|one| one.key.template_of.is_some());
        let side = |of: fn(&Member) -> Option<&Vec<u32>>| {
            let mut sides = members.iter().filter_map(of);
            let classes = sides.next().cloned().unwrap_or_default();
            Side {
                classes,
                is_several: is_template || sides.next().is_some(),
            }
        };
        let namespace = Arc::clone(namespace);
        let party = Party::Workload {
            namespace,
            workload,
        };
        self.all.push(End {
            place: Place::Pods(party),
            was: side(|one| one.was.as_ref()),
            is: side(|one| one.is.as_ref()),
        });
    }

    /// Every pod that is, or was, of a workload.
    fn members(&self, (namespace, workload): &(Arc<str>, Workload)) -> Vec<Member> {
        let classes = self.solution.classes();
        let population = &self.solution.population;
        let mut members: BTreeMap<PodKey, Member> = BTreeMap::new();
        let places = population.of_workload(namespace, workload).into_iter();
        for place in places.flatten() {
            let Some(pod) = classes.facts().pods.get(index(place)) else {
                continue;
            };
            let (key, is) = (PodKey::of(pod), Some(classes.of_pod(index(place)).to_vec()));
            let unchanged = !self.journal.pods.contains_key(&key);
            let was = if unchanged { is.clone() } else { None };
            members.insert(key.clone(), Member { key, was, is });
        }
        let formers = self.journal.pods.iter();
        for (key, former) in formers.filter_map(|(key, former)| Some((key, former.as_ref()?))) {
            if key.namespace == *namespace && former.workload == *workload {
                let new = || Member {
                    key: key.clone(),
                    was: None,
                    is: None,
                };
                let member = members.entry(key.clone()).or_insert_with(new);
                member.was = Some(former.classes.clone());
            }
        }
        members.into_values().collect()
    }
}
