//! `import` as people read it.

use std::fmt::Write as _;

use cofferdam_model::count::counted;

use crate::wire::import::ImportReport;

/// What was drafted and written, then what is not in the drafts, by object, and what is unknown.
pub fn render(report: &ImportReport) -> String {
    let mut text = String::new();
    let drafted = report.drafted.iter();
    let drafted: Vec<String> = drafted.map(|one| counted(one.count, one.kind)).collect();
    let drafted = match drafted.as_slice() {
        [] => "nothing drafted".to_owned(),
        some => format!("drafted {}", some.join(", ")),
    };
    let (cluster, domain) = (&report.cluster, &report.trust_domain);
    // Writing to a String cannot fail.
    writeln!(text, "{cluster} ({domain}): {drafted}").ok();
    let verb = if report.written {
        "wrote"
    } else {
        "would write"
    };
    for file in &report.files {
        writeln!(text, "  {verb} {}", file.path).ok();
    }
    if !report.unmapped.is_empty() {
        let number = counted(report.unmapped.len(), "remark");
        writeln!(text, "\nNot in the drafts, or not exactly ({number}):").ok();
        let mut last = "";
        for one in &report.unmapped {
            if one.object != last {
                writeln!(text, "  {}", one.object).ok();
            }
            writeln!(text, "      {}", one.reason).ok();
            last = &one.object;
        }
    }
    if !report.unknown.is_empty() {
        text.push_str("\nUnknown, nothing is drafted from it:\n");
        for one in &report.unknown {
            writeln!(text, "  ? {}: {}", one.what, one.reason).ok();
        }
    }
    text
}
