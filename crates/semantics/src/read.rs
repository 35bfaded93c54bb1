//! Raw objects, as an API server returns them or a manifest has them, to facts.
//!
//! What an API server would refuse is left out, and is a gap; so is a field of a policy that is not
//! known, and an object of a kind of policy that is not modelled.

mod admin_policy;
mod cursor;
mod gateway;
mod ingress;
mod network_policy;
mod pod;
mod selector;
mod service;
mod slice;
mod unmodelled;
mod workload;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::labels::Labels;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::entrance_kind::GATEWAY_API;
use cofferdam_objects::keys::{MANAGED_BY, MANAGED_BY_VALUE, NAMESPACE_NAME, SOURCE};
use indexmap::IndexSet;
use ipnet::Ipv6Net;
use rustc_hash::FxBuildHasher;
use serde_json::Value;

use crate::facts::{ContainerPort, Facts, Gap, GapKind, Namespace, Node, Workload};
use crate::policy::{Policy, PolicyId, PolicyKind, Source, Stage};
use cursor::{Cursor, Note, Notes};
use workload::{Owned, Template};

/// Takes raw objects one by one, in any order, and makes facts of them.
#[derive(Debug, Default)]
pub struct Reader {
    facts: Facts,
    owned: Vec<Owned>,
    templates: Vec<Template>,
    /// Who made each object that makes pods itself.
    controllers: BTreeMap<OwnerKey, Workload>,
    labels: IndexSet<Arc<Labels>, FxBuildHasher>,
    ports: IndexSet<Arc<[ContainerPort]>, FxBuildHasher>,
    names: IndexSet<Arc<str>, FxBuildHasher>,
}

/// Namespace, kind and name of an owner of pods.
type OwnerKey = (Arc<str>, Arc<str>, Arc<str>);

/// The namespace of an object that names none.
const DEFAULT_NAMESPACE: &str = "default";

impl Reader {
    /// Has taken these objects, each by its place.
    pub fn reading(objects: impl Iterator<Item = Value>) -> Self {
        let mut reader = Self::default();
        for (place, object) in (0..).zip(objects) {
            reader.read(&object, Source(place));
        }
        reader
    }

    /// Takes an object.
    pub fn read(&mut self, object: &Value, source: Source) {
        let (group, kind) = group_and_kind(object);
        match (group, kind) {
            ("", "Namespace") => self.namespace(object, source),
            ("", "Node") => self.node(object),
            ("", "Pod") => self.pod(object, source),
            ("", "Service") => self.service(object, source),
            ("", "Endpoints") => self.endpoints(object),
            ("discovery.k8s.io", "EndpointSlice") => self.endpoint_slice(object),
            ("networking.k8s.io", "Ingress") => self.ingress(object, source),
            ("networking.k8s.io", "IngressClass") => self.ingress_class(object),
            (GATEWAY_API, _) => self.of_gateway_api(object, kind, source),
            _ if workload::template_of(group, kind, object).is_some() => {
                self.workload(object, source);
            }
            _ => match PolicyKind::of(object) {
                Some(kind) => self.policy(object, kind, source),
                None => self.other(object, group, kind, source),
            },
        }
    }

    /// Takes note of something else that stands in the way of a complete verdict.
    pub fn gap(&mut self, gap: Gap) {
        self.facts.gaps.insert(gap);
    }

    /// Takes note of something that stands in the way of telling every way in from outside, and of nothing else.
    pub fn gap_of_entrances(&mut self, gap: Gap) {
        self.facts.entrance_gaps.insert(gap);
    }

    /// The facts, once every object was taken.
    pub fn finish(mut self) -> Facts {
        self.settle_owners();
        let of_addresses = self.facts.addresses().any(|one| one.is_ipv6());
        self.facts.has_ipv6 |= of_addresses;
        let used: BTreeSet<Arc<str>> = self
            .facts
            .pods
            .iter()
            .map(|pod| Arc::clone(&pod.namespace))
            .collect();
        for name in used {
            if !self.facts.namespaces.contains_key(&name) {
                let labels = self.shared_labels(with_name(Labels::new(), &name));
                let source = None;
                self.facts
                    .namespaces
                    .insert(name, Namespace { labels, source });
            }
        }
        self.facts
            .policies
            .sort_by(|a, b| (&a.id, a.source).cmp(&(&b.id, b.source)));
        self.facts
            .pods
            .sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        self.facts
            .services
            .sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        self.facts.slices.sort();
        self.facts.entrances.sort();
        self.facts
    }

    fn namespace(&mut self, object: &Value, source: Source) {
        let name = self.name_of(object);
        let labels = with_name(pod::labels(object), &name);
        let labels = self.shared_labels(labels);
        let source = Some(source);
        self.facts
            .namespaces
            .insert(name, Namespace { labels, source });
    }

    fn node(&mut self, object: &Value) {
        let labels = self.shared_labels(pod::labels(object));
        let addresses = pod::node_addresses(object);
        let name = self.name_of(object);
        self.facts.nodes.insert(name, Node { labels, addresses });
    }

    fn policy(&mut self, object: &Value, kind: PolicyKind, source: Source) {
        let notes = RefCell::new(Notes::default());
        let name = self.name_of(object);
        let namespace = match kind {
            PolicyKind::NetworkPolicy => self.namespace_of(object),
            PolicyKind::AdminNetworkPolicy
            | PolicyKind::BaselineAdminNetworkPolicy
            | PolicyKind::ClusterNetworkPolicy => self.shared(""),
        };
        let id = PolicyId {
            kind,
            namespace,
            name,
        };
        let policy = read_policy(object, id.clone(), source, &notes);
        Cursor::of(object, "", &notes).knows(&["apiVersion", "kind", "metadata", "spec", "status"]);
        let notes = notes.into_inner();
        for Note { path, reason } in notes.doubts {
            self.gap(Gap {
                object: id.to_string(),
                reason,
                source: Some(source),
                kind: GapKind::NotUnderstood { path },
            });
        }
        let is_named = id.namespace.is_empty() || NamespaceName::parse(&id.namespace).is_ok();
        let refused = !notes.faults.is_empty() || !is_named;
        if !is_named {
            self.gap(Gap {
                object: id.to_string(),
                reason: format!(
                    "`{}` is no name of a namespace; an API server refuses it",
                    id.namespace
                ),
                source: Some(source),
                kind: GapKind::Refused {
                    path: "metadata.namespace".to_owned(),
                },
            });
        }
        for Note { path, reason } in notes.faults {
            self.gap(Gap {
                object: id.to_string(),
                reason: format!("{reason}; an API server refuses it"),
                source: Some(source),
                kind: GapKind::Refused { path },
            });
        }
        let slips = notes.slips.into();
        let policy = policy.filter(|_| !refused);
        let policy = policy.map(|policy| Policy { slips, ..policy });
        self.facts.has_ipv6 |= policy.as_ref().is_some_and(|policy| policy.names_ipv6);
        self.facts.policies.extend(policy);
    }

    fn other(&mut self, object: &Value, group: &str, kind: &str, source: Source) {
        if let Some(reason) = unmodelled::entrance(group, kind, object) {
            self.entrance_gap(object, reason, source);
        }
        let Some((reason, gap)) = unmodelled::reason(group, kind, object) else {
            return;
        };
        let name = pod::text(object, "/metadata/name");
        let object = match pod::text(object, "/metadata/namespace") {
            "" => format!("{kind}.{group}/{name}"),
            namespace => format!("{kind}.{group}/{namespace}/{name}"),
        };
        let source = Some(source);
        self.gap(Gap {
            object,
            reason,
            source,
            kind: gap,
        });
    }

    fn name_of(&mut self, object: &Value) -> Arc<str> {
        self.shared(pod::text(object, "/metadata/name"))
    }

    fn namespace_of(&mut self, object: &Value) -> Arc<str> {
        match pod::text(object, "/metadata/namespace") {
            "" => self.shared(DEFAULT_NAMESPACE),
            namespace => self.shared(namespace),
        }
    }

    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.names.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.names.insert(Arc::clone(&text));
        text
    }

    fn shared_labels(&mut self, labels: Labels) -> Arc<Labels> {
        if let Some(known) = self.labels.get(&labels) {
            return Arc::clone(known);
        }
        let labels = Arc::new(labels);
        self.labels.insert(Arc::clone(&labels));
        labels
    }
}

/// Whether a text anywhere in a value is an IPv6 block.
fn names_ipv6(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(':') && text.parse::<Ipv6Net>().is_ok(),
        Value::Array(items) => items.iter().any(names_ipv6),
        Value::Object(fields) => fields.values().any(names_ipv6),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether an object has the marks of one that was compiled from documents.
fn is_compiled(object: &Value) -> bool {
    let of = |field: &str, key: &str| {
        let metadata = object.get("metadata").and_then(|one| one.get(field));
        metadata.and_then(|one| one.get(key)?.as_str())
    };
    of("labels", MANAGED_BY) == Some(MANAGED_BY_VALUE) && of("annotations", SOURCE).is_some()
}

/// The API server sets this label on every namespace.
fn with_name(mut labels: Labels, name: &str) -> Labels {
    labels.insert(NAMESPACE_NAME.to_owned(), name.to_owned());
    labels
}

fn group_and_kind(object: &Value) -> (&str, &str) {
    let version = pod::text(object, "/apiVersion");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    (group, pod::text(object, "/kind"))
}

impl PolicyKind {
    /// The kind of an object, where that is a policy of a kind that is modelled.
    pub fn of(object: &Value) -> Option<Self> {
        match (pod::text(object, "/apiVersion"), pod::text(object, "/kind")) {
            ("networking.k8s.io/v1", "NetworkPolicy") => Some(Self::NetworkPolicy),
            ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy") => {
                Some(Self::AdminNetworkPolicy)
            }
            ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy") => {
                Some(Self::BaselineAdminNetworkPolicy)
            }
            ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy") => {
                Some(Self::ClusterNetworkPolicy)
            }
            _ => None,
        }
    }
}

fn read_policy(
    object: &Value,
    id: PolicyId,
    source: Source,
    notes: &RefCell<Notes>,
) -> Option<Policy> {
    let empty_spec = &Value::Object(serde_json::Map::new());
    let spec = object.get("spec").filter(|spec| !spec.is_null());
    // Without a spec, a NetworkPolicy selects every pod of its namespace, as one with an empty spec does.
    let at = Cursor::of(spec.unwrap_or(empty_spec), "spec", notes);
    if id.kind == PolicyKind::NetworkPolicy {
        let spec = network_policy::spec(&at, &id.namespace);
        let stage = Stage::Namespaced;
        let (subject, ingress, egress) = (spec.subject, spec.ingress, spec.egress);
        return Some(Policy {
            id,
            source,
            stage,
            subject,
            ingress,
            egress,
            names_ipv6: names_ipv6(object),
            is_compiled: is_compiled(object),
            slips: Box::default(),
        });
    }
    let spec = admin_policy::spec(&at, id.kind, &id.name)?;
    let some = |rules: Vec<_>| (!rules.is_empty()).then_some(rules);
    Some(Policy {
        id,
        source,
        stage: spec.stage,
        subject: spec.subject,
        ingress: some(spec.ingress),
        egress: some(spec.egress),
        names_ipv6: names_ipv6(object),
        is_compiled: is_compiled(object),
        slips: Box::default(),
    })
}
