//! Clusters that flows come from: what they hold decides whether a plan for another cluster is let through.

use std::collections::{BTreeMap, BTreeSet};

use crate::examined::Examined;
use crate::reach::{Authors, Reaching, observe};
use anyhow::Result;
use cofferdam_documents::Loaded;
use cofferdam_model::cluster::{Cluster, Mode};
use cofferdam_model::names::ClusterName;
use cofferdam_state::plan::Plan;

use crate::apply::waves::Wave;
use crate::decide::{Decision, Terms, decide, seen};

/// What clusters are read with, and their plans judged by.
#[derive(Debug, Clone, Copy)]
pub struct Deciding<'a> {
    /// The documents.
    pub loaded: &'a Loaded,
    /// How clusters are reached.
    pub reaching: &'a Reaching,
    /// What plans are made of and judged by.
    pub terms: Terms<'a>,
}

impl<'a> Deciding<'a> {
    /// Plans for each cluster and judges the plans. Clusters on which a plan rests and that are not among
    /// them are observed too, for the judge alone; they are returned beside.
    pub async fn decide(
        &self,
        examined: &[Examined<'a>],
    ) -> Result<(Vec<Decision>, Vec<Examined<'a>>)> {
        let decided = decide(examined, [], &self.terms);
        let is_seen = |name: &ClusterName| examined.iter().any(|one| one.cluster.name == *name);
        let needed = decided.iter().flat_map(|decision| &decision.sources);
        let mut needed: BTreeSet<ClusterName> = needed.cloned().collect();
        needed.retain(|name| !is_seen(name));
        if needed.is_empty() {
            return Ok((decided, Vec::new()));
        }
        let beside = self.observe(&needed).await?;
        let decided = decide(examined, beside.iter().map(seen), &self.terms);
        Ok((decided, beside))
    }

    /// Decides again at the turn of a cluster whose plan rests on what others hold: these are observed anew,
    /// for what let it through may be gone by now. One that is refused is decided again only where it is so
    /// for nothing else, and any of the others was written since. None where the decision stands, or nothing
    /// is written whatever it says; `around` is what was seen of other clusters before.
    ///
    /// # Errors
    ///
    /// The others could not be observed at all.
    pub async fn decide_again(
        &self,
        one: &Examined<'_>,
        decision: &Decision,
        around: &[&Examined<'_>],
        written: &BTreeSet<&str>,
    ) -> Result<Option<Decision>> {
        let mut sources = decision.sources.iter();
        let is_due = if one.cluster.mode == Mode::ReadOnly {
            false
        } else if decision.refusals.is_empty() {
            !decision.sources.is_empty()
        } else {
            rests_on_others(decision) && sources.any(|name| written.contains(name.as_str()))
        };
        if !is_due {
            return Ok(None);
        }
        let anew = self.observe(&decision.sources).await?;
        let around = anew.iter().chain(around.iter().copied()).map(seen);
        let decided = decide(std::slice::from_ref(one), around, &self.terms);
        Ok(decided.into_iter().next())
    }

    async fn observe(&self, names: &BTreeSet<ClusterName>) -> Result<Vec<Examined<'a>>> {
        let model = self.terms.model;
        let clusters = names.iter().filter_map(|name| model.clusters.get(name));
        let clusters: Vec<&Cluster> = clusters.collect();
        // Each is reached as its own document says.
        let reaching = Reaching {
            kubeconfig: None,
            ..self.reaching.clone()
        };
        observe(self.loaded, model, &clusters, &reaching, Authors::Unnamed).await
    }
}

/// Adds to refusals that rest on clusters of earlier waves that `apply` will judge them again.
pub fn tell_turns(examined: &[Examined<'_>], decided: &mut [Decision], waves: &[Wave]) {
    let turns = waves.iter().enumerate();
    let turns = turns.flat_map(|(turn, wave)| wave.members.iter().map(move |one| (*one, turn)));
    let turns: BTreeMap<usize, usize> = turns.collect();
    let due: BTreeMap<ClusterName, usize> = turns
        .iter()
        .filter_map(|(one, turn)| {
            let cluster = examined.get(*one)?.cluster;
            let decision = decided.get(*one)?;
            let is_due = cluster.mode == Mode::Manage
                && decision.refusals.is_empty()
                && decision
                    .plan
                    .as_ref()
                    .is_some_and(|plan| !Plan::is_empty(plan));
            is_due.then(|| (cluster.name.clone(), *turn))
        })
        .collect();
    for (one, turn) in turns {
        let Some(decision) = decided.get_mut(one).filter(|one| rests_on_others(one)) else {
            continue;
        };
        for refusal in &mut decision.refusals {
            let mut sources = refusal.sources.iter();
            let before = sources.find(|name| due.get(*name).is_some_and(|at| *at < turn));
            if let Some(source) = before {
                let hint = refusal.hint.take().unwrap_or_default();
                refusal.hint = Some(format!(
                    "{hint}; `apply` writes `{source}` before it, and judges it again then"
                ));
            }
        }
    }
}

/// Whether a cluster is refused for what other clusters hold, and for nothing else.
fn rests_on_others(decision: &Decision) -> bool {
    let refusals = &decision.refusals;
    !refusals.is_empty() && refusals.iter().all(|one| !one.sources.is_empty())
}
