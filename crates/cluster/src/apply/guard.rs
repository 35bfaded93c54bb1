//! Admission policies and bindings on their way out and back.
//!
//! One that exists is replaced by an update and not by an apply: its variables and match conditions are
//! lists that an apply merges, and what somebody added to them, such as a condition that never holds, would
//! stay.

use cofferdam_objects::admission::{ADMISSION_VERSION, AdmissionKind, AdmissionObject};
use cofferdam_objects::compare::differences;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::keys::FIELD_MANAGER;
use cofferdam_state::observed::LiveAdmission;
use cofferdam_state::plan::Expected;
use http::Method;
use serde_json::{Value, json};

use super::{Writes, Written, gone, name_taken};
use crate::error::{Category, Error};
use crate::record::guard;
use crate::request::{APPLY, Call, Connection, JSON};

impl Connection {
    pub(super) async fn create_guard(&self, object: &AdmissionObject) -> Result<Written, Error> {
        let what = format!("create {}", object.key());
        let mut body = object.manifest();
        if let Some(metadata) = body.get_mut("metadata") {
            guard(metadata, None);
        }
        let url = path(object.kind, &object.name);
        let url = format!("{url}?fieldManager={FIELD_MANAGER}&force=true");
        let call = Call::with_body(Method::PATCH, url, APPLY, &body, what.clone());
        let taken = |error| name_taken(error, object.kind.as_str());
        let live: Value = self.fetch(call).await.map_err(taken)?;
        self.verified(&what, &found(object, &live), &live)
    }

    pub(super) async fn replace_guard(
        &self,
        object: &AdmissionObject,
        expected: &Expected,
        writes: &Writes,
    ) -> Result<Written, Error> {
        let what = format!("replace {}", object.key());
        let (uid, version) = match expected {
            Expected::Seen {
                uid,
                resource_version,
            } => (uid, resource_version),
            Expected::Written => self.written(&object.key(), writes, &what)?,
        };
        let mut body = object.manifest();
        if let Some(metadata) = body.get_mut("metadata") {
            guard(metadata, Some((uid, version)));
        }
        let url = path(object.kind, &object.name);
        let url = format!("{url}?fieldManager={FIELD_MANAGER}");
        let call = Call::with_body(Method::PUT, url, JSON, &body, what.clone());
        let live: Value = self.fetch(call).await?;
        self.verified(&what, &found(object, &live), &live)
    }

    /// Deletes a policy or binding as it was seen.
    pub async fn remove_guard(&self, key: &ObjectKey, live: &LiveAdmission) -> Result<(), Error> {
        let Kind::Admission(kind) = key.kind else {
            return Ok(());
        };
        let state = (live.uid.as_str(), live.resource_version.as_str());
        self.delete_guard(key, kind, state).await.map(drop)
    }

    pub(super) async fn delete_guard(
        &self,
        key: &ObjectKey,
        kind: AdmissionKind,
        (uid, version): (&str, &str),
    ) -> Result<Written, Error> {
        let body = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid, "resourceVersion": version},
        });
        let what = format!("delete {key}");
        let call = Call::with_body(Method::DELETE, path(kind, &key.name), JSON, &body, what);
        match self.fetch::<Value>(call).await {
            Ok(_) => Ok(gone(uid)),
            Err(error) if error.is(Category::NotFound) => Ok(gone(uid)),
            Err(error) => Err(error),
        }
    }
}

fn path(kind: AdmissionKind, name: &str) -> String {
    format!("/apis/{ADMISSION_VERSION}/{}/{name}", kind.plural())
}

fn found(object: &AdmissionObject, live: &Value) -> Vec<String> {
    let wanted = object.manifest();
    let part = |of: &Value, path: &str| of.pointer(path).cloned().unwrap_or_default();
    let spec = differences("spec", &object.spec, &part(live, "/spec"));
    let mut found: Vec<String> = spec.into_iter().map(|one| one.path).collect();
    for field in ["labels", "annotations"] {
        let path = format!("/metadata/{field}");
        let wanted = part(&wanted, &path);
        let live = part(live, &path);
        let wanted = wanted.as_object().into_iter().flatten();
        let other = wanted.filter(|(key, value)| live.get(key) != Some(value));
        found.extend(other.map(|(key, _)| format!("metadata.{field}.{key}")));
    }
    found
}
