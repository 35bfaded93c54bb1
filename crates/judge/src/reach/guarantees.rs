//! Is a guarantee broken by the plan, or in spite of it?
//!
//! While zones are staged, connections that they will not have stay possible: a guarantee that is broken before the plan
//! and after it stops nothing, unless the way ends in a namespace that is denied by then, or is one connection out of such a
//! namespace.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::count::listed;
use cofferdam_model::guarantee::Claim;
use cofferdam_model::names::GuaranteeName;
use cofferdam_objects::policy::Direction;
use cofferdam_semantics::Reader;
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::guarantee::{
    Ground, Hop, Outcome as Proved, Proof, Stop, prove, told, too_many,
};
use cofferdam_state::segmentation::Segmentation;

use super::Outcome;
use super::doubt::{of_too_many, of_unread};
use crate::{Case, Refusal, refusal};

const CODE: &str = "guarantee-broken";

pub(super) fn check(outcome: &Outcome<'_>) -> Vec<Refusal> {
    let model = outcome.case.fleet.model;
    if model.guarantees.is_empty() {
        return Vec::new();
    }
    let after = proofs(outcome, &outcome.after);
    let after = after
        .into_iter()
        .filter(|one| !is_waived(outcome.case, &one.guarantee));
    let after: Vec<Proof> = after.collect();
    let mut refusals = not_judged(outcome, &after);
    let broken: Vec<(&GuaranteeName, &[Hop])> = after
        .iter()
        .filter_map(|Proof { guarantee, outcome }| match outcome {
            Proved::Broken { witness, .. } => Some((guarantee, witness.as_slice())),
            Proved::Proved | Proved::Unknown { .. } => None,
        })
        .collect();
    if broken.is_empty() {
        return refusals;
    }
    let before = proofs(outcome, &outcome.before);
    let was_broken = |guarantee: &GuaranteeName| {
        let mut before = before.iter();
        before
            .any(|one| one.guarantee == *guarantee && matches!(one.outcome, Proved::Broken { .. }))
    };
    let counts = |guarantee: &GuaranteeName, witness: &[Hop]| {
        !was_broken(guarantee) || (is_never(model, guarantee) && is_denied(outcome, witness))
    };
    let counting = broken
        .iter()
        .filter(|(guarantee, witness)| counts(guarantee, witness));
    refusals.extend(counting.map(|(guarantee, witness)| refused(guarantee, witness)));
    refusals
}

/// The guarantees that are not broken as far as that is known, where not all is. As long as nothing is denied, what
/// is unknown stops nothing either.
fn not_judged(outcome: &Outcome<'_>, after: &[Proof]) -> Vec<Refusal> {
    let open = after
        .iter()
        .filter(|one| !matches!(one.outcome, Proved::Broken { .. }));
    let open: BTreeSet<String> = open.map(|one| format!("`{}`", one.guarantee)).collect();
    if open.is_empty() || !outcome.denies_after() {
        return Vec::new();
    }
    let word = if open.len() == 1 {
        "guarantee"
    } else {
        "guarantees"
    };
    let named = listed(open.iter().map(String::as_str));
    let question = format!("whether {word} {named} would be broken");
    let too_many = too_many(outcome.case.fleet.model, &ground(outcome, &outcome.after));
    let waive = "waive it by a Waiver with `for: { finding: GUARANTEE }`";
    let unread = of_unread(outcome, &question).into_iter();
    unread
        .chain(of_too_many(&question, &too_many, waive))
        .collect()
}

fn is_never(model: &Model, guarantee: &GuaranteeName) -> bool {
    let guarantee = model.guarantees.get(guarantee);
    guarantee.is_some_and(|one| matches!(one.claim, Claim::Never { .. }))
}

/// Whether the plan leaves denied what the way passes nevertheless. Where a longer one begins does not count: what is staged
/// on it is open until it is enforced.
fn is_denied(outcome: &Outcome<'_>, witness: &[Hop]) -> bool {
    let denied = |stop: &Stop, direction| {
        let namespace = stop.name.split_once('/');
        namespace.is_some_and(|(namespace, _)| outcome.is_denied_after(namespace, direction))
    };
    let into = witness.last().map(|hop| (&hop.to, Direction::Ingress));
    let out_of = match witness {
        [only] => Some((&only.from, Direction::Egress)),
        _ => None,
    };
    let mut ends = into.into_iter().chain(out_of);
    ends.any(|(stop, direction)| denied(stop, direction))
}

fn proofs(outcome: &Outcome<'_>, segmentation: &Segmentation) -> Vec<Proof> {
    let ground = ground(outcome, segmentation);
    prove(outcome.case.fleet.model, vec![ground]).concat()
}

fn ground<'a>(outcome: &Outcome<'a>, segmentation: &Segmentation) -> Ground<'a> {
    Ground {
        cluster: outcome.case.cluster,
        zones: outcome.case.bundle.zones(),
        facts: facts(outcome, segmentation),
        tells_exposed: true,
        dialects: outcome.dialects(),
        pod_networks: outcome.pod_networks(),
        capabilities: outcome.case.observed.capabilities.known(),
        closed: outcome.case.bundle.closed_namespaces(|guard| {
            let mut steps = outcome.case.plan.steps.iter();
            let objects = [guard.policy.key(), guard.deny.key()];
            guard.is_in_force(outcome.case.observed)
                && !steps.any(|step| objects.contains(&step.action.object()))
        }),
    }
}

fn facts(outcome: &Outcome<'_>, segmentation: &Segmentation) -> Facts {
    let shared = outcome.case.observed.unchanging_objects();
    let all = segmentation.labelled().chain(segmentation.objects());
    Facts {
        has_every_node: true,
        ..Reader::reading(all.chain(shared)).finish()
    }
}

fn is_waived(case: &Case<'_>, guarantee: &GuaranteeName) -> bool {
    let word = guarantee.as_str();
    let mut waivers = case.fleet.model.waivers.values();
    waivers.any(|waiver| {
        let place = (Some(&case.cluster.name), None);
        waiver.holds_on(&case.fleet.today) && waiver.covers.includes([word, word], place)
    })
}

fn refused(guarantee: &GuaranteeName, witness: &[Hop]) -> Refusal {
    let message = format!("guarantee `{guarantee}` would be broken: {}", told(witness));
    let hint = format!(
        "`cofferdam prove` tells more; or waive it by a Waiver with `for: {{ finding: {guarantee} }}`"
    );
    refusal(CODE, message, &hint)
}
