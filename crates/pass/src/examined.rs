//! A cluster as it was found, beside what it must hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_cluster::Connection;
use cofferdam_documents::Loaded;
use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::diagnostic::{Diagnostic, Severity};
use cofferdam_model::flow::Date;
use cofferdam_model::names::{ClusterName, InvalidName};
use cofferdam_planner::reach::{Ground, weigh};
use cofferdam_planner::view::View;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::finding::Finding;
use cofferdam_state::observed::Observed;

use crate::unreachable::Unreachable;

/// A cluster as it was found.
#[derive(Debug)]
pub struct Examined<'a> {
    /// Its document.
    pub cluster: &'a Cluster,
    /// How to reach it again; none where it could not be reached.
    pub connection: Option<Arc<Connection>>,
    /// Why it could not be reached.
    pub unreachable: Option<Unreachable>,
    /// What it was seen to hold.
    pub observed: Observed,
    /// What it must hold, compiled from what was read live.
    pub bundle: Bundle,
    /// Errors of the model that only its capabilities show.
    pub errors: Vec<Diagnostic>,
    /// Another cluster of the fleet that turned out to be the same one.
    pub twin: Option<ClusterName>,
}

/// What came of looking at a cluster.
pub type Outcome = Result<(Connection, Observed), Unreachable>;

impl<'a> Examined<'a> {
    /// A cluster as it was found at that time, with what the model asks of it; none where it belongs to no trust
    /// domain.
    pub fn assemble(
        loaded: &Loaded,
        model: &'a Model,
        cluster: &'a Cluster,
        at: String,
        outcome: Outcome,
    ) -> Option<Self> {
        let (connection, observed, unreachable) = observed_of(cluster, at, outcome);
        let known = observed
            .capabilities
            .known()
            .or_else(|| model.capabilities.get(&cluster.name));
        let compiled = cofferdam_compiler::compile(model, cluster, known)?;
        let errors = compiled
            .remarks
            .iter()
            .map(|remark| loaded.locate(remark))
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .collect();
        Some(Self {
            cluster,
            connection,
            unreachable,
            observed,
            bundle: compiled.bundle,
            errors,
            twin: None,
        })
    }

    /// A cluster of which the model asks for nothing.
    pub(crate) fn without_document(
        model: &Model,
        cluster: &'a Cluster,
        at: String,
        outcome: Outcome,
    ) -> Result<Self, InvalidName> {
        let (connection, observed, unreachable) = observed_of(cluster, at, outcome);
        let mut others = model.clusters.values();
        Ok(Self {
            bundle: Bundle::nothing(cluster.name.clone(), model.instance.clone())?,
            cluster,
            connection,
            unreachable,
            observed,
            errors: Vec::new(),
            twin: others
                .find(|other| other.uid == cluster.uid)
                .map(|other| other.name.clone()),
        })
    }

    /// Bundle beside observation.
    pub fn view(&self) -> View<'_> {
        View::new(&self.bundle, &self.observed, self.cluster.delivery)
    }

    /// That another cluster of the fleet turned out to be this one, where it did.
    pub fn told_twin(&self) -> Option<String> {
        let twin = self.twin.as_ref()?;
        Some(format!(
            "it is the same cluster as `{twin}`: both have one UID"
        ))
    }

    /// The findings, with the waivers applied that hold on a day.
    pub fn findings(&self, model: &Model, today: &Date) -> Vec<Finding> {
        let stored = model.capabilities.get(&self.cluster.name);
        let view = self.view();
        let mut findings = cofferdam_planner::find(&view, self.cluster, stored);
        let twin = self.told_twin();
        findings.extend(twin.map(|told| cofferdam_planner::findings::wrong_cluster(&view, told)));
        if let Some(why) = &self.unreachable {
            for finding in &mut findings {
                finding.hint = finding.hint.take().or_else(|| why.hint.clone());
            }
        }
        let ground = Ground {
            view: &view,
            model,
            cluster: self.cluster,
        };
        weigh(&mut findings, ground);
        cofferdam_planner::authors::name(&mut findings, &self.observed);
        cofferdam_planner::waivers::apply(&mut findings, model, today);
        findings
    }
}

/// What a cluster was seen to hold, with the way to it, or why there is none.
fn observed_of(
    cluster: &Cluster,
    at: String,
    outcome: Outcome,
) -> (Option<Arc<Connection>>, Observed, Option<Unreachable>) {
    match outcome {
        Ok((connection, observed)) => (Some(Arc::new(connection)), observed, None),
        Err(why) => (
            None,
            Observed::unreachable(cluster.name.clone(), at, &why.reason),
            Some(why),
        ),
    }
}

/// Notes of each cluster whether another one is the same.
pub(crate) fn mark_twins(examined: &mut [Examined<'_>]) {
    let mut by_uid: BTreeMap<String, Vec<ClusterName>> = BTreeMap::new();
    for one in examined.iter() {
        if let Some(uid) = one.observed.uid.known() {
            by_uid
                .entry(uid.clone())
                .or_default()
                .push(one.cluster.name.clone());
        }
    }
    for one in examined.iter_mut() {
        let Some(uid) = one.observed.uid.known() else {
            continue;
        };
        let mut names = by_uid.get(uid).into_iter().flatten();
        one.twin = names.find(|name| **name != one.cluster.name).cloned();
    }
}
