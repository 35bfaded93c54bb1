//! Steps as an API server carries them out for the edge: bound to the state that the plan saw.

use std::collections::BTreeMap;

use cofferdam_model::labels::Labels;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::FIELD_MANAGER;
use cofferdam_objects::live_spec::LiveSpec;
use cofferdam_objects::managed_fields::ManagedFields;
use cofferdam_state::observed::{LiveNamespace, LivePolicy};
use cofferdam_state::plan::{Action, LabelPatch, TaintPatch};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::Value;

use crate::cluster::{Cluster, owned};
use crate::managed_fields::{claim, held, release};

/// Policies and guard rails that a pass wrote: UID and resource version.
pub type Writes = BTreeMap<ObjectKey, (String, String)>;

pub(crate) const NOT_WRITTEN: &str = "this pass did not write it";
pub(crate) const STALE: &str = "it is not as it was when the plan was made";

impl Cluster {
    /// Carries out a step, or says why the server refuses it; then nothing has changed.
    pub fn execute(&mut self, action: &Action, writes: &mut Writes) -> Result<(), String> {
        match action {
            Action::CreateNamespace { name, labels } => self.create_namespace(name, labels),
            Action::PatchNamespace { name, labels, .. } if self.refuses_enforcing(name, labels) => {
                Err("pods there would be refused".to_owned())
            }
            Action::PatchNamespace { name, uid, labels } => {
                let now = self.now();
                let live = self.namespaces.get_mut(name).ok_or(STALE)?;
                unchanged(&live.uid, uid, labels, &live.labels)?;
                write_labels(labels, &now, &mut live.labels, &mut live.managed_fields);
                Ok(())
            }
            Action::PatchNode {
                name,
                uid,
                labels,
                taints,
            } => self.patch_node((name, uid), labels, taints.as_ref()),
            Action::CreatePolicy { object } => {
                let key = key_of(object);
                if self.policies.contains_key(&key) {
                    return Err("the name is taken".to_owned());
                }
                self.apply_policy(object)?;
                self.note_written(&key, writes);
                Ok(())
            }
            Action::ReplacePolicy {
                object,
                uid,
                resource_version,
            } => {
                let key = key_of(object);
                self.expect_policy(&key, uid, resource_version)?;
                self.apply_policy(object)?;
                self.note_written(&key, writes);
                Ok(())
            }
            Action::DeletePolicy {
                namespace,
                name,
                uid,
                resource_version,
            } => self.delete_policy(&(namespace.clone(), name.clone()), uid, resource_version),
            Action::ReleasePolicy {
                namespace,
                name,
                uid,
                labels,
            } => {
                let key = (namespace.clone(), name.clone());
                self.release_policy(&key, uid, labels)
            }
            Action::DeleteOpened { namespace, name } => {
                let key = ObjectKey::policy(namespace, name);
                let (uid, version) = writes.get(&key).ok_or(NOT_WRITTEN)?;
                self.delete_policy(&(namespace.clone(), name.clone()), uid, version)
            }
            Action::CreateGuard { .. }
            | Action::ReplaceGuard { .. }
            | Action::DeleteGuard { .. } => self.execute_guard(action, writes),
        }
    }

    fn patch_node(
        &mut self,
        (name, uid): (&str, &str),
        labels: &LabelPatch,
        taints: Option<&TaintPatch>,
    ) -> Result<(), String> {
        let now = self.now();
        let live = self.nodes.get_mut(name).ok_or(STALE)?;
        unchanged(&live.uid, uid, labels, &live.labels)?;
        if let Some(taints) = taints {
            if live.taints != taints.old {
                return Err(STALE.to_owned());
            }
            live.taints.clone_from(&taints.new);
            let by = (FIELD_MANAGER, now.as_str());
            claim(&mut live.managed_fields, by, &["spec", "taints"]);
        }
        write_labels(labels, &now, &mut live.labels, &mut live.managed_fields);
        Ok(())
    }

    fn create_namespace(&mut self, name: &str, labels: &Labels) -> Result<(), String> {
        if self.namespaces.contains_key(name) {
            return Err("the name is taken".to_owned());
        }
        self.add_namespace(name, &[]);
        let now = self.now();
        if let Some(live) = self.namespaces.get_mut(name) {
            for (key, value) in labels {
                live.labels.insert(key.clone(), value.clone());
                let path = ["metadata", "labels", key];
                claim(&mut live.managed_fields, (FIELD_MANAGER, &now), &path);
            }
        }
        Ok(())
    }

    /// Writes the whole object as a forced server-side apply does: fields that only we held and that
    /// are not applied any more go, what others added beside them stays.
    fn apply_policy(&mut self, object: &NetworkPolicy) -> Result<(), String> {
        let key = key_of(object);
        let usable = |live: &LiveNamespace| !live.terminating;
        if !self.namespaces.get(&key.0).is_some_and(usable) {
            return Err("the namespace takes no objects".to_owned());
        }
        let resource_version = self.tick();
        let now = self.now();
        let mut live = self.policies.remove(&key).unwrap_or_else(|| LivePolicy {
            uid: resource_version.clone(),
            resource_version: String::new(),
            labels: owned([]),
            annotations: owned([]),
            spec: LiveSpec::default(),
            terminating: false,
            managed_fields: ManagedFields::default(),
        });
        live.resource_version = resource_version;
        let spec = serde_json::to_value(&object.spec).map_err(|e| e.to_string())?;
        live.spec = stored(spec).into();
        let by = (FIELD_MANAGER, now.as_str());
        for (field, wanted, labels) in [
            ("labels", &object.metadata.labels, &mut live.labels),
            (
                "annotations",
                &object.metadata.annotations,
                &mut live.annotations,
            ),
        ] {
            for key in held(&live.managed_fields, FIELD_MANAGER, &["metadata", field]) {
                labels.remove(&key);
                release(&mut live.managed_fields, &["metadata", field, &key]);
            }
            for (key, value) in wanted.iter().flatten() {
                labels.insert(key.clone(), value.clone());
                claim(&mut live.managed_fields, by, &["metadata", field, key]);
            }
        }
        for field in ["podSelector", "policyTypes", "ingress", "egress"] {
            claim(&mut live.managed_fields, by, &["spec", field]);
        }
        self.policies.insert(key, live);
        Ok(())
    }

    fn note_written(&self, key: &(String, String), writes: &mut Writes) {
        if let Some(live) = self.policies.get(key) {
            let state = (live.uid.clone(), live.resource_version.clone());
            writes.insert(ObjectKey::policy(&key.0, &key.1), state);
        }
    }

    fn delete_policy(
        &mut self,
        key: &(String, String),
        uid: &str,
        resource_version: &str,
    ) -> Result<(), String> {
        // What is gone already needs no deletion.
        if self.policies.contains_key(key) {
            self.expect_policy(key, uid, resource_version)?;
            self.policies.remove(key);
        }
        Ok(())
    }

    fn release_policy(
        &mut self,
        key: &(String, String),
        uid: &str,
        labels: &LabelPatch,
    ) -> Result<(), String> {
        let (now, version) = (self.now(), self.tick());
        let live = self.policies.get_mut(key).ok_or(STALE)?;
        unchanged(&live.uid, uid, labels, &live.labels)?;
        write_labels(labels, &now, &mut live.labels, &mut live.managed_fields);
        live.resource_version = version;
        Ok(())
    }

    fn expect_policy(
        &self,
        key: &(String, String),
        uid: &str,
        resource_version: &str,
    ) -> Result<(), String> {
        let same =
            |live: &&LivePolicy| live.uid == uid && live.resource_version == resource_version;
        let live = self.policies.get(key).filter(same);
        live.map(|_| ()).ok_or_else(|| STALE.to_owned())
    }
}

fn key_of(object: &NetworkPolicy) -> (String, String) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    (
        text(&object.metadata.namespace),
        text(&object.metadata.name),
    )
}

/// The tests of a JSON patch: the UID, and the old value of each key.
fn unchanged(live_uid: &str, uid: &str, patch: &LabelPatch, live: &Labels) -> Result<(), String> {
    let same = patch
        .changes
        .iter()
        .all(|change| live.get(&change.key) == change.old.as_ref());
    // Where there were no labels at all, the whole map is tested, by who adds to it.
    let adds = patch.changes.iter().any(|change| change.new.is_some());
    let as_empty = patch.has_labels || !adds || live.is_empty();
    if live_uid == uid && same && as_empty {
        Ok(())
    } else {
        Err(STALE.to_owned())
    }
}

fn write_labels(patch: &LabelPatch, now: &str, labels: &mut Labels, holders: &mut ManagedFields) {
    for change in &patch.changes {
        let field = ["metadata", "labels", change.key.as_str()];
        if let Some(value) = &change.new {
            labels.insert(change.key.clone(), value.clone());
            claim(holders, (FIELD_MANAGER, now), &field);
        } else {
            labels.remove(&change.key);
            release(holders, &field);
        }
    }
}

/// A spec as the server gives it back: empty lists of rules are left out.
pub(crate) fn stored(mut spec: Value) -> Value {
    if let Value::Object(fields) = &mut spec {
        let empty = |rules: &Value| rules.as_array().is_some_and(Vec::is_empty);
        fields.retain(|_, rules| !empty(rules));
    }
    spec
}
