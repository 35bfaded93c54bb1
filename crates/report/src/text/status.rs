//! `status` as people read it.

use std::fmt::Write as _;

use super::table;
use crate::wire::status::StatusReport;

/// A line per cluster, then what could not be read.
pub fn render(report: &StatusReport) -> String {
    let dash = || "-".to_owned();
    let rows = report.clusters.iter().map(|cluster| {
        vec![
            cluster.name.clone(),
            cluster.trust_domain.clone(),
            if cluster.reachable { "yes" } else { "NO" }.to_owned(),
            cluster.verdict.as_str().to_owned(),
            format!("{}s", cluster.age_seconds),
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
        "age",
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
    }
    text
}
