//! One write pass on one cluster: lease, pending record, phases, observe again, record.
//!
//! It may be killed at any moment: what a pass is about to create is recorded before it is created, and
//! open policies stand before anything isolates, so that the next pass takes up where this one ended.

mod adopt;
mod in_force;
mod leased;
mod take_back;
mod turns;

pub use adopt::adopt;
pub use take_back::take_back;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::examined::Examined;
use cofferdam_cluster::{Category, Connection, Error, Held, Writes};
use cofferdam_model::Model;
use cofferdam_model::cluster::Delivery;
use cofferdam_objects::key::ObjectKey;
use cofferdam_planner::view::View;
use cofferdam_report::wire::apply::{ApplyCluster, ApplyState, FailedStep};
use cofferdam_state::bundle::Bundle;
use cofferdam_state::observed::{LiveRecord, Observed};
use cofferdam_state::pass::{Ending, Writer};
use cofferdam_state::plan::{Plan, Step};
use cofferdam_state::record::Record;

use self::leased::leased;
use super::outcome::{failed, interrupt, interrupted, outcome};
use super::overtaken::overtaken;
use crate::only::{Only, blocked, held_back};

/// How a pass is carried out.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a> {
    /// How long policies get to take effect before open policies go.
    pub settle: Duration,
    /// What of the bundle is written.
    pub only: Only<'a>,
    /// How long a controller that manages the cluster is to pause.
    pub take_over: Option<Duration>,
    /// The controller that does this, and manages the cluster from now on.
    pub controller: Option<&'a str>,
    /// Policies of others that are removed, which no plan does.
    pub removals: &'a [Step],
}

/// Applies a plan to its cluster, beside which so many steps are held back.
pub async fn execute(
    one: &Examined<'_>,
    (plan, held): (&Plan, usize),
    model: &Model,
    pass: Pass<'_>,
    say: impl Fn(&str) + Send + Sync,
) -> ApplyCluster {
    let Some(connection) = &one.connection else {
        return outcome(
            one,
            ApplyState::Unknown,
            one.unreachable.as_ref().map(|w| w.reason.clone()),
        );
    };
    // Of what a GitOps controller applies, we keep no record.
    let gitops = one.cluster.delivery == Delivery::Gitops;
    let nothing = plan.is_empty() && plan.probes.is_empty() && pass.removals.is_empty();
    if nothing && (gitops || is_recorded(one, (plan, held), pass)) {
        let sequence = one.observed.our_record().map(|record| record.sequence);
        let requests = connection.requests();
        let failed = in_the_way(&one.view(), &pass.only);
        let state = if failed.is_empty() {
            state_of(held)
        } else {
            ApplyState::Failed
        };
        return ApplyCluster {
            sequence,
            requests,
            failed,
            ..outcome(one, state, reason_of(held))
        };
    }
    let lease = match leased(one, connection, &say).await {
        Ok(lease) => Arc::new(lease),
        Err(report) => return report,
    };
    let mut running = Writing {
        one,
        connection,
        plan,
        lease: Arc::clone(&lease),
        writes: Writes::new(),
        done: Done::default(),
    };
    let result = tokio::select! {
        result = running.run(model, pass, &say) => result.map_err(|error| failed(one, connection, &error)),
        () = interrupt() => Err(interrupted(one, connection)),
    };
    let mut report = result.unwrap_or_else(|report| ApplyCluster {
        state: running.done.unfinished(),
        written: running.done.written,
        failed: std::mem::take(&mut running.done.failed),
        ..report
    });
    drop(running);
    if let Some(lease) = Arc::into_inner(lease)
        && let Err(error) = lease.release().await
    {
        say(&format!("the lease runs out by itself: {}", error.reason()));
    }
    report.requests = connection.requests();
    report
}

/// What a pass has done so far.
#[derive(Debug, Default)]
struct Done {
    written: u64,
    failed: Vec<FailedStep>,
    /// The policies of guard rails that were seen to be in force.
    tried: BTreeSet<ObjectKey>,
    /// Namespaces in which a step failed: their later phases are left out.
    stuck: HashSet<String>,
}

impl Done {
    /// The state of a pass that did not get everything done.
    fn unfinished(&self) -> ApplyState {
        if self.written > 0 {
            ApplyState::Partial
        } else {
            ApplyState::Failed
        }
    }
}

struct Writing<'a> {
    one: &'a Examined<'a>,
    connection: &'a Arc<Connection>,
    plan: &'a Plan,
    lease: Arc<Held>,
    writes: Writes,
    done: Done,
}

impl<'a> Writing<'a> {
    async fn run(
        &mut self,
        model: &Model,
        pass: Pass<'_>,
        say: &(impl Fn(&str) + Send + Sync),
    ) -> Result<ApplyCluster, Error> {
        let pending = match self.write_pending(pass).await {
            Err(error) if error.category() == Category::Conflict => {
                let waited_for = self.lease.waited_for();
                return Ok(overtaken(self.one, self.connection, waited_for).await);
            }
            begun => begun?,
        };
        self.run_stages(pass.settle, None, say).await?;
        self.run_turn(pass.removals.iter().collect()).await?;
        let last = self.plan.probes_before(None);
        self.are_in_force(&last, say).await?;
        let mut after = self.connection.observe(clock::now()).await;
        // What waits goes on waiting: nobody asks again in the same pass.
        let answers = &self.one.observed.enforce_answers;
        after.enforce_answers.clone_from(answers);
        let written = self.writes.keys().cloned().collect();
        after.note_tried(&self.one.bundle, &self.done.tried, &written);
        self.conclude(model, pass, pending, after).await
    }

    /// Records what this pass is about to create, bound to the record that the plan saw.
    async fn write_pending(&self, pass: Pass<'_>) -> Result<LiveRecord, Error> {
        let live = self.one.observed.record.known().and_then(Option::as_ref);
        let cluster = self.one.cluster;
        let by = Writer {
            instance: self.one.bundle.instance.to_string(),
            cluster: cluster.name.to_string(),
            cluster_uid: cluster.uid.clone().unwrap_or_default(),
            user: writer(self.one),
        };
        let mut record = Record::begun(live.map(|live| &live.record), self.plan, by);
        if let Some(pause) = pass.take_over {
            record.paused_until = Some(clock::after(pause));
        }
        if let Some(controller) = pass.controller {
            record.controller = Some(controller.to_owned());
        }
        let expected = live.map(|live| (live.uid.as_str(), live.resource_version.as_str()));
        self.connection.write_record(expected, &record).await
    }

    /// Compares with what was observed afterwards, and records the result.
    async fn conclude(
        &mut self,
        model: &Model,
        pass: Pass<'_>,
        pending: LiveRecord,
        after: Observed,
    ) -> Result<ApplyCluster, Error> {
        let bundle = self.bundle_after(model, &after);
        let view = View::new(&bundle, &after, self.one.cluster.delivery);
        let (left, held, kept) = match cofferdam_planner::plan(&view, model) {
            Ok(mut plan) => {
                let held = held_back(&view, &mut plan, &pass.only).len();
                (plan.steps, held, Some(plan.kept))
            }
            Err(reasons) => {
                let cluster = ObjectKey::cluster(self.one.cluster.name.as_str());
                let unread = |reason| FailedStep {
                    object: cluster.clone(),
                    message: format!("not read back: {reason}"),
                };
                self.done.failed.extend(reasons.into_iter().map(unread));
                (Vec::new(), 0, None)
            }
        };
        self.note_left(&left);
        self.done.failed.extend(in_the_way(&view, &pass.only));
        let complete = self.done.failed.is_empty() && held == 0;
        let converged = complete && pass.only.is_everything();
        let record = pending.record.ended(Ending {
            kept,
            revision: self.plan.revision.clone(),
            converged: converged.then(|| bundle.hash.clone()),
            at: clock::now(),
            written: self.done.written,
            complete,
        });
        let expected = Some((pending.uid.as_str(), pending.resource_version.as_str()));
        self.connection.write_record(expected, &record).await?;
        let state = if self.done.failed.is_empty() {
            state_of(held)
        } else {
            self.done.unfinished()
        };
        let mut report = outcome(self.one, state, reason_of(held));
        report.written = self.done.written;
        report.failed = std::mem::take(&mut self.done.failed);
        report.sequence = Some(record.sequence);
        Ok(report)
    }

    /// Steps that are left are failures, unless their object is named as one already.
    fn note_left(&mut self, left: &[Step]) {
        let named: BTreeSet<ObjectKey> =
            self.done.failed.iter().map(|f| f.object.clone()).collect();
        let still = left.iter().map(|step| FailedStep {
            object: step.action.object(),
            message: format!(
                "still to {}: {}",
                step.action.operation().as_str(),
                step.reason
            ),
        });
        let left = still.filter(|step| !named.contains(&step.object));
        self.done.failed.extend(left);
    }

    /// The bundle by what the cluster can do now; that of before, where it can do the same.
    fn bundle_after(&self, model: &Model, after: &Observed) -> Cow<'a, Bundle> {
        let known = after.capabilities.known();
        if known.is_none() || known == self.one.observed.capabilities.known() {
            return Cow::Borrowed(&self.one.bundle);
        }
        let compiled = cofferdam_compiler::compile(model, self.one.cluster, known);
        compiled.map_or(Cow::Borrowed(&self.one.bundle), |compiled| {
            Cow::Owned(compiled.bundle)
        })
    }
}

/// The state of a pass in which nothing failed.
fn state_of(held: usize) -> ApplyState {
    if held > 0 {
        ApplyState::Partial
    } else {
        ApplyState::Converged
    }
}

fn reason_of(held: usize) -> Option<String> {
    (held > 0).then(|| format!("{held} held back; `cofferdam plan` says for what"))
}

/// What keeps the chosen part of the bundle from being in place although no step is left.
fn in_the_way(view: &View<'_>, only: &Only<'_>) -> Vec<FailedStep> {
    let blocked = blocked(view, only).into_iter();
    let blocked = blocked.map(|(object, message)| FailedStep { object, message });
    let left_to_gitops = cofferdam_planner::left_to_gitops(view);
    let chosen = left_to_gitops
        .into_iter()
        .filter(|object| only.holds(object));
    let waiting = chosen.map(|object| FailedStep {
        object,
        message: "not yet as compiled, and left to your GitOps controller".to_owned(),
    });
    blocked.chain(waiting).collect()
}

/// Whether the record already says what an empty plan would write there.
///
/// While steps are held back it moves neither revision nor hash, and only what is ours can differ.
fn is_recorded(one: &Examined<'_>, (plan, held): (&Plan, usize), pass: Pass<'_>) -> bool {
    match one.observed.our_record() {
        Some(record) => {
            let same = record.bundle_hash == plan.bundle_hash && record.revision == plan.revision;
            let waits = held > 0 && record.entries == plan.kept;
            record.pending.is_empty() && (same || waits || !pass.only.is_everything())
        }
        None => one.bundle.policies.is_empty(),
    }
}

fn writer(one: &Examined<'_>) -> String {
    one.observed
        .identity
        .known()
        .map(|identity| identity.user.clone())
        .unwrap_or_default()
}
