//! `rollout` as people read it.

use std::fmt::Write as _;

use super::table;
use crate::wire::rollout::RolloutReport;

/// What is rolled out, then a line per cluster, wave by wave.
pub fn render(report: &RolloutReport) -> String {
    let Some(rollout) = &report.rollout else {
        return "nothing was rolled out yet\n".to_owned();
    };
    let mut text = format!(
        "revision {} ({}), begun {}",
        rollout.revision,
        rollout.state.as_str(),
        rollout.began_at
    );
    // Writing to a String cannot fail.
    if let Some(newer) = &rollout.takes_back {
        write!(text, ", takes back {newer}").ok();
    }
    if let Some(reason) = &rollout.reason {
        write!(text, ": {reason}").ok();
    }
    text.push('\n');
    let waves = rollout.waves.iter().enumerate();
    let rows = waves.flat_map(|(number, wave)| {
        wave.clusters.iter().map(move |cluster| {
            let reason = cluster.reason.clone().or_else(|| wave.reason.clone());
            vec![
                (number + 1).to_string(),
                wave.trust_domain.clone(),
                wave.state.as_str().to_owned(),
                cluster.name.clone(),
                cluster.state.as_str().to_owned(),
                reason.unwrap_or_default(),
            ]
        })
    });
    let header = ["wave", "domain", "state", "cluster", "is", "because"];
    text.push_str(&table(&header, rows.collect()));
    text
}
