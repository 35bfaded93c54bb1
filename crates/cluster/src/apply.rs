//! Carrying out the steps of a plan, each bound to the state that the plan saw.

mod guard;
mod patch;
mod policy;
mod verify;

pub(crate) use patch::escape;

use std::collections::BTreeMap;

use cofferdam_model::labels::Labels;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::FIELD_MANAGER;
use cofferdam_state::plan::{Action, LabelPatch, Step, TaintPatch};
use http::Method;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::error::{Category, Error};
use crate::lease::Held;
use crate::record::guard;
use crate::request::{APPLY, Call, Connection, JSON, JSON_PATCH};

/// An object as a write left it; the resource version is empty after a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its UID.
    pub uid: String,
    /// Its resource version.
    pub resource_version: String,
}

/// Policies and guard rails as this pass wrote them.
pub type Writes = BTreeMap<ObjectKey, Written>;

/// A policy in one state.
struct Exactly<'a> {
    namespace: &'a str,
    name: &'a str,
    uid: &'a str,
    resource_version: &'a str,
}

/// A shared object of which single keys are changed.
struct Shared<'a> {
    kind: &'static str,
    plural: &'static str,
    name: &'a str,
    uid: &'a str,
}

impl Connection {
    /// Carries out a step while the lease holds, and compares what the server returns.
    pub async fn execute(
        &self,
        step: &Step,
        writes: &Writes,
        lease: &Held,
    ) -> Result<Written, Error> {
        let left = lease.remaining().await?;
        let write = Box::pin(self.write(&step.action, writes));
        if let Ok(result) = tokio::time::timeout(left, write).await {
            return result;
        }
        let what = format!("cannot write {}", step.action.object());
        let why = "the lease ran out before the server answered";
        Err(self.error(Category::LeaseLost, what, why))
    }

    /// Has the server try the write of a node, and keep nothing of it.
    pub async fn rehearse(&self, action: &Action) -> Result<(), Error> {
        let Action::PatchNode {
            name,
            uid,
            labels,
            taints,
        } = action
        else {
            return Ok(());
        };
        let body = patch::operations(uid, labels, taints.as_ref());
        let url = format!("/api/v1/nodes/{name}?dryRun=All&fieldManager={FIELD_MANAGER}");
        let call = Call::with_body(
            Method::PATCH,
            url,
            JSON_PATCH,
            &body,
            format!("patch Node {name}"),
        );
        self.fetch::<IgnoredAny>(call).await.map(drop)
    }

    async fn write(&self, action: &Action, writes: &Writes) -> Result<Written, Error> {
        match action {
            Action::CreateNamespace { name, labels } => self.create_namespace(name, labels).await,
            Action::PatchNamespace { name, uid, labels } => {
                let shared = Shared {
                    kind: "Namespace",
                    plural: "namespaces",
                    name,
                    uid,
                };
                self.patch(&shared, labels, None).await
            }
            Action::PatchNode {
                name,
                uid,
                labels,
                taints,
            } => self.patch(&node(name, uid), labels, taints.as_ref()).await,
            Action::CreatePolicy { object } => self.apply_policy(object, None).await,
            Action::ReplacePolicy {
                object,
                uid,
                resource_version,
            } => {
                self.apply_policy(object, Some((uid, resource_version)))
                    .await
            }
            Action::DeletePolicy {
                namespace,
                name,
                uid,
                resource_version,
            } => {
                self.delete_policy(&Exactly {
                    namespace,
                    name,
                    uid,
                    resource_version,
                })
                .await
            }
            Action::ReleasePolicy {
                namespace,
                name,
                uid,
                labels,
            } => self.release_policy((namespace, name), uid, labels).await,
            Action::CreateGuard { object } => self.create_guard(object).await,
            Action::ReplaceGuard { object, expected } => {
                self.replace_guard(object, expected, writes).await
            }
            Action::DeleteGuard {
                kind,
                uid,
                resource_version,
                ..
            } => {
                let state = (uid.as_str(), resource_version.as_str());
                self.delete_guard(&action.object(), *kind, state).await
            }
            Action::DeleteOpened { namespace, name } => {
                self.delete_opened(namespace, name, writes).await
            }
        }
    }

    async fn create_namespace(&self, name: &str, labels: &Labels) -> Result<Written, Error> {
        let what = format!("create namespace {name}");
        let url = format!("/api/v1/namespaces/{name}?fieldManager={FIELD_MANAGER}&force=true");
        let mut metadata = json!({"name": name, "labels": labels});
        guard(&mut metadata, None);
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        let call = Call::with_body(Method::PATCH, url, APPLY, &body, what.clone());
        let live: Value = self
            .fetch(call)
            .await
            .map_err(|e| name_taken(e, "namespace"))?;
        self.verified(&what, &verify::labels(labels, &live), &live)
    }

    async fn patch(
        &self,
        shared: &Shared<'_>,
        labels: &LabelPatch,
        taints: Option<&TaintPatch>,
    ) -> Result<Written, Error> {
        let Shared {
            kind,
            plural,
            name,
            uid,
        } = shared;
        let what = format!("patch {kind} {name}");
        let body = patch::operations(uid, labels, taints);
        if *kind == "Namespace" {
            self.recheck_enforce(name, labels, &body).await?;
        }
        let path = format!("/api/v1/{plural}/{name}");
        let live = self.patched(&path, &body, &what).await?;
        let mut differences = verify::changes(&labels.changes, &live);
        differences.extend(taints.and_then(|taints| verify::taints(&taints.new, &live)));
        self.verified(&what, &differences, &live)
    }

    /// The object as a JSON patch left it.
    async fn patched(&self, path: &str, body: &Value, what: &str) -> Result<Value, Error> {
        let url = format!("{path}?fieldManager={FIELD_MANAGER}");
        let call = Call::with_body(Method::PATCH, url, JSON_PATCH, body, what.to_owned());
        self.fetch(call).await.map_err(|error| {
            // A failed test is answered 422 without saying which.
            if error.is(Category::Invalid) {
                let why = "it is not as it was when the plan was made";
                self.error(Category::Conflict, format!("cannot {what}"), why)
                    .with_hint("plan again")
            } else {
                error
            }
        })
    }

    async fn apply_policy(
        &self,
        object: &NetworkPolicy,
        expected: Option<(&str, &str)>,
    ) -> Result<Written, Error> {
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let verb = if expected.is_some() {
            "replace"
        } else {
            "create"
        };
        let what = format!("{verb} NetworkPolicy {namespace}/{name}");
        let failed = |error: serde_json::Error| {
            self.error(Category::Other, what.as_str(), error.to_string())
        };
        let body = policy::body(object, expected).map_err(failed)?;
        let path = policy_path(namespace, name);
        let path = format!("{path}?fieldManager={FIELD_MANAGER}&force=true");
        let call = Call::new(Method::PATCH, path, APPLY, body, what.clone());
        let live: policy::Returned = self.fetch(call).await.map_err(|error| match expected {
            None => name_taken(error, "NetworkPolicy"),
            Some(_) => error,
        })?;
        let found = live.differences(object);
        self.without_difference(&what, &found)?;
        Ok(live.into_written())
    }

    async fn release_policy(
        &self,
        (namespace, name): (&str, &str),
        uid: &str,
        labels: &LabelPatch,
    ) -> Result<Written, Error> {
        let what = format!("patch NetworkPolicy {namespace}/{name}");
        let body = patch::operations(uid, labels, None);
        let path = policy_path(namespace, name);
        let live = self.patched(&path, &body, &what).await?;
        self.verified(&what, &verify::changes(&labels.changes, &live), &live)
    }

    async fn delete_policy(&self, target: &Exactly<'_>) -> Result<Written, Error> {
        let what = format!("delete NetworkPolicy {}/{}", target.namespace, target.name);
        let body = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": target.uid, "resourceVersion": target.resource_version},
        });
        let url = policy_path(target.namespace, target.name);
        let call = Call::with_body(Method::DELETE, url, JSON, &body, what.clone());
        match self.fetch::<Value>(call).await {
            Ok(left) if left.pointer("/metadata/finalizers").is_some() => {
                let why = "it stays until its finalizers are removed";
                Err(self.error(Category::Differs, format!("cannot {what}"), why))
            }
            Ok(_) => Ok(gone(target.uid)),
            Err(error) if error.is(Category::NotFound) => Ok(gone(target.uid)),
            Err(error) => Err(error),
        }
    }

    async fn delete_opened(
        &self,
        namespace: &str,
        name: &str,
        writes: &Writes,
    ) -> Result<Written, Error> {
        let what = format!("delete NetworkPolicy {namespace}/{name}");
        let key = ObjectKey::policy(namespace, name);
        let (uid, resource_version) = self.written(&key, writes, &what)?;
        self.delete_policy(&Exactly {
            namespace,
            name,
            uid,
            resource_version,
        })
        .await
    }

    /// UID and resource version of an object that this very pass wrote.
    fn written<'a>(
        &self,
        key: &ObjectKey,
        writes: &'a Writes,
        what: &str,
    ) -> Result<(&'a String, &'a String), Error> {
        let Some(written) = writes.get(key) else {
            let why = "this pass did not write it";
            return Err(self.error(Category::Conflict, format!("cannot {what}"), why));
        };
        Ok((&written.uid, &written.resource_version))
    }

    fn verified(&self, what: &str, differences: &[String], live: &Value) -> Result<Written, Error> {
        self.without_difference(what, differences)?;
        let text = |key: &str| {
            let value = live.pointer(key).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        Ok(Written {
            uid: text("/metadata/uid"),
            resource_version: text("/metadata/resourceVersion"),
        })
    }

    fn without_difference(&self, what: &str, differences: &[String]) -> Result<(), Error> {
        if differences.is_empty() {
            return Ok(());
        }
        let what = format!("could not {what} as wanted");
        let why = format!("the server left a difference in {}", differences.join(", "));
        let hint = "look for a mutating webhook or another writer";
        Err(self.error(Category::Differs, what, why).with_hint(hint))
    }
}

fn policy_path(namespace: &str, name: &str) -> String {
    format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}")
}

fn node<'a>(name: &'a str, uid: &'a str) -> Shared<'a> {
    Shared {
        kind: "Node",
        plural: "nodes",
        name,
        uid,
    }
}

fn gone(uid: &str) -> Written {
    Written {
        uid: uid.to_owned(),
        resource_version: String::new(),
    }
}

fn name_taken(error: Error, kind: &str) -> Error {
    if error.is(Category::Conflict) {
        error.with_hint(format!(
            "a {kind} of that name exists that is not ours; delete it or give it another name, then apply again"
        ))
    } else {
        error
    }
}
