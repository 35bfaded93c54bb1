//! What one step of a plan does, and what a record holds of it afterwards.

use std::sync::Arc;

use cofferdam_model::labels::Labels;
use cofferdam_objects::admission::{AdmissionKind, AdmissionObject};
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::policy::Direction;
use k8s_openapi::api::core::v1::Taint;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::digest::digest;

/// What a step does, with the state it expects.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Creates a namespace; refused when it exists.
    CreateNamespace {
        /// Its name.
        name: String,
        /// Its labels.
        labels: Labels,
    },
    /// Changes labels of a namespace that is not ours.
    PatchNamespace {
        /// Its name.
        name: String,
        /// The UID it must have.
        uid: String,
        /// The labels to change.
        labels: LabelPatch,
    },
    /// Changes labels or taints of a node.
    PatchNode {
        /// Its name.
        name: String,
        /// The UID it must have.
        uid: String,
        /// The labels to change.
        labels: LabelPatch,
        /// The taints, where they change.
        taints: Option<TaintPatch>,
    },
    /// Creates a policy; refused when the name is taken.
    CreatePolicy {
        /// The whole object.
        object: Arc<NetworkPolicy>,
    },
    /// Writes a policy of ours whole.
    ReplacePolicy {
        /// The whole object.
        object: Arc<NetworkPolicy>,
        /// The UID it must have.
        uid: String,
        /// The resource version it must have.
        resource_version: String,
    },
    /// Deletes a policy of ours.
    DeletePolicy {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The UID it must have.
        uid: String,
        /// The resource version it must have.
        resource_version: String,
    },
    /// Takes the labels by which a policy is ours off it, and leaves it as it is.
    ReleasePolicy {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The UID it must have.
        uid: String,
        /// The labels that go.
        labels: LabelPatch,
    },
    /// Creates an admission policy or binding; refused when the name is taken.
    CreateGuard {
        /// The whole object.
        object: Arc<AdmissionObject>,
    },
    /// Writes an admission policy or binding of ours whole.
    ReplaceGuard {
        /// The whole object.
        object: Arc<AdmissionObject>,
        /// The state it must be in.
        expected: Expected,
    },
    /// Deletes an admission policy or binding of ours.
    DeleteGuard {
        /// Its kind.
        kind: AdmissionKind,
        /// Its name.
        name: String,
        /// The UID it must have.
        uid: String,
        /// The resource version it must have.
        resource_version: String,
    },
    /// Deletes the open policy that this very pass wrote.
    DeleteOpened {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// The state that an object must be in to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// As it was seen.
    Seen {
        /// Its UID.
        uid: String,
        /// Its resource version.
        resource_version: String,
    },
    /// As this very pass wrote it.
    Written,
}

/// Changes to labels, key by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelPatch {
    /// Whether the object has any labels now.
    pub has_labels: bool,
    /// The changes.
    pub changes: Vec<KeyChange>,
}

/// A change of one key, tested against its old value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// The key.
    pub key: String,
    /// The value it must have; `None` where it must be absent.
    pub old: Option<String>,
    /// The value it gets; `None` where it is removed.
    pub new: Option<String>,
}

/// A change of the whole list of taints, tested against the old list.
#[derive(Debug, Clone, PartialEq)]
pub struct TaintPatch {
    /// The list it must have.
    pub old: Vec<Taint>,
    /// The list it gets.
    pub new: Vec<Taint>,
}

impl TaintPatch {
    /// The taints that are new or get another value.
    pub fn set(&self) -> impl Iterator<Item = &Taint> {
        self.new.iter().filter(|taint| !self.old.contains(taint))
    }

    /// The taints that go or get another value.
    pub fn lost(&self) -> impl Iterator<Item = &Taint> {
        self.old.iter().filter(|taint| !self.new.contains(taint))
    }

    /// The taints that go: no other of their key and effect takes their place.
    pub fn removed(&self) -> impl Iterator<Item = &Taint> {
        self.old.iter().filter(|old| {
            let field = taint_field(old);
            !self.new.iter().any(|new| taint_field(new) == field)
        })
    }
}

/// What a step does, in the word of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Creates.
    Create,
    /// Writes whole.
    Update,
    /// Changes keys.
    Patch,
    /// Deletes.
    Delete,
}

impl Operation {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

impl Action {
    /// The policy that it writes; none where it writes no policy.
    pub fn written_policy(&self) -> Option<&Arc<NetworkPolicy>> {
        match self {
            Self::CreatePolicy { object } | Self::ReplacePolicy { object, .. } => Some(object),
            Self::CreateNamespace { .. }
            | Self::PatchNamespace { .. }
            | Self::PatchNode { .. }
            | Self::DeletePolicy { .. }
            | Self::ReleasePolicy { .. }
            | Self::CreateGuard { .. }
            | Self::ReplaceGuard { .. }
            | Self::DeleteGuard { .. }
            | Self::DeleteOpened { .. } => None,
        }
    }

    /// The admission policy or binding that it writes; none where it writes none.
    pub fn written_guard(&self) -> Option<&Arc<AdmissionObject>> {
        match self {
            Self::CreateGuard { object } | Self::ReplaceGuard { object, .. } => Some(object),
            Self::CreateNamespace { .. }
            | Self::PatchNamespace { .. }
            | Self::PatchNode { .. }
            | Self::CreatePolicy { .. }
            | Self::ReplacePolicy { .. }
            | Self::DeletePolicy { .. }
            | Self::ReleasePolicy { .. }
            | Self::DeleteGuard { .. }
            | Self::DeleteOpened { .. } => None,
        }
    }

    /// Whether it deletes an admission policy or binding.
    pub fn deletes_guard(&self) -> bool {
        matches!(self, Self::DeleteGuard { .. })
    }

    /// Whether it changes the node of this name.
    pub fn is_of_node(&self, node: &str) -> bool {
        matches!(self, Self::PatchNode { name, .. } if name == node)
    }

    /// The labels of a node that it changes.
    pub fn node_labels(&self) -> &[KeyChange] {
        if let Self::PatchNode { labels, .. } = self {
            &labels.changes
        } else {
            &[]
        }
    }

    /// The taints of a node as it changes them; none where it does not.
    pub fn node_taints(&self) -> Option<&TaintPatch> {
        if let Self::PatchNode { taints, .. } = self {
            taints.as_ref()
        } else {
            None
        }
    }

    /// The object it is about.
    pub fn object(&self) -> ObjectKey {
        match self {
            Self::CreateNamespace { name, .. } | Self::PatchNamespace { name, .. } => {
                ObjectKey::namespace(name)
            }
            Self::PatchNode { name, .. } => ObjectKey::node(name),
            Self::CreatePolicy { object } | Self::ReplacePolicy { object, .. } => {
                policy_key(object)
            }
            Self::DeletePolicy {
                namespace, name, ..
            }
            | Self::ReleasePolicy {
                namespace, name, ..
            }
            | Self::DeleteOpened { namespace, name } => ObjectKey::policy(namespace, name),
            Self::CreateGuard { object } | Self::ReplaceGuard { object, .. } => object.key(),
            Self::DeleteGuard { kind, name, .. } => ObjectKey::admission(*kind, name),
        }
    }

    /// What it does, in the word of reports.
    pub fn operation(&self) -> Operation {
        match self {
            Self::CreateNamespace { .. } | Self::CreatePolicy { .. } | Self::CreateGuard { .. } => {
                Operation::Create
            }
            Self::PatchNamespace { .. } | Self::PatchNode { .. } | Self::ReleasePolicy { .. } => {
                Operation::Patch
            }
            Self::ReplacePolicy { .. } | Self::ReplaceGuard { .. } => Operation::Update,
            Self::DeletePolicy { .. } | Self::DeleteGuard { .. } | Self::DeleteOpened { .. } => {
                Operation::Delete
            }
        }
    }

    /// The fields that the record holds once the step is done; the empty field is the whole object.
    pub fn recorded_fields(&self) -> Vec<String> {
        match self {
            Self::CreateNamespace { labels, .. } => {
                labels.keys().map(|key| label_field(key)).collect()
            }
            Self::PatchNamespace { labels, .. } => written(labels).collect(),
            Self::PatchNode { labels, taints, .. } => {
                let set = taints.iter().flat_map(TaintPatch::set);
                written(labels).chain(set.map(taint_field)).collect()
            }
            Self::CreatePolicy { .. }
            | Self::ReplacePolicy { .. }
            | Self::CreateGuard { .. }
            | Self::ReplaceGuard { .. } => vec![String::new()],
            Self::DeletePolicy { .. }
            | Self::ReleasePolicy { .. }
            | Self::DeleteGuard { .. }
            | Self::DeleteOpened { .. } => Vec::new(),
        }
    }
}

/// The field under which a record holds a label of a shared object.
pub fn label_field(key: &str) -> String {
    format!("label:{key}")
}

/// The field under which a record holds that the pods of a namespace were denied in a direction, with
/// nothing of ours to keep them open.
pub fn denied_field(direction: Direction) -> String {
    format!("denied:{}", direction.policy_type())
}

/// The field under which a record holds that a namespace was isolated as one that no zone holds, so that
/// all of ours there may go when nobody asks for it. What policies say of themselves proves nothing: whoever
/// may edit them may edit that.
pub const ISOLATED_FIELD: &str = "isolated";

/// The field under which a record holds that a policy was in place with just this content: written again
/// after somebody deleted it, it allows nothing new.
pub fn content_field(policy: &NetworkPolicy) -> String {
    let content = serde_json::to_string(&policy.spec).unwrap_or_default();
    format!("content:{}", digest(&content))
}

/// The field under which a record holds a taint of a node. Key and effect identify a taint: the API
/// server refuses two taints that share both.
pub fn taint_field(taint: &Taint) -> String {
    format!("taint:{}:{}", taint.key, taint.effect)
}

fn written(labels: &LabelPatch) -> impl Iterator<Item = String> + '_ {
    labels
        .changes
        .iter()
        .filter(|change| change.new.is_some())
        .map(|change| label_field(&change.key))
}

fn policy_key(object: &NetworkPolicy) -> ObjectKey {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    ObjectKey::policy(
        namespace,
        object.metadata.name.as_deref().unwrap_or_default(),
    )
}
