//! A model, a cluster and the plans that bring one to the other.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::observed::{Observed, Reading};
use cofferdam_state::pass::{Ending, Writer};
use cofferdam_state::plan::{Action, Plan, Step};
use cofferdam_state::record::Record;

use crate::cluster::Cluster;
use crate::execute::Writes;
use crate::model::model;

/// The planner: the plan for one cluster, or why there is none.
pub type Planner = fn(&Bundle, &Observed, &Model) -> Result<Plan, Vec<String>>;

/// A model and a cluster.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Zone model and fleet.
    pub model: Model,
    /// The cluster; the model has a document of that name.
    pub cluster: Cluster,
    planner: Planner,
}

/// What goes wrong in a pass.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// The process is killed after this many steps.
    pub killed_after: Option<usize>,
    /// Objects whose writes the server refuses, as `Kind/[namespace/]name`.
    pub refused: BTreeSet<String>,
    /// What decides the order of steps that go at once.
    pub shuffle: u64,
    /// Pods cannot be read after the last step.
    pub unread_after: bool,
}

/// How a pass ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// How many steps were written.
    pub written: usize,
    /// Objects that were refused, with the reason.
    pub failed: Vec<(String, String)>,
    /// What is still to do; none where that could not be told.
    pub left: Option<Plan>,
}

impl Trial {
    /// A model of documents, and an empty cluster `prod`.
    pub fn new(text: &str, planner: Planner) -> Self {
        Self {
            model: model(text),
            cluster: Cluster::new("prod"),
            planner,
        }
    }

    /// The Cluster document.
    pub fn document(&self) -> &cofferdam_model::cluster::Cluster {
        let Some(document) = self.model.clusters.get(&self.cluster.name) else {
            panic!("the model has no cluster `{}`", self.cluster.name)
        };
        document
    }

    /// The bundle, compiled from what is there.
    pub fn bundle(&self) -> Bundle {
        self.bundle_for(&self.cluster.observe())
    }

    /// The plan made from what is there.
    pub fn plan(&self) -> Plan {
        match self.replan(&self.cluster.observe()) {
            Ok(plan) => plan,
            Err(reasons) => panic!("no plan: {}", reasons.join("; ")),
        }
    }

    /// The plan made from what was seen.
    pub fn replan(&self, observed: &Observed) -> Result<Plan, Vec<String>> {
        (self.planner)(&self.bundle_for(observed), observed, &self.model)
    }

    /// Plans and applies without a fault; fails where anything is refused.
    pub fn apply(&mut self) -> Ended {
        let plan = self.plan();
        match self.carry_out(&plan, &Faults::default(), |_, _| {}) {
            Some(ended) if ended.failed.is_empty() => ended,
            other => panic!("{other:#?}"),
        }
    }

    /// Plans and carries the plan out until it is killed, after so many of its steps.
    pub fn apply_killed_after(&mut self, steps: usize) {
        let faults = Faults {
            killed_after: Some(steps),
            ..Faults::default()
        };
        let plan = self.plan();
        self.carry_out(&plan, &faults, |_, _| {});
    }

    /// Carries out a plan; `each` sees the cluster after every step. None where it was killed.
    pub fn carry_out(
        &mut self,
        plan: &Plan,
        faults: &Faults,
        mut each: impl FnMut(&Cluster, &Step),
    ) -> Option<Ended> {
        let expected = self.cluster.record.clone();
        let before = expected.as_ref().map(|live| &live.record);
        let record = Record::begun(before, plan, self.writer());
        let pending = self.write(expected.as_ref(), record);
        if faults.killed_after == Some(0) {
            return None;
        }
        let (written, failed) = self.carry_out_stages(plan, faults, &mut each)?;
        let mut after = self.cluster.observe();
        if faults.unread_after {
            after.pods = Reading::Unknown("connection reset".to_owned());
        }
        let failed_of: BTreeSet<&ObjectKey> = failed.iter().map(|(object, _)| object).collect();
        let probes = plan.probes.iter().map(|due| due.probe.policy.clone());
        let tried =
            probes.filter(|policy| !failed_of.iter().any(|failed| failed.name == policy.name));
        let steps = plan.steps.iter().map(|step| step.action.object());
        let done = steps.filter(|object| !failed_of.contains(object)).collect();
        after.note_tried(&self.bundle_for(&after), &tried.collect(), &done);
        let left = self.replan(&after).ok();
        let nothing = |plan: &Plan| plan.is_empty();
        let failed: Vec<(String, String)> = failed
            .into_iter()
            .map(|(object, reason)| (object.to_string(), reason))
            .collect();
        let complete = failed.is_empty() && left.as_ref().is_some_and(nothing);
        let record = pending.record.ended(Ending {
            kept: left.as_ref().map(|plan| plan.kept.clone()),
            revision: plan.revision.clone(),
            converged: complete.then(|| self.bundle_for(&after).hash),
            at: self.cluster.now(),
            written: u64::try_from(written).unwrap_or_default(),
            complete,
        });
        self.write(Some(&pending), record);
        Some(Ended {
            written,
            failed,
            left,
        })
    }

    /// How many steps were written, and those that failed or rest on such; none where it was killed.
    fn carry_out_stages(
        &mut self,
        plan: &Plan,
        faults: &Faults,
        each: &mut impl FnMut(&Cluster, &Step),
    ) -> Option<(usize, Vec<(ObjectKey, String)>)> {
        let (mut writes, mut stuck) = (Writes::new(), BTreeSet::new());
        let (mut written, mut failed) = (0, Vec::new());
        for stage in plan.stages() {
            let mut probed = stage.probes.iter();
            let in_force = !probed.any(|probe| stuck.contains(&probe.policy.name));
            let steps = stage.turns.into_iter();
            for step in steps.flat_map(|turn| shuffled(turn, faults.shuffle)) {
                let object = step.action.object();
                let ahead = plan.rested_on_ahead(&[step]).into_iter();
                let refused = ahead.map(|step| step.action.object());
                let refused = refused.filter(|object| faults.refused.contains(&object.to_string()));
                let place = object.namespace.as_ref().unwrap_or(&object.name).clone();
                if stuck.contains(&place) {
                    continue;
                }
                let unwritten = failed
                    .iter()
                    .map(|(object, _): &(ObjectKey, _)| object.clone())
                    .chain(refused);
                let result = if !in_force || !plan.is_founded(step, &unwritten.collect()) {
                    Err("what it rests on is not there".to_owned())
                } else if faults.refused.contains(&object.to_string()) {
                    Err("the server says no".to_owned())
                } else {
                    self.execute(&step.action, &mut writes)
                };
                match result {
                    Ok(()) => written += 1,
                    Err(reason) => {
                        stuck.insert(place);
                        failed.push((object, reason));
                    }
                }
                each(&self.cluster, step);
                if faults.killed_after == Some(written) {
                    return None;
                }
            }
        }
        Some((written, failed))
    }

    fn execute(&mut self, action: &Action, writes: &mut Writes) -> Result<(), String> {
        self.cluster.execute(action, writes)
    }

    fn write(
        &mut self,
        expected: Option<&cofferdam_state::observed::LiveRecord>,
        record: Record,
    ) -> cofferdam_state::observed::LiveRecord {
        match self.cluster.write_record(expected, record) {
            Ok(live) => live,
            Err(reason) => panic!("{reason}"),
        }
    }

    fn bundle_for(&self, observed: &Observed) -> Bundle {
        let known = observed.capabilities.known();
        let Some(compiled) = cofferdam_compiler::compile(&self.model, self.document(), known)
        else {
            panic!("the cluster belongs to no trust domain")
        };
        compiled.bundle
    }

    fn writer(&self) -> Writer {
        let document = self.document();
        Writer {
            instance: self.model.instance.to_string(),
            cluster: document.name.to_string(),
            cluster_uid: document.uid.clone().unwrap_or_default(),
            user: "cofferdam".to_owned(),
        }
    }
}

/// The steps of a turn in another order, decided by the seed alone; 0 keeps the order.
fn shuffled<T>(mut turn: Vec<T>, seed: u64) -> Vec<T> {
    let mut state = seed;
    let mut out = Vec::new();
    while !turn.is_empty() {
        // The constants of Knuth's MMIX generator.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let room = u64::try_from(turn.len()).unwrap_or(1);
        let place = if seed == 0 { 0 } else { (state >> 33) % room };
        out.push(turn.remove(usize::try_from(place).unwrap_or_default()));
    }
    out
}
