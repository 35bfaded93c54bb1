//! The steps of a pass, stage by stage and turn by turn.

use std::collections::BTreeSet;
use std::time::Duration;

use cofferdam_cluster::{Category, Error, Written};
use cofferdam_model::count::counted;
use cofferdam_objects::key::ObjectKey;
use cofferdam_report::wire::apply::FailedStep;
use cofferdam_state::plan::{Phase, Step};
use futures_util::stream::{self, StreamExt as _};

use super::Writing;
use super::in_force::NOT_IN_FORCE;

impl Writing<'_> {
    /// Every stage in order; what came before settles where the next one needs that. After a failure, no
    /// stage from a phase on is begun.
    pub(super) async fn run_stages(
        &mut self,
        settle: Duration,
        unless_failed: Option<Phase>,
        say: &(impl Fn(&str) + Send + Sync),
    ) -> Result<(), Error> {
        for stage in self.plan.stages() {
            let rests = unless_failed.is_some_and(|phase| stage.phase >= phase);
            if rests && !self.done.failed.is_empty() {
                self.leave_out(&stage, "left out: what comes before it failed");
                continue;
            }
            if stage.settles_first && !settle.is_zero() {
                say(&format!("settling for {} s", settle.as_secs()));
                tokio::time::sleep(settle).await;
            }
            say(&format!(
                "{}: {}",
                stage.phase.as_str(),
                counted(stage.steps(), "step")
            ));
            if !self.are_in_force(&stage.probes, say).await? {
                self.leave_out(&stage, NOT_IN_FORCE);
                continue;
            }
            for turn in stage.turns {
                let turn = self.founded(turn).await;
                self.run_turn(turn).await?;
            }
        }
        Ok(())
    }

    /// Steps without those that rest on what was not written, or would be refused when its turn comes; a guard rail
    /// that is left out so is not waited for.
    async fn founded<'s>(&mut self, steps: Vec<&'s Step>) -> Vec<&'s Step> {
        let failed = self.done.failed.iter().map(|failed| failed.object.clone());
        let mut failed: BTreeSet<ObjectKey> = failed.collect();
        let refused = self.refused_ahead(&steps).await;
        failed.extend(refused.iter().map(|failed| failed.object.clone()));
        let (founded, unfounded): (Vec<&Step>, Vec<&Step>) = steps
            .into_iter()
            .partition(|step| self.plan.is_founded(step, &failed));
        if !unfounded.is_empty() {
            self.done.failed.extend(refused);
        }
        for step in unfounded {
            let object = step.action.object();
            self.done.stuck.insert(object.name.clone());
            self.done.failed.push(FailedStep {
                object,
                message: UNFOUNDED.to_owned(),
            });
        }
        founded
    }

    /// Nodes on which steps rest and whose writes, which come later, the server would refuse now.
    async fn refused_ahead(&self, steps: &[&Step]) -> Vec<FailedStep> {
        let connection = self.connection;
        let ahead = self.plan.rested_on_ahead(steps).into_iter();
        let tried =
            ahead.map(|step| async move { (step, connection.rehearse(&step.action).await) });
        let tried: Vec<_> = tried.collect();
        let tried = stream::iter(tried).buffer_unordered(self.at_once());
        let refused = tried.filter_map(|(step, result)| async move {
            let error = result.err()?;
            Some(FailedStep {
                object: step.action.object(),
                message: format!("it would be refused: {}", error.reason()),
            })
        });
        refused.collect().await
    }

    /// Only as many steps are begun as may be under way, so that each is bound to the time that the
    /// lease has left when its turn comes. The pass stops where the lease is lost.
    pub(super) async fn run_turn(&mut self, steps: Vec<&Step>) -> Result<(), Error> {
        let at_once = self.at_once();
        let stuck = &self.done.stuck;
        let free = |step: &&Step| !place(step).is_some_and(|place| stuck.contains(&place));
        let steps: Vec<&Step> = steps.into_iter().filter(free).collect();
        let (connection, writes, lease) = (self.connection, &self.writes, &self.lease);
        let each = steps
            .into_iter()
            .map(|step| async move { (step, connection.execute(step, writes, lease).await) });
        let each: Vec<_> = each.collect();
        let results: Vec<(&Step, Result<Written, Error>)> =
            stream::iter(each).buffer_unordered(at_once).collect().await;
        let mut lost = None;
        for (step, result) in results {
            match result {
                Ok(written) => self.note_written(step, written),
                Err(error) => {
                    self.note_failure(step, &error);
                    if error.category() == Category::LeaseLost {
                        lost = Some(error);
                    }
                }
            }
        }
        lost.map_or(Ok(()), Err)
    }

    fn at_once(&self) -> usize {
        usize::try_from(self.one.cluster.limits.in_flight.max(1)).unwrap_or(1)
    }

    fn note_written(&mut self, step: &Step, written: Written) {
        self.done.written += 1;
        self.writes.insert(step.action.object(), written);
    }

    fn note_failure(&mut self, step: &Step, error: &Error) {
        self.done.stuck.extend(place(step));
        self.done.failed.push(FailedStep {
            object: step.action.object(),
            message: error.reason(),
        });
    }
}

/// Why a step about a guard rail is not begun.
const UNFOUNDED: &str = "left out: nodes that it rests on could not be written";

/// The namespace or node that a step is about.
fn place(step: &Step) -> Option<String> {
    let object = step.action.object();
    object.namespace.or(Some(object.name))
}
