//! `PlanReport`.

use std::collections::BTreeMap;

use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::held::HeldStep;
use cofferdam_state::plan::Step;
use serde::Serialize;

use super::API_VERSION;
use super::change::WireZoneChange;
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
    /// Connections that open somewhere in the fleet, by zone.
    pub opens: Vec<WireFleetChange>,
    /// Connections that close somewhere in the fleet.
    pub closes: Vec<WireFleetChange>,
    /// What is due in the documents: flows and waivers that expired, reviews.
    pub warnings: Vec<WireDiagnostic>,
}

impl PlanReport {
    /// The report on these clusters.
    pub fn new(clusters: Vec<PlanCluster>, warnings: Vec<WireDiagnostic>) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "PlanReport",
            opens: WireFleetChange::of(&clusters, |one| &one.opens),
            closes: WireFleetChange::of(&clusters, |one| &one.closes),
            clusters,
            warnings,
        }
    }
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
    /// Connections that it opens, by zone; null where not computed.
    pub opens: Option<Vec<WireZoneChange>>,
    /// Connections that it closes; null where not computed.
    pub closes: Option<Vec<WireZoneChange>>,
    /// What taking a zone to `enforce` would cut beyond the plan, for each that is not enforced everywhere here.
    pub enforcing: Vec<WireEnforcing>,
}

/// What taking a zone to `enforce` would cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireEnforcing {
    /// The zone.
    pub zone: String,
    /// The connections.
    pub cuts: Vec<WireZoneChange>,
}

/// Connections that open or close in the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireFleetChange {
    /// Where they come from.
    pub from: String,
    /// Where they go.
    pub to: String,
    /// The clusters in which they do.
    pub clusters: Vec<String>,
}

impl WireFleetChange {
    /// The pairs of regions of many clusters, each once.
    fn of<'a>(
        clusters: &'a [PlanCluster],
        changes: impl Fn(&'a PlanCluster) -> &'a Option<Vec<WireZoneChange>>,
    ) -> Vec<Self> {
        let mut all: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for cluster in clusters {
            for change in changes(cluster).iter().flatten() {
                let ends = (change.from.as_str(), change.to.as_str());
                all.entry(ends).or_default().push(cluster.name.clone());
            }
        }
        let told = all.into_iter().map(|((from, to), clusters)| Self {
            from: from.to_owned(),
            to: to.to_owned(),
            clusters,
        });
        told.collect()
    }
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
