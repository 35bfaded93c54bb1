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

#[cfg(test)]
mod tests {
    use super::render;
    use crate::wire::API_VERSION;
    use crate::wire::import::{
        ImportCount, ImportFile, ImportReport, ImportUnknown, ImportUnmapped,
    };

    #[test]
    fn what_is_not_drafted_is_told_by_object_and_what_is_unknown_last() {
        let unmapped = [
            ("Namespace/a", "one"),
            ("Namespace/a", "two"),
            ("NetworkPolicy/a/b", "three"),
        ];
        let unmapped = unmapped.map(|(object, reason)| ImportUnmapped {
            object: object.to_owned(),
            reason: reason.to_owned(),
        });
        let report = ImportReport {
            api_version: API_VERSION,
            kind: "ImportReport",
            cluster: "prod".to_owned(),
            trust_domain: "main".to_owned(),
            observed_at: "2026-11-21T00:00:00Z".to_owned(),
            written: true,
            files: vec![ImportFile {
                path: "policies/prod-zones.yaml".to_owned(),
                text: None,
            }],
            drafted: [("Flow", 1), ("Zone", 2)]
                .map(|(kind, count)| ImportCount { kind, count })
                .into(),
            mapped: Vec::new(),
            unmapped: unmapped.into(),
            unknown: vec![ImportUnknown {
                what: "nodes".to_owned(),
                reason: "forbidden".to_owned(),
            }],
        };
        let want = "prod (main): drafted 1 Flow, 2 Zones
  wrote policies/prod-zones.yaml

Not in the drafts, or not exactly (3 remarks):
  Namespace/a
      one
      two
  NetworkPolicy/a/b
      three

Unknown, nothing is drafted from it:
  ? nodes: forbidden
";
        assert_eq!(render(&report), want);
    }
}
