//! `doctor` as people read it.

use std::fmt::Write as _;

use crate::wire::doctor::{DoctorReport, DoctorStatus};

/// A line per check, those that need attention marked.
pub fn render(report: &DoctorReport) -> String {
    let mut text = String::new();
    for cluster in &report.clusters {
        // Writing to a String cannot fail.
        writeln!(text, "{} ({})", cluster.name, cluster.trust_domain).ok();
        for check in &cluster.checks {
            let mark = match check.status {
                DoctorStatus::Ok => ' ',
                DoctorStatus::Warning => '!',
                DoctorStatus::Failed => 'x',
                DoctorStatus::Unknown => '?',
            };
            writeln!(text, "  {mark} {:<16} {}", check.check, check.message).ok();
            if let Some(hint) = &check.hint {
                writeln!(text, "{:21}hint: {hint}", "").ok();
            }
        }
        text.push('\n');
    }
    text
}
