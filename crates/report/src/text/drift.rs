//! `drift` as people read it.

use std::fmt::Write as _;

use cofferdam_model::class::Class;
use cofferdam_model::count::counted;
use serde_json::Value;

use super::change::render_changes;
use super::check::render_warnings;
use crate::wire::drift::{DriftCluster, DriftReport, Verdict};
use crate::wire::finding::{WireAuthor, WireCrossCluster, WireFinding};

/// Every cluster with its findings, the most urgent first, then what differs between clusters.
pub fn render(report: &DriftReport) -> String {
    let mut text = String::new();
    for cluster in &report.clusters {
        render_cluster(cluster, &mut text);
    }
    // Writing to a String cannot fail.
    if !(report.cross_cluster.is_empty() && report.not_compared.is_empty()) {
        writeln!(text, "Between clusters:").ok();
        for finding in &report.cross_cluster {
            render_cross_cluster(finding, &mut text);
        }
        for missed in &report.not_compared {
            writeln!(text, "  {}", missed.message).ok();
        }
        text.push('\n');
    }
    render_warnings(&report.warnings, &mut text);
    text
}

fn render_cluster(cluster: &DriftCluster, text: &mut String) {
    let was_read = cluster
        .findings
        .iter()
        .all(|one| one.class != Class::Abandoned.as_str());
    let sequence = match (cluster.sequence, cluster.verdict) {
        (None, _) if !was_read => "apply unknown".to_owned(),
        (Some(sequence), _) => format!("apply {sequence}"),
        (None, Verdict::Unknown) => "apply unknown".to_owned(),
        (None, Verdict::InSync | Verdict::Drifted) => "never applied".to_owned(),
    };
    let enforces = match cluster.enforces {
        "yes" => "",
        "no" => ", NOT ENFORCED",
        _ => ", enforcement unknown",
    };
    let findings = counted(cluster.findings.len(), "finding");
    let (name, domain) = (&cluster.name, &cluster.trust_domain);
    let verdict = cluster.verdict.as_str();
    writeln!(
        text,
        "{name} ({domain}): {verdict}, {findings}, {sequence}{enforces}"
    )
    .ok();
    for finding in &cluster.findings {
        render_finding(finding, text);
    }
    text.push('\n');
}

fn render_finding(finding: &WireFinding, text: &mut String) {
    let object = &finding.object;
    let namespace = object
        .namespace
        .as_ref()
        .map(|ns| format!("{ns}/"))
        .unwrap_or_default();
    let name = format!("{}/{namespace}{}", object.kind, object.name);
    let severity = finding.severity.unwrap_or("unknown");
    let effect = match finding.effect {
        "widens" => ", WIDENS",
        "narrows" => ", narrows",
        _ => "",
    };
    let zone = finding
        .zone
        .as_ref()
        .map(|zone| format!(" [zone {zone}]"))
        .unwrap_or_default();
    writeln!(
        text,
        "  {severity:<8} {}{effect}: {name}{zone}",
        finding.class
    )
    .ok();
    writeln!(text, "           {}", finding.message).ok();
    for field in &finding.fields {
        let (want, have) = (short(field.want.as_ref()), short(field.have.as_ref()));
        writeln!(text, "           {}: want {want}, have {have}", field.path).ok();
    }
    let indent = "           ";
    for (word, changes) in [("opens", &finding.opens), ("closes", &finding.closes)] {
        render_changes(word, changes.as_deref().unwrap_or_default(), indent, text);
    }
    if let Some(by) = &finding.by {
        writeln!(text, "           by {}", author(by)).ok();
    }
    if let Some(waiver) = &finding.waiver {
        writeln!(text, "           waived by `{waiver}`").ok();
    }
    if let Some(hint) = &finding.hint {
        writeln!(text, "           hint: {hint}").ok();
    }
}

fn author(by: &WireAuthor) -> String {
    let user = by
        .user
        .as_ref()
        .map(|user| format!("user `{user}` (audit log)"));
    let manager = by
        .manager
        .as_ref()
        .map(|manager| format!("tool `{manager}`"));
    let at = by.at.as_ref().map(|at| format!("at {at}"));
    user.into_iter()
        .chain(manager)
        .chain(at)
        .collect::<Vec<_>>()
        .join(", ")
}

fn render_cross_cluster(finding: &WireCrossCluster, text: &mut String) {
    let waived = finding
        .waiver
        .as_ref()
        .map(|waiver| format!(" (waived by `{waiver}`)"))
        .unwrap_or_default();
    writeln!(
        text,
        "  {} cross-cluster: {}{waived}",
        finding.severity, finding.message
    )
    .ok();
}

/// A value in at most 60 characters.
fn short(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    if text.chars().count() <= 60 {
        return text;
    }
    let head: String = text.chars().take(57).collect();
    format!("{head}...")
}
