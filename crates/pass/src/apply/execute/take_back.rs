//! One pass that lets go of a cluster, or of a zone in it: lease, pending record, phases, observe again; then the
//! record, the lease and our namespaces go, or the record forgets the zone.
//!
//! It may be killed at any moment: the record goes only when nothing is left that it holds.

use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::examined::Examined;
use cofferdam_cluster::{Category, Connection, Error, Held, OwnNamespace, Writes};
use cofferdam_model::Model;
use cofferdam_model::cluster::Delivery;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::{PROBE_NAMESPACE, SYSTEM_NAMESPACE};
use cofferdam_planner::detach::{Leaving, detach, forgotten};
use cofferdam_report::wire::apply::{ApplyCluster, ApplyState, FailedStep};
use cofferdam_state::detach::{Detachment, Left, Scope};
use cofferdam_state::observed::{LiveRecord, Observed};
use cofferdam_state::pass::Ending;
use cofferdam_state::plan::Phase;

use super::leased::leased;
use super::{Done, Pass, Writing};
use crate::apply::outcome::{failed, interrupt, interrupted, outcome};
use crate::apply::overtaken::overtaken;
use crate::only::Only;

/// What a pass let go of.
#[derive(Debug)]
pub struct TakenBack {
    /// What became of the cluster; converged where nothing is left.
    pub cluster: ApplyCluster,
    /// What stays beyond what was known before.
    pub left: Vec<Left>,
}

impl From<ApplyCluster> for TakenBack {
    fn from(cluster: ApplyCluster) -> Self {
        Self {
            cluster,
            left: Vec::new(),
        }
    }
}

/// Carries out a detachment.
pub async fn take_back(
    one: &Examined<'_>,
    detachment: &Detachment,
    model: &Model,
    settle: Duration,
    say: impl Fn(&str) + Send + Sync,
) -> TakenBack {
    let Some(connection) = &one.connection else {
        let reason = one.unreachable.as_ref().map(|why| why.reason.clone());
        return outcome(one, ApplyState::Unknown, reason).into();
    };
    if is_done(one, detachment) {
        let mut report = outcome(one, ApplyState::Converged, None);
        report.requests = connection.requests();
        return report.into();
    }
    let lease = match leased(one, connection, &say).await {
        Ok(lease) => Arc::new(lease),
        Err(report) => return report.into(),
    };
    let mut running = Writing {
        one,
        connection,
        plan: &detachment.plan,
        lease: Arc::clone(&lease),
        writes: Writes::new(),
        done: Done::default(),
    };
    let result = tokio::select! {
        result = running.let_go(detachment, model, settle, &say) => {
            result.map_err(|error| failed(one, connection, &error))
        }
        () = interrupt() => Err(interrupted(one, connection)),
    };
    let written = running.done.written;
    let ended = result.unwrap_or_else(|report| Ended {
        empty: false,
        report: ApplyCluster {
            state: running.done.unfinished(),
            written,
            failed: std::mem::take(&mut running.done.failed),
            ..report
        },
    });
    drop(running);
    let mut taken: TakenBack = ended.report.into();
    let lease = Arc::into_inner(lease);
    match (lease, ended.empty) {
        (Some(lease), true) => clean_up(connection, lease, &mut taken).await,
        (Some(lease), false) => {
            if let Err(error) = lease.release().await {
                say(&format!("the lease runs out by itself: {}", error.reason()));
            }
        }
        (None, _) => {}
    }
    taken.cluster.requests = connection.requests();
    taken
}

/// Whether there is nothing to do: what is let go of holds nothing, and nothing is kept for us.
fn is_done(one: &Examined<'_>, detachment: &Detachment) -> bool {
    match &detachment.scope {
        Scope::Cluster => {
            let namespaces = one.observed.namespaces.known().into_iter().flatten();
            let mut own = namespaces
                .filter(|(name, _)| [SYSTEM_NAMESPACE, PROBE_NAMESPACE].contains(&name.as_str()));
            one.observed.our_record().is_none() && own.all(|(_, live)| live.terminating)
        }
        Scope::Zone { namespaces, .. } => {
            namespaces.is_empty() || one.observed.our_record().is_none()
        }
    }
}

/// How far a pass came.
struct Ended {
    report: ApplyCluster,
    /// Whether nothing is left that our record would be kept for.
    empty: bool,
}

impl Writing<'_> {
    async fn let_go(
        &mut self,
        detachment: &Detachment,
        model: &Model,
        settle: Duration,
        say: &(impl Fn(&str) + Send + Sync),
    ) -> Result<Ended, Error> {
        if self.one.observed.our_record().is_none() {
            let report = outcome(self.one, ApplyState::Converged, None);
            return Ok(Ended {
                report,
                empty: true,
            });
        }
        let pass = Pass {
            settle,
            only: Only::EVERYTHING,
            take_over: None,
            controller: None,
            removals: &[],
        };
        let pending = match self.write_pending(pass).await {
            Err(error) if error.category() == Category::Conflict => {
                let waited_for = self.lease.waited_for();
                let report = overtaken(self.one, self.connection, waited_for).await;
                return Ok(Ended {
                    report,
                    empty: false,
                });
            }
            begun => begun?,
        };
        // Pins stay while a taint does.
        self.run_stages(settle, Some(Phase::Protect), say).await?;
        let after = self.connection.observe(clock::now()).await;
        self.end(detachment, model, pending, after).await
    }

    /// Looks at what is left, and deletes the record or writes what it still holds.
    async fn end(
        &mut self,
        detachment: &Detachment,
        model: &Model,
        pending: LiveRecord,
        after: Observed,
    ) -> Result<Ended, Error> {
        let leaving = Leaving {
            scope: &detachment.scope,
            manner: detachment.manner,
            delivery: self.one.cluster.delivery,
        };
        let again = detach(&self.one.bundle, &after, leaving);
        match &again {
            Ok(again) => {
                self.note_left(&again.plan.steps);
                let held = again.held.iter().map(|held| FailedStep {
                    object: held.object.clone(),
                    message: format!("{}: {}", held.reason, held.hint),
                });
                self.done.failed.extend(held);
            }
            Err(reasons) => self.note_unread(reasons),
        }
        let complete = self.done.failed.is_empty();
        let mut report = outcome(self.one, ApplyState::Converged, None);
        report.written = self.done.written;
        if complete && detachment.scope == Scope::Cluster {
            self.connection.delete_record(&pending).await?;
            return Ok(Ended {
                report,
                empty: true,
            });
        }
        let kept = match again {
            Ok(_) if complete => self.without_zone(&after, model, &detachment.scope),
            Ok(again) => Some(again.plan.kept),
            Err(_) => None,
        };
        let newest = pending.record.applies.last();
        let record = pending.record.ended(Ending {
            kept,
            // Nothing of the model is applied by this.
            revision: newest.map_or_else(String::new, |newest| newest.revision.clone()),
            converged: None,
            at: clock::now(),
            written: self.done.written,
            complete,
        });
        let expected = Some((pending.uid.as_str(), pending.resource_version.as_str()));
        self.connection.write_record(expected, &record).await?;
        if !complete {
            report.state = self.done.unfinished();
        }
        report.failed = std::mem::take(&mut self.done.failed);
        report.sequence = Some(record.sequence);
        Ok(Ended {
            report,
            empty: false,
        })
    }

    /// What the record holds without the zone; none where that cannot be told.
    fn without_zone(
        &self,
        after: &Observed,
        model: &Model,
        scope: &Scope,
    ) -> Option<std::collections::BTreeMap<String, String>> {
        let bundle = self.bundle_after(model, after);
        let view = cofferdam_planner::view::View::new(&bundle, after, Delivery::Push);
        let plan = cofferdam_planner::plan(&view, model).ok()?;
        Some(forgotten(plan.kept, after, scope))
    }

    fn note_unread(&mut self, reasons: &[String]) {
        let cluster = ObjectKey::cluster(self.one.cluster.name.as_str());
        let unread = reasons.iter().map(|reason| FailedStep {
            object: cluster.clone(),
            message: format!("not read back: {reason}"),
        });
        self.done.failed.extend(unread);
    }
}

/// Deletes lease and namespaces, once the record is gone. What of them stays does no harm, and is told.
async fn clean_up(connection: &Arc<Connection>, lease: Held, taken: &mut TakenBack) {
    let mut stays = |name: &str, reason: String| {
        taken.left.push(Left {
            object: ObjectKey::namespace(name),
            reason,
        });
    };
    if let Err(error) = lease.abolish().await {
        stays(
            SYSTEM_NAMESPACE,
            format!("its lease stays: {}", error.reason()),
        );
        return;
    }
    for (name, result) in connection.delete_own_namespaces().await {
        match result {
            Ok(OwnNamespace::Gone) => {}
            Ok(OwnNamespace::Holds(others)) => {
                stays(
                    name,
                    format!("it holds what is not ours: {}", others.join(", ")),
                );
            }
            Err(error) => {
                let why = format!(
                    "it could not be told to hold nothing of others, or be deleted: {} (`cofferdam rbac --profile \
                     detach` prints the rights)",
                    error.reason()
                );
                stays(name, why);
            }
        }
    }
}
