//! Guard rails: admission policies in the cluster that protect what the segmentation rests on.

use std::sync::Arc;

use cofferdam_model::names::PoolName;
use cofferdam_objects::admission::{AdmissionKind, AdmissionObject};
use cofferdam_objects::compare::differences;
use cofferdam_objects::key::ObjectKey;
use serde_json::Value;

use crate::digest::short_digest;
use crate::observed::Observed;

/// A guard rail of one cluster: a policy, and the binding that puts it in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredGuard {
    /// What it protects.
    pub rail: Rail,
    /// The node pool it is about, where it is about one.
    pub pool: Option<PoolName>,
    /// The policy.
    pub policy: Arc<AdmissionObject>,
    /// The binding under which it refuses, or changes, what it is meant to.
    pub deny: Arc<AdmissionObject>,
    /// The binding under which it only notes and warns; none for what changes objects, which knows no such
    /// thing.
    pub audit: Option<Arc<AdmissionObject>>,
    /// How far it is to be taken.
    pub level: GuardLevel,
    /// How to find out whether it is in force.
    pub probe: Probe,
}

impl DesiredGuard {
    /// The field of its policy under which a record holds that it was tried out, and seen to refuse or change what it
    /// is meant to, with just this text.
    pub fn tried_field(&self) -> String {
        format!("tried:{}", short_digest(&self.probe.mark))
    }

    /// Whether it refuses, or changes, what it is meant to: it is there as compiled, and a pass has seen it.
    pub fn is_in_force(&self, observed: &Observed) -> bool {
        let Some(admission) = observed.admission.known() else {
            return false;
        };
        let is_as_compiled = |object: &AdmissionObject| {
            let live = admission.get(&object.key());
            live.is_some_and(|live| differences("spec", &object.spec, &live.spec).is_empty())
        };
        let key = self.policy.key();
        let live = admission.get(&key);
        let was_seen =
            live.is_some_and(|live| observed.is_recorded(&key, &self.tried_field(), &live.uid));
        was_seen && is_as_compiled(&self.policy) && is_as_compiled(&self.deny)
    }
}

/// What a guard rail protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rail {
    /// Our labels on namespaces, and the Pod Security levels of zones.
    Namespaces,
    /// Our labels on nodes, and the taints of pools.
    Nodes,
    /// Our network policies.
    Policies,
    /// Our record.
    Record,
    /// Our lease.
    Lease,
    /// That nothing but dry runs comes into the namespace of probes.
    Probes,
    /// The nodes of a pool, from pods that do not belong there.
    Pods,
    /// That pods of a pool's zones run on its nodes.
    Pin,
    /// That DaemonSets of a pool's zones ask for its nodes only.
    DaemonSets,
    /// That nodes of a pool have its taint from the moment they register.
    Registration,
}

impl Rail {
    /// What it protects, in a few words.
    pub fn protects(self) -> &'static str {
        match self {
            Self::Namespaces => "zone and Pod Security labels of namespaces",
            Self::Nodes => "pool labels and taints of nodes",
            Self::Policies => "network policies of Cofferdam",
            Self::Record => "the record of Cofferdam",
            Self::Lease => "the lease of Cofferdam",
            Self::Probes => "the namespace of probes",
            Self::Pods => "nodes of a pool from other pods",
            Self::Pin => "where pods of a pool's zones run",
            Self::DaemonSets => "where DaemonSets of a pool's zones run",
            Self::Registration => "new nodes of a pool until they are tainted",
        }
    }
}

/// How far a guard rail is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuardLevel {
    /// It notes in the audit log, and warns, what it would refuse.
    Audit,
    /// It refuses, or changes, what it is meant to.
    Deny,
}

impl GuardLevel {
    /// The word of reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "Audit",
            Self::Deny => "Deny",
        }
    }
}

/// A dry run that tells whether a guard rail is in force: the API server takes some seconds to know a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The guard rail's policy.
    pub policy: ObjectKey,
    /// What is tried.
    pub attempt: Attempt,
    /// What the server's answer has in it when the rail is in force with just this text.
    pub mark: String,
}

/// What a probe tries, as a dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// To create this object at this path; the rail is in force when the answer, whichever, bears the mark.
    Create {
        /// The path of the collection.
        path: String,
        /// The object.
        object: Value,
    },
    /// To label the namespace of probes.
    LabelNamespace {
        /// The label's key.
        key: String,
        /// Its value.
        value: String,
    },
}

impl DesiredGuard {
    /// The name of its policy and binding.
    pub fn name(&self) -> &str {
        &self.policy.name
    }

    /// Its binding at a level.
    pub fn binding(&self, level: GuardLevel) -> &Arc<AdmissionObject> {
        match (level, &self.audit) {
            (GuardLevel::Audit, Some(audit)) => audit,
            (GuardLevel::Audit | GuardLevel::Deny, _) => &self.deny,
        }
    }

    /// Whether it changes what is admitted.
    pub fn is_mutating(&self) -> bool {
        self.policy.kind.is_mutating()
    }
}

/// The kind of the binding of a kind of policy.
pub fn binding_kind(policy: AdmissionKind) -> AdmissionKind {
    if policy.is_mutating() {
        AdmissionKind::MutatingBinding
    } else {
        AdmissionKind::ValidatingBinding
    }
}
