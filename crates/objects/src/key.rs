//! What names an object in a cluster.

use std::fmt;

use crate::admission::{ADMISSION_VERSION, AdmissionKind};
use crate::policy_kind::PolicyKind;

/// Kind, namespace and name; the namespace is absent for cluster-scoped kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey {
    /// The kind.
    pub kind: Kind,
    /// The namespace.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

/// The kinds that we write or find fault with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `v1` Namespace.
    Namespace,
    /// `networking.k8s.io/v1` NetworkPolicy.
    NetworkPolicy,
    /// `v1` Node.
    Node,
    /// `v1` ConfigMap.
    ConfigMap,
    /// `coordination.k8s.io/v1` Lease.
    Lease,
    /// `v1` Pod.
    Pod,
    /// `v1` Service.
    Service,
    /// An admission policy or a binding of one.
    Admission(AdmissionKind),
    /// A kind of policy that we do not model.
    OtherPolicy(&'static PolicyKind),
    /// A cluster itself, for findings about no object in it.
    Cluster,
}

impl Kind {
    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::Node => "Node",
            Self::ConfigMap => "ConfigMap",
            Self::Lease => "Lease",
            Self::Pod => "Pod",
            Self::Service => "Service",
            Self::Admission(kind) => kind.as_str(),
            Self::OtherPolicy(other) => other.kind,
            Self::Cluster => "Cluster",
        }
    }

    /// The API version under which we use the kind.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::NetworkPolicy => "networking.k8s.io/v1",
            Self::Lease => "coordination.k8s.io/v1",
            Self::Namespace | Self::Node | Self::ConfigMap | Self::Pod | Self::Service => "v1",
            Self::Admission(_) => ADMISSION_VERSION,
            Self::OtherPolicy(other) => other.api_version,
            Self::Cluster => "cofferdam.io/v1alpha1",
        }
    }
}

impl ObjectKey {
    /// A namespace.
    pub fn namespace(name: &str) -> Self {
        Self {
            kind: Kind::Namespace,
            namespace: None,
            name: name.to_owned(),
        }
    }

    /// A node.
    pub fn node(name: &str) -> Self {
        Self {
            kind: Kind::Node,
            namespace: None,
            name: name.to_owned(),
        }
    }

    /// A network policy.
    pub fn policy(namespace: &str, name: &str) -> Self {
        Self {
            kind: Kind::NetworkPolicy,
            namespace: Some(namespace.to_owned()),
            name: name.to_owned(),
        }
    }

    /// An admission policy or binding.
    pub fn admission(kind: AdmissionKind, name: &str) -> Self {
        Self {
            kind: Kind::Admission(kind),
            namespace: None,
            name: name.to_owned(),
        }
    }

    /// The cluster itself.
    pub fn cluster(name: &str) -> Self {
        Self {
            kind: Kind::Cluster,
            namespace: None,
            name: name.to_owned(),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        // As kubectl writes it: other groups have a NetworkPolicy too.
        if let Kind::OtherPolicy(other) = self.kind {
            f.write_str(".")?;
            f.write_str(other.group())?;
        }
        for part in self.namespace.iter().chain([&self.name]) {
            f.write_str("/")?;
            f.write_str(part)?;
        }
        Ok(())
    }
}
