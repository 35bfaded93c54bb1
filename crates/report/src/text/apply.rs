//! `apply` as people read it.

use std::fmt::Write as _;

use super::table;
use crate::wire::apply::ApplyReport;

/// A line per cluster, then what failed.
pub fn render(report: &ApplyReport) -> String {
    let rows = report.clusters.iter().map(|cluster| {
        vec![
            cluster.name.clone(),
            cluster.state.as_str().to_owned(),
            cluster.written.to_string(),
            cluster.requests.to_string(),
            cluster
                .sequence
                .map_or_else(|| "-".to_owned(), |sequence| sequence.to_string()),
        ]
    });
    let header = ["cluster", "state", "written", "requests", "sequence"];
    let mut text = table(&header, rows.collect());
    for cluster in &report.clusters {
        // Writing to a String cannot fail.
        if let Some(reason) = &cluster.reason {
            for line in reason.lines() {
                writeln!(text, "{}: {line}", cluster.name).ok();
            }
        }
        for failed in &cluster.failed {
            writeln!(
                text,
                "{}/{}: {}",
                cluster.name, failed.object, failed.message
            )
            .ok();
        }
        if let Some(hint) = &cluster.hint {
            for line in hint.lines() {
                writeln!(text, "    hint: {line}").ok();
            }
        }
    }
    text
}
