//! What a cluster was seen to hold, with when and how completely.

mod objects;
mod pod;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::labels::Labels;
use cofferdam_model::names::ClusterName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::REGISTERED;
use cofferdam_objects::live_spec::LiveSpec;
use cofferdam_objects::managed_fields::ManagedFields;
use k8s_openapi::api::core::v1::Taint;
use serde_json::Value;

use crate::audit::AuditedWrite;
use crate::bundle::Bundle;
use crate::digest::{digest, short_digest};
use crate::pod_security::EnforceAnswers;
use crate::record::{Record, entry_key};

pub use pod::{ContainerPort, LivePod, Template};
pub use service::{LiveService, LiveServicePort, ServiceType};

/// Something that was read completely, or was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<T> {
    /// Read completely.
    Known(T),
    /// Not read, or only partly; the reason, in one line.
    Unknown(String),
}

impl<T> Reading<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// Why it is not known.
    pub fn unknown(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(reason) => Some(reason),
        }
    }
}

/// Each reason once, after all that is unknown because of it.
pub fn told_unknowns(unknowns: &[(&str, &str)]) -> Vec<String> {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for (what, reason) in unknowns {
        match by_reason.iter_mut().find(|(known, _)| known == reason) {
            Some((_, parts)) => parts.push(what),
            None => by_reason.push((reason, vec![what])),
        }
    }
    let told = |(reason, parts): (&str, Vec<&str>)| {
        let what = match parts.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => parts.concat(),
        };
        format!("{what}: {reason}")
    };
    by_reason.into_iter().map(told).collect()
}

/// What [`Observed::entrances`] are together.
const ENTRANCES: &str = "Ingresses, Gateways and endpoints of Services";

/// What a cluster was seen to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The cluster.
    pub cluster: ClusterName,
    /// When the pass began, RFC 3339 in UTC.
    pub at: String,
    /// The UID of namespace `kube-system`.
    pub uid: Reading<String>,
    /// What the cluster is and can do.
    pub capabilities: Reading<Capabilities>,
    /// Our record; `None` where there is none.
    pub record: Reading<Option<LiveRecord>>,
    /// Namespaces by name.
    pub namespaces: Reading<BTreeMap<String, LiveNamespace>>,
    /// Every NetworkPolicy, ours and others', by namespace and name.
    pub policies: Reading<BTreeMap<(String, String), LivePolicy>>,
    /// Policies of administrators, with their specs.
    pub cluster_policies: Reading<BTreeMap<ObjectKey, LivePolicy>>,
    /// Policies of every kind but NetworkPolicy, those of administrators among them.
    pub other_policies: Reading<Vec<ObjectKey>>,
    /// Nodes by name.
    pub nodes: Reading<BTreeMap<String, LiveNode>>,
    /// Pods.
    pub pods: Reading<Vec<LivePod>>,
    /// Pod templates of workloads.
    pub templates: Reading<Vec<Template>>,
    /// Services.
    pub services: Reading<Vec<LiveService>>,
    /// Admission policies and bindings in our name: by label or by the beginning of their name.
    pub admission: Reading<BTreeMap<ObjectKey, LiveAdmission>>,
    /// Services that an Ingress sends traffic to: Ingress `namespace/name`, namespace, service.
    pub ingress_backends: Reading<Vec<(String, String, String)>>,
    /// What leads from outside to pods, as objects with as much as says where, by what they are.
    pub entrances: BTreeMap<&'static str, Reading<Vec<Value>>>,
    /// Who we are to this cluster.
    pub identity: Reading<Identity>,
    /// What the audit log says was written, oldest first; empty where the cluster names no log.
    pub writes: Reading<Vec<AuditedWrite>>,
    /// What the server says to Pod Security levels that are to be enforced; asked once it is known which.
    pub enforce_answers: EnforceAnswers,
}

/// Who a credential is to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user name.
    pub user: String,
    /// The groups.
    pub groups: Vec<String>,
}

/// Our record together with what guards its next write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRecord {
    /// The record.
    pub record: Record,
    /// The ConfigMap's UID.
    pub uid: String,
    /// The ConfigMap's resource version.
    pub resource_version: String,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveNamespace {
    /// Its UID.
    pub uid: String,
    /// Its labels.
    pub labels: Labels,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// Who wrote what.
    pub managed_fields: ManagedFields,
}

/// A policy with its spec as the server sent it, unknown fields included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePolicy {
    /// Its UID.
    pub uid: String,
    /// Its resource version.
    pub resource_version: String,
    /// Its labels.
    pub labels: Labels,
    /// Its annotations.
    pub annotations: Labels,
    /// Its spec.
    pub spec: LiveSpec,
    /// Whether it is being deleted, and only a finalizer still holds it: it governs pods, but not for
    /// long.
    pub terminating: bool,
    /// Who wrote what.
    pub managed_fields: ManagedFields,
}

/// An admission policy or binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveAdmission {
    /// Its UID.
    pub uid: String,
    /// Its resource version.
    pub resource_version: String,
    /// Its labels.
    pub labels: Labels,
    /// Its annotations.
    pub annotations: Labels,
    /// Its spec as the server sent it.
    pub spec: Value,
    /// Who wrote what.
    pub managed_fields: ManagedFields,
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveNode {
    /// Its UID.
    pub uid: String,
    /// Its labels.
    pub labels: Labels,
    /// Its annotations that tell of the machine behind it (`cluster.x-k8s.io/*`).
    pub annotations: Labels,
    /// Its taints, in order.
    pub taints: Vec<Taint>,
    /// `spec.providerID`.
    pub provider_id: String,
    /// Whether it reports to be ready.
    pub ready: bool,
    /// Its own addresses.
    pub addresses: Vec<IpAddr>,
    /// Who wrote what.
    pub managed_fields: ManagedFields,
}

impl LiveNode {
    /// Whether the guard rail at registration gave it the taint that a record holds under this field, and no record
    /// does yet.
    pub fn is_registered_with(&self, taint_field: &str) -> bool {
        self.labels.get(REGISTERED) == Some(&short_digest(taint_field))
    }
}

impl Observed {
    /// A cluster of which nothing could be read.
    pub fn unreachable(cluster: ClusterName, at: String, reason: &str) -> Self {
        fn none<T>(reason: &str) -> Reading<T> {
            Reading::Unknown(reason.to_owned())
        }
        Self {
            cluster,
            at,
            uid: none(reason),
            capabilities: none(reason),
            record: none(reason),
            namespaces: none(reason),
            policies: none(reason),
            cluster_policies: none(reason),
            other_policies: none(reason),
            nodes: none(reason),
            pods: none(reason),
            templates: none(reason),
            services: none(reason),
            admission: none(reason),
            ingress_backends: none(reason),
            entrances: [(ENTRANCES, none(reason))].into(),
            identity: none(reason),
            writes: none(reason),
            enforce_answers: EnforceAnswers::new(),
        }
    }

    /// Every part that a plan needs and that is unknown, with the reason.
    pub fn unknowns(&self) -> Vec<(&'static str, &str)> {
        [
            ("identity of the cluster", self.uid.unknown()),
            ("capabilities", self.capabilities.unknown()),
            ("record", self.record.unknown()),
            ("namespaces", self.namespaces.unknown()),
            ("NetworkPolicies", self.policies.unknown()),
            ("nodes", self.nodes.unknown()),
            ("pods", self.pods.unknown()),
            ("workloads", self.templates.unknown()),
            ("services", self.services.unknown()),
            ("admission policies", self.admission.unknown()),
            ("ingresses", self.ingress_backends.unknown()),
        ]
        .into_iter()
        .filter_map(|(what, reason)| reason.map(|reason| (what, reason)))
        .collect()
    }

    /// Every part that is unknown, whatever it is needed for, with the reason.
    pub fn all_unknowns(&self) -> Vec<(&'static str, &str)> {
        let others = self.other_policies.unknown();
        let others = others.map(|reason| ("policies of kinds that are not modelled", reason));
        self.unknowns().into_iter().chain(others).collect()
    }

    /// Our record, where it is known and exists.
    pub fn our_record(&self) -> Option<&Record> {
        self.record.known()?.as_ref().map(|live| &live.record)
    }

    /// Whether the record says that we wrote a key of the object with this UID.
    pub fn is_recorded(&self, object: &ObjectKey, field: &str, uid: &str) -> bool {
        self.our_record().is_some_and(|record| {
            record.has_written(object, field) && !record.knows_other_uid(object, field, uid)
        })
    }

    /// Whether the record says that we wrote a key of the namespace that lives by this name, and not of one
    /// that was there before it.
    pub fn is_recorded_of_namespace(&self, name: &str, field: &str) -> bool {
        let live = self.namespaces.known().and_then(|live| live.get(name));
        live.is_some_and(|live| self.is_recorded(&ObjectKey::namespace(name), field, &live.uid))
    }

    /// Takes note which guard rails of a bundle, by the keys of their policies, were tried out and are in force; of those
    /// that were written beside them it is not known any more.
    pub fn note_tried(
        &mut self,
        bundle: &Bundle,
        tried: &BTreeSet<ObjectKey>,
        written: &BTreeSet<ObjectKey>,
    ) {
        let (Reading::Known(admission), Reading::Known(Some(live))) =
            (&self.admission, &mut self.record)
        else {
            return;
        };
        let entries = &mut live.record.entries;
        for guard in bundle.guards.values() {
            let key = guard.policy.key();
            let entry = entry_key(&key, &guard.tried_field());
            let is_written = written.contains(&key) || written.contains(&guard.deny.key());
            if tried.contains(&key) {
                entries.extend(admission.get(&key).map(|live| (entry, digest(&live.uid))));
            } else if is_written {
                entries.remove(&entry);
            }
        }
    }

    /// Whether a pass that was cut off may have written it.
    pub fn is_pending(&self, object: &ObjectKey, field: &str) -> bool {
        self.our_record()
            .is_some_and(|record| record.pending.contains(&entry_key(object, field)))
    }
}
