//! Drafts of documents from what lives in a cluster.
//!
//! In reading order: [`foundation()`] adds what any import needs; `zones` groups the namespaces; `rules` reads
//! policies; `selectors` and `ports` compare what two of them say; `join` keeps what both ends let through;
//! `outside` maps addresses; `flows` and `pools` make documents; `settle` has them judged as `check` would.

mod draft;
mod edges;
mod flows;
mod foundation;
mod join;
mod notes;
mod outside;
mod pools;
mod ports;
mod remarks;
mod resolution;
mod rules;
mod security;
mod selectors;
mod services;
mod settle;
mod zones;

use std::collections::BTreeMap;

use cofferdam_model::Model;
use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::flow::Date;
use cofferdam_model::labels::Labels;
use cofferdam_model::trust_domain::TrustDomain;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::live_spec::LiveSpec;
use k8s_openapi::api::core::v1::{Taint, Toleration};

use crate::load::SourceFile;

pub use foundation::foundation;
pub use notes::{Mapped, Unmapped};

use notes::Notes;
use zones::Zones;

/// What lives in a cluster. What could not be read is `None`: nothing is drafted from it.
#[derive(Debug, Clone)]
pub struct Live {
    /// What the cluster is and can do.
    pub capabilities: Capabilities,
    /// Namespaces by name.
    pub namespaces: BTreeMap<String, SeenNamespace>,
    /// NetworkPolicies by namespace and name.
    pub policies: Option<BTreeMap<(String, String), SeenPolicy>>,
    /// Policies of kinds that are not modelled.
    pub other_policies: Vec<ObjectKey>,
    /// Nodes by name.
    pub nodes: Option<BTreeMap<String, SeenNode>>,
    /// Pods that have not ended.
    pub pods: Option<Vec<SeenPod>>,
}

/// A namespace.
#[derive(Debug, Clone, Default)]
pub struct SeenNamespace {
    /// Its labels.
    pub labels: Labels,
    /// Whether it is being deleted.
    pub terminating: bool,
}

/// A NetworkPolicy.
#[derive(Debug, Clone)]
pub struct SeenPolicy {
    /// Its spec.
    pub spec: LiveSpec,
    /// Whether Cofferdam wrote it.
    pub ours: bool,
}

/// A node.
#[derive(Debug, Clone, Default)]
pub struct SeenNode {
    /// Its labels.
    pub labels: Labels,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// `spec.providerID`.
    pub provider_id: String,
}

/// A pod.
#[derive(Debug, Clone, Default)]
pub struct SeenPod {
    /// Its namespace.
    pub namespace: String,
    /// The node it runs on.
    pub node: Option<String>,
    /// The DaemonSet that it belongs to.
    pub daemon_set: Option<String>,
    /// What it tolerates.
    pub tolerations: Vec<Toleration>,
}

/// How drafts are made.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The namespace label whose values become zones; the one that groups best where none is named.
    pub group_by: Option<String>,
    /// The day on which the drafts are judged.
    pub today: Date,
}

/// Drafts, and what is not in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The files, none of which is among those that were there.
    pub files: Vec<SourceFile>,
    /// How many documents of each kind are drafted, by kind; commented ones do not count.
    pub drafted: BTreeMap<&'static str, usize>,
    /// What became of each object that is at least partly in the drafts.
    pub mapped: Vec<Mapped>,
    /// What is not in the drafts, or not exactly, and why.
    pub unmapped: Vec<Unmapped>,
}

/// What all parts of an import look at.
#[derive(Clone, Copy)]
struct Scene<'a> {
    live: &'a Live,
    cluster: &'a Cluster,
    domain: &'a TrustDomain,
    model: &'a Model,
}

/// Drafts for a cluster of the model. `files` hold every document that is there already; from them and the
/// drafts together, `load` finds no error.
///
/// # Errors
///
/// Says why nothing can be drafted: the cluster belongs to no trust domain, or the drafts would bring errors
/// to documents that are there.
pub fn import(
    live: &Live,
    cluster: &Cluster,
    model: &Model,
    files: &[SourceFile],
    options: &ImportOptions,
) -> Result<Imported, String> {
    let domain = model.trust_domain_of(cluster);
    let domain =
        domain.ok_or_else(|| format!("cluster `{}` belongs to no trust domain", cluster.name))?;
    let scene = Scene {
        live,
        cluster,
        domain,
        model,
    };
    let mut notes = Notes::default();
    let mut zones = Zones::of(&scene, options.group_by.as_deref(), &mut notes);
    for other in &live.other_policies {
        let reason =
            "policies of this kind are not modelled: what it allows or denies is in no draft";
        notes.unmapped(other.to_string(), reason);
    }
    let flows = flows::drafts(&scene, &mut zones, &mut notes);
    let pools = pools::drafts(&scene, &zones, &mut notes);
    let drafts = draft::Drafts {
        zones: zones.drafts(&scene, &mut notes),
        about_zones: zones.about(),
        flows,
        pools,
    };
    settle::settle(&scene, drafts, notes, (files, &options.today))
}

#[cfg(test)]
mod tests;
