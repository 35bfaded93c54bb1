//! The ordered steps from observed to bundle, each with its reason.

use std::collections::BTreeMap;

use cofferdam_model::names::{ClusterName, ZoneName};
use cofferdam_objects::key::ObjectKey;

pub use crate::action::{
    Action, Expected, ISOLATED_FIELD, KeyChange, LabelPatch, Operation, TaintPatch, content_field,
    denied_field, label_field, taint_field,
};
use crate::finding::Effect;
use crate::footing::Footing;
use crate::guard::Probe;
pub use crate::phase::Phase;

/// The ordered steps for one cluster. A plan leaves no choice to execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The cluster.
    pub cluster: ClusterName,
    /// The sequence of the record that the plan was made from; 0 where there was none.
    pub sequence: u64,
    /// Hash of model and fleet.
    pub revision: String,
    /// Hash of the bundle.
    pub bundle_hash: String,
    /// Steps, in the order of their phases.
    pub steps: Vec<Step>,
    /// What is worth knowing before it is applied.
    pub notices: Vec<String>,
    /// Entries of the record for what is in place already and is ours.
    pub kept: BTreeMap<String, String>,
    /// What must be seen to be in force before what rests on it is written.
    pub probes: Vec<DueProbe>,
    /// What steps about guard rails rest on, by their objects.
    pub footings: BTreeMap<ObjectKey, Footing>,
    /// Whether a pass was cut off and is resumed.
    pub resumes: bool,
}

impl Plan {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps of a phase.
    pub fn phase(&self, phase: Phase) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.phase == phase)
    }
}

/// A guard rail that is tried out in the course of an apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueProbe {
    /// The phase that waits for it; none where it is the last thing done.
    pub before: Option<Phase>,
    /// What is tried.
    pub probe: Probe,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When it is due.
    pub phase: Phase,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: String,
    /// What it does to what can be reached.
    pub effect: Effect,
    /// The zone concerned.
    pub zone: Option<ZoneName>,
}
