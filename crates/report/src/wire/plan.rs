//! `PlanReport`.

use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::held::HeldStep;
use cofferdam_state::plan::Step;
use serde::Serialize;

use super::check::WireDiagnostic;
use super::denied::Denied;
use super::finding::{WireField, WireFinding};

/// What would be written where.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `PlanReport`.
    pub kind: &'static str,
    /// Clusters in the order of their waves.
    pub clusters: Vec<PlanCluster>,
    /// What is due in the documents: flows and waivers that expired, reviews.
    pub warnings: Vec<WireDiagnostic>,
}

/// The plan of one cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanCluster {
    /// The cluster.
    pub name: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// `planned`, `unreachable` or `refused`.
    pub state: PlanState,
    /// What an `unreachable` cluster answered, where it did; null where it gave no answer.
    pub denied: Option<Denied>,
    /// Why it is not planned.
    pub reason: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// The steps, in order.
    pub steps: Vec<WireStep>,
    /// Steps that wait for something, and are not carried out.
    pub held_back: Vec<WireHeldStep>,
    /// What nobody can write, and why: the rest is written without it.
    pub in_the_way: Vec<WireInTheWay>,
    /// What is worth knowing before it is applied.
    pub notices: Vec<String>,
    /// What differs.
    pub findings: Vec<WireFinding>,
    /// Connections that it opens; null where not computed.
    pub opens: Option<Vec<String>>,
    /// Connections that it closes; null where not computed.
    pub closes: Option<Vec<String>>,
}

/// An object that is in the way of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireInTheWay {
    /// The object.
    #[serde(serialize_with = "super::finding::object")]
    pub object: ObjectKey,
    /// Why it is.
    pub reason: String,
}

impl PlanCluster {
    /// Whether the bundle is in place: nothing is to be written, and nothing waits to be.
    pub fn is_settled(&self) -> bool {
        self.steps.is_empty() && self.held_back.is_empty() && self.in_the_way.is_empty()
    }
}

/// Whether a cluster has a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PlanState {
    /// It has.
    Planned,
    /// It could not be reached.
    Unreachable,
    /// It may not be applied.
    Refused,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireStep {
    /// `create`, `update`, `patch` or `delete`.
    pub op: &'static str,
    /// The object.
    #[serde(serialize_with = "super::finding::object")]
    pub object: ObjectKey,
    /// When it is due.
    pub phase: &'static str,
    /// Why.
    pub reason: String,
    /// What it does to what can be reached.
    pub effect: &'static str,
    /// The fields that it changes; empty where it creates or deletes the whole object.
    pub fields: Vec<WireField>,
}

impl WireStep {
    /// Whether it is the same step but for the values of the fields that it changes.
    pub fn is_like(&self, other: &Self) -> bool {
        let paths = self.fields.iter().map(|field| &field.path);
        self.op == other.op
            && self.object == other.object
            && self.phase == other.phase
            && self.reason == other.reason
            && self.effect == other.effect
            && paths.eq(other.fields.iter().map(|field| &field.path))
    }

    /// A step, and the fields that it changes.
    pub fn new(step: &Step, fields: &[Difference]) -> Self {
        Self {
            op: step.action.operation().as_str(),
            object: step.action.object(),
            phase: step.phase.as_str(),
            reason: step.reason.clone(),
            effect: step.effect.as_str(),
            fields: fields.iter().map(Into::into).collect(),
        }
    }
}

/// A step that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireHeldStep {
    /// `create`, `update`, `patch` or `delete`.
    pub op: &'static str,
    /// The object.
    #[serde(serialize_with = "super::finding::object")]
    pub object: ObjectKey,
    /// When it would be due.
    pub phase: &'static str,
    /// What it waits for.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

impl From<&HeldStep> for WireHeldStep {
    fn from(step: &HeldStep) -> Self {
        Self {
            op: step.operation.as_str(),
            object: step.object.clone(),
            phase: step.phase.as_str(),
            reason: step.reason.clone(),
            hint: step.hint.clone(),
        }
    }
}
