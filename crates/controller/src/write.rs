//! Writing to a cluster, by the same pass as `apply`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cofferdam_history::{Alert, Entry, Occasion};
use cofferdam_judge::Allowances;
use cofferdam_model::healing::Response;
use cofferdam_objects::key::ObjectKey;
use cofferdam_pass::apply::execute::{Pass, execute};
use cofferdam_pass::apply::outcome::outcome;
use cofferdam_pass::clock;
use cofferdam_pass::decide::{Decision, Terms, decide};
use cofferdam_pass::examined::Examined;
use cofferdam_pass::only::Only;
use cofferdam_report::wire::apply::{ApplyCluster, ApplyState};
use cofferdam_report::wire::history::{Episode, Passed};
use cofferdam_state::digest::short_digest;
use cofferdam_state::observed::{LivePolicy, Reading};
use cofferdam_state::plan::{Action, Step};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::alerts::{Reason, due};
use crate::documents::Revision;
use crate::follow::{Follower, Memory};
use crate::journal;
use crate::remedy::Remedy;
use crate::work::Work;

/// The pause after a pass that did not put everything back; each further one in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// A pass that takes this much longer than policies get to take effect is given up: nobody looks at the cluster meanwhile.
const LONGEST_PASS: Duration = Duration::from_mins(2);

impl Follower {
    /// Writes what is to be written.
    pub(crate) async fn carry_on(
        &self,
        memory: &mut Memory,
        one: &mut Examined<'_>,
        revision: &Revision,
        work: Work,
    ) {
        let is_turn = matches!(work, Work::Turn(_));
        // Whoever ends this process waits until the pass has ended.
        let Some(_writing) = self.fleet.writing() else {
            return;
        };
        let passed = self.carry_out(one, revision, work).await;
        // What waits for somebody is no failure.
        let is_done = passed.failed.is_empty()
            && [ApplyState::Converged, ApplyState::Partial]
                .map(word)
                .contains(&&*passed.state);
        if let Some(turned) = memory.turned.as_mut().filter(|_| is_turn) {
            turned.is_done = is_done;
            turned.bundle_hash = Some(one.bundle.hash.clone());
            turned.failures += u32::from(!is_done);
            let failed = passed.failed.join("; ");
            turned.reason = passed
                .reason
                .clone()
                .or_else(|| (!is_done).then_some(failed));
        }
        let healed = passed.objects.iter().cloned();
        memory
            .healed
            .extend(healed.map(|object| (object, Instant::now())));
        memory.failures = if is_done { 0 } else { memory.failures + 1 };
        let doubled = FIRST_PAUSE * 2_u32.saturating_pow(memory.failures.saturating_sub(1).min(10));
        memory.not_before = (!is_done).then(|| Instant::now() + doubled.min(LONGEST_PAUSE));
        memory.looks_again = true;
        let counted = if is_done { "converged" } else { &passed.state };
        self.fleet.count_pass(&passed.cluster, counted);
        // What is refused for the same reason again is no news.
        let refusal = (passed.written == 0)
            .then(|| passed.reason.clone())
            .flatten();
        let is_news = refusal.is_none() || refusal != memory.refusal;
        memory.refusal = refusal;
        memory.struggles.note(&passed.fields, clock::seconds());
        if is_news {
            journal::passed(&passed);
            let alerts = if is_done || is_turn {
                Vec::new()
            } else {
                self.not_healed(memory, &passed)
            };
            self.chronicle.keep(Entry {
                passes: vec![passed],
                alerts,
                ..Entry::default()
            });
        }
    }

    /// What people are told of a pass that did not put back what drifted.
    fn not_healed(&self, memory: &Memory, passed: &Passed) -> Vec<Alert> {
        let why = passed.reason.iter().chain(&passed.failed).cloned();
        let why = why.collect::<Vec<_>>().join("; ");
        let open = memory.episodes.all();
        let about = open.filter(|one| passed.steps.iter().any(|step| step.contains(&one.object)));
        let alerts = about.flat_map(|one| {
            let told = Episode {
                message: format!("it could not be put back ({why}): {}", one.message),
                ..one.clone()
            };
            let reason = Reason {
                occasion: Occasion::NotHealed,
                episode: &told,
                response: Response::Heal,
                at: &passed.at,
            };
            due(reason, &self.settings.alerts)
        });
        alerts.collect()
    }

    /// Plans, judges and writes, and nothing else.
    async fn carry_out(&self, one: &mut Examined<'_>, revision: &Revision, work: Work) -> Passed {
        let (mut remedy, mut fields, turn) = match work {
            Work::Heal(remedy, fields) => (remedy, fields, None),
            Work::Turn(turn) => (Remedy::default(), Vec::new(), Some(turn)),
        };
        let mut passed = self.begun(one, turn.is_some());
        let removed = remedy.removals.iter();
        let removed: Vec<_> = removed.filter_map(|step| take_out(step, one)).collect();
        passed.removed = removed.iter().map(manifest).collect();
        let begun = Entry {
            passes: vec![passed.clone()],
            ..Entry::default()
        };
        // Nothing goes of which nobody could tell afterwards what it was.
        if !removed.is_empty() && !self.chronicle.keep(begun) {
            remedy.removals.clear();
            passed.removed.clear();
        }
        let left = tokio::task::block_in_place(|| self.leave_refused(one, revision, &mut remedy));
        let only = match turn {
            Some(_) => Only::EVERYTHING,
            None => Only::places(&remedy.places),
        };
        let is_rollback = turn.is_some_and(|turn| turn.is_rollback);
        let decision =
            tokio::task::block_in_place(|| self.decide(one, revision, (only, is_rollback)));
        let plan = decision.iter().flat_map(|decision| &decision.plan);
        let steps = plan.flat_map(|plan| &plan.steps).chain(&remedy.removals);
        let (objects, steps): (Vec<String>, Vec<String>) = steps.map(told).unzip();
        let written = self.write(one, revision, (only, &remedy.removals), decision.as_ref());
        let patience = LONGEST_PASS + self.settings.settle;
        let report = tokio::time::timeout(patience, written).await;
        let report = report.unwrap_or_else(|_| {
            let why = format!(
                "no end within {} s; what is left is done later",
                patience.as_secs()
            );
            outcome(one, ApplyState::Failed, Some(why))
        });
        // What was seen is told as it was seen.
        if let Reading::Known(policies) = &mut one.observed.policies {
            policies.extend(removed);
        }
        let failed: BTreeSet<String> = report
            .failed
            .iter()
            .map(|one| one.object.to_string())
            .collect();
        let is_written = |object: &String| report.written > 0 && !failed.contains(object);
        let objects: Vec<String> = objects.into_iter().filter(is_written).collect();
        fields.retain(|field| {
            let object = field
                .split_once(' ')
                .map_or(field.as_str(), |(object, _)| object);
            objects.iter().any(|one| one == object)
        });
        let failed = report.failed.iter();
        let failed = failed.map(|failed| format!("{}: {}", failed.object, failed.message));
        let failed = failed.chain(left);
        Passed {
            at: clock::now(),
            sequence: report.sequence,
            state: word(report.state).to_owned(),
            reason: report.reason.clone(),
            written: report.written,
            failed: failed.collect(),
            objects,
            steps,
            fields,
            ..passed
        }
    }

    /// Takes out of a remedy the places that are refused, where others are not: one that has to wait for somebody leaves
    /// no other as it is. Why they are refused.
    fn leave_refused(
        &self,
        one: &Examined<'_>,
        revision: &Revision,
        remedy: &mut Remedy,
    ) -> Vec<String> {
        let refused = |places: &BTreeSet<ObjectKey>| {
            let decision = self.decide(one, revision, (Only::places(places), false));
            let refusals = decision.into_iter().flat_map(|decision| decision.refusals);
            refusals.map(|refusal| refusal.message).collect::<Vec<_>>()
        };
        if remedy.places.len() < 2 || refused(&remedy.places).is_empty() {
            return Vec::new();
        }
        let (mut kept, mut left) = (BTreeSet::new(), Vec::new());
        for place in &remedy.places {
            let why = refused(&BTreeSet::from([place.clone()]));
            if why.is_empty() {
                kept.insert(place.clone());
            } else {
                left.push(format!("{place}: {}", why.join("; ")));
            }
        }
        // Where nothing may be put back, it is refused as one.
        if kept.is_empty() {
            return Vec::new();
        }
        remedy.places = kept;
        left
    }

    /// A pass that begins.
    fn begun(&self, one: &Examined<'_>, is_turn: bool) -> Passed {
        let at = clock::now();
        // Several passes may begin within a second.
        let sequence = one.observed.our_record().map(|record| record.sequence);
        Passed {
            id: short_digest(format!("{}|{at}|{sequence:?}", self.name)),
            at,
            cluster: self.name.to_string(),
            purpose: if is_turn { "rollout" } else { "heal" }.to_owned(),
            revision: one.bundle.revision.clone(),
            sequence: None,
            state: "begun".to_owned(),
            reason: None,
            written: 0,
            objects: Vec::new(),
            steps: Vec::new(),
            failed: Vec::new(),
            fields: Vec::new(),
            removed: Vec::new(),
        }
    }

    /// What is to be written, and whether it may be.
    fn decide(
        &self,
        one: &Examined<'_>,
        revision: &Revision,
        (only, rollback): (Only<'_>, bool),
    ) -> Option<Decision> {
        let record = one.observed.our_record();
        let controller = record.and_then(|record| record.controller.as_ref());
        let terms = Terms {
            model: revision.model(),
            allowances: Allowances {
                take_over: controller.is_none_or(|controller| *controller == self.settings.name),
                rollback,
                ..Allowances::default()
            },
            only,
        };
        let all = self.fleet.all();
        let others = all.iter().filter(|(name, _)| *name != self.name);
        let others = others.map(|(_, seen)| (&seen.bundle, &seen.observed));
        decide(std::slice::from_ref(one), others, &terms)
            .into_iter()
            .next()
    }

    /// Writes what was decided, where nothing was refused.
    async fn write(
        &self,
        one: &mut Examined<'_>,
        revision: &Revision,
        (only, removals): (Only<'_>, &[Step]),
        decision: Option<&Decision>,
    ) -> ApplyCluster {
        let refusals = decision.iter().flat_map(|decision| &decision.refusals);
        let refusals: Vec<&str> = refusals.map(|refusal| refusal.message.as_str()).collect();
        let Some((decision, plan)) = decision
            .filter(|_| refusals.is_empty())
            .and_then(|decision| Some((decision, decision.plan.as_ref()?)))
        else {
            return outcome(one, ApplyState::Refused, Some(refusals.join("; ")));
        };
        // A pass reads back what it wrote from the server itself.
        let followed = one.connection.take();
        one.connection = followed.map(|followed| Arc::new(followed.unfollowed()));
        let pass = Pass {
            settle: self.settings.settle,
            only,
            take_over: None,
            controller: Some(&self.settings.name),
            removals,
        };
        let say = |line: &str| tracing::info!(cluster = %self.name, "{line}");
        let steps = (plan, decision.held.len());
        execute(one, steps, revision.model(), pass, say).await
    }
}

/// The object of a step, and the step as it is told.
fn told(step: &Step) -> (String, String) {
    let object = step.action.object().to_string();
    let told = format!(
        "{} {object}: {}",
        step.action.operation().as_str(),
        step.reason
    );
    (object, told)
}

/// Namespace and name.
type PolicyKey = (String, String);

/// Takes a policy that is removed out of what was seen: the rest is judged as if it were gone, as it will be in the same
/// pass.
fn take_out(step: &Step, one: &mut Examined<'_>) -> Option<(PolicyKey, LivePolicy)> {
    let Action::DeletePolicy {
        namespace, name, ..
    } = &step.action
    else {
        return None;
    };
    let Reading::Known(policies) = &mut one.observed.policies else {
        return None;
    };
    policies.remove_entry(&(namespace.clone(), name.clone()))
}

/// A policy as it was before it is removed, so that somebody can put it back.
fn manifest(((namespace, name), live): &(PolicyKey, LivePolicy)) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "namespace": namespace,
            "name": name,
            "labels": live.labels,
            "annotations": live.annotations,
        },
        "spec": live.spec.read(),
    })
}

/// The word of reports.
fn word(state: ApplyState) -> &'static str {
    match state {
        ApplyState::Converged => "converged",
        ApplyState::Partial => "partial",
        ApplyState::Failed => "failed",
        ApplyState::Refused => "refused",
        ApplyState::Skipped => "skipped",
        ApplyState::Unknown => "unknown",
    }
}
