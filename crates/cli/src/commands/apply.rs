//! `apply`: shows the plan, asks, and writes it in waves.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;

use anyhow::Result;
use cofferdam_model::cluster::Mode;
use cofferdam_model::count::counted;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::apply::{ApplyCluster, ApplyReport, ApplyState};
use cofferdam_report::{output, text};
use futures_util::future::join_all;

use super::plan::{self, report as plan_report};
use crate::args::{ApplyArguments, Arguments, Format};
use crate::confirm::confirmed;
use crate::exit::Exit;
use crate::fleet::{authors_of_plan, examine, reaching};
use crate::show::show;
use cofferdam_pass::apply::execute::{Pass, execute};
use cofferdam_pass::apply::outcome::{INTERRUPTED, interrupt, outcome};
use cofferdam_pass::apply::waves::{Wave, waves};
use cofferdam_pass::decide::Decision;
use cofferdam_pass::only::Only;
use cofferdam_pass::sources::{Deciding, tell_turns};

pub(crate) async fn run(arguments: &Arguments, command: &ApplyArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let authors = authors_of_plan(arguments.output);
    let directory = &arguments.directory;
    let examined = examine(&loaded, model, directory, &command.selection, authors).await?;
    let deciding = Deciding {
        loaded: &loaded,
        reaching: &reaching(directory, &command.selection),
        terms: command.budget.terms(model, command.take_over.is_some()),
    };
    let (mut decided, beside) = deciding.decide(&examined).await?;
    let waves = waves(&examined, model, command.all_at_once);
    tell_turns(&examined, &mut decided, &waves);
    let plans = plan_report(&examined, &decided, (&loaded, model), arguments.output);
    if command.dry_run {
        show(&plans, arguments.output, text::plan)?;
        return Ok(plan::exit_of(&plans));
    }
    let mut all = examined.iter().zip(&decided);
    let anything = all.any(|(one, decision)| {
        one.cluster.mode == Mode::Manage
            && decision.refusals.is_empty()
            && decision.plan.as_ref().is_some_and(|plan| !plan.is_empty())
    });
    let asks = anything && !command.yes;
    // Nobody is asked about what is not shown.
    if asks || arguments.output == Format::Text {
        output::talk(text::plan(&plans).trim_end())?;
    }
    if asks && !confirmed("Write this?", "plan")? {
        output::talk("nothing was written")?;
        return Ok(Exit::Failure);
    }
    let pass = Pass {
        settle: command.settle,
        only: Only::parts(&command.budget.only),
        take_over: command.take_over,
        controller: None,
        removals: &[],
    };
    let fleet = Fleet {
        examined: &examined,
        beside: &beside,
        decided: &decided,
        deciding,
        pass,
    };
    let clusters = fleet.roll_out(&waves, command).await?;
    let exit = exit_of(&clusters, &examined);
    let report = ApplyReport {
        api_version: API_VERSION,
        kind: "ApplyReport",
        clusters,
    };
    show(&report, arguments.output, text::apply)?;
    Ok(exit)
}

/// Why a cluster was not written after somebody interrupted another.
const NOT_ITS_TURN: &str = "apply was interrupted before its turn";

struct Fleet<'a> {
    examined: &'a [Examined<'a>],
    /// What was seen of clusters that were not selected.
    beside: &'a [Examined<'a>],
    decided: &'a [Decision],
    deciding: Deciding<'a>,
    pass: Pass<'a>,
}

impl Fleet<'_> {
    /// Wave by wave; after more failures than a trust domain allows, the rest is skipped.
    async fn roll_out(
        &self,
        waves: &[Wave],
        command: &ApplyArguments,
    ) -> Result<Vec<ApplyCluster>> {
        let mut done: Vec<ApplyCluster> = Vec::new();
        let mut stopped: Option<String> = None;
        let mut failures = std::collections::BTreeMap::new();
        let last = waves.len().saturating_sub(1);
        for (number, wave) in waves.iter().enumerate() {
            if let Some(reason) = &stopped {
                done.extend(self.skipped(wave, reason));
                continue;
            }
            let results = self.write(wave, &done).await;
            let failed = results.iter().filter(|result| is_failure(result)).count();
            let total: &mut usize = failures.entry(wave.domain.clone()).or_default();
            *total += failed;
            let interrupted = |one: &ApplyCluster| one.reason.as_deref() == Some(INTERRUPTED);
            if results.iter().any(interrupted) {
                stopped = Some(NOT_ITS_TURN.to_owned());
            } else if *total > wave.max_failures && !command.all_at_once {
                let failures = counted(*total, "failure");
                let reason = format!("`{}` had {failures} before its turn", wave.domain);
                stopped = Some(reason);
            }
            done.extend(results);
            if command.soak && number < last && stopped.is_none() && !wave.soak.is_zero() {
                output::talk(&format!("soaking for {} s", wave.soak.as_secs()))?;
                tokio::select! {
                    () = tokio::time::sleep(wave.soak) => {}
                    () = interrupt() => stopped = Some(NOT_ITS_TURN.to_owned()),
                }
            }
        }
        Ok(done)
    }

    async fn write(&self, wave: &Wave, done: &[ApplyCluster]) -> Vec<ApplyCluster> {
        let written = done.iter().filter(|cluster| cluster.written > 0);
        let written: BTreeSet<&str> = written.map(|cluster| cluster.name.as_str()).collect();
        let members = wave
            .members
            .iter()
            .filter_map(|index| Some((self.examined.get(*index)?, self.decided.get(*index)?)));
        join_all(members.map(|(one, decision)| self.take_turn(one, decision, &written))).await
    }

    /// Judges a cluster again where its plan rests on what other clusters hold, and writes it.
    async fn take_turn(
        &self,
        one: &Examined<'_>,
        decision: &Decision,
        written: &BTreeSet<&str>,
    ) -> ApplyCluster {
        let around = self.beside.iter().chain(self.examined);
        let around: Vec<&Examined<'_>> = around.collect();
        let again = tokio::select! {
            biased;
            again = self.deciding.decide_again(one, decision, &around, written) => again,
            () = interrupt() => {
                return outcome(one, ApplyState::Failed, Some(INTERRUPTED.to_owned()));
            }
        };
        match again {
            Ok(again) => {
                self.write_one(one, again.as_ref().unwrap_or(decision))
                    .await
            }
            Err(error) => {
                let reason = format!("its plan could not be judged again: {error:#}");
                outcome(one, ApplyState::Failed, Some(reason))
            }
        }
    }

    async fn write_one(&self, one: &Examined<'_>, decision: &Decision) -> ApplyCluster {
        if let Some(why) = &one.unreachable {
            let report = outcome(one, ApplyState::Unknown, Some(why.reason.clone()));
            return ApplyCluster {
                hint: why.hint.clone(),
                ..report
            };
        }
        let nothing = decision
            .plan
            .as_ref()
            .is_some_and(cofferdam_state::plan::Plan::is_empty);
        if one.cluster.mode == Mode::ReadOnly {
            let reason = if nothing {
                "only observed (`mode: readOnly`), and there is nothing to write"
            } else {
                "only observed (`mode: readOnly`): nothing was written"
            };
            let report = outcome(one, ApplyState::Skipped, Some(reason.to_owned()));
            let file = project::file_of(self.deciding.loaded, &one.cluster.name);
            let hint = format!("write `mode: manage` under `spec` in {file} to let apply write");
            return ApplyCluster {
                hint: Some(hint),
                ..report
            };
        }
        match &decision.plan {
            Some(plan) if decision.refusals.is_empty() => {
                let name = one.cluster.name.as_str();
                let terminal = std::io::stderr().is_terminal();
                let say = |line: &str| {
                    if terminal || line.starts_with("wait") {
                        // Progress that cannot be shown stops nothing.
                        output::talk(&format!("{name}: {line}")).ok();
                    } else {
                        tracing::info!(cluster = name, "{line}");
                    }
                };
                let due = (plan, decision.held.len());
                let report = execute(one, due, self.deciding.terms.model, self.pass, say).await;
                for warning in one.connection.iter().flat_map(|one| one.take_warnings()) {
                    let line = format!("warning: {name}: the server says: {warning}");
                    output::talk(&line).ok();
                }
                report
            }
            Some(_) | None => refused(one, decision),
        }
    }

    fn skipped(&self, wave: &Wave, reason: &str) -> Vec<ApplyCluster> {
        let members = wave
            .members
            .iter()
            .filter_map(|index| self.examined.get(*index));
        members
            .map(|one| {
                outcome(
                    one,
                    ApplyState::Skipped,
                    Some(format!("not written: {reason}")),
                )
            })
            .collect()
    }
}

fn refused(one: &Examined<'_>, decision: &Decision) -> ApplyCluster {
    let reasons: Vec<&str> = decision
        .refusals
        .iter()
        .map(|r| r.message.as_str())
        .collect();
    let hints: Vec<&str> = decision
        .refusals
        .iter()
        .filter_map(|r| r.hint.as_deref())
        .collect();
    let report = outcome(one, ApplyState::Refused, Some(reasons.join("\n")));
    let hint = (!hints.is_empty()).then(|| hints.join("\n"));
    ApplyCluster { hint, ..report }
}

/// Whether it counts against those that a trust domain allows: what waits for somebody has not failed,
/// and stops no other cluster.
fn is_failure(cluster: &ApplyCluster) -> bool {
    match cluster.state {
        ApplyState::Partial => !cluster.failed.is_empty(),
        ApplyState::Failed | ApplyState::Refused => true,
        ApplyState::Converged | ApplyState::Skipped | ApplyState::Unknown => false,
    }
}

fn exit_of(clusters: &[ApplyCluster], examined: &[Examined<'_>]) -> Exit {
    Exit::of(clusters.iter().map(|cluster| match cluster.state {
        ApplyState::Converged => Exit::Fine,
        ApplyState::Unknown => Exit::Unknown,
        ApplyState::Partial | ApplyState::Failed | ApplyState::Refused => Exit::Failure,
        ApplyState::Skipped => {
            let read_only = examined.iter().any(|one| {
                one.cluster.name.as_str() == cluster.name && one.cluster.mode == Mode::ReadOnly
            });
            if read_only { Exit::Fine } else { Exit::Failure }
        }
    }))
}

#[cfg(test)]
mod tests {
    use cofferdam_objects::key::ObjectKey;
    use cofferdam_report::wire::apply::FailedStep;

    use super::*;

    #[test]
    fn what_waits_is_not_fine_and_stops_no_other_cluster() {
        let waits = ApplyCluster {
            name: "prod".to_owned(),
            state: ApplyState::Partial,
            reason: None,
            hint: None,
            written: 0,
            requests: 0,
            failed: Vec::new(),
            sequence: None,
        };
        assert!(!is_failure(&waits));
        let failed = ApplyCluster {
            failed: vec![FailedStep {
                object: ObjectKey::namespace("web"),
                message: "no".to_owned(),
            }],
            ..waits.clone()
        };
        assert!(is_failure(&failed));
        for cluster in [waits, failed] {
            assert_eq!(exit_of(&[cluster], &[]), Exit::Failure);
        }
    }
}
