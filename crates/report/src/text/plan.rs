//! `plan` as people read it. Clusters whose steps are the same are shown once.

use std::fmt::Write as _;

use super::count;
use crate::wire::plan::{PlanCluster, PlanReport, PlanState, WireStep};

/// The plan per cluster, clusters with equal steps folded into one.
pub fn render(report: &PlanReport) -> String {
    let mut text = String::new();
    let mut groups: Vec<(Vec<&str>, &PlanCluster)> = Vec::new();
    for cluster in &report.clusters {
        let same = groups.iter_mut().find(|(_, first)| {
            first.trust_domain == cluster.trust_domain
                && first.state == cluster.state
                && first.reason == cluster.reason
                && first.steps == cluster.steps
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
    let steps: usize = report
        .clusters
        .iter()
        .map(|cluster| cluster.steps.len())
        .sum();
    let clusters = count(report.clusters.len(), "cluster");
    // Writing to a String cannot fail.
    if steps == 0
        && report
            .clusters
            .iter()
            .all(|c| c.state == PlanState::Planned)
    {
        writeln!(text, "Nothing to do on {clusters}.").ok();
    } else {
        writeln!(text, "Plan: {} on {clusters}.", count(steps, "step")).ok();
    }
    text
}

fn render_group(names: &[&str], cluster: &PlanCluster, text: &mut String) {
    let names = names.join(", ");
    let state = match cluster.state {
        PlanState::Planned if cluster.steps.is_empty() => "nothing to do".to_owned(),
        PlanState::Planned => count(cluster.steps.len(), "step"),
        PlanState::Unreachable => "UNREACHABLE".to_owned(),
        PlanState::Refused => format!("REFUSED ({})", count(cluster.steps.len(), "step")),
    };
    writeln!(text, "{names} ({}): {state}", cluster.trust_domain).ok();
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
    text.push('\n');
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
}
