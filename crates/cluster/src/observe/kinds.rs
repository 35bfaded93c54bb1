//! Which kinds of interest the server serves.

use std::collections::BTreeSet;

use cofferdam_objects::entrance_kind;
use cofferdam_objects::keys::OPENSHIFT_SECURITY_GROUP;
use cofferdam_objects::policy_kind::{POLICY_KINDS, PolicyKind};
use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::request::{Call, Connection};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json";

/// Groups and kinds that matter to segmentation, beside the kinds of policy that we do not model.
const OF_INTEREST: &[(&str, &[&str])] = &[
    (
        "networking.k8s.io",
        &["NetworkPolicy", "Ingress", "ServiceCIDR"],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
        ],
    ),
    (
        "security.istio.io",
        &["AuthorizationPolicy", "PeerAuthentication"],
    ),
    (OPENSHIFT_SECURITY_GROUP, &["SecurityContextConstraints"]),
    ("config.openshift.io", &["ClusterVersion"]),
    ("policy.linkerd.io", &["AuthorizationPolicy", "Server"]),
    ("gateway.networking.k8s.io", &["Gateway"]),
    ("networking.k8s.aws", &["PolicyEndpoint"]),
];

/// Either the aggregated form or the plain one of older servers.
#[derive(Deserialize)]
struct Groups {
    #[serde(default)]
    items: Vec<Group>,
    #[serde(default)]
    groups: Vec<PlainGroup>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Named,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    response_kind: Option<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
struct PlainGroup {
    name: String,
    #[serde(default)]
    versions: Vec<PlainVersion>,
}

#[derive(Deserialize)]
struct PlainVersion {
    version: String,
}

/// Whether a kind, as `group/version/Kind`, is one of those that say what a cluster can do; others only let connections
/// in.
pub(super) fn is_capability(full: &str) -> bool {
    let (group, rest) = full.split_once('/').unwrap_or_default();
    let kind = rest.split_once('/').map_or(rest, |(_, kind)| kind);
    is_of_interest(group, kind)
}

fn wanted(group: &str, kind: &str) -> bool {
    is_of_interest(group, kind)
        || entrance_kind::is_of_gateway_api(group, kind)
        || entrance_kind::not_modelled(group, kind).is_some()
}

fn is_of_interest(group: &str, kind: &str) -> bool {
    let known = |(name, kinds): &(&str, &[&str])| *name == group && kinds.contains(&kind);
    let policy = |one: &PolicyKind| one.group() == group && one.kind == kind;
    OF_INTEREST.iter().any(known) || POLICY_KINDS.iter().any(policy)
}

fn is_group_of_interest(group: &str) -> bool {
    OF_INTEREST.iter().any(|(name, _)| *name == group)
        || POLICY_KINDS.iter().any(|kind| kind.group() == group)
        || entrance_kind::is_group(group)
}

impl Connection {
    pub(super) async fn kinds(&self) -> Result<BTreeSet<String>, Error> {
        let mut call = Call::get("/apis", "discover kinds");
        call.accept = AGGREGATED;
        let groups: Groups = self.fetch_once(call).await?;
        let mut found = BTreeSet::new();
        for group in &groups.items {
            for version in &group.versions {
                let kinds = version.resources.iter().flat_map(|r| &r.response_kind);
                let kinds = kinds.map(|kind| kind.kind.as_str());
                note(&mut found, &group.metadata.name, &version.version, kinds);
            }
        }
        for group in &groups.groups {
            if !is_group_of_interest(&group.name) {
                continue;
            }
            for version in &group.versions {
                let url = format!("/apis/{}/{}", group.name, version.version);
                let list: Value = self.fetch_once(Call::get(url, "discover kinds")).await?;
                let resources = list.get("resources").and_then(Value::as_array);
                let kinds = resources.into_iter().flatten();
                let kinds = kinds.filter_map(|resource| resource.get("kind")?.as_str());
                note(&mut found, &group.name, &version.version, kinds);
            }
        }
        Ok(found)
    }
}

fn note<'a>(
    found: &mut BTreeSet<String>,
    group: &str,
    version: &str,
    kinds: impl Iterator<Item = &'a str>,
) {
    let kinds = kinds.filter(|kind| wanted(group, kind));
    found.extend(kinds.map(|kind| format!("{group}/{version}/{kind}")));
}
