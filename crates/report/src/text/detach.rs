//! `detach` as people read it.

use std::fmt::Write as _;

use cofferdam_model::count::counted;

use super::plan::{render_held, render_step};
use crate::wire::detach::{DetachCluster, DetachReport, DetachState};

/// What is to be done in each cluster, or what was.
pub fn render(report: &DetachReport) -> String {
    let mut text = String::new();
    for cluster in &report.clusters {
        render_cluster(cluster, &mut text);
    }
    text
}

fn render_cluster(cluster: &DetachCluster, text: &mut String) {
    let planned = matches!(cluster.state, DetachState::Planned | DetachState::Refused);
    let steps = if planned {
        counted(cluster.steps.len(), "step")
    } else {
        let written = usize::try_from(cluster.written).unwrap_or_default();
        format!("{} written", counted(written, "step"))
    };
    // Writing to a String cannot fail.
    writeln!(
        text,
        "{}: {}, {steps}",
        cluster.name,
        cluster.state.as_str()
    )
    .ok();
    if let Some(namespaces) = &cluster.namespaces {
        let namespaces = match namespaces.as_slice() {
            [] => "none that the record holds".to_owned(),
            names => names.join(", "),
        };
        writeln!(text, "  namespaces of the zone: {namespaces}").ok();
    }
    for reason in cluster.reason.iter().flat_map(|reason| reason.lines()) {
        writeln!(text, "  ! {reason}").ok();
    }
    if planned {
        for notice in &cluster.notices {
            writeln!(text, "  * {notice}").ok();
        }
        for step in &cluster.steps {
            render_step(step, &[], text);
        }
        for last in &cluster.last {
            let namespace = last.namespace.as_ref().map(|name| format!("/{name}"));
            let namespace = namespace.unwrap_or_default();
            let (kind, name) = (last.kind, &last.name);
            let when = if kind == "Namespace" {
                "if nothing else is in it"
            } else {
                "once all that it stands for is gone"
            };
            writeln!(text, "  - last   {kind}{namespace}/{name}  ({when})").ok();
        }
        render_held(&cluster.held_back, text);
    }
    for left in &cluster.left {
        writeln!(text, "  = {}  (stays: {})", left.object, left.reason).ok();
    }
    for failed in &cluster.failed {
        writeln!(text, "  ! {}: {}", failed.object, failed.message).ok();
    }
    for hint in cluster.hint.iter().flat_map(|hint| hint.lines()) {
        writeln!(text, "    hint: {hint}").ok();
    }
    text.push('\n');
}
