//! `prove` as people read it.

use std::fmt::Write as _;

use crate::wire::prove::{ProveCluster, ProveReport, WireHop, WireProof, WireReason};

/// Every cluster with its guarantees; what is broken with its witness.
pub fn render(report: &ProveReport) -> String {
    let mut text = String::new();
    for cluster in &report.clusters {
        render_cluster(cluster, &mut text);
    }
    let proofs = || report.clusters.iter().flat_map(|cluster| &cluster.proofs);
    let count = |verdict: &str| proofs().filter(|proof| proof.verdict == verdict).count();
    // Writing to a String cannot fail.
    writeln!(
        text,
        "{} proved, {} broken, {} unknown",
        count("proved"),
        count("broken"),
        count("unknown")
    )
    .ok();
    text
}

fn render_cluster(cluster: &ProveCluster, text: &mut String) {
    let ProveCluster {
        name,
        trust_domain,
        on,
        dialects,
        enforced,
        proofs,
    } = cluster;
    let what = match *on {
        "model" => "as the documents ask for",
        _ => "as it is",
    };
    writeln!(
        text,
        "{name} ({trust_domain}), {what}, under {}:",
        dialects.join(", ")
    )
    .ok();
    match *enforced {
        _ if *on == "model" => None,
        "no" => writeln!(text, "  no policy is enforced here, and none is counted").ok(),
        "unknown" => writeln!(text, "  whether policies are enforced here is not known: what is proved holds only if they are").ok(),
        _ => None,
    };
    for proof in proofs {
        render_proof(proof, text);
    }
}

fn render_proof(proof: &WireProof, text: &mut String) {
    let WireProof {
        guarantee,
        verdict,
        dialect,
        witness,
        because,
        hint,
        waiver,
    } = proof;
    let waived = waiver
        .as_ref()
        .map(|waiver| format!(" (waived by {waiver})"));
    writeln!(
        text,
        "  {:<8} {guarantee}{}",
        verdict.to_uppercase(),
        waived.unwrap_or_default()
    )
    .ok();
    render_way(witness, "           ", text);
    if let Some(dialect) = dialect {
        writeln!(text, "           as {dialect} reads the policies").ok();
    }
    for WireReason { message, way } in because {
        let colon = if way.is_empty() { "" } else { ":" };
        writeln!(text, "           {message}{colon}").ok();
        render_way(way, "             ", text);
    }
    if let Some(hint) = hint {
        writeln!(text, "           hint: {hint}").ok();
    }
}

/// One connection per line.
fn render_way(way: &[WireHop], indent: &str, text: &mut String) {
    for hop in way {
        writeln!(text, "{indent}{}  {}", hop.ends(), hop.ports).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(from: &str, to: (Option<&str>, &str)) -> WireHop {
        WireHop {
            from: from.to_owned(),
            from_cluster: None,
            to: to.1.to_owned(),
            to_cluster: to.0.map(str::to_owned),
            ports: "TCP 80".to_owned(),
        }
    }

    #[test]
    fn a_way_that_may_be_has_a_line_for_each_connection() {
        let way = WireReason {
            message: "there may be a way".to_owned(),
            way: vec![hop("a/x", (None, "b/y")), hop("b/y", (Some("eu"), "c/z"))],
        };
        let other = WireReason {
            message: "nobody looked".to_owned(),
            way: Vec::new(),
        };
        let proof = WireProof {
            guarantee: "claim".to_owned(),
            verdict: "unknown",
            dialect: None,
            witness: Vec::new(),
            because: vec![way, other],
            hint: Some("look".to_owned()),
            waiver: None,
        };
        let mut text = String::new();
        render_proof(&proof, &mut text);
        assert_eq!(
            text,
            "  UNKNOWN  claim
           there may be a way:
             a/x -> b/y  TCP 80
             b/y -> eu:c/z  TCP 80
           nobody looked
           hint: look
"
        );
        assert_eq!(
            serde_json::to_value(&proof.because).unwrap(),
            serde_json::json!([
                "there may be a way: a/x -> b/y on TCP 80, then b/y -> eu:c/z on TCP 80",
                "nobody looked"
            ])
        );
    }
}
