//! `plan`: what would be written where, and why.

use anyhow::Result;
use cofferdam_judge::{Allowances, Case, Fleet, Refusal, judge};
use cofferdam_model::Model;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::plan::{PlanCluster, PlanReport, PlanState, steps};
use cofferdam_state::finding::Finding;
use cofferdam_state::held::HeldStep;
use cofferdam_state::plan::Plan;

use crate::args::{Arguments, BudgetArguments, Format, Part, PlanArguments};
use crate::clock;
use crate::exit::Exit;
use crate::fleet::{Authors, Examined, examine};
use crate::only::{is_chosen, narrow};
use crate::project;
use crate::show::show;

/// What is to be done about a cluster.
#[derive(Debug)]
pub(crate) struct Decision {
    /// The plan, where one could be made.
    pub(crate) plan: Option<Plan>,
    /// Steps that wait for something.
    pub(crate) held: Vec<HeldStep>,
    /// Why it may not be applied.
    pub(crate) refusals: Vec<Refusal>,
}

pub(crate) async fn run(arguments: &Arguments, command: &PlanArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let authors = Authors::of_plan(arguments.output);
    let directory = &arguments.directory;
    let examined = examine(&loaded, model, directory, &command.selection, authors).await?;
    let decided = decide(&examined, model, &command.budget, false);
    let report = report(&examined, &decided, model, arguments.output);
    show(&report, arguments.output, text::plan)?;
    Ok(exit_of(&report))
}

/// Plans for each cluster, and judges the plans; `take_over` from controllers that manage them.
pub(crate) fn decide(
    examined: &[Examined<'_>],
    model: &Model,
    budget: &BudgetArguments,
    take_over: bool,
) -> Vec<Decision> {
    let fleet = Fleet {
        model,
        clusters: examined
            .iter()
            .map(|one| (&one.bundle, &one.observed))
            .collect(),
        today: clock::today(),
    };
    let allowances = Allowances {
        deletions: budget.allow_deletions,
        weakening: budget.allow_weakening,
        unapproved: budget.allow_unapproved,
        rollback: budget.rollback,
        take_over,
    };
    let decide = |one| decide_one(one, &fleet, &budget.only, &allowances);
    examined.iter().map(decide).collect()
}

fn decide_one(
    one: &Examined<'_>,
    fleet: &Fleet<'_>,
    only: &[Part],
    allowances: &Allowances,
) -> Decision {
    let mut refusals = Vec::new();
    refusals.extend(one.told_twin().map(|message| Refusal {
        code: "wrong-cluster",
        message,
        hint: None,
    }));
    for error in &one.errors {
        let at = format!("{}:{}", error.place.file, error.place.line);
        let message = format!("{at}: {}", error.message);
        refusals.push(Refusal {
            code: error.code,
            message,
            hint: error.hint.clone(),
        });
    }
    let mut plan = match cofferdam_planner::plan(&one.view(), fleet.model) {
        Ok(plan) => plan,
        Err(reasons) => {
            let unknown = |message: String| Refusal {
                code: "unknown",
                message,
                hint: None,
            };
            refusals.extend(reasons.into_iter().map(unknown));
            return Decision {
                plan: None,
                held: Vec::new(),
                refusals,
            };
        }
    };
    let mut held = narrow(&mut plan, only);
    let waiting = cofferdam_planner::held_back(&one.view()).into_iter();
    held.extend(waiting.filter(|step| is_chosen(step.object.kind, only)));
    let case = Case {
        plan: &plan,
        bundle: &one.bundle,
        observed: &one.observed,
        cluster: one.cluster,
        fleet,
    };
    refusals.extend(judge(&case, allowances));
    Decision {
        plan: Some(plan),
        held,
        refusals,
    }
}

/// The report of what was decided; findings are for programs only, as `drift` shows them to people.
pub(crate) fn report(
    examined: &[Examined<'_>],
    decided: &[Decision],
    model: &Model,
    format: Format,
) -> PlanReport {
    let clusters = examined.iter().zip(decided).map(|(one, decision)| {
        let findings = match format {
            Format::Json => one.findings(model),
            Format::Text | Format::Sarif => Vec::new(),
        };
        cluster(one, decision, &findings)
    });
    PlanReport {
        api_version: API_VERSION,
        kind: "PlanReport",
        clusters: clusters.collect(),
    }
}

fn cluster(one: &Examined<'_>, decision: &Decision, findings: &[Finding]) -> PlanCluster {
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
    PlanCluster {
        name: one.cluster.name.to_string(),
        trust_domain: one.bundle.trust_domain.to_string(),
        state,
        reason,
        hint,
        steps: decision.plan.as_ref().map(steps).unwrap_or_default(),
        held_back: decision.held.iter().map(Into::into).collect(),
        notices: decision
            .plan
            .as_ref()
            .map(|plan| plan.notices.clone())
            .unwrap_or_default(),
        findings: findings.iter().map(Into::into).collect(),
        opens: None,
        closes: None,
    }
}

/// 2 where something is to be done.
pub(crate) fn exit_of(report: &PlanReport) -> Exit {
    Exit::of(report.clusters.iter().map(|cluster| match cluster.state {
        PlanState::Refused => Exit::Failure,
        PlanState::Unreachable => Exit::Unknown,
        PlanState::Planned if cluster.steps.is_empty() => Exit::Fine,
        PlanState::Planned => Exit::Difference,
    }))
}
