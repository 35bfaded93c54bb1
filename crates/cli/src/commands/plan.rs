//! `plan`: what would be written where, and why.

mod reached;

use anyhow::Result;
use cofferdam_documents::Loaded;
use cofferdam_model::Model;
use cofferdam_model::cluster::Mode;
use cofferdam_pass::clock;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project::{self, warnings_of};
use cofferdam_planner::changes;
use cofferdam_report::text;
use cofferdam_report::wire::plan::{PlanCluster, PlanReport, PlanState, WireInTheWay, WireStep};
use cofferdam_state::finding::Finding;

use crate::args::{Arguments, Format, PlanArguments};
use crate::exit::Exit;
use crate::fleet::{authors_of_plan, examine, reaching};
use crate::show::show;
use cofferdam_pass::apply::waves::waves;
use cofferdam_pass::decide::Decision;
use cofferdam_pass::sources::{Deciding, tell_turns};
use reached::{Reached, reached};

pub(crate) async fn run(arguments: &Arguments, command: &PlanArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let authors = authors_of_plan(arguments.output);
    let directory = &arguments.directory;
    let examined = examine(&loaded, model, directory, &command.selection, authors).await?;
    let deciding = Deciding {
        loaded: &loaded,
        reaching: &reaching(directory, &command.selection),
        terms: command.budget.terms(model, false),
    };
    let (mut decided, _) = deciding.decide(&examined).await?;
    tell_turns(&examined, &mut decided, &waves(&examined, model, false));
    let report = report(&examined, &decided, (&loaded, model), arguments.output);
    show(&report, arguments.output, text::plan)?;
    Ok(exit_of(&report))
}

/// The report of what was decided; findings are for programs only, as `drift` shows them to people.
pub(crate) fn report(
    examined: &[Examined<'_>],
    decided: &[Decision],
    (loaded, model): (&Loaded, &Model),
    format: Format,
) -> PlanReport {
    let clusters = examined.iter().zip(decided).map(|(one, decision)| {
        let findings = if format == Format::Json {
            one.findings(model, &clock::today())
        } else {
            Vec::new()
        };
        cluster(one, decision, (model, &findings))
    });
    PlanReport::new(clusters.collect(), warnings_of(loaded))
}

fn cluster(
    one: &Examined<'_>,
    decision: &Decision,
    (model, findings): (&Model, &[Finding]),
) -> PlanCluster {
    let lines = |texts: Vec<&str>| (!texts.is_empty()).then(|| texts.join("\n"));
    let (state, reason, hint) = match &one.unreachable {
        Some(why) => (
            PlanState::Unreachable,
            Some(why.reason.clone()),
            why.hint.clone(),
        ),
        None if decision.refusals.is_empty() => (PlanState::Planned, None, None),
        None => {
            let refusals = &decision.refusals;
            let reasons = refusals
                .iter()
                .map(|refusal| refusal.message.as_str())
                .collect();
            let mut hints: Vec<&str> = refusals.iter().filter_map(|r| r.hint.as_deref()).collect();
            hints.dedup();
            (PlanState::Refused, lines(reasons), lines(hints))
        }
    };
    let in_the_way = decision
        .in_the_way
        .iter()
        .map(|(object, reason)| WireInTheWay {
            object: object.clone(),
            reason: reason.clone(),
        });
    let Reached {
        opens,
        closes,
        enforcing,
        doubts,
    } = reached(one, decision, model);
    PlanCluster {
        name: one.cluster.name.to_string(),
        trust_domain: one.bundle.trust_domain.to_string(),
        state,
        denied: one.unreachable.as_ref().and_then(|why| why.denied),
        reason,
        hint,
        steps: steps(one, decision),
        held_back: decision.held.iter().map(Into::into).collect(),
        in_the_way: in_the_way.collect(),
        notices: notices(one, decision, doubts),
        findings: findings.iter().map(Into::into).collect(),
        opens,
        closes,
        enforcing,
    }
}

fn steps(one: &Examined<'_>, decision: &Decision) -> Vec<WireStep> {
    let steps = decision.plan.iter().flat_map(|plan| &plan.steps);
    steps
        .map(|step| WireStep::new(step, &changes(&one.observed, step)))
        .collect()
}

/// What is worth knowing before a plan is applied, and that it will not be.
fn notices(one: &Examined<'_>, decision: &Decision, doubts: Option<String>) -> Vec<String> {
    let Some(plan) = &decision.plan else {
        return Vec::new();
    };
    let observed = one.cluster.mode == Mode::ReadOnly && !plan.is_empty();
    let observed = observed.then(|| {
        "only observed: its document says `mode: readOnly`, and `apply` writes nothing here"
            .to_owned()
    });
    let notices = observed.into_iter().chain(plan.notices.clone());
    notices.chain(doubts).collect()
}

/// 2 where something is to be done, or waits, or is in the way.
pub(crate) fn exit_of(report: &PlanReport) -> Exit {
    Exit::of(report.clusters.iter().map(|cluster| match cluster.state {
        PlanState::Refused => Exit::Failure,
        PlanState::Unreachable => Exit::Unknown,
        PlanState::Planned if cluster.is_settled() => Exit::Fine,
        PlanState::Planned => Exit::Difference,
    }))
}

#[cfg(test)]
mod tests {
    use cofferdam_objects::key::ObjectKey;
    use cofferdam_report::wire::plan::WireHeldStep;

    use super::*;

    /// How a plan ends, and what its first and last lines say.
    #[track_caller]
    fn check(
        (steps, held, in_the_way): (usize, usize, usize),
        exit: Exit,
        first: &str,
        last: &str,
    ) {
        let object = ObjectKey::namespace("web");
        let step = WireStep {
            op: "create",
            object: object.clone(),
            phase: "labels",
            reason: "not there".to_owned(),
            effect: "none",
            fields: Vec::new(),
        };
        let waiting = WireHeldStep {
            op: "create",
            object: object.clone(),
            phase: "labels",
            reason: "it waits".to_owned(),
            hint: "wait".to_owned(),
        };
        let way = WireInTheWay {
            object,
            reason: "it stands there".to_owned(),
        };
        let cluster = PlanCluster {
            name: "prod".to_owned(),
            trust_domain: "production".to_owned(),
            state: PlanState::Planned,
            denied: None,
            reason: None,
            hint: None,
            steps: vec![step; steps],
            held_back: vec![waiting; held],
            in_the_way: vec![way; in_the_way],
            notices: Vec::new(),
            findings: Vec::new(),
            opens: None,
            closes: None,
            enforcing: Vec::new(),
        };
        let report = PlanReport::new(vec![cluster], Vec::new());
        assert_eq!(exit_of(&report), exit);
        let told = text::plan(&report);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.first(), Some(&first));
        assert_eq!(lines.last(), Some(&last));
    }

    #[test]
    fn what_waits_or_is_in_the_way_is_something_to_do() {
        check(
            (0, 0, 0),
            Exit::Fine,
            "prod (production): nothing to do",
            "Nothing to do on 1 cluster.",
        );
        check(
            (1, 0, 0),
            Exit::Difference,
            "prod (production): 1 step",
            "Plan: 1 step on 1 cluster.",
        );
        check(
            (0, 2, 0),
            Exit::Difference,
            "prod (production): 0 steps, 2 steps held back",
            "Plan: 0 steps on 1 cluster, 2 held back.",
        );
        check(
            (0, 0, 1),
            Exit::Difference,
            "prod (production): 0 steps, 1 in the way",
            "Plan: 0 steps on 1 cluster, 1 in the way.",
        );
    }
}
