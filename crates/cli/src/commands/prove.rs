//! `prove`: every guarantee, of what the documents ask for and of what clusters hold.

use anyhow::Result;
use cofferdam_model::Model;
use cofferdam_model::capabilities::Enforces;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::names::ClusterName;
use cofferdam_pass::proof::{enforces, ground};
use cofferdam_pass::reach::Authors;
use cofferdam_pass::{clock, project};
use cofferdam_planner::waivers;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::prove::{ProveCluster, ProveReport, WireHop, WireProof, WireReason};
use cofferdam_semantics::guarantee::{Ground, Hop, Outcome, Proof, Reason, prove};

use crate::args::{Arguments, ProveArguments};
use crate::exit::Exit;
use crate::fleet::examine;
use crate::guarantees::promises;
use crate::selected::select;
use crate::show::show;

pub(crate) async fn run(arguments: &Arguments, command: &ProveArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let selection = &command.selection;
    let asked = select(model, selection)?;
    let mut clusters = told(model, "model", promises(model), |cluster| {
        let stored = model.capabilities.get(&cluster.name);
        stored.map_or(Enforces::Unknown, |known| known.cni.enforces)
    });
    clusters.retain(|one| {
        asked
            .iter()
            .any(|cluster| cluster.name.as_str() == one.name)
    });
    if !command.model {
        let directory = &arguments.directory;
        let examined = examine(&loaded, model, directory, selection, Authors::Unnamed).await?;
        let grounds = examined.iter();
        let grounds = grounds
            .map(|one| ground(one.cluster, &one.bundle, &one.observed))
            .collect();
        let enforced = |cluster: &Cluster| {
            let mut examined = examined.iter();
            let one = examined.find(|one| one.cluster.name == cluster.name);
            one.map_or(Enforces::Unknown, |one| enforces(&one.observed))
        };
        clusters.extend(told(model, "live", grounds, enforced));
    }
    let report = ProveReport {
        api_version: API_VERSION,
        kind: "ProveReport",
        clusters,
    };
    show(&report, arguments.output, text::prove)?;
    Ok(Exit::of(report.clusters.iter().flat_map(exits)))
}

/// What becomes of every guarantee in clusters, of which `enforced` tells whether policies are enforced.
fn told(
    model: &Model,
    on: &'static str,
    grounds: Vec<Ground<'_>>,
    enforced: impl Fn(&Cluster) -> Enforces,
) -> Vec<ProveCluster> {
    let clusters = grounds.iter().map(|ground| {
        let dialects = ground.dialects.iter().map(|dialect| dialect.name);
        (ground.cluster, dialects.collect())
    });
    let clusters: Vec<(&Cluster, Vec<&'static str>)> = clusters.collect();
    let proofs = clusters.into_iter().zip(prove(model, grounds));
    let told = proofs.map(|((cluster, dialects), proofs)| {
        let domain = model.trust_domain_of(cluster);
        let proofs = proofs.into_iter();
        ProveCluster {
            name: cluster.name.to_string(),
            trust_domain: domain.map_or_else(String::new, |domain| domain.name.to_string()),
            on,
            dialects,
            enforced: enforced(cluster).as_str(),
            proofs: proofs
                .map(|proof| wire(model, &cluster.name, proof))
                .collect(),
        }
    });
    told.collect()
}

fn wire(model: &Model, cluster: &ClusterName, proof: Proof) -> WireProof {
    let Proof { guarantee, outcome } = proof;
    let mut hint = None;
    let (verdict, dialect, witness, because) = match outcome {
        Outcome::Proved => ("proved", None, Vec::new(), Vec::new()),
        Outcome::Broken { dialect, witness } => ("broken", Some(dialect), witness, Vec::new()),
        Outcome::Unknown {
            because,
            hint: settling,
        } => {
            hint = settling;
            ("unknown", None, Vec::new(), because)
        }
    };
    let waiver = waivers::of_guarantee(model, &clock::today(), &guarantee, cluster);
    let waiver = waiver.filter(|_| verdict == "broken");
    WireProof {
        guarantee: guarantee.to_string(),
        verdict,
        dialect,
        witness: hops(witness),
        because: because
            .into_iter()
            .map(|Reason { message, way }| WireReason {
                message,
                way: hops(way),
            })
            .collect(),
        hint,
        waiver: waiver.map(|waiver| waiver.name.to_string()),
    }
}

fn hops(way: Vec<Hop>) -> Vec<WireHop> {
    let hops = way.into_iter().map(|Hop { from, to, ports }| WireHop {
        from: from.name,
        from_cluster: from.cluster,
        to: to.name,
        to_cluster: to.cluster,
        ports,
    });
    hops.collect()
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
