//! `plan` as people read it. Clusters whose steps are the same are shown once.

use std::fmt::Write as _;

use cofferdam_model::count::counted;
use serde_json::Value;

use super::check::render_warnings;
use crate::wire::plan::{PlanCluster, PlanReport, PlanState, WireHeldStep, WireStep};

/// The plan per cluster, clusters with equal steps folded into one; then what is due in the documents,
/// and what there is to do in all.
pub fn render(report: &PlanReport) -> String {
    let mut text = String::new();
    let mut groups: Vec<(Vec<&str>, &PlanCluster)> = Vec::new();
    for cluster in &report.clusters {
        let same = groups.iter_mut().find(|(_, first)| {
            first.trust_domain == cluster.trust_domain
                && first.state == cluster.state
                && first.reason == cluster.reason
                && first.steps == cluster.steps
                && first.held_back == cluster.held_back
                && first.in_the_way == cluster.in_the_way
                && first.notices == cluster.notices
        });
        match same {
            Some((names, _)) => names.push(&cluster.name),
            None => groups.push((vec![&cluster.name], cluster)),
        }
    }
    for (names, cluster) in groups {
        render_group(&names, cluster, &mut text);
    }
    render_warnings(&report.warnings, &mut text);
    writeln!(text, "{}", summary(report)).ok();
    text
}

/// What there is to do in all.
fn summary(report: &PlanReport) -> String {
    let steps: usize = report
        .clusters
        .iter()
        .map(|cluster| cluster.steps.len())
        .sum();
    let clusters = counted(report.clusters.len(), "cluster");
    let mut all = report.clusters.iter();
    let nothing = all.all(|one| one.state == PlanState::Planned && one.is_settled());
    let held: usize = report.clusters.iter().map(|c| c.held_back.len()).sum();
    let in_the_way: usize = report.clusters.iter().map(|c| c.in_the_way.len()).sum();
    let in_state = |state| report.clusters.iter().filter(|c| c.state == state).count();
    let rest = [
        (held, "held back"),
        (in_the_way, "in the way"),
        (in_state(PlanState::Unreachable), "unreachable"),
        (in_state(PlanState::Refused), "refused"),
    ];
    let some = rest.iter().filter(|(number, _)| *number > 0);
    let some = some.map(|(number, what)| format!("{number} {what}"));
    let told: Vec<String> = std::iter::once(clusters).chain(some).collect();
    let told = told.join(", ");
    if nothing {
        format!("Nothing to do on {told}.")
    } else {
        format!("Plan: {} on {told}.", counted(steps, "step"))
    }
}

fn render_group(names: &[&str], cluster: &PlanCluster, text: &mut String) {
    let names = names.join(", ");
    let state = match cluster.state {
        PlanState::Planned if cluster.is_settled() => "nothing to do".to_owned(),
        PlanState::Planned => counted(cluster.steps.len(), "step"),
        PlanState::Unreachable => "UNREACHABLE".to_owned(),
        PlanState::Refused => format!("REFUSED ({})", counted(cluster.steps.len(), "step")),
    };
    let held = match cluster.held_back.len() {
        0 => String::new(),
        held => format!(", {} held back", counted(held, "step")),
    };
    let way = match cluster.in_the_way.len() {
        0 => String::new(),
        way => format!(", {way} in the way"),
    };
    // Writing to a String cannot fail.
    writeln!(
        text,
        "{names} ({}): {state}{held}{way}",
        cluster.trust_domain
    )
    .ok();
    if let Some(reason) = &cluster.reason {
        for line in reason.lines() {
            writeln!(text, "  ! {line}").ok();
        }
    }
    if let Some(hint) = &cluster.hint {
        for line in hint.lines() {
            writeln!(text, "    hint: {line}").ok();
        }
    }
    for notice in &cluster.notices {
        writeln!(text, "  * {notice}").ok();
    }
    for step in &cluster.steps {
        render_step(step, text);
    }
    render_held(&cluster.held_back, text);
    text.push('\n');
}

/// What waits, with each reason and hint once.
fn render_held(held: &[WireHeldStep], text: &mut String) {
    for steps in held.chunk_by(|a, b| (&a.reason, &a.hint) == (&b.reason, &b.hint)) {
        for step in steps {
            writeln!(text, "  . {:<6} {}  (held back)", step.phase, step.object).ok();
        }
        if let Some(step) = steps.first() {
            writeln!(text, "    {}", step.reason).ok();
            writeln!(text, "    hint: {}", step.hint).ok();
        }
    }
}

fn render_step(step: &WireStep, text: &mut String) {
    let sign = match step.op {
        "create" => '+',
        "delete" => '-',
        _ => '~',
    };
    writeln!(
        text,
        "  {sign} {:<6} {}  ({})",
        step.phase, step.object, step.reason
    )
    .ok();
    for field in &step.fields {
        if let (Some(have), Some(want)) = (brief(field.have.as_ref()), brief(field.want.as_ref())) {
            writeln!(text, "             {}: {have} -> {want}", field.path).ok();
        }
    }
}

/// What fits into a line beside another value.
const BRIEF: usize = 80;

/// A value that is short enough to be shown whole; strings stand without quotes.
fn brief(value: Option<&Value>) -> Option<String> {
    let text = match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    (text.chars().count() <= BRIEF).then_some(text)
}
