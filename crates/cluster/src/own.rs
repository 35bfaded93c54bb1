//! What we keep in a cluster for ourselves, on its way out: record, and our two namespaces.

use std::collections::BTreeSet;

use cofferdam_objects::keys::{PROBE_NAMESPACE, RECORD_NAME, SYSTEM_NAMESPACE};
use cofferdam_state::observed::LiveRecord;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Category, Error};
use crate::record::path as record_path;
use crate::request::{Call, Connection, JSON};

const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
const METADATA_ONLY: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// What became of a namespace of our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnNamespace {
    /// It is not there, or is being deleted.
    Gone,
    /// It holds what is not ours, as `kind/name`, and stays.
    Holds(Vec<String>),
}

/// What every namespace holds, and what `cofferdam rbac` puts there: kind in the plural, and name.
const EXPECTED: [(&str, &str); 4] = [
    ("configmaps", "kube-root-ca.crt"),
    ("configmaps", "openshift-service-ca.crt"),
    ("configmaps", "istio-ca-root-cert"),
    ("serviceaccounts", "default"),
];
/// The purposes for which `cofferdam rbac` makes roles and bindings, called `cofferdam-PURPOSE`.
const PURPOSES: [&str; 5] = ["observe", "policies", "nodes", "guards", "detach"];

#[derive(Deserialize)]
struct Groups {
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Named,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
    uid: String,
    #[serde(rename = "deletionTimestamp")]
    deleted: Option<String>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "resource")]
    plural: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct Listed {
    /// Null where there is none.
    items: Option<Vec<Object>>,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    metadata: Named,
}

impl Connection {
    /// Deletes our record as it was seen.
    pub async fn delete_record(&self, live: &LiveRecord) -> Result<(), Error> {
        let what = format!("delete ConfigMap {SYSTEM_NAMESPACE}/{RECORD_NAME}");
        let target = (live.uid.as_str(), live.resource_version.as_str());
        self.delete(&record_path(), target, what).await
    }

    /// Deletes our namespaces, that of the record last, as far as they hold nothing but what is ours and what
    /// every namespace holds. Each by name, with what became of it.
    pub async fn delete_own_namespaces(&self) -> Vec<(&'static str, Result<OwnNamespace, Error>)> {
        let mut done = Vec::new();
        for name in [PROBE_NAMESPACE, SYSTEM_NAMESPACE] {
            done.push((name, self.delete_own_namespace(name).await));
        }
        done
    }

    async fn delete_own_namespace(&self, name: &str) -> Result<OwnNamespace, Error> {
        let path = format!("/api/v1/namespaces/{name}");
        let call = Call::get(path.as_str(), format!("read namespace {name}"));
        let live: Object = match self.fetch(call).await {
            Ok(live) => live,
            Err(error) if error.is(Category::NotFound) => return Ok(OwnNamespace::Gone),
            Err(error) => return Err(error),
        };
        if live.metadata.deleted.is_some() {
            return Ok(OwnNamespace::Gone);
        }
        let others = self.others_in(name).await?;
        if !others.is_empty() {
            return Ok(OwnNamespace::Holds(others));
        }
        let what = format!("delete namespace {name}");
        self.delete(&path, (&live.metadata.uid, ""), what).await?;
        Ok(OwnNamespace::Gone)
    }

    /// Everything in a namespace that is neither ours nor in every namespace; an error where a kind could not
    /// be listed, for what was not read may be there.
    async fn others_in(&self, namespace: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        for (prefix, resource) in self.kinds_in_namespaces().await? {
            let path = format!("{prefix}/namespaces/{namespace}/{resource}");
            let mut call = Call::get(path, format!("list {resource} in {namespace}"));
            call.accept = METADATA_ONLY;
            let listed: Listed = match self.fetch(call).await {
                Ok(listed) => listed,
                Err(error) if error.is(Category::NotFound) => continue,
                Err(error) => return Err(error),
            };
            let names = listed
                .items
                .into_iter()
                .flatten()
                .map(|one| one.metadata.name);
            let others = names.filter(|name| !is_expected(&resource, name));
            found.extend(others.map(|name| format!("{resource}/{name}")));
        }
        Ok(found)
    }

    /// The path of each group's version, and the plural, of every kind that can be listed in a namespace; events
    /// tell of what happened, and are no objects that anybody keeps.
    pub(crate) async fn kinds_in_namespaces(&self) -> Result<BTreeSet<(String, String)>, Error> {
        let mut found = BTreeSet::new();
        for root in ["/api", "/apis"] {
            let what = "discover the kinds of the server";
            let mut call = Call::get(root, what);
            call.accept = AGGREGATED;
            let groups: Groups = self.fetch(call).await?;
            if groups.items.is_empty() {
                let why = "the server does not tell all kinds at once";
                return Err(self.error(Category::Other, format!("cannot {what}"), why));
            }
            for group in &groups.items {
                let Some(version) = group.versions.first() else {
                    continue;
                };
                let prefix = match group.metadata.name.as_str() {
                    "" => format!("{root}/{}", version.version),
                    name => format!("{root}/{name}/{}", version.version),
                };
                let listable = version.resources.iter().filter(|one| {
                    one.scope == "Namespaced"
                        && one.plural != "events"
                        && one.verbs.iter().any(|verb| verb == "list")
                });
                found.extend(listable.map(|one| (prefix.clone(), one.plural.clone())));
            }
        }
        Ok(found)
    }

    /// Deletes an object with a UID, and a resource version unless that is empty. What is gone is gone.
    pub(crate) async fn delete(
        &self,
        path: &str,
        (uid, version): (&str, &str),
        what: String,
    ) -> Result<(), Error> {
        let preconditions = if version.is_empty() {
            json!({"uid": uid})
        } else {
            json!({"uid": uid, "resourceVersion": version})
        };
        let body = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": preconditions,
        });
        let call = Call::with_body(Method::DELETE, path, JSON, &body, what);
        match self.fetch::<Value>(call).await {
            Ok(_) => Ok(()),
            Err(error) if error.is(Category::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn is_expected(resource: &str, name: &str) -> bool {
    let roles = ["roles", "rolebindings"].contains(&resource);
    let purpose = name.strip_prefix("cofferdam-");
    EXPECTED.contains(&(resource, name))
        || (roles && purpose.is_some_and(|purpose| PURPOSES.contains(&purpose)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_namespace_holds_and_our_roles_are_no_obstacle() {
        let rows = [
            ("configmaps", "kube-root-ca.crt", true),
            ("configmaps", "cofferdam-observe", false),
            ("serviceaccounts", "default", true),
            ("serviceaccounts", "cofferdam", false),
            ("roles", "cofferdam-policies", true),
            ("rolebindings", "cofferdam-detach", true),
            ("rolebindings", "cofferdam-others", false),
            ("secrets", "default", false),
        ];
        for (resource, name, want) in rows {
            assert_eq!(is_expected(resource, name), want, "{resource}/{name}");
        }
    }
}
