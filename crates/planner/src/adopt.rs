//! What exists and could be taken over by name: it stands where the bundle asks for something of ours.

use cofferdam_model::cluster::Delivery;
use cofferdam_model::labels::Labels;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::node_pool::ManageTaint;
use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::managed_fields::{ManagedFields, is_held_by_us};
use cofferdam_state::observed::told_unknowns;
use cofferdam_state::plan::{label_field, taint_field};
use serde_json::Value;

use crate::findings::taint_text;
use crate::guards::{GuardState, is_served, live, object_differences, state};
use crate::pools::{PooledNode, nodes, taint_of};
use crate::view::{KeyState, PolicyState, View, policy_differences};

/// An object, or keys of a shared one, that the bundle asks for and the record does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoptable {
    /// The object.
    pub object: ObjectKey,
    /// Its UID.
    pub uid: String,
    /// What of it could be taken over.
    pub parts: Vec<Part>,
}

/// What is taken over as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field under which a record holds it; empty for the whole object.
    pub field: String,
    /// The key of a label or taint; none for the whole object.
    pub key: Option<String>,
    /// How it differs from what the bundle asks for; empty where it does not.
    pub fields: Vec<Difference>,
}

/// Everything that could be taken over, or every reason why that cannot be told.
///
/// Beside what others hold these are, for a lost record, keys that are as wanted and that only we have written.
pub fn adoptable(view: &View<'_>) -> Result<Vec<Adoptable>, Vec<String>> {
    let unknown = told_unknowns(&view.observed.unknowns());
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let mut found = Vec::new();
    // What a GitOps controller applies, we keep no record of.
    if view.delivery == Delivery::Push {
        found.extend(policies(view));
        found.extend(namespaces(view));
    }
    found.extend(nodes(view).filter_map(|node| of_node(view, &node)));
    found.extend(guards(view));
    found.sort_by(|a, b| a.object.cmp(&b.object));
    Ok(found)
}

fn policies(view: &View<'_>) -> Vec<Adoptable> {
    let live = view.observed.policies.known();
    let wanted = view.bundle.policies.iter();
    let taken = wanted.filter_map(|((namespace, name), wanted)| {
        let live = live?.get(&(namespace.to_string(), name.clone()))?;
        let state = view.policy_state(namespace.as_str(), name, wanted);
        let ours = match state {
            PolicyState::Impostor => true,
            PolicyState::NameTaken => !view.is_labels_only(namespace),
            PolicyState::Missing
            | PolicyState::InSync
            | PolicyState::Changed(_)
            | PolicyState::Remade(_)
            | PolicyState::Terminating => false,
        };
        (ours && !live.terminating).then(|| Adoptable {
            object: ObjectKey::policy(namespace.as_str(), name),
            uid: live.uid.clone(),
            parts: vec![whole(policy_differences(&wanted.object, live))],
        })
    });
    taken.collect()
}

fn namespaces(view: &View<'_>) -> Vec<Adoptable> {
    let wanted = view.bundle.namespaces.iter();
    let found = wanted.filter_map(|(name, wanted)| {
        let live = view
            .namespace(name.as_str())
            .filter(|live| !live.terminating)?;
        let object = ObjectKey::namespace(name.as_str());
        let shared = Shared {
            view,
            object: &object,
            uid: &live.uid,
            labels: &live.labels,
            managed_fields: &live.managed_fields,
        };
        let asked = wanted.labels.iter().map(|label| (label, true));
        let if_absent = wanted.labels_if_absent.iter().map(|label| (label, false));
        let parts = asked
            .chain(if_absent)
            .filter_map(|((key, value), always)| shared.label(key, value, always));
        of_parts(&object, &live.uid, parts.collect())
    });
    found.collect()
}

fn of_node(view: &View<'_>, node: &PooledNode<'_>) -> Option<Adoptable> {
    let [pool] = node.pools.as_slice() else {
        return None;
    };
    let shared = Shared {
        view,
        object: &node.object,
        uid: &node.live.uid,
        labels: &node.live.labels,
        managed_fields: &node.live.managed_fields,
    };
    let (key, value) = &pool.label;
    let mut parts: Vec<Part> = shared.label(key, value, true).into_iter().collect();
    let taint = taint_of(pool);
    let field = taint_field(&taint);
    let patched = pool.manages(&node.live.labels) == ManageTaint::Patch;
    if view.bundle.is_pool_tainted(pool) && patched {
        let fields = match node.taint_state(pool) {
            KeyState::Conflict => Some(vec![Difference {
                path: "spec.taints".to_owned(),
                want: Some(Value::String(taint_text(&taint))),
                have: node
                    .taint_found(pool)
                    .map(|one| Value::String(taint_text(one))),
            }]),
            KeyState::InSync if is_held_by_us(&node.live.managed_fields, &["spec", "taints"]) => {
                Some(Vec::new())
            }
            KeyState::InSync | KeyState::Missing | KeyState::Changed => None,
        };
        let fields = fields.filter(|_| !node.is_recorded(&field));
        parts.extend(fields.map(|fields| Part {
            field,
            key: Some(taint.key),
            fields,
        }));
    }
    of_parts(&node.object, &node.live.uid, parts)
}

fn guards(view: &View<'_>) -> Vec<Adoptable> {
    let guards = view
        .bundle
        .guards
        .values()
        .filter(|guard| is_served(view, guard));
    let objects = guards.flat_map(|guard| [&guard.policy, guard.binding(guard.level)]);
    let taken = objects.filter(|object| state(view, object) == GuardState::Taken);
    let found = taken.filter_map(|wanted| {
        let live = live(view, &wanted.key())?;
        Some(Adoptable {
            object: wanted.key(),
            uid: live.uid.clone(),
            parts: vec![whole(object_differences(wanted, live))],
        })
    });
    found.collect()
}

/// A shared object of which keys could be taken over.
struct Shared<'a> {
    view: &'a View<'a>,
    object: &'a ObjectKey,
    uid: &'a str,
    labels: &'a Labels,
    managed_fields: &'a ManagedFields,
}

impl Shared<'_> {
    /// A label that others hold with another value, unless it is asked for only where it is absent; or one that
    /// is as wanted, and that we wrote.
    fn label(&self, key: &str, wanted: &str, always: bool) -> Option<Part> {
        let live = self.labels.get(key)?;
        let field = label_field(key);
        if self
            .view
            .observed
            .is_recorded(self.object, &field, self.uid)
        {
            return None;
        }
        let path = ["metadata", "labels", key];
        let as_wanted = live == wanted;
        let restores = as_wanted && is_held_by_us(self.managed_fields, &path);
        let conflicts = !as_wanted && always;
        (restores || conflicts).then(|| Part {
            field,
            key: Some(key.to_owned()),
            fields: if as_wanted {
                Vec::new()
            } else {
                vec![Difference {
                    path: format!("metadata.labels[{key}]"),
                    want: Some(Value::String(wanted.to_owned())),
                    have: Some(Value::String(live.clone())),
                }]
            },
        })
    }
}

fn whole(fields: Vec<Difference>) -> Part {
    Part {
        field: String::new(),
        key: None,
        fields,
    }
}

fn of_parts(object: &ObjectKey, uid: &str, parts: Vec<Part>) -> Option<Adoptable> {
    (!parts.is_empty()).then(|| Adoptable {
        object: object.clone(),
        uid: uid.to_owned(),
        parts,
    })
}

/// Why an object, given as `Kind/[namespace/]name`, could not be taken over although it is there; none where it is
/// not there.
pub fn why_not(view: &View<'_>, object: &str) -> Option<String> {
    let policies = view.policies().map(|((namespace, name), _)| {
        let asked = NamespaceName::parse(namespace).is_ok_and(|namespace| {
            view.bundle
                .policies
                .contains_key(&(namespace, name.clone()))
        });
        (ObjectKey::policy(namespace, name), asked)
    });
    let namespaces = view.observed.namespaces.known().into_iter().flatten();
    let namespaces = namespaces.map(|(name, _)| {
        (
            ObjectKey::namespace(name),
            view.wanted_namespace(name).is_some(),
        )
    });
    let nodes = nodes(view).map(|node| (node.object.clone(), !node.pools.is_empty()));
    let admission = view.observed.admission.known().into_iter().flatten();
    let admission =
        admission.map(|(key, _)| (key.clone(), view.bundle.guards.contains_key(&key.name)));
    let mut all = policies.chain(namespaces).chain(nodes).chain(admission);
    let (_, asked) = all.find(|(key, _)| key.to_string() == object)?;
    Some(if asked {
        "nothing of it is held by others: there is nothing to take over".to_owned()
    } else {
        "the bundle of this cluster asks for nothing there: only what it asks for can be taken over"
            .to_owned()
    })
}
