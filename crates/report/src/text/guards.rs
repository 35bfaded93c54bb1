//! `guards` as people read it.

use std::fmt::Write as _;

use super::table;
use crate::wire::guards::{GuardsCluster, GuardsReport, WireGuard};

/// A table per cluster, then what is in the way.
pub fn render(report: &GuardsReport) -> String {
    let mut text = String::new();
    for cluster in &report.clusters {
        render_cluster(cluster, &mut text);
    }
    text
}

fn render_cluster(cluster: &GuardsCluster, text: &mut String) {
    // Writing to a String cannot fail.
    writeln!(text, "{} ({})", cluster.name, cluster.trust_domain).ok();
    if let Some(reason) = &cluster.reason {
        writeln!(text, "  {reason}").ok();
    }
    if let Some(hint) = &cluster.hint {
        writeln!(text, "    hint: {hint}").ok();
    }
    if !cluster.writers.is_empty() {
        let identity = cluster.identity.as_deref().unwrap_or("unknown");
        writeln!(text, "  writers: {}", cluster.writers.join(", ")).ok();
        writeln!(text, "  break-glass: {}", cluster.break_glass.join(", ")).ok();
        writeln!(text, "  we are: {identity}").ok();
    }
    if !cluster.guards.is_empty() {
        let rows = cluster.guards.iter().map(|guard| {
            vec![
                guard.name.clone(),
                level(guard, &guard.wanted.to_lowercase()),
                level(guard, guard.in_force),
                guard.protects.to_owned(),
            ]
        });
        text.push_str(&table(
            &["guard rail", "wanted", "in force", "protects"],
            rows.collect(),
        ));
    }
    for guard in &cluster.guards {
        for obstacle in &guard.obstacles {
            writeln!(text, "  {}: {}", guard.name, obstacle.reason).ok();
            writeln!(text, "    hint: {}", obstacle.hint).ok();
        }
    }
    if cluster.gone.is_empty() {
        for removed in &cluster.removed {
            writeln!(text, "  - {}/{}", removed.kind, removed.name).ok();
        }
    }
    for gone in &cluster.gone {
        let name = &gone.name;
        match &gone.reason {
            Some(reason) => writeln!(
                text,
                "  {name}: removed; it was not seen that servers have let go of it: {reason}"
            ),
            None => writeln!(text, "  {name}: removed, and in force no more"),
        }
        .ok();
    }
    for left in &cluster.left {
        let (object, reason) = (&left.object, &left.reason);
        writeln!(text, "  {}/{} stays: {reason}", object.kind, object.name).ok();
        writeln!(text, "    hint: {}", left.hint).ok();
    }
    text.push('\n');
}

/// A level in words: what changes pods or nodes refuses nobody.
fn level(guard: &WireGuard, told: &str) -> String {
    if told == "none" {
        "not wanted".to_owned()
    } else if guard.changes && told == "deny" {
        "in force".to_owned()
    } else {
        told.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refuses_nobody_is_in_force_and_does_not_deny() {
        for (changes, told, want) in [
            (true, "deny", "in force"),
            (true, "missing", "missing"),
            (false, "deny", "deny"),
            (true, "none", "not wanted"),
        ] {
            let guard = WireGuard {
                name: "cofferdam-pin-back".to_owned(),
                protects: "pods",
                pool: None,
                changes,
                wanted: "Deny",
                in_force: "deny",
                obstacles: Vec::new(),
            };
            assert_eq!(level(&guard, told), want);
        }
    }
}
