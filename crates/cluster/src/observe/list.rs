//! Complete lists: one request per kind, or as many as the server makes pages.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::wire::{
    ApiService, Definition, Ingress, Namespace, Node, Pod, Policy, Service, ServiceCidr, Slice,
    Webhooks, Whole, Workload,
};
use crate::error::{Category, Error};
use crate::request::{Call, Connection};

#[derive(Deserialize)]
struct List<T> {
    kind: String,
    #[serde(default)]
    metadata: Page,
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
struct Page {
    #[serde(rename = "continue")]
    next: Option<String>,
    #[serde(default, rename = "resourceVersion")]
    version: String,
}

/// What names an object.
#[derive(Deserialize)]
struct Named {
    metadata: Name,
}

#[derive(Deserialize)]
struct Name {
    #[serde(default)]
    namespace: String,
    name: String,
}

/// Objects by namespace and name.
type Keyed<T> = BTreeMap<(String, String), T>;

pub(crate) type Listed<T> = Result<Vec<T>, Error>;

/// Every list of a pass.
pub(super) struct Lists {
    pub(super) namespaces: Listed<Namespace>,
    pub(super) policies: Listed<Policy>,
    pub(super) nodes: Listed<Node>,
    pub(super) pods: Listed<Pod>,
    pub(super) services: Listed<Service>,
    pub(super) slices: Listed<Slice>,
    pub(super) workloads: Vec<(&'static str, Listed<Workload>)>,
    pub(super) ingresses: Listed<Ingress>,
    pub(super) ingress_classes: Listed<Whole>,
    pub(super) validating: Listed<Webhooks>,
    pub(super) mutating: Listed<Webhooks>,
    pub(super) api_services: Listed<ApiService>,
    pub(super) definitions: Listed<Definition>,
    pub(super) service_cidrs: Listed<ServiceCidr>,
}

impl Connection {
    pub(super) async fn lists(&self) -> Lists {
        let net = "/apis/networking.k8s.io/v1";
        let admission = "/apis/admissionregistration.k8s.io/v1";
        let extensions = "/apis/apiextensions.k8s.io/v1";
        let (
            (namespaces, policies, nodes, pods, services, slices),
            workloads,
            (
                ingresses,
                ingress_classes,
                validating,
                mutating,
                api_services,
                definitions,
                service_cidrs,
            ),
        ) = tokio::join!(
            Box::pin(async {
                tokio::join!(
                    self.list("/api/v1", "namespaces"),
                    self.list(net, "networkpolicies"),
                    self.list("/api/v1", "nodes"),
                    self.list("/api/v1", "pods"),
                    self.list("/api/v1", "services"),
                    self.list("/apis/discovery.k8s.io/v1", "endpointslices"),
                )
            }),
            Box::pin(self.workloads()),
            Box::pin(async {
                tokio::join!(
                    self.list(net, "ingresses"),
                    self.list(net, "ingressclasses"),
                    self.list(admission, "validatingwebhookconfigurations"),
                    self.list(admission, "mutatingwebhookconfigurations"),
                    self.list("/apis/apiregistration.k8s.io/v1", "apiservices"),
                    self.list(extensions, "customresourcedefinitions"),
                    self.list(net, "servicecidrs"),
                )
            }),
        );
        Lists {
            namespaces,
            policies,
            nodes,
            pods,
            services,
            slices,
            workloads,
            ingresses,
            ingress_classes,
            validating,
            mutating,
            api_services: unless_missing(api_services),
            definitions: unless_missing(definitions),
            service_cidrs: unless_missing(service_cidrs),
        }
    }

    async fn workloads(&self) -> Vec<(&'static str, Listed<Workload>)> {
        let (apps, batch) = ("/apis/apps/v1", "/apis/batch/v1");
        let (daemon, deployment, stateful, replica, controller, job, cron) = tokio::join!(
            self.list(apps, "daemonsets"),
            self.list(apps, "deployments"),
            self.list(apps, "statefulsets"),
            self.list(apps, "replicasets"),
            self.list("/api/v1", "replicationcontrollers"),
            self.list(batch, "jobs"),
            self.list(batch, "cronjobs"),
        );
        vec![
            ("DaemonSet", daemon),
            ("Deployment", deployment),
            ("StatefulSet", stateful),
            ("ReplicaSet", replica),
            ("ReplicationController", controller),
            ("Job", job),
            ("CronJob", cron),
        ]
    }

    /// Every object of a kind: listed, or, where the cluster is followed, as the last event told it.
    pub(crate) async fn list<T>(&self, group: &str, plural: &str) -> Listed<T>
    where
        T: DeserializeOwned + Clone + Send + Sync + 'static,
    {
        let path = format!("{group}/{plural}");
        let what = format!("list {}", plural.split('?').next().unwrap_or(plural));
        match self.followed() {
            Some(followed) => followed.list(self, &path, &what).await,
            None => Ok(self.pages(&path, &what).await?.0),
        }
    }

    /// Every object of a kind by its key, and the resource version of the list.
    pub(crate) async fn keyed<T: DeserializeOwned>(
        &self,
        path: &str,
        what: &str,
    ) -> Result<(Keyed<T>, String), Error> {
        let (objects, version) = self.pages::<Box<RawValue>>(path, what).await?;
        let keyed = objects.iter().map(|object| {
            let Named { metadata } = serde_json::from_str(object.get())?;
            let key = (metadata.namespace, metadata.name);
            Ok((key, serde_json::from_str(object.get())?))
        });
        let keyed: Result<Keyed<T>, serde_json::Error> = keyed.collect();
        let keyed = keyed.map_err(|error| {
            let why = format!("the answer is not as expected: {error}");
            self.error(Category::Invalid, format!("cannot {what}"), why)
        });
        Ok((keyed?, version))
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        what: &str,
    ) -> Result<(Vec<T>, String), Error> {
        let mut all = Vec::new();
        let mut url = path.to_owned();
        loop {
            let list: List<T> = Box::pin(self.fetch(Call::get(url, what))).await?;
            if !list.kind.ends_with("List") {
                let why = format!("the answer is a {}", crate::error::one_line(&list.kind));
                return Err(self.error(Category::Invalid, format!("cannot {what}"), why));
            }
            all.extend(list.items.unwrap_or_default());
            match list.metadata.next.filter(|token| !token.is_empty()) {
                Some(token) => url = with_query(path, &format!("continue={}", encode(&token))),
                None => return Ok((all, list.metadata.version)),
            }
        }
    }
}

/// A path with more of a query.
pub(crate) fn with_query(path: &str, more: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{more}")
}

/// A kind that is not served has no objects.
fn unless_missing<T>(list: Listed<T>) -> Listed<T> {
    match list {
        Err(error) if error.is(Category::UnsupportedKind) => Ok(Vec::new()),
        Err(error) if error.is(Category::NotFound) => Ok(Vec::new()),
        list => list,
    }
}

fn encode(token: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in token.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}
