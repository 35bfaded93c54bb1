//! What a back end is: it turns zones and flows into the policies of one API.

use std::collections::BTreeMap;

use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::diagnostic::{DocumentId, Remark, Severity};
use cofferdam_model::flow::Flow;
use cofferdam_model::model::Model;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::trust_domain::TrustDomain;
use cofferdam_state::bundle::DesiredPolicy;

use crate::members::Members;

/// What a back end compiles: the model as seen from one cluster.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Zone model and fleet.
    pub model: &'a Model,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Its trust domain.
    pub domain: &'a TrustDomain,
    /// What is known of it.
    pub capabilities: Option<&'a Capabilities>,
    /// The namespaces of its zones.
    pub members: &'a Members<'a>,
}

/// What a back end gives.
#[derive(Debug, Default)]
pub struct Policies {
    /// Policies by namespace and name.
    pub policies: BTreeMap<(NamespaceName, String), DesiredPolicy>,
    /// Namespaces of which ingress stays open although the zone is enforced, with the reason.
    pub held_open: BTreeMap<NamespaceName, String>,
    /// What could not be expressed, or is worth knowing.
    pub remarks: Vec<Remark>,
}

/// Turns zones and flows into the policies of one API.
pub trait Backend {
    /// Compiles everything for one cluster.
    fn compile(&self, scope: &Scope<'_>) -> Policies;
}

/// A remark about a flow in a cluster.
pub fn flow_remark(flow: &Flow, severity: Severity, code: &'static str, message: String) -> Remark {
    Remark {
        document: DocumentId {
            kind: "Flow",
            name: flow.name.to_string(),
        },
        path: "spec".to_owned(),
        severity,
        code,
        message,
        hint: None,
    }
}
