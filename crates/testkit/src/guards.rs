//! Guard rails as an API server keeps them; they are in force at once, and refuse nothing here.

use cofferdam_objects::admission::AdmissionObject;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::managed_fields::ManagedFields;
use cofferdam_state::observed::LiveAdmission;
use cofferdam_state::plan::{Action, Expected};
use serde_json::json;

use crate::cluster::Cluster;
use crate::execute::{NOT_WRITTEN, STALE, Writes};

impl Cluster {
    /// Carries out a step about a guard rail; any other is refused.
    pub(crate) fn execute_guard(
        &mut self,
        action: &Action,
        writes: &mut Writes,
    ) -> Result<(), String> {
        let key = action.object();
        match action {
            Action::CreateGuard { object } => {
                if self.admission.contains_key(&key) {
                    return Err("the name is taken".to_owned());
                }
                self.write_guard(object, writes);
            }
            Action::ReplaceGuard { object, expected } => {
                let state = match expected {
                    Expected::Seen {
                        uid,
                        resource_version,
                    } => (uid.clone(), resource_version.clone()),
                    Expected::Written => writes.get(&key).ok_or(NOT_WRITTEN)?.clone(),
                };
                self.expect_guard(&key, &state)?;
                self.write_guard(object, writes);
            }
            Action::DeleteGuard {
                uid,
                resource_version,
                ..
            } => {
                // What is gone already needs no deletion.
                if self.admission.contains_key(&key) {
                    self.expect_guard(&key, &(uid.clone(), resource_version.clone()))?;
                    self.admission.remove(&key);
                }
            }
            Action::CreateNamespace { .. }
            | Action::PatchNamespace { .. }
            | Action::PatchNode { .. }
            | Action::CreatePolicy { .. }
            | Action::ReplacePolicy { .. }
            | Action::DeletePolicy { .. }
            | Action::ReleasePolicy { .. }
            | Action::DeleteOpened { .. } => return Err("it is no guard rail".to_owned()),
        }
        Ok(())
    }

    pub(crate) fn lose_guard(&mut self, place: usize) {
        if let Some(key) = self.guard_at(place) {
            self.admission.remove(&key);
        }
    }

    /// A binding notes only; a policy has a condition that never holds.
    pub(crate) fn weaken_guard(&mut self, place: usize) {
        let version = self.tick();
        let key = self.guard_at(place);
        let Some(live) = key.and_then(|key| self.admission.get_mut(&key)) else {
            return;
        };
        live.resource_version = version;
        let never = json!([{ "name": "never", "expression": "false" }]);
        if let Some(actions) = live.spec.get_mut("validationActions") {
            *actions = json!(["Audit", "Warn"]);
        } else if let Some(spec) = live.spec.as_object_mut() {
            spec.insert("matchConditions".to_owned(), never);
        }
    }

    fn guard_at(&self, place: usize) -> Option<ObjectKey> {
        let count = self.admission.len().max(1);
        self.admission.keys().nth(place % count).cloned()
    }

    fn expect_guard(&self, key: &ObjectKey, state: &(String, String)) -> Result<(), String> {
        let live = self.admission.get(key).ok_or(STALE)?;
        let same = live.uid == state.0 && live.resource_version == state.1;
        if same { Ok(()) } else { Err(STALE.to_owned()) }
    }

    /// Writes a guard rail whole; it is in force at once.
    fn write_guard(&mut self, object: &AdmissionObject, writes: &mut Writes) {
        let resource_version = self.tick();
        let before = self.admission.get(&object.key());
        let uid = before.map_or_else(|| resource_version.clone(), |live| live.uid.clone());
        let live = LiveAdmission {
            uid: uid.clone(),
            resource_version: resource_version.clone(),
            labels: object.labels.clone(),
            annotations: object.annotations.clone(),
            spec: object.spec.clone(),
            managed_fields: ManagedFields::default(),
        };
        self.admission.insert(object.key(), live);
        writes.insert(object.key(), (uid, resource_version));
    }
}
