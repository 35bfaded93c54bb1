//! What a credential may do, as the server judges it.

use std::fmt;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::request::{Call, Connection, JSON};

/// A right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// What is done.
    pub verb: &'static str,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The plural of the kind.
    pub resource: &'static str,
    /// Where; everywhere where none is said.
    pub namespace: Option<String>,
    /// The only object meant; any where none is said.
    pub name: Option<String>,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_ref().map(|name| format!("/{name}"));
        let name = name.unwrap_or_default();
        write!(f, "{} {}{name}", self.verb, self.resource)?;
        if let Some(namespace) = &self.namespace {
            write!(f, " in {namespace}")?;
        }
        Ok(())
    }
}

impl Connection {
    /// Asks the server whether we have a right. A server whose authorizer denies by webhook and cannot
    /// reach it answers no.
    pub async fn may(&self, right: &Right) -> Result<bool, Error> {
        let attributes = json!({
            "verb": right.verb,
            "group": right.group,
            "resource": right.resource,
            "namespace": right.namespace,
            "name": right.name,
        });
        self.is_allowed(&attributes, &right.to_string()).await
    }

    /// Asks the server whether we may list everything in a namespace, by one right or kind by kind.
    pub async fn may_list_everything(&self, namespace: &str) -> Result<bool, Error> {
        let may = async |group: &str, resource: &str| {
            let attributes = json!({
                "verb": "list", "group": group, "resource": resource, "namespace": namespace,
            });
            let told = format!("list {resource} in {namespace}");
            self.is_allowed(&attributes, &told).await
        };
        if may("*", "*").await? {
            return Ok(true);
        }
        for (prefix, resource) in self.kinds_in_namespaces().await? {
            let group = prefix.strip_prefix("/apis/").unwrap_or_default();
            let group = group.split_once('/').map_or("", |(group, _)| group);
            if !may(group, &resource).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn is_allowed(&self, attributes: &Value, right: &str) -> Result<bool, Error> {
        let url = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        });
        let what = format!("ask whether we may {right}");
        let review: Value = self
            .fetch(Call::with_body(Method::POST, url, JSON, &body, what))
            .await?;
        let allowed = review.pointer("/status/allowed").and_then(Value::as_bool);
        Ok(allowed.unwrap_or(false))
    }

    /// Every rule by which we may do something in a namespace, or everywhere; with why the list may lack some.
    pub async fn rules(
        &self,
        namespace: &str,
    ) -> Result<(Vec<GrantedRule>, Option<String>), Error> {
        let url = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        });
        let what = "ask which rights we have";
        let review: Review = self
            .fetch(Call::with_body(Method::POST, url, JSON, &body, what))
            .await?;
        let status = review.status;
        let lacks = status.incomplete.then_some(status.evaluation_error);
        Ok((status.of_resources, lacks))
    }
}

/// A rule that grants something; `*` stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GrantedRule {
    /// What may be done.
    pub verbs: Vec<String>,
    /// With kinds of these API groups.
    pub api_groups: Vec<String>,
    /// With these plurals of kinds.
    pub resources: Vec<String>,
    /// With these objects only; with any where empty.
    pub resource_names: Vec<String>,
}

#[derive(Deserialize)]
struct Review {
    status: Rules,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rules {
    #[serde(rename = "resourceRules")]
    of_resources: Vec<GrantedRule>,
    incomplete: bool,
    evaluation_error: String,
}
