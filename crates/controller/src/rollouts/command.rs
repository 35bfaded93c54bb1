//! What people say to a rollout.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use cofferdam_report::wire::rollout::{Rollout, RolloutState, WaveState};

use super::Rollouts;

/// What people say to a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RolloutCommand {
    /// Nothing more is begun.
    Pause,
    /// It goes on, and what failed is tried again.
    Resume,
    /// It ends, and clusters stay as they are.
    Abort,
    /// The wave that waits for it may begin, or pass.
    Approve,
    /// The documents before are rolled out.
    RollBack,
}

impl Rollouts {
    /// Does what somebody says; an error where that makes no sense now.
    pub(crate) fn command(&self, command: RolloutCommand, by: &str) -> Result<()> {
        let _deciding = self.deciding();
        let Some(mut rollout) = self.current() else {
            bail!("nothing was rolled out yet");
        };
        match command {
            RolloutCommand::Pause if rollout.state == RolloutState::Running => {
                rollout.state = RolloutState::Paused;
            }
            RolloutCommand::Resume
                if matches!(rollout.state, RolloutState::Paused | RolloutState::Halted) =>
            {
                rollout.state = RolloutState::Running;
                rollout.attempt += 1;
            }
            RolloutCommand::Abort if rollout.state != RolloutState::Done => {
                rollout.state = RolloutState::Aborted;
            }
            RolloutCommand::Approve => approve(&mut rollout, by)?,
            RolloutCommand::RollBack => return self.roll_back(&rollout, by),
            RolloutCommand::Pause | RolloutCommand::Resume | RolloutCommand::Abort => {
                bail!("the rollout is {}", rollout.state.as_str())
            }
        }
        rollout.by = Some(by.to_owned());
        rollout.reason = None;
        tracing::info!(
            revision = rollout.revision,
            ?command,
            by,
            "rollout commanded"
        );
        self.keep(rollout);
        self.0.commanded.notify_one();
        Ok(())
    }

    /// Begins to roll out what was in force before.
    fn roll_back(&self, rollout: &Rollout, by: &str) -> Result<()> {
        let Some(previous) = rollout
            .previous
            .as_deref()
            .and_then(|name| self.known(name))
        else {
            bail!("it is not known what was in force before");
        };
        let members = rollout.waves.iter().flat_map(|wave| &wave.clusters);
        let members: BTreeSet<String> = members.map(|one| one.name.clone()).collect();
        let back = Rollout {
            revision: previous.name().to_owned(),
            previous: Some(rollout.revision.clone()),
            takes_back: Some(rollout.revision.clone()),
            by: Some(by.to_owned()),
            ..self.begun(previous.model(), &members)
        };
        tracing::warn!(
            from = rollout.revision,
            to = back.revision,
            by,
            "rolled back"
        );
        self.keep(back);
        self.0.commanded.notify_one();
        Ok(())
    }
}

/// Lets the wave that waits for somebody begin, or pass.
fn approve(rollout: &mut Rollout, by: &str) -> Result<()> {
    let mut waves = rollout.waves.iter_mut();
    let Some(wave) = waves.find(|wave| wave.state != WaveState::Passed) else {
        bail!("no wave waits for anything");
    };
    match wave.state {
        WaveState::Held => wave.passed_by = Some(by.to_owned()),
        WaveState::Waiting if wave.needs_approval && wave.approved_by.is_none() => {
            wave.approved_by = Some(by.to_owned());
        }
        WaveState::Waiting | WaveState::Writing | WaveState::Soaking | WaveState::Passed => {
            bail!("no wave waits for approval")
        }
    }
    Ok(())
}
