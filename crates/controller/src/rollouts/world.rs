//! What a rollout goes on by, out of what was last found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::Model;
use cofferdam_model::cluster::{Delivery, Mode};
use cofferdam_model::names::ClusterName;
use cofferdam_pass::clock;
use cofferdam_pass::proof::ground;
use cofferdam_planner::waivers;
use cofferdam_report::wire::history::Watched;
use cofferdam_report::wire::rollout::{Rollout, RolloutWave};
use cofferdam_semantics::guarantee::{Outcome, prove, told, told_reasons};

use crate::documents::Revision;
use crate::fleet::Seen;
use crate::rollout::{Gate, Standing};
use crate::work::TRIES;

use super::checks::LETS_PASS;

/// Whether a cluster is as documents say, as far as its record tells.
pub(super) fn is_in_place(revision: &Revision, name: &ClusterName, seen: &Seen) -> bool {
    let record = seen.observed.our_record();
    let hash = record.map(|record| record.bundle_hash.as_str());
    if seen.bundle.revision == revision.name() {
        let turned = seen.turned.as_ref();
        // What a pass just wrote may not have been seen yet.
        let is_taken = turned.is_some_and(|turned| {
            turned.is_done && turned.bundle_hash.as_ref() == Some(&seen.bundle.hash)
        });
        return is_taken || hash == Some(seen.bundle.hash.as_str());
    }
    let model = revision.model();
    let known = seen.observed.capabilities.known();
    let known = known.or_else(|| model.capabilities.get(name));
    let cluster = model.clusters.get(name);
    let compiled = cluster.and_then(|cluster| cofferdam_compiler::compile(model, cluster, known));
    compiled.is_some_and(|compiled| hash == Some(compiled.bundle.hash.as_str()))
}

/// Where clusters stand to the documents that are rolled out.
pub(super) fn standings(
    rollout: &Rollout,
    revision: &Arc<Revision>,
    all: &BTreeMap<ClusterName, Arc<Seen>>,
) -> BTreeMap<String, Standing> {
    let clusters = all.iter().filter_map(|(name, seen)| {
        let document = revision.model().clusters.get(name)?;
        let skipped = if document.mode == Mode::ReadOnly {
            Some("it is only observed (`mode: readOnly`)")
        } else if document.delivery == Delivery::Gitops {
            Some("a GitOps controller applies what is compiled")
        } else {
            None
        };
        let is_out = seen.coverage.watched == Watched::Unreachable;
        let turned = seen.turned.as_ref();
        let turned = turned.filter(|turned| {
            turned.revision == rollout.revision && turned.attempt == rollout.attempt
        });
        let failed = turned.filter(|turned| !turned.is_done && turned.failures >= TRIES);
        let standing = Standing {
            unreachable: seen.coverage.reason.clone().filter(|_| is_out),
            skipped: skipped.map(ToOwned::to_owned),
            converged: is_in_place(revision, name, seen),
            failed: failed.map(|turned| turned.reason.clone().unwrap_or_default()),
            disturbed: seen.disturbed.clone(),
        };
        Some((name.to_string(), standing))
    });
    clusters.collect()
}

/// Whether what is live in the clusters of a wave keeps every guarantee.
pub(super) fn gate(
    wave: &RolloutWave,
    model: &Model,
    all: &BTreeMap<ClusterName, Arc<Seen>>,
) -> Gate {
    if model.guarantees.is_empty() {
        return Gate::Well;
    }
    let members: BTreeSet<&str> = wave.clusters.iter().map(|one| one.name.as_str()).collect();
    let grounds = all.iter().filter_map(|(name, seen)| {
        let cluster = model.clusters.get(name)?;
        Some((name, ground(cluster, &seen.bundle, &seen.observed)))
    });
    let (names, grounds): (Vec<&ClusterName>, Vec<_>) = grounds.unzip();
    let mut held = None;
    for (name, proofs) in names.into_iter().zip(prove(model, grounds)) {
        for proof in proofs
            .into_iter()
            .filter(|_| members.contains(name.as_str()))
        {
            let guarantee = &proof.guarantee;
            let waiver = waivers::of_guarantee(model, &clock::today(), guarantee, name);
            match proof.outcome {
                Outcome::Proved => {}
                Outcome::Broken { .. } if waiver.is_some() => {}
                Outcome::Broken { witness, .. } => {
                    return Gate::Broken(format!(
                        "{name}: guarantee `{guarantee}` is broken: {}",
                        told(&witness)
                    ));
                }
                Outcome::Unknown { because, .. } => {
                    held.get_or_insert_with(|| {
                        format!(
                            "{name}: guarantee `{guarantee}` cannot be proved ({}); {LETS_PASS}",
                            told_reasons(&because)
                        )
                    });
                }
            }
        }
    }
    held.map_or(Gate::Well, Gate::Held)
}

/// Whether a trust domain may be written now.
pub(super) fn is_open(model: &Model, domain: &str) -> bool {
    let mut domains = model.trust_domains.values();
    let domain = domains.find(|one| one.name.as_str() == domain);
    let (day, minute) = clock::time_of_week();
    domain.is_none_or(|domain| domain.rollout.is_open(day, minute))
}
