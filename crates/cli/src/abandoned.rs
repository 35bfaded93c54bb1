//! Clusters whose document was deleted, and of which stored capabilities are left.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::cluster::{Access, Cluster, Delivery, Guards, Limits, Mode, Network};
use cofferdam_pass::clock;
use cofferdam_pass::told::verdict;
use cofferdam_report::wire::drift::{DriftCluster, Verdict};
use cofferdam_report::wire::status::{FindingCounts, StatusCluster, StatusCni};
use cofferdam_state::finding::Finding;

use crate::args::Selection;

/// Such a cluster.
#[derive(Debug)]
pub(crate) struct Abandoned {
    cluster: Cluster,
}

impl Abandoned {
    /// As its document would say at least: reached by the kubeconfig of the command line, with the UID that was
    /// stored.
    fn of(stored: &Capabilities) -> Self {
        let cluster = Cluster {
            name: stored.cluster.clone(),
            labels: cofferdam_model::labels::Labels::new(),
            access: Access {
                kubeconfig: String::new(),
                context: None,
                allow_exec: BTreeSet::new(),
            },
            uid: Some(stored.uid.clone()),
            mode: Mode::Manage,
            delivery: Delivery::Push,
            network: Network::default(),
            guards: Guards::default(),
            audit_file: None,
            limits: Limits::default(),
        };
        Self { cluster }
    }

    /// What stands for its document.
    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Whether it is the one of that name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.cluster.name.as_str() == name
    }
}

/// Every such cluster.
pub(crate) fn abandoned(model: &Model) -> Vec<Abandoned> {
    let stored = model.capabilities.values();
    let gone = stored.filter(|stored| !model.clusters.contains_key(&stored.cluster));
    gone.map(Abandoned::of).collect()
}

/// What is found of them where every cluster is asked about, with waivers applied.
pub(crate) fn findings(model: &Model, selection: &Selection) -> Vec<Finding> {
    if !selection.cluster.is_empty() || !selection.trust_domain.is_empty() {
        return Vec::new();
    }
    let mut findings = cofferdam_planner::abandoned(model);
    cofferdam_planner::waivers::apply(&mut findings, model, &clock::today());
    findings
}

/// Whether there is nobody else: no document of a cluster is left, and none was asked for by name.
pub(crate) fn are_all(model: &Model, findings: &[Finding]) -> bool {
    model.clusters.is_empty() && !findings.is_empty()
}

/// Such a cluster in `drift`. It is not looked at: nothing says how.
pub(crate) fn drift(finding: &Finding) -> DriftCluster {
    DriftCluster {
        name: finding.cluster.to_string(),
        trust_domain: NO_DOMAIN.to_owned(),
        verdict: verdict_of(finding),
        observed_at: clock::now(),
        age_seconds: 0,
        sequence: None,
        revision: None,
        bundle_hash: String::new(),
        enforces: "unknown",
        findings: vec![finding.into()],
    }
}

/// Such a cluster in `status`.
pub(crate) fn status(finding: &Finding) -> StatusCluster {
    StatusCluster {
        name: finding.cluster.to_string(),
        trust_domain: NO_DOMAIN.to_owned(),
        reachable: false,
        denied: None,
        reason: Some(finding.message.clone()),
        hint: finding.hint.clone(),
        verdict: verdict_of(finding),
        findings: FindingCounts::of(std::slice::from_ref(finding)),
        age_seconds: 0,
        sequence: None,
        bundle_hash: String::new(),
        version: None,
        cni: StatusCni {
            name: None,
            enforces: "unknown",
            evidence: None,
        },
        credential_expires_at: None,
    }
}

/// Stands for the trust domain of a cluster that belongs to none.
const NO_DOMAIN: &str = "-";

/// That it may be drifted is waived, and nothing more is known: it was not read.
fn verdict_of(finding: &Finding) -> Verdict {
    match verdict(std::slice::from_ref(finding)) {
        Verdict::InSync | Verdict::Unknown => Verdict::Unknown,
        Verdict::Drifted => Verdict::Drifted,
    }
}
