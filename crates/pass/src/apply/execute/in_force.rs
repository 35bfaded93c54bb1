//! Guard rails that a pass waits for.

use std::collections::BTreeSet;

use cofferdam_cluster::Error;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_report::wire::apply::FailedStep;
use cofferdam_state::guard::Probe;
use cofferdam_state::pass::Stage;

use super::Writing;

/// Why something is not begun that rests on a guard rail.
pub(super) const NOT_IN_FORCE: &str = "left out: a guard rail that it rests on is not in force";

impl Writing<'_> {
    /// Waits until guard rails are in force; says and notes it where one is not. The pass stops where the
    /// lease is lost.
    pub(super) async fn are_in_force(
        &mut self,
        probes: &[&Probe],
        say: &(impl Fn(&str) + Send + Sync),
    ) -> Result<bool, Error> {
        let stuck = &self.done.stuck;
        let tried = probes.iter().copied();
        let tried: Vec<&Probe> = tried
            .filter(|probe| !stuck.contains(&probe.policy.name))
            .collect();
        for probe in &tried {
            say(&format!("waiting until {} is in force", probe.policy));
        }
        let connection = self.connection;
        let failed = connection.wait_for_guards(&tried, &self.lease).await?;
        let all = failed.is_empty() && tried.len() == probes.len();
        let seen = tried
            .iter()
            .filter(|probe| !failed.iter().any(|(failed, _)| failed == *probe));
        self.done
            .tried
            .extend(seen.map(|probe| probe.policy.clone()));
        let failed = failed.into_iter().map(|(probe, error)| FailedStep {
            object: probe.policy.clone(),
            message: error.reason(),
        });
        self.done.failed.extend(failed);
        Ok(all)
    }

    /// Notes what was not begun, and why; what is told of already is not told again.
    pub(super) fn leave_out(&mut self, stage: &Stage<'_>, why: &str) {
        let steps = stage.turns.iter().flatten();
        let rails = steps.clone().map(|step| step.action.object());
        let rails = rails.filter(|object| matches!(object.kind, Kind::Admission(_)));
        self.done.stuck.extend(rails.map(|object| object.name));
        let told = self.done.failed.iter().map(|failed| failed.object.clone());
        let told: BTreeSet<ObjectKey> = told.collect();
        let objects = steps.map(|step| step.action.object());
        let failed = objects
            .filter(|object| !told.contains(object))
            .map(|object| FailedStep {
                object,
                message: why.to_owned(),
            });
        self.done.failed.extend(failed);
    }
}
