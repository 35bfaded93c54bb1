//! `prove` as people read it.

use std::fmt::Write as _;

use super::elsewhere;
use crate::wire::prove::{ProveCluster, ProveReport, WireHop, WireProof};

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
    for hop in witness {
        let WireHop {
            from,
            from_cluster,
            to,
            to_cluster,
            ports,
        } = hop;
        let from = elsewhere(from_cluster.as_deref(), from);
        let to = elsewhere(to_cluster.as_deref(), to);
        writeln!(text, "           {from} -> {to}  {ports}").ok();
    }
    if let Some(dialect) = dialect {
        writeln!(text, "           as {dialect} reads the policies").ok();
    }
    for reason in because {
        writeln!(text, "           {reason}").ok();
    }
    if let Some(hint) = hint {
        writeln!(text, "           hint: {hint}").ok();
    }
}
