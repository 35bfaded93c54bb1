//! `status` as people read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::table;
use crate::wire::status::{FindingCounts, StatusReport};

/// A line per cluster, then what could not be read, and what differs between clusters.
pub fn render(report: &StatusReport) -> String {
    let dash = || "-".to_owned();
    let rows = report.clusters.iter().map(|cluster| {
        vec![
            cluster.name.clone(),
            cluster.trust_domain.clone(),
            match (cluster.reachable, cluster.denied) {
                (true, _) => "yes".to_owned(),
                (false, Some(denied)) => denied.as_str().to_owned(),
                (false, None) => "NO".to_owned(),
            },
            cluster.verdict.as_str().to_owned(),
            counted(cluster.findings),
            format!("{}s ago", cluster.age_seconds),
            cluster
                .sequence
                .map_or_else(dash, |sequence| sequence.to_string()),
            cluster.version.clone().unwrap_or_else(dash),
            cluster.cni.name.clone().unwrap_or_else(dash),
            cluster.cni.enforces.to_owned(),
            cluster.credential_expires_at.clone().unwrap_or_else(dash),
        ]
    });
    let header = [
        "cluster",
        "domain",
        "reached",
        "verdict",
        "findings",
        "looked",
        "sequence",
        "version",
        "cni",
        "enforces",
        "credential until",
    ];
    let mut text = table(&header, rows.collect());
    for cluster in &report.clusters {
        if let Some(reason) = &cluster.reason {
            // Writing to a String cannot fail.
            writeln!(text, "{}: {reason}", cluster.name).ok();
        }
        if let Some(hint) = &cluster.hint {
            writeln!(text, "    hint: {hint}").ok();
        }
    }
    render_between(report, &mut text);
    text
}

/// How many differences there are in each trust domain, and who was not compared.
fn render_between(report: &StatusReport, text: &mut String) {
    let mut by_domain: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for finding in &report.cross_cluster {
        let counts = by_domain.entry(&finding.trust_domain).or_default();
        match finding.waiver {
            None => counts.0 += 1,
            Some(_) => counts.1 += 1,
        }
    }
    for (domain, (medium, waived)) in by_domain {
        let counts = FindingCounts {
            medium,
            waived,
            ..FindingCounts::default()
        };
        let counts = counted(counts);
        writeln!(
            text,
            "between clusters of {domain}: {counts}; `cofferdam drift` names them"
        )
        .ok();
    }
    for missed in &report.not_compared {
        let domain = &missed.trust_domain;
        writeln!(text, "between clusters of {domain}: {}", missed.message).ok();
    }
}

/// The numbers that are not zero, the most urgent first.
fn counted(counts: FindingCounts) -> String {
    let FindingCounts {
        critical,
        high,
        medium,
        low,
        info,
        unknown,
        waived,
    } = counts;
    let words = [
        (critical, "critical"),
        (high, "high"),
        (medium, "medium"),
        (low, "low"),
        (info, "info"),
        (unknown, "unknown"),
        (waived, "waived"),
    ];
    let some = words.iter().filter(|(number, _)| *number > 0);
    let words: Vec<String> = some
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    if words.is_empty() {
        return "-".to_owned();
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{FindingCounts, counted};

    #[test]
    fn what_is_most_urgent_comes_first_and_zeros_are_left_out() {
        let counts = FindingCounts {
            info: 3,
            critical: 1,
            waived: 2,
            ..FindingCounts::default()
        };
        assert_eq!(counted(counts), "1 critical, 3 info, 2 waived");
        assert_eq!(counted(FindingCounts::default()), "-");
    }
}
