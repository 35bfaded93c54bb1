//! `ImportReport`.

use serde::Serialize;

/// What `import` drafted from a cluster, and what it did not.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Always `cofferdam.io/v1alpha1`.
    pub api_version: &'static str,
    /// Always `ImportReport`.
    pub kind: &'static str,
    /// The cluster.
    pub cluster: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// When it was read, RFC 3339 in UTC.
    pub observed_at: String,
    /// Whether the files were written; not with `--dry-run`, nor where nothing could be drafted.
    pub written: bool,
    /// The files, relative to the directory that holds `fleet/` and `policies/`.
    pub files: Vec<ImportFile>,
    /// How many documents are drafted, by kind; those that are only comments do not count.
    pub drafted: Vec<ImportCount>,
    /// What became of each object that is at least partly in the drafts.
    pub mapped: Vec<ImportMapped>,
    /// What the drafts do not say, or not exactly.
    pub unmapped: Vec<ImportUnmapped>,
    /// What could not be read: nothing is drafted from it.
    pub unknown: Vec<ImportUnknown>,
}

/// A file of drafts.
#[derive(Debug, Clone, Serialize)]
pub struct ImportFile {
    /// Where.
    pub path: String,
    /// Its whole text, where it was not written.
    pub text: Option<String>,
}

/// Drafts of one kind.
#[derive(Debug, Clone, Serialize)]
pub struct ImportCount {
    /// The kind of document.
    pub kind: &'static str,
    /// How many.
    pub count: usize,
}

/// An object that is in the drafts, wholly or partly.
#[derive(Debug, Clone, Serialize)]
pub struct ImportMapped {
    /// The object, as `Kind/[namespace/]name`.
    pub object: String,
    /// The documents that say what it says, as `Kind/name`.
    pub documents: Vec<String>,
}

/// Something that the drafts do not say, or not exactly.
#[derive(Debug, Clone, Serialize)]
pub struct ImportUnmapped {
    /// The object, as `Kind/[namespace/]name`; for nodes with something in common, `Nodes/…`.
    pub object: String,
    /// What is missing or differs, and why.
    pub reason: String,
}

/// Something that could not be read.
#[derive(Debug, Clone, Serialize)]
pub struct ImportUnknown {
    /// What, such as `NetworkPolicies`.
    pub what: String,
    /// Why.
    pub reason: String,
}
