//! One pass of looking: every kind listed once, all at the same time.

mod admission;
mod convert;
mod entrances;
mod kinds;
mod list;
mod other_policies;
pub(crate) mod ports;
pub(crate) mod wire;

use cofferdam_model::capabilities::Capabilities;
use cofferdam_state::observed::{Identity, Observed, Reading};
use cofferdam_state::pod_security::EnforceAnswers;
use futures_util::future::join_all;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::capabilities::{Configs, Inputs, capabilities};
use crate::error::Error;
use crate::request::{Call, Connection, JSON};
use list::Lists;
pub(crate) use list::with_query;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

impl Connection {
    /// Looks at the whole cluster. What cannot be read completely is unknown, with the reason.
    pub async fn observe(&self, at: String) -> Observed {
        // The first request opens the one connection on which all others then go at once.
        let first = match self.requests() {
            0 => Some(Box::pin(self.version()).await),
            _ => None,
        };
        let version = async {
            match first {
                Some(version) => version,
                None => self.version().await,
            }
        };
        let (version, lists, kinds, record, identity) = tokio::join!(
            Box::pin(version),
            Box::pin(self.lists()),
            Box::pin(self.kinds()),
            Box::pin(self.read_record()),
            Box::pin(self.identity()),
        );
        let ((cluster_policies, other_policies), admission, gateways, capabilities) = tokio::join!(
            Box::pin(self.other_policies(kinds.as_ref())),
            Box::pin(self.admission(kinds.as_ref())),
            Box::pin(self.gateways(kinds.as_ref())),
            Box::pin(self.capabilities(&lists, version, kinds.as_ref())),
        );
        let uid = match (&lists.namespaces, convert::uid(&lists)) {
            (Err(error), _) => Reading::Unknown(error.reason()),
            (Ok(_), Some(uid)) => Reading::Known(uid),
            (Ok(_), None) => Reading::Unknown("namespace kube-system does not exist".to_owned()),
        };
        let mut entrances = entrances::of_kubernetes(&lists);
        entrances.extend(gateways);
        Observed {
            cluster: self.cluster().clone(),
            at,
            uid,
            capabilities: match capabilities {
                Ok(capabilities) => Reading::Known(capabilities),
                Err(reason) => Reading::Unknown(reason),
            },
            record: reading(record),
            namespaces: reading(lists.namespaces.map(convert::namespaces)),
            policies: reading(lists.policies.map(convert::policies)),
            cluster_policies,
            other_policies,
            nodes: reading(lists.nodes.map(convert::nodes)),
            pods: reading(lists.pods.map(|pods| convert::pods(pods, &lists.workloads))),
            templates: reading(convert::templates(lists.workloads)),
            services: reading(lists.services.map(convert::services)),
            admission,
            ingress_backends: reading(lists.ingresses.map(|list| convert::backends(&list))),
            entrances,
            identity: reading(identity),
            writes: Reading::Known(Vec::new()),
            enforce_answers: EnforceAnswers::new(),
        }
    }

    /// Asks the server who we are.
    pub async fn identity(&self) -> Result<Identity, Error> {
        let url = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let call = Call::with_body(Method::POST, url, JSON, &body, "ask who we are");
        let review: Value = self.fetch_once(call).await?;
        let info = review.pointer("/status/userInfo");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let user = info.and_then(|info| info.get("username")).and_then(text);
        let groups = info.and_then(|info| info.get("groups")?.as_array());
        Ok(Identity {
            user: user.unwrap_or_default(),
            groups: groups.into_iter().flatten().filter_map(text).collect(),
        })
    }

    pub(crate) async fn version(&self) -> Result<String, Error> {
        let version: Version = self
            .fetch_once(Call::get("/version", "read the version"))
            .await?;
        Ok(version.git_version)
    }

    async fn capabilities(
        &self,
        lists: &Lists,
        version: Result<String, Error>,
        kinds: Result<&std::collections::BTreeSet<String>, &Error>,
    ) -> Result<Capabilities, String> {
        let why = |error: &Error| error.reason();
        let workloads = lists.workloads.iter().map(|(kind, list)| {
            let list = list.as_ref().map_err(why)?;
            Ok(list.iter().map(move |workload| (*kind, workload)))
        });
        let workloads: Result<Vec<_>, String> = workloads.collect();
        let kinds = kinds.map(|kinds| {
            let own = kinds.iter().filter(|kind| kinds::is_capability(kind));
            own.cloned().collect()
        });
        let kinds: std::collections::BTreeSet<String> = kinds.map_err(why)?;
        let mut inputs = Inputs {
            cluster: self.cluster(),
            uid: convert::uid(lists).unwrap_or_default(),
            version: version.map_err(|error| error.reason())?,
            kinds: &kinds,
            namespaces: lists.namespaces.as_ref().map_err(why)?,
            nodes: lists.nodes.as_ref().map_err(why)?,
            pods: lists.pods.as_ref().map_err(why)?,
            services: lists.services.as_ref().map_err(why)?,
            slices: lists.slices.as_ref().map_err(why)?,
            workloads: workloads?.into_iter().flatten().collect(),
            validating: lists.validating.as_ref().map_err(why)?,
            mutating: lists.mutating.as_ref().map_err(why)?,
            api_services: lists.api_services.as_ref().map_err(why)?,
            definitions: lists.definitions.as_ref().map_err(why)?,
            service_cidrs: lists.service_cidrs.as_ref().map_err(why)?,
            configs: Configs::new(),
        };
        if inputs.uid.is_empty() {
            return Err("namespace kube-system does not exist".to_owned());
        }
        let wanted = crate::capabilities::wanted_configs(&inputs);
        let configs = wanted.iter().map(async |(namespace, name)| {
            let config = self.config(namespace, name).await;
            (*name, config)
        });
        inputs.configs = join_all(configs).await.into_iter().collect();
        Ok(capabilities(&inputs))
    }

    async fn config(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<std::collections::BTreeMap<String, String>>, String> {
        let map = self.config_map(namespace, name).await;
        match map {
            Ok(map) => Ok(map.map(|map| map.data)),
            Err(error) => Err(error.reason()),
        }
    }
}

fn reading<T>(result: Result<T, Error>) -> Reading<T> {
    match result {
        Ok(value) => Reading::Known(value),
        Err(error) => Reading::Unknown(error.reason()),
    }
}

#[cfg(test)]
mod tests;
