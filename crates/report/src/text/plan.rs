//! `plan` as people read it. Clusters whose steps are the same are shown once.

use std::fmt::Write as _;

use cofferdam_model::count::counted;
use serde_json::Value;

use super::change::render_changes;
use super::check::render_warnings;
use crate::wire::denied::Denied;
use crate::wire::finding::WireField;
use crate::wire::plan::{
    PlanCluster, PlanReport, PlanState, WireEnforcing, WireFleetChange, WireHeldStep, WireStep,
};

/// The plan per cluster, clusters with equal steps folded into one; then what is due in the documents,
/// and what there is to do in all.
pub fn render(report: &PlanReport) -> String {
    let mut text = String::new();
    let mut groups: Vec<Vec<&PlanCluster>> = Vec::new();
    for cluster in &report.clusters {
        let is_like = |group: &&mut Vec<&PlanCluster>| {
            let first = group.first();
            first.is_some_and(|first| are_alike(first, cluster))
        };
        match groups.iter_mut().find(is_like) {
            Some(group) => group.push(cluster),
            None => groups.push(vec![cluster]),
        }
    }
    for group in groups {
        if let Some((first, others)) = group.split_first() {
            render_group(first, others, &mut text);
        }
    }
    render_warnings(&report.warnings, &mut text);
    render_fleet(report, &mut text);
    writeln!(text, "{}", summary(report)).ok();
    text
}

/// Whether two clusters are shown as one: the fields that their steps change may differ in addresses.
fn are_alike(first: &PlanCluster, other: &PlanCluster) -> bool {
    let mut steps = first.steps.iter().zip(&other.steps);
    first.trust_domain == other.trust_domain
        && first.state == other.state
        && first.reason == other.reason
        && first.steps.len() == other.steps.len()
        && steps.all(|(first, other)| first.is_like(other))
        && first.held_back == other.held_back
        && first.in_the_way == other.in_the_way
        && first.notices == other.notices
        && first.opens == other.opens
        && first.closes == other.closes
        && first.enforcing == other.enforcing
}

/// What opens and closes in all, where there is more than one cluster.
fn render_fleet(report: &PlanReport, text: &mut String) {
    if report.clusters.len() < 2 {
        return;
    }
    for (word, changes) in [("Opens", &report.opens), ("Closes", &report.closes)] {
        for WireFleetChange { from, to, clusters } in changes {
            let clusters = counted(clusters.len(), "cluster");
            writeln!(text, "{word} {from} -> {to} on {clusters}.").ok();
        }
    }
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
    let denied = |what| {
        report
            .clusters
            .iter()
            .filter(|c| c.denied == Some(what))
            .count()
    };
    let (forbidden, unauthorized) = (denied(Denied::Forbidden), denied(Denied::Unauthorized));
    let silent = in_state(PlanState::Unreachable).saturating_sub(forbidden + unauthorized);
    let rest = [
        (held, "held back"),
        (in_the_way, "in the way"),
        (silent, "unreachable"),
        (forbidden, Denied::Forbidden.as_str()),
        (unauthorized, Denied::Unauthorized.as_str()),
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

fn render_group(cluster: &PlanCluster, others: &[&PlanCluster], text: &mut String) {
    let names = std::iter::once(cluster).chain(others.iter().copied());
    let names: Vec<&str> = names.map(|one| one.name.as_str()).collect();
    let names = names.join(", ");
    let state = match cluster.state {
        PlanState::Planned if cluster.is_settled() => "nothing to do".to_owned(),
        PlanState::Planned => counted(cluster.steps.len(), "step"),
        PlanState::Unreachable => match cluster.denied {
            Some(denied) => denied.as_str().to_uppercase(),
            None => "UNREACHABLE".to_owned(),
        },
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
    for (index, step) in cluster.steps.iter().enumerate() {
        let others = others.iter().filter_map(|other| other.steps.get(index));
        render_step(step, &others.collect::<Vec<_>>(), text);
    }
    render_held(&cluster.held_back, text);
    render_reach(cluster, text);
    text.push('\n');
}

/// What opens and closes, and what enforcing zones would cut.
fn render_reach(cluster: &PlanCluster, text: &mut String) {
    for (word, changes) in [("opens ", &cluster.opens), ("closes", &cluster.closes)] {
        render_changes(word, changes.as_deref().unwrap_or_default(), "  = ", text);
    }
    for WireEnforcing { zone, cuts } in &cluster.enforcing {
        if cuts.is_empty() {
            writeln!(text, "  = enforcing zone {zone} would cut nothing").ok();
        } else {
            writeln!(text, "  = enforcing zone {zone} would cut:").ok();
            render_changes("-", cuts, "      ", text);
        }
    }
}

/// What waits, with each reason and hint once.
pub(super) fn render_held(held: &[WireHeldStep], text: &mut String) {
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

/// A step, and what it changes alike in every cluster that is shown with it.
pub(super) fn render_step(step: &WireStep, others: &[&WireStep], text: &mut String) {
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
    let common = |field: &&WireField| others.iter().all(|other| other.fields.contains(field));
    let shown = step.fields.iter().filter(common).filter_map(|field| {
        let (have, want) = (brief(field.have.as_ref())?, brief(field.want.as_ref())?);
        Some((field, have, want))
    });
    // A mark follows from all the rest of a guard rail, and says nothing beside it.
    let (marks, rest): (Vec<_>, Vec<_>) =
        shown.partition(|(_, have, want)| is_mark(&step.object.name, have, want));
    for (field, have, want) in if rest.is_empty() { marks } else { rest } {
        writeln!(text, "             {}: {have} -> {want}", field.path).ok();
    }
}

/// Whether two texts of a guard rail differ only in its mark: its name and a digest of 16 digits.
fn is_mark(name: &str, have: &str, want: &str) -> bool {
    let split = |text: &str| {
        let (before, after) = text.split_once(&format!("{name} "))?;
        let digest = after.get(..16)?;
        let hexadecimal = digest.chars().all(|one| one.is_ascii_hexdigit());
        hexadecimal.then(|| (before.to_owned(), after.get(16..).map(str::to_owned)))
    };
    split(have).is_some_and(|have| split(want).is_some_and(|want| want == have))
}

/// What fits into a line beside another value.
const BRIEF: usize = 80;

/// A value that is short enough to be shown whole. Strings stand without quotes, unless they would break
/// the line: what a tenant writes is no line of ours.
pub(super) fn brief(value: Option<&Value>) -> Option<String> {
    let text = match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) if !text.contains(char::is_control) => text.clone(),
        Some(value) => value.to_string(),
    };
    (text.chars().count() <= BRIEF).then_some(text)
}

#[cfg(test)]
mod tests {
    use cofferdam_objects::key::ObjectKey;
    use serde_json::json;

    use super::*;

    fn cluster(name: &str, address: &str) -> PlanCluster {
        let field = |path: &str, have: Value, want: Option<Value>| WireField {
            path: path.to_owned(),
            want,
            have: Some(have),
        };
        let fields = vec![
            field(
                "metadata.labels[team]",
                json!("theirs"),
                Some(json!("ours")),
            ),
            field("spec.egress", json!([{}]), Some(json!([address]))),
            field("spec.ingress", json!("x".repeat(81)), None),
        ];
        let step = WireStep {
            op: "update",
            object: ObjectKey::policy("web", "a"),
            phase: "allow",
            reason: "differs".to_owned(),
            effect: "unknown",
            fields,
        };
        PlanCluster {
            name: name.to_owned(),
            trust_domain: "production".to_owned(),
            state: PlanState::Planned,
            denied: None,
            reason: None,
            hint: None,
            steps: vec![step],
            held_back: Vec::new(),
            in_the_way: Vec::new(),
            notices: Vec::new(),
            findings: Vec::new(),
            opens: None,
            closes: None,
            enforcing: Vec::new(),
        }
    }

    #[test]
    fn the_mark_of_a_guard_rail_is_told_only_where_nothing_else_differs() {
        let field = |path: &str, have: &str, want: &str| WireField {
            path: path.to_owned(),
            want: Some(json!(want)),
            have: Some(json!(have)),
        };
        let mark = field(
            "spec.message",
            "in force: cofferdam-nodes 0123456789abcdef",
            "in force: cofferdam-nodes fedcba9876543210",
        );
        let other = field("spec.expression", "a", "b");
        let told = |fields: &[&WireField]| {
            let step = WireStep {
                op: "update",
                object: ObjectKey::node("cofferdam-nodes"),
                phase: "guard",
                reason: "differs".to_owned(),
                effect: "none",
                fields: fields.iter().map(|one| (*one).clone()).collect(),
            };
            let mut text = String::new();
            render_step(&step, &[], &mut text);
            text.lines()
                .skip(1)
                .map(|line| line.trim().to_owned())
                .collect::<Vec<_>>()
        };
        let of_mark = "spec.message: in force: cofferdam-nodes 0123456789abcdef -> in force: cofferdam-nodes fedcba9876543210";
        assert_eq!(told(&[&mark]), [of_mark]);
        assert_eq!(told(&[&mark, &other]), ["spec.expression: a -> b"]);
        let longer = field(
            "spec.message",
            "cofferdam-nodes 0123456789abcdef",
            "cofferdam-nodes 0123456789abcdef!",
        );
        assert_eq!(told(&[&longer, &other]).len(), 2);
    }

    #[test]
    fn a_value_in_a_cluster_adds_no_line() {
        let told = |text: &str| brief(Some(&json!(text)));
        assert_eq!(told("theirs").as_deref(), Some("theirs"));
        assert_eq!(
            told("a\nNothing to do").as_deref(),
            Some(r#""a\nNothing to do""#)
        );
    }

    #[test]
    fn clusters_that_differ_in_addresses_are_shown_once_with_what_they_share() {
        let clusters = vec![cluster("a", "10.0.0.1"), cluster("b", "10.0.0.2")];
        let report = PlanReport::new(clusters, Vec::new());
        let want = "a, b (production): 1 step
  ~ allow  NetworkPolicy/web/a  (differs)
             metadata.labels[team]: theirs -> ours

Plan: 2 steps on 2 clusters.
";
        assert_eq!(render(&report), want);
        let alone = PlanReport {
            clusters: vec![cluster("a", "10.0.0.1")],
            ..report
        };
        let want = "a (production): 1 step
  ~ allow  NetworkPolicy/web/a  (differs)
             metadata.labels[team]: theirs -> ours
             spec.egress: [{}] -> [\"10.0.0.1\"]

Plan: 1 step on 1 cluster.
";
        assert_eq!(render(&alone), want);
    }
}
