//! What we wrote in a cluster, kept in that cluster.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::key::ObjectKey;

use crate::digest::digest;

/// What we wrote in a cluster: ConfigMap `cofferdam-system/cofferdam`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The zone model's name.
    pub instance: String,
    /// The cluster's name in the fleet.
    pub cluster: String,
    /// The cluster's UID.
    pub cluster_uid: String,
    /// The number of the last complete or partial apply.
    pub sequence: u64,
    /// Hash of model and fleet at the last apply that converged.
    pub revision: String,
    /// Hash of the bundle at the last apply that converged.
    pub bundle_hash: String,
    /// Who wrote last.
    pub writer: String,
    /// Digest of the key of each thing that is ours, and digest of the UID of the object.
    pub entries: BTreeMap<String, String>,
    /// Digests of the keys that a pass under way is about to create; empty between passes.
    pub pending: BTreeSet<String>,
    /// The last applies, oldest first, at most [`HISTORY`].
    pub applies: Vec<Apply>,
    /// The controller that manages this cluster, where one runs.
    pub controller: Option<String>,
    /// Until when that controller is to leave the cluster alone, RFC 3339 in UTC.
    pub paused_until: Option<String>,
}

/// One apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apply {
    /// Its number.
    pub sequence: u64,
    /// Hash of model and fleet.
    pub revision: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// By whom.
    pub writer: String,
    /// How many steps were written.
    pub written: u64,
    /// Whether all of them succeeded.
    pub complete: bool,
}

/// How many applies a record remembers.
pub const HISTORY: usize = 50;

/// The digest under which a record holds an object (`field` empty), or a key of a shared object
/// (`field` such as `label:cofferdam.io/zone`).
pub fn entry_key(object: &ObjectKey, field: &str) -> String {
    let mut text = object.to_string();
    text.push('#');
    text.push_str(field);
    digest(&text)
}

impl Record {
    /// Whether the object, or the key of it, is ours; also while it is only pending.
    pub fn holds(&self, object: &ObjectKey, field: &str) -> bool {
        let key = entry_key(object, field);
        self.entries.contains_key(&key) || self.pending.contains(&key)
    }

    /// Whether a pass that ended wrote the object, or the key of it.
    pub fn has_written(&self, object: &ObjectKey, field: &str) -> bool {
        self.entries.contains_key(&entry_key(object, field))
    }

    /// Whether the record knows the object under another UID, so that somebody deleted it and made
    /// it again.
    pub fn knows_other_uid(&self, object: &ObjectKey, field: &str, uid: &str) -> bool {
        self.entries
            .get(&entry_key(object, field))
            .is_some_and(|recorded| !recorded.is_empty() && *recorded != digest(uid))
    }

    /// Whether a revision was applied before, but is not the newest.
    pub fn is_older(&self, revision: &str) -> bool {
        self.applies
            .last()
            .is_some_and(|newest| newest.revision != revision)
            && self.applies.iter().any(|apply| apply.revision == revision)
    }
}
