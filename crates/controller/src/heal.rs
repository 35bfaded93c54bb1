//! Putting back what drifted, by the same pass as `apply`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cofferdam_history::{Entry, Occasion};
use cofferdam_judge::Allowances;
use cofferdam_model::cluster::{Delivery, Mode};
use cofferdam_model::healing::Response;
use cofferdam_pass::apply::execute::{Pass, execute};
use cofferdam_pass::apply::outcome::outcome;
use cofferdam_pass::clock;
use cofferdam_pass::decide::{Decision, Terms, decide};
use cofferdam_pass::examined::Examined;
use cofferdam_pass::only::Only;
use cofferdam_report::wire::apply::{ApplyCluster, ApplyState};
use cofferdam_report::wire::history::{Episode, Passed};
use cofferdam_state::digest::short_digest;
use cofferdam_state::finding::Finding;
use cofferdam_state::observed::{LivePolicy, Reading};
use cofferdam_state::plan::{Action, Step};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::alerts::{Reason, due};
use crate::documents::Revision;
use crate::episodes::Episodes;
use crate::follow::{Follower, Memory};
use crate::journal;
use crate::remedy::{CHANGED_BACK, Grounds, Remedy, fields};

/// The pause after a pass that did not put everything back; each further one in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

impl Follower {
    /// What is to be put back now, with the fields that it is about.
    pub(crate) fn remedy(
        &self,
        memory: &mut Memory,
        one: &Examined<'_>,
        revision: &Revision,
        findings: &[Finding],
    ) -> Option<(Remedy, Vec<String>)> {
        let is_due = memory.not_before.is_none_or(|at| at <= Instant::now());
        let domain = revision.model().trust_domain_of(one.cluster)?;
        if !is_due || !may_write(memory, one) {
            return None;
        }
        let open = memory.episodes.all();
        let accepted = open.filter(|episode| self.acceptance(episode).is_some());
        let accepted: BTreeSet<String> = accepted.map(|episode| episode.finding.clone()).collect();
        let grounds = Grounds {
            model: revision.model(),
            domain,
            findings,
            accepted: &accepted,
            struggles: &memory.struggles,
            now: clock::seconds(),
        };
        let fought = self.fought(&memory.given_up, &memory.episodes, grounds);
        let remedy = tokio::task::block_in_place(|| {
            // What is unknown is a finding of its own.
            let plan = cofferdam_planner::plan(&one.view(), revision.model()).ok()?;
            let remedy = grounds.remedy(&plan, &one.observed);
            let fields = fields(&remedy, findings);
            (!remedy.is_empty()).then_some((remedy, fields))
        });
        for (episode, entry) in fought {
            self.chronicle.keep(entry);
            memory.given_up.insert(episode);
        }
        if remedy.is_none() {
            memory.failures = 0;
        }
        let told = remedy.as_ref().filter(|_| self.settings.dry_run);
        if let Some((remedy, _)) = told {
            journal::would_heal(&self.name, remedy);
            return None;
        }
        remedy
    }

    /// Puts something back.
    pub(crate) async fn heal(
        &self,
        memory: &mut Memory,
        one: &mut Examined<'_>,
        revision: &Revision,
        (remedy, fields): (Remedy, Vec<String>),
    ) {
        let passed = self.carry_out(one, revision, remedy, fields).await;
        let is_done = passed.state == word(ApplyState::Converged);
        let written = passed.objects.iter().filter(|_| passed.written > 0);
        memory
            .healed
            .extend(written.map(|object| (object.clone(), Instant::now())));
        memory.failures = if is_done { 0 } else { memory.failures + 1 };
        let doubled = FIRST_PAUSE * 2_u32.saturating_pow(memory.failures.saturating_sub(1).min(10));
        memory.not_before = (!is_done).then(|| Instant::now() + doubled.min(LONGEST_PAUSE));
        self.fleet.count_pass(&passed.cluster, &passed.state);
        // What is refused for the same reason again is no news.
        let refusal = (passed.written == 0)
            .then(|| passed.reason.clone())
            .flatten();
        let is_news = refusal.is_none() || refusal != memory.refusal;
        memory.refusal = refusal;
        if passed.written > 0 {
            memory.struggles.note(&passed.fields, clock::seconds());
        }
        if is_news {
            journal::healed(&passed);
            self.chronicle.keep(Entry {
                passes: vec![passed],
                ..Entry::default()
            });
        }
    }

    /// Plans, judges and writes what is to be put back, and nothing else.
    async fn carry_out(
        &self,
        one: &mut Examined<'_>,
        revision: &Revision,
        remedy: Remedy,
        fields: Vec<String>,
    ) -> Passed {
        let removed = remedy.removals.iter();
        let removed: Vec<_> = removed.filter_map(|step| take_out(step, one)).collect();
        let decision = tokio::task::block_in_place(|| self.decide(one, revision, &remedy));
        let plan = decision.iter().flat_map(|decision| &decision.plan);
        let steps = plan.flat_map(|plan| &plan.steps).chain(&remedy.removals);
        let (objects, steps): (Vec<String>, Vec<String>) = steps.map(told).unzip();
        let report = self
            .write(one, revision, (&remedy, decision.as_ref()))
            .await;
        let manifests = removed.iter().map(manifest).collect();
        // What was seen is told as it was seen.
        if let Reading::Known(policies) = &mut one.observed.policies {
            policies.extend(removed);
        }
        let at = clock::now();
        let failed = report.failed.iter();
        let failed = failed.map(|failed| format!("{}: {}", failed.object, failed.message));
        Passed {
            id: short_digest(format!("{}|{at}|{:?}", self.name, report.sequence)),
            at,
            cluster: self.name.to_string(),
            purpose: "heal".to_owned(),
            revision: one.bundle.revision.clone(),
            sequence: report.sequence,
            state: word(report.state).to_owned(),
            reason: report.reason,
            written: report.written,
            objects,
            steps,
            failed: failed.collect(),
            fields,
            removed: manifests,
        }
    }

    /// What is to be written of a remedy, and whether it may be.
    fn decide(&self, one: &Examined<'_>, revision: &Revision, remedy: &Remedy) -> Option<Decision> {
        let record = one.observed.our_record();
        let controller = record.and_then(|record| record.controller.as_ref());
        let terms = Terms {
            model: revision.model(),
            allowances: Allowances {
                take_over: controller.is_none_or(|controller| *controller == self.settings.name),
                ..Allowances::default()
            },
            only: Only::places(&remedy.places),
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
        (remedy, decision): (&Remedy, Option<&Decision>),
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
            only: Only::places(&remedy.places),
            take_over: None,
            controller: Some(&self.settings.name),
            removals: &remedy.removals,
        };
        let say = |line: &str| tracing::info!(cluster = %self.name, "{line}");
        let steps = (plan, decision.held.len());
        execute(one, steps, revision.model(), pass, say).await
    }

    /// Says of what somebody changes back whenever it is put right that it is left to people, and who does that; once.
    fn fought(
        &self,
        told: &BTreeSet<String>,
        episodes: &Episodes,
        grounds: Grounds<'_>,
    ) -> Vec<(String, Entry)> {
        let at = clock::now();
        let findings = grounds.findings.iter();
        let fought = findings.filter(|one| {
            grounds.response(one) == Response::Heal && grounds.is_fought(&one.object)
        });
        let fought = fought.filter_map(|finding| {
            let id = finding.id();
            let episode = episodes.all().find(|one| one.finding == id && !told.contains(&one.id))?;
            let by = episode.manager.as_deref().unwrap_or("somebody");
            tracing::warn!(cluster = %self.name, object = episode.object, manager = by, "healing stopped");
            let message = format!(
                "`{by}` changed it back {CHANGED_BACK} times, so it is not put back any more: {}",
                episode.message
            );
            let told = Episode {
                message,
                ..episode.clone()
            };
            let reason = Reason {
                occasion: Occasion::NotHealed,
                episode: &told,
                response: Response::Heal,
                at: &at,
            };
            let entry = Entry {
                alerts: due(reason, &self.settings.alerts),
                ..Entry::default()
            };
            Some((episode.id.clone(), entry))
        });
        fought.collect()
    }
}

/// Whether anything may be written to a cluster: it is managed by us, in the state that these documents left it in,
/// and nobody asked for a pause.
fn may_write(memory: &mut Memory, one: &Examined<'_>) -> bool {
    let cluster = one.cluster;
    let is_ours = cluster.mode == Mode::Manage
        && cluster.delivery == Delivery::Push
        && one.unreachable.is_none();
    let Some(record) = one.observed.our_record().filter(|_| is_ours) else {
        return false;
    };
    // What was never rolled out is no drift.
    let is_rolled_out =
        record.revision == one.bundle.revision || record.bundle_hash == one.bundle.hash;
    let pause = record
        .paused_until
        .as_deref()
        .and_then(clock::seconds_until);
    let pause = pause
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0);
    if let Some(seconds) = pause {
        memory.not_before = Some(Instant::now() + Duration::from_secs(seconds));
    }
    is_rolled_out && pause.is_none()
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
