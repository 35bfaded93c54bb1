//! Letting go of a cluster, or of the namespaces of a zone: what is meant, and what comes of it.

use std::collections::BTreeSet;

use cofferdam_model::names::ZoneName;
use cofferdam_objects::key::{Kind, ObjectKey};

use crate::held::HeldStep;
use crate::plan::Plan;

/// What becomes of what is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Every key and object of the record is taken back.
    Remove,
    /// Policies, labels and taints stay as they are, and are everybody's to change; of a zone, the labels by which
    /// guard rails that stay would protect it go.
    Leave,
}

/// What is let go of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole cluster.
    Cluster,
    /// The namespaces that a zone held, by name.
    Zone {
        /// The zone.
        zone: ZoneName,
        /// Its namespaces in this cluster.
        namespaces: BTreeSet<String>,
    },
}

impl Scope {
    /// Whether an object, or what is ours of it, is let go of.
    pub fn holds(&self, object: &ObjectKey) -> bool {
        match self {
            Self::Cluster => true,
            Self::Zone { namespaces, .. } => match (object.kind, &object.namespace) {
                (Kind::Namespace, _) => namespaces.contains(&object.name),
                (_, Some(namespace)) => namespaces.contains(namespace),
                (_, None) => false,
            },
        }
    }
}

/// How a cluster, or a zone in it, is let go of.
#[derive(Debug, Clone, PartialEq)]
pub struct Detachment {
    /// What is let go of.
    pub scope: Scope,
    /// What becomes of it.
    pub manner: Manner,
    /// What is written for that.
    pub plan: Plan,
    /// What cannot be taken back now, and what to do.
    pub held: Vec<HeldStep>,
    /// What stays and is somebody else's.
    pub left: Vec<Left>,
    /// What we keep there for ourselves, in the order in which it is deleted once nothing is left that the record
    /// holds.
    pub last: Vec<ObjectKey>,
}

/// Something that stays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// The object.
    pub object: ObjectKey,
    /// What of it stays, and why.
    pub reason: String,
}
