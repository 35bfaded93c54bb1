//! `prove`: every guarantee, of what the documents ask for and of what clusters hold.

use anyhow::Result;
use cofferdam_model::Model;
use cofferdam_model::capabilities::{Capabilities, Enforces};
use cofferdam_model::cluster::Cluster;
use cofferdam_model::names::ClusterName;
use cofferdam_planner::{promised, waivers};
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::prove::{ProveCluster, ProveReport, WireHop, WireProof};
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::guarantee::{Ground, Hop, Outcome, Proof, prove};
use cofferdam_semantics::reach::dialects_of;
use cofferdam_state::bundle::Bundle;

use crate::args::{Arguments, ProveArguments};
use crate::exit::Exit;
use crate::fleet::{Authors, examine};
use crate::reading::facts_of;
use crate::selected::select;
use crate::show::show;
use crate::{clock, project};

pub(crate) async fn run(arguments: &Arguments, command: &ProveArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let selection = &command.selection;
    let mut clusters = Vec::new();
    for cluster in select(model, selection)? {
        let stored = model.capabilities.get(&cluster.name);
        if let Some(compiled) = cofferdam_compiler::compile(model, cluster, stored) {
            let facts = promised(&compiled.bundle, stored);
            let seen = Seen {
                cluster,
                bundle: &compiled.bundle,
                capabilities: stored,
            };
            clusters.push(proved(model, &seen, facts, "model"));
        }
    }
    if !command.model {
        let directory = &arguments.directory;
        for one in &examine(&loaded, model, directory, selection, Authors::Unnamed).await? {
            let capabilities = one.observed.capabilities.known();
            let seen = Seen {
                cluster: one.cluster,
                bundle: &one.bundle,
                capabilities,
            };
            clusters.push(proved(model, &seen, facts_of(&one.observed), "live"));
        }
    }
    let report = ProveReport {
        api_version: API_VERSION,
        kind: "ProveReport",
        clusters,
    };
    show(&report, arguments.output, text::prove)?;
    Ok(Exit::of(report.clusters.iter().flat_map(exits)))
}

/// A cluster with what is known of it.
struct Seen<'a> {
    cluster: &'a Cluster,
    bundle: &'a Bundle,
    capabilities: Option<&'a Capabilities>,
}

fn proved(model: &Model, seen: &Seen<'_>, mut facts: Facts, on: &'static str) -> ProveCluster {
    let Seen {
        cluster,
        bundle,
        capabilities,
    } = seen;
    let cni = capabilities.map(|known| &known.cni);
    let enforces = cni.map_or(Enforces::Unknown, |cni| cni.enforces);
    if on == "live" && enforces == Enforces::No {
        facts.policies.clear();
    }
    let dialects = dialects_of(cni.map(|cni| cni.name.as_str()));
    let ground = Ground {
        model,
        zones: &bundle.zones(),
        facts,
        dialects: &dialects,
        pod_networks: cluster.pod_networks(*capabilities),
    };
    let proofs = prove(ground)
        .into_iter()
        .map(|proof| told(model, &cluster.name, proof));
    ProveCluster {
        name: cluster.name.to_string(),
        trust_domain: bundle.trust_domain.to_string(),
        on,
        dialects: dialects.iter().map(|dialect| dialect.name).collect(),
        enforced: enforces.as_str(),
        proofs: proofs.collect(),
    }
}

fn told(model: &Model, cluster: &ClusterName, proof: Proof) -> WireProof {
    let Proof { guarantee, outcome } = proof;
    let (verdict, dialect, witness, because) = match outcome {
        Outcome::Proved => ("proved", None, Vec::new(), Vec::new()),
        Outcome::Broken { dialect, witness } => ("broken", Some(dialect), witness, Vec::new()),
        Outcome::Unknown { because } => ("unknown", None, Vec::new(), because),
    };
    let waiver = waivers::of_guarantee(model, &clock::today(), &guarantee, cluster);
    let waiver = waiver.filter(|_| verdict == "broken");
    let hops = witness
        .into_iter()
        .map(|Hop { from, to, ports }| WireHop { from, to, ports });
    WireProof {
        guarantee: guarantee.to_string(),
        verdict,
        dialect,
        witness: hops.collect(),
        because,
        waiver: waiver.map(|waiver| waiver.name.to_string()),
    }
}

fn exits(cluster: &ProveCluster) -> Vec<Exit> {
    let proofs = cluster
        .proofs
        .iter()
        .map(|proof| match (proof.verdict, &proof.waiver) {
            ("broken", None) => Exit::Difference,
            ("unknown", _) => Exit::Unknown,
            _ => Exit::Fine,
        });
    // What the documents ask for does not depend on who enforces it.
    let enforced = match (cluster.on, cluster.enforced) {
        ("live", "unknown") => Exit::Unknown,
        _ => Exit::Fine,
    };
    proofs.chain([enforced]).collect()
}
