//! Admission policies and their bindings: in-process admission of the API server.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::key::{Kind, ObjectKey};

/// The kinds of `admissionregistration.k8s.io/v1` that guard rails are made of; all are cluster-scoped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdmissionKind {
    /// A policy that refuses; GA since 1.30.
    ValidatingPolicy,
    /// What puts a validating policy in force.
    ValidatingBinding,
    /// A policy that changes what is admitted; GA since 1.36.
    MutatingPolicy,
    /// What puts a mutating policy in force.
    MutatingBinding,
}

impl AdmissionKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::ValidatingPolicy,
        Self::ValidatingBinding,
        Self::MutatingPolicy,
        Self::MutatingBinding,
    ];

    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ValidatingPolicy => "ValidatingAdmissionPolicy",
            Self::ValidatingBinding => "ValidatingAdmissionPolicyBinding",
            Self::MutatingPolicy => "MutatingAdmissionPolicy",
            Self::MutatingBinding => "MutatingAdmissionPolicyBinding",
        }
    }

    /// Its plural in paths and rights.
    pub fn plural(self) -> &'static str {
        match self {
            Self::ValidatingPolicy => "validatingadmissionpolicies",
            Self::ValidatingBinding => "validatingadmissionpolicybindings",
            Self::MutatingPolicy => "mutatingadmissionpolicies",
            Self::MutatingBinding => "mutatingadmissionpolicybindings",
        }
    }

    /// Whether it puts a policy in force.
    pub fn is_binding(self) -> bool {
        matches!(self, Self::ValidatingBinding | Self::MutatingBinding)
    }

    /// Whether it belongs to admission that changes objects.
    pub fn is_mutating(self) -> bool {
        matches!(self, Self::MutatingPolicy | Self::MutatingBinding)
    }
}

/// The API version of every [`AdmissionKind`].
pub const ADMISSION_VERSION: &str = "admissionregistration.k8s.io/v1";

/// An admission policy or a binding, fully defaulted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmissionObject {
    /// Its kind.
    pub kind: AdmissionKind,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its spec, as the server takes it.
    pub spec: Value,
}

impl AdmissionObject {
    /// Its key.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::admission(self.kind, &self.name)
    }

    /// The object as a manifest.
    pub fn manifest(&self) -> Value {
        json!({
            "apiVersion": ADMISSION_VERSION,
            "kind": self.kind.as_str(),
            "metadata": {
                "name": self.name,
                "labels": self.labels,
                "annotations": self.annotations,
            },
            "spec": self.spec,
        })
    }
}

impl From<AdmissionKind> for Kind {
    fn from(kind: AdmissionKind) -> Self {
        Self::Admission(kind)
    }
}
