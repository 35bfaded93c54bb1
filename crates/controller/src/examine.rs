//! What a look at a cluster tells: findings, what became of episodes, and who is to be told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use cofferdam_history::{Entry, Occasion, Seen};
use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::healing::{Healing, Response, response};
use cofferdam_model::trust_domain::TrustDomain;
use cofferdam_pass as pass;
use cofferdam_pass::examined::{Examined, Outcome};
use cofferdam_pass::{clock, enforceable};
use cofferdam_report::wire::history::{Episode, Watched};
use cofferdam_state::finding::{Class, Effect, Finding};
use tokio::time::Instant;

use crate::alerts::{Reason, due};
use crate::documents::Revision;
use crate::episodes::{Look, Turn, What, is_unknown, told};
use crate::fleet;
use crate::follow::{ANSWERS_HOLD, Follower, LONGEST_LOOK, Memory};
use crate::journal;

/// What ends within this time after it was put back, ended by that: what was written takes its time to be told.
const HEALED_LATELY: Duration = Duration::from_mins(1);

/// What opens or closes for longer than this is no mere delay of what the server tells.
const DISTURBED_FOR: Duration = Duration::from_secs(10);

impl Follower {
    /// Tells what came of a look at the cluster of a document, and puts back what is to be put back.
    pub(crate) async fn examine(
        &self,
        cluster: &Cluster,
        memory: &mut Memory,
        (at, outcome): (String, Outcome),
    ) {
        let target = self.target.borrow().clone();
        let revision = Arc::clone(&target.revision);
        let (model, loaded) = (revision.model(), revision.loaded());
        // What was seen by another document is looked at again.
        let Some(cluster) = model.clusters.get(&self.name).filter(|now| *now == cluster) else {
            return;
        };
        let assembled = || Examined::assemble(loaded, model, cluster, at.clone(), outcome);
        let Some(mut one) = tokio::task::block_in_place(assembled) else {
            return;
        };
        let uid = one.observed.uid.known();
        self.fleet.identify(&self.name, uid);
        one.twin = uid.and_then(|uid| self.fleet.twin(&self.name, uid));
        self.ask(memory, &mut one).await;
        let findings = tokio::task::block_in_place(|| one.findings(model, &clock::today()));
        let seen = seen(&one, &findings);
        let is_turn = target.turn.is_some() && self.is_turn_due(memory, &one, &target);
        // What the turn of a cluster is about is no drift; what drifted beside it is found once it is over.
        if !is_turn {
            self.tell(memory, (&one, &revision), &findings, &seen);
        }
        let work = self.work(memory, &one, &target, &findings);
        let disturbed = disturbed(memory, &findings);
        let (drift, status) = (
            pass::told::drift(&one, &findings),
            pass::told::status(&one, &findings),
        );
        let connection = one.connection.clone();
        let told = |observed, bundle| fleet::Seen {
            connection,
            observed,
            bundle,
            findings,
            coverage: seen,
            drift,
            status,
            turned: memory.turned.clone(),
            disturbed,
            known_at: AtomicI64::new(clock::seconds()),
            requests: memory.requests.0 + memory.requests.1,
        };
        let Some(work) = work else {
            self.fleet.put(&self.name, told(one.observed, one.bundle));
            return;
        };
        // Nobody is told that all is well while something is put back.
        let told = told(one.observed.clone(), one.bundle.clone());
        self.fleet.put(&self.name, told);
        Box::pin(self.carry_on(memory, &mut one, &revision, work)).await;
    }

    /// Tells and keeps what became of episodes, and whom to tell of it.
    fn tell(
        &self,
        memory: &mut Memory,
        (one, revision): (&Examined<'_>, &Revision),
        findings: &[Finding],
        seen: &Seen,
    ) {
        let model = revision.model();
        let Some(domain) = model
            .clusters
            .get(&self.name)
            .and_then(|one| model.trust_domain_of(one))
        else {
            return;
        };
        let whole = seen.watched == Watched::Whole;
        memory.healed.retain(|_, at| at.elapsed() < HEALED_LATELY);
        let healed = memory.healed.keys().cloned().collect();
        let look = Look {
            at: &seen.at,
            before: memory.whole_at.as_deref(),
            found: findings.iter().map(|one| told(one, &domain.name)).collect(),
            healed: &healed,
        };
        let turns = memory.episodes.take(look, |one| !whole && !is_unknown(one));
        if whole {
            memory.whole_at = Some(seen.at.clone());
        }
        let responses = responses(one, (model, domain), findings);
        let mut entry = Entry::default();
        entry.seen.insert(self.name.to_string(), vec![seen.clone()]);
        for turn in &turns {
            let Turn { what, episode } = turn;
            if *what == What::Ended && episode.ended_by.is_none() {
                memory.struggles.forget(&episode.object);
            }
            let response = match responses.get(&episode.finding) {
                Some(response) => memory
                    .responses
                    .entry(episode.finding.clone())
                    .or_insert(*response),
                None => &mut memory
                    .responses
                    .remove(&episode.finding)
                    .unwrap_or(Response::Alert),
            };
            let reason = what.occasion().map(|occasion| Reason {
                occasion,
                episode,
                response: *response,
                at: &seen.at,
            });
            if *what == What::Worsened {
                // What was accepted was less than that.
                self.chronicle.void(&episode.id);
            }
            let alerts = reason.map(|reason| due(reason, &self.settings.alerts));
            entry.alerts.extend(alerts.into_iter().flatten());
            entry.episodes.insert(episode.id.clone(), episode.clone());
        }
        self.remind(memory, &responses, &mut entry, &seen.at);
        self.chronicle.keep(entry);
        for turn in &turns {
            journal::tell(turn);
        }
    }

    /// Alerts again of what was accepted until now, and is still there.
    fn remind(
        &self,
        memory: &mut Memory,
        responses: &BTreeMap<String, Response>,
        entry: &mut Entry,
        at: &str,
    ) {
        let open: Vec<&Episode> = memory.episodes.all().collect();
        let accepted = open.iter().filter(|one| self.acceptance(one).is_some());
        let accepted: BTreeSet<String> = accepted.map(|one| one.id.clone()).collect();
        for episode in open {
            if !memory.accepted.contains(&episode.id) || accepted.contains(&episode.id) {
                continue;
            }
            tracing::warn!(cluster = %self.name, episode = episode.id, object = episode.object, "accepted no longer");
            let response = responses.get(&episode.finding).copied();
            let reason = Reason {
                occasion: Occasion::AcceptanceEnded,
                episode,
                response: response.unwrap_or(Response::Alert),
                at,
            };
            entry.alerts.extend(due(reason, &self.settings.alerts));
        }
        memory.accepted = accepted;
    }

    /// Until when somebody accepts an episode; none where nobody does, or not any longer.
    pub(crate) fn acceptance(&self, episode: &Episode) -> Option<String> {
        let until = self.chronicle.said(&episode.id)?.accepted_until?;
        (*until > *clock::now()).then_some(until)
    }

    /// Has the cluster say what it would refuse, where that is not known from before.
    async fn ask(&self, memory: &mut Memory, one: &mut Examined<'_>) {
        let questions = cofferdam_planner::enforce_questions(&one.view());
        if let Some((at, known)) = &memory.answers
            && at.elapsed() < ANSWERS_HOLD
            && questions
                .iter()
                .all(|question| known.contains_key(question))
        {
            one.observed.enforce_answers.clone_from(known);
            return;
        }
        let asked = enforceable::ask(std::slice::from_mut(one), self.settings.max_in_flight);
        // Questions without an answer are unknown.
        tokio::time::timeout(LONGEST_LOOK, asked).await.ok();
        let answers = &one.observed.enforce_answers;
        let mut all = answers.values();
        let are_answers = all.all(|answer| answer.pods.known().is_some());
        memory.answers = are_answers.then(|| (Instant::now(), answers.clone()));
    }

    /// Ends what is open of a cluster that has no document any more.
    pub(crate) fn leave(&self, memory: &mut Memory) {
        let at = clock::now();
        let mut entry = Entry::default();
        for turn in memory.episodes.leave(&at) {
            journal::tell(&turn);
            let reason = Reason {
                occasion: Occasion::Ended,
                episode: &turn.episode,
                response: Response::Alert,
                at: &at,
            };
            entry.alerts.extend(due(reason, &self.settings.alerts));
            entry.episodes.insert(turn.episode.id.clone(), turn.episode);
        }
        self.chronicle.keep(entry);
    }
}

/// What opened or closed since the cluster was taken to its documents although they do not say so, where a look after a
/// while still finds it: what was just written takes its time to be told.
fn disturbed(memory: &mut Memory, findings: &[Finding]) -> Option<String> {
    let is_taken = memory.turned.as_ref().is_some_and(|turned| turned.is_done);
    let mut findings = findings.iter().filter(|_| is_taken);
    let found = findings.find(|one| {
        matches!(one.effect, Effect::Widens | Effect::Narrows)
            && one.waiver.is_none()
            && !memory.before_turn.contains(&one.id())
    });
    let told = found.map(|one| format!("{} {}: {}", one.class.as_str(), one.object, one.message));
    let since = memory.disturbed_since.filter(|_| told.is_some());
    memory.disturbed_since = told.as_ref().map(|_| since.unwrap_or_else(Instant::now));
    let lasts = since.is_some_and(|since| since.elapsed() >= DISTURBED_FOR);
    memory.looks_at = memory
        .disturbed_since
        .filter(|_| !lasts)
        .map(|since| since + DISTURBED_FOR);
    told.filter(|_| lasts)
}

/// What is done about each finding, by its id.
fn responses(
    one: &Examined<'_>,
    (model, domain): (&Model, &TrustDomain),
    findings: &[Finding],
) -> BTreeMap<String, Response> {
    let was_written = !matches!(one.observed.record.known(), Some(None));
    let responses = findings.iter().map(|finding| {
        let zone = finding.zone.as_ref().and_then(|zone| model.zones.get(zone));
        // That a cluster waits for its first documents is no news to anybody.
        let class = finding.class;
        let waits =
            !was_written && Healing::HEALED.contains(&class) && class != Class::ForeignPolicy;
        let response = if waits {
            Response::Observe
        } else {
            response(zone, domain, class)
        };
        (finding.id(), response)
    });
    responses.collect()
}

/// How far a cluster was seen.
fn seen(one: &Examined<'_>, findings: &[Finding]) -> Seen {
    let unknown = findings
        .iter()
        .find(|finding| finding.class == Class::Unknown);
    let watched = match (&one.unreachable, unknown) {
        (Some(_), _) => Watched::Unreachable,
        (None, Some(_)) => Watched::Partly,
        (None, None) => Watched::Whole,
    };
    let reason = one.unreachable.as_ref().map(|why| why.reason.clone());
    Seen {
        at: one.observed.at.clone(),
        watched,
        reason: reason.or_else(|| unknown.map(|finding| finding.message.clone())),
    }
}
