//! What is to be written to a cluster: what drifted is put back, and in its turn it is taken to new documents.

use std::collections::BTreeSet;
use std::time::Duration;

use cofferdam_history::{Entry, Occasion};
use cofferdam_model::cluster::{Delivery, Mode};
use cofferdam_model::healing::Response;
use cofferdam_pass::clock;
use cofferdam_pass::examined::Examined;
use cofferdam_report::wire::history::Episode;
use cofferdam_state::finding::Finding;
use tokio::time::Instant;

use crate::alerts::{Reason, due};
use crate::documents::Revision;
use crate::episodes::Episodes;
use crate::fleet::Turned;
use crate::follow::{Follower, Memory};
use crate::journal;
use crate::remedy::{CHANGED_BACK, Grounds, Remedy, fields};
use crate::target::{Target, TurnToWrite};

/// What is to be written to a cluster.
#[derive(Debug)]
pub(crate) enum Work {
    /// Something is put back, with the fields that it is about.
    Heal(Remedy, Vec<String>),
    /// The cluster is taken to its documents.
    Turn(TurnToWrite),
}

/// How often a cluster is tried in its turn before that counts as a failure.
pub(crate) const TRIES: u32 = 3;

impl Follower {
    /// Whether the turn of a cluster is yet to be taken, or tried again.
    pub(crate) fn is_turn_due(
        &self,
        memory: &mut Memory,
        one: &Examined<'_>,
        target: &Target,
    ) -> bool {
        let Some(turn) = target.turn.filter(|_| !is_in_place(one)) else {
            return false;
        };
        let turned = memory.turned.as_ref();
        let is_over = turned.is_some_and(|turned| {
            turned.revision == one.bundle.revision
                && turned.attempt == turn.attempt
                && (turned.is_done || turned.failures >= TRIES)
        });
        !is_over && !self.settings.dry_run && may_write(memory, one)
    }

    /// What is to be written now, if anything.
    pub(crate) fn work(
        &self,
        memory: &mut Memory,
        one: &Examined<'_>,
        target: &Target,
        findings: &[Finding],
    ) -> Option<Work> {
        if !is_due(memory) || !may_write(memory, one) {
            return None;
        }
        if let Some(turn) = target.turn.filter(|_| !is_in_place(one)) {
            return self.turn(memory, (one, turn), findings);
        }
        // What was never rolled out is no drift.
        let remedy = is_rolled_out(one, memory.turned.as_ref())
            .then(|| self.remedy(memory, one, &target.revision, findings));
        remedy.flatten()
    }

    /// The turn of a cluster in a rollout, unless it failed too often.
    fn turn(
        &self,
        memory: &mut Memory,
        (one, turn): (&Examined<'_>, TurnToWrite),
        findings: &[Finding],
    ) -> Option<Work> {
        let revision = &one.bundle.revision;
        let before = memory.turned.take();
        let before =
            before.filter(|before| before.revision == *revision && before.attempt == turn.attempt);
        if before.is_none() {
            memory.before_turn = findings.iter().map(Finding::id).collect();
        }
        let turned = before.unwrap_or_else(|| Turned {
            revision: revision.clone(),
            attempt: turn.attempt,
            failures: 0,
            is_done: false,
            bundle_hash: None,
            reason: None,
        });
        let is_over = turned.is_done || turned.failures >= TRIES;
        memory.turned = Some(turned);
        if self.settings.dry_run && !is_over {
            tracing::info!(cluster = %self.name, revision, "would roll out");
        }
        (!is_over && !self.settings.dry_run).then_some(Work::Turn(turn))
    }

    /// What is to be put back.
    fn remedy(
        &self,
        memory: &mut Memory,
        one: &Examined<'_>,
        revision: &Revision,
        findings: &[Finding],
    ) -> Option<Work> {
        let domain = revision.model().trust_domain_of(one.cluster)?;
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
            let remedy = grounds.remedy(&plan, &one.bundle, &one.observed);
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
        let (remedy, fields) = remedy?;
        if self.settings.dry_run {
            journal::would_heal(&self.name, &remedy);
            return None;
        }
        Some(Work::Heal(remedy, fields))
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

/// Whether nothing went wrong lately that is to be waited for.
fn is_due(memory: &Memory) -> bool {
    memory.not_before.is_none_or(|at| at <= Instant::now())
}

/// Whether anything may be written to a cluster: it is managed by us, and nobody asked for a pause.
fn may_write(memory: &mut Memory, one: &Examined<'_>) -> bool {
    let cluster = one.cluster;
    let is_ours = cluster.mode == Mode::Manage
        && cluster.delivery == Delivery::Push
        && one.unreachable.is_none();
    if !is_ours {
        return false;
    }
    let record = one.observed.our_record();
    let pause = record.and_then(|record| record.paused_until.as_deref());
    let pause = pause.and_then(clock::seconds_until);
    let pause = pause
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0);
    memory.pause_ends = pause.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    pause.is_none()
}

/// Whether a cluster was taken to what is asked for now; what of that waits for somebody may be left.
///
/// The same documents may ask for something else of another version of this program, or once the cluster can do other
/// things: that is rolled out too.
fn is_rolled_out(one: &Examined<'_>, turned: Option<&Turned>) -> bool {
    let hash = &one.bundle.hash;
    let record = one.observed.our_record();
    let turned = turned.filter(|turned| turned.is_done);
    record.is_some_and(|record| record.bundle_hash == *hash)
        || turned.is_some_and(|turned| turned.bundle_hash.as_ref() == Some(hash))
}

/// Whether its record says that these documents are in place.
fn is_in_place(one: &Examined<'_>) -> bool {
    let record = one.observed.our_record();
    record.is_some_and(|record| {
        record.revision == one.bundle.revision && record.bundle_hash == one.bundle.hash
    })
}
