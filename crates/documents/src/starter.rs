//! The documents with which a fleet begins, and those that it lacks later.

pub(crate) mod name;
mod present;

use std::collections::{BTreeMap, BTreeSet};

use crate::emit::scalar;
use crate::load::SourceFile;
use crate::raw::API_VERSION;

pub use present::{NamedContext, Present};

use name::cluster_name;

/// A context of a kubeconfig, from which a Cluster document is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextStart {
    /// The context.
    pub context: String,
    /// The kubeconfig, as the document shall name it.
    pub kubeconfig: String,
}

/// One Cluster document per context, and what `present` lacks besides: trust domains guessed from the
/// contexts' names, and a minimal model. From nothing, `load` finds no error in them.
pub fn starter(contexts: &[ContextStart], present: &Present) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut names: BTreeSet<String> = present.clusters.iter().cloned().collect();
    let mut domains: BTreeMap<i64, &str> = BTreeMap::new();
    for start in contexts {
        let is_free = |name: &str| !names.contains(name) && !present.has_file(&cluster_file(name));
        let name = cluster_name(&start.context, is_free);
        let (environment, order) = guess(&start.context);
        domains.insert(order, environment);
        files.push(SourceFile {
            path: cluster_file(&name),
            text: cluster(&name, environment, start),
        });
        names.insert(name);
    }
    if domains.is_empty() && present.first_domain().is_none() {
        domains.insert(20, "main");
    }
    domains.retain(|_, name| !present.selects(name));
    let first = domains.values().next().copied();
    files.extend(domain_files(&domains, present));
    if !present.has_model {
        files.push(SourceFile {
            path: MODEL_FILE.to_owned(),
            text: model(first.or_else(|| present.first_domain()).unwrap_or("main")),
        });
    }
    files
}

pub(crate) const DOMAINS_FILE: &str = "fleet/trust-domains.yaml";
pub(crate) const MODEL_FILE: &str = "policies/model.yaml";

fn cluster_file(name: &str) -> String {
    format!("fleet/clusters/{name}.yaml")
}

/// One file for all; where that is there already, one for each.
fn domain_files(domains: &BTreeMap<i64, &str>, present: &Present) -> Vec<SourceFile> {
    let texts = domains
        .iter()
        .map(|(order, name)| (*name, domain(name, *order)));
    if present.has_file(DOMAINS_FILE) {
        let beside = |(name, text)| SourceFile {
            path: format!("fleet/trust-domain-{name}.yaml"),
            text,
        };
        return texts.map(beside).collect();
    }
    let texts: Vec<String> = texts.map(|(_, text)| text).collect();
    let text = texts.join("---\n");
    let path = DOMAINS_FILE.to_owned();
    let file = (!text.is_empty()).then_some(SourceFile { path, text });
    file.into_iter().collect()
}

fn guess(context: &str) -> (&'static str, i64) {
    let words = [
        ("stag", ("staging", 20)),
        ("nonprod", ("staging", 20)),
        ("preprod", ("staging", 20)),
        ("prod", ("production", 40)),
        ("prd", ("production", 40)),
        ("dev", ("development", 10)),
        ("test", ("development", 10)),
        ("mgmt", ("management", 30)),
        ("manage", ("management", 30)),
    ];
    // `non-prod` is no production.
    let context = context.to_lowercase().replace(['-', '_'], "");
    words
        .into_iter()
        .find(|(word, _)| context.contains(word))
        .map_or(("main", 25), |(_, guess)| guess)
}

fn cluster(name: &str, environment: &str, start: &ContextStart) -> String {
    let (name, context, kubeconfig) = (
        scalar(name),
        scalar(&start.context),
        scalar(&start.kubeconfig),
    );
    format!(
        "apiVersion: {API_VERSION}
kind: Cluster
metadata:
  name: {name}
  labels:
    environment: {environment} # guessed from the name of the context
spec:
  access:
    kubeconfig: {kubeconfig}
    context: {context}
    # allowExec: [/usr/local/bin/aws] # exec plugins run only when listed here
  mode: readOnly # `manage` lets `apply` write
  # `identity` says which cluster this is: `cofferdam doctor --pin` adds it, and without it nothing is written there.
"
    )
}

fn domain(name: &str, order: i64) -> String {
    format!(
        "apiVersion: {API_VERSION}
kind: TrustDomain
metadata:
  name: {name}
spec:
  clusters:
    matchLabels:
      environment: {name}
  rollout:
    order: {order} # lower goes first, and is less trusted
"
    )
}

/// The model, with a zone for a trust domain to begin with.
pub(crate) fn model(domain: &str) -> String {
    format!(
        "# The zone model: which namespaces belong together, and which connections are allowed.
apiVersion: {API_VERSION}
kind: ZoneModel
metadata:
  name: main # the instance name on every object that Cofferdam owns
spec:
  # The path from the internet to the data: a flow goes to the same or the next tier.
  tiers: [edge, application, data]
  defaults:
    enforcement: observe # observe writes nothing, stage denies nothing yet, enforce
    podSecurity: baseline
    podSecurityVersion: v1.33 # which pods that refuses does not change with a cluster's upgrade
    withinZone: same-namespace
    reviewEvery: 180d
# A zone and a flow, to begin with:
# ---
# apiVersion: {API_VERSION}
# kind: Zone
# metadata:
#   name: shop
# spec:
#   tier: application
#   sensitivity: medium
#   trustDomains: [{domain}]
#   namespaces:
#     - name: shop
#       team: shop
# ---
# apiVersion: {API_VERSION}
# kind: Flow
# metadata:
#   name: shop-to-apiserver
# spec:
#   from:
#     zone: shop
#   to:
#     clusterService: apiServer
#   justification: leader election
#   owner: shop
"
    )
}
