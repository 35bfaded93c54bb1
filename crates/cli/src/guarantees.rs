//! Guarantees that the model itself breaks, once all of it is enforced.

use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::diagnostic::{DocumentId, Remark, Severity};
use cofferdam_pass::clock;
use cofferdam_planner::{promised, waivers};
use cofferdam_semantics::guarantee::{Ground, Outcome, Proof, prove, told, told_reasons};
use cofferdam_semantics::reach::dialects_of;

/// What clusters with nothing but their bundles would break, and what cannot be told; of each what is known of it is
/// stored in the model.
pub(crate) fn broken(model: &Model) -> Vec<Remark> {
    if model.guarantees.is_empty() {
        return Vec::new();
    }
    let promised = promises(model);
    let clusters: Vec<&Cluster> = promised.iter().map(|one| one.cluster).collect();
    let proofs = clusters.into_iter().zip(prove(model, promised));
    let remarks = proofs.flat_map(|(cluster, proofs)| {
        let proofs = proofs.into_iter();
        proofs.filter_map(|proof| remark(model, cluster, proof))
    });
    remarks.collect()
}

/// Every cluster as the model wants it, with nothing but its bundle.
pub(crate) fn promises(model: &Model) -> Vec<Ground<'_>> {
    let clusters = model.clusters.values().filter_map(|cluster| {
        let stored = model.capabilities.get(&cluster.name);
        let compiled = cofferdam_compiler::compile(model, cluster, stored)?;
        Some(Ground {
            cluster,
            zones: compiled.bundle.zones(),
            facts: promised(&compiled.bundle, stored),
            tells_exposed: false,
            dialects: dialects_of(stored.map(|known| known.cni.name.as_str())),
            pod_networks: cluster.pod_networks(stored),
            capabilities: stored,
            closed: compiled
                .bundle
                .closed_namespaces(|_| stored.is_some_and(|one| one.admission.validating_policies)),
        })
    });
    clusters.collect()
}

fn remark(model: &Model, cluster: &Cluster, proof: Proof) -> Option<Remark> {
    let Proof { guarantee, outcome } = proof;
    let waiver = waivers::of_guarantee(model, &clock::today(), &guarantee, &cluster.name);
    let mut hint = None;
    let (severity, code, message) = match (outcome, waiver) {
        (Outcome::Proved, _) | (Outcome::Broken { .. }, Some(_)) => return None,
        (Outcome::Broken { dialect, witness }, None) => (
            Severity::Error,
            "guarantee-broken",
            format!(
                "the flows break it in cluster `{}` (as `{dialect}` reads policies): {}",
                cluster.name,
                told(&witness)
            ),
        ),
        (
            Outcome::Unknown {
                because,
                hint: settling,
            },
            _,
        ) => {
            hint = settling;
            let told = told_reasons(&because);
            let message = format!("it cannot be proved of cluster `{}`: {told}", cluster.name);
            (Severity::Notice, "guarantee-unknown", message)
        }
    };
    if severity == Severity::Error {
        hint = Some(format!(
            "narrow the flows on that way, or waive it by a Waiver with `for: {{ finding: {guarantee} }}`"
        ));
    }
    Some(Remark {
        document: DocumentId {
            kind: "Guarantee",
            name: guarantee.to_string(),
        },
        path: "spec".to_owned(),
        severity,
        code,
        message,
        hint,
    })
}
