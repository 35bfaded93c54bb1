//! The documents with which a fleet begins.

use std::collections::{BTreeMap, BTreeSet};

use crate::emit::scalar;
use crate::load::SourceFile;
use crate::raw::API_VERSION;

/// A context of a kubeconfig, from which a Cluster document is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextStart {
    /// The context.
    pub context: String,
    /// The kubeconfig, as the document shall name it.
    pub kubeconfig: String,
}

/// One Cluster document per context, trust domains guessed from the contexts' names, and a minimal
/// model; `load` finds no error in them.
pub fn starter(contexts: &[ContextStart]) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut names = BTreeSet::new();
    let mut domains: BTreeMap<i64, &str> = BTreeMap::new();
    for start in contexts {
        let name = cluster_name(&start.context, &names);
        let (environment, order) = guess(&start.context);
        domains.insert(order, environment);
        files.push(SourceFile {
            path: format!("fleet/clusters/{name}.yaml"),
            text: cluster(&name, environment, start),
        });
        names.insert(name);
    }
    if domains.is_empty() {
        domains.insert(20, "main");
    }
    let texts: Vec<String> = domains
        .iter()
        .map(|(order, name)| domain(name, *order))
        .collect();
    files.push(SourceFile {
        path: "fleet/trust-domains.yaml".to_owned(),
        text: texts.join("---\n"),
    });
    files.push(SourceFile {
        path: "policies/model.yaml".to_owned(),
        text: model(),
    });
    files
}

/// A context's name as the name of a cluster that no other has.
fn cluster_name(context: &str, taken: &BTreeSet<String>) -> String {
    let letters: String = context
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() => c,
            _ => '-',
        })
        .take(50)
        .collect();
    let name = match letters.trim_matches('-') {
        "" => "cluster".to_owned(),
        letters => letters.to_owned(),
    };
    if !taken.contains(&name) {
        return name;
    }
    (2..=taken.len() + 1)
        .map(|number| format!("{name}-{number}"))
        .find(|candidate| !taken.contains(candidate))
        .unwrap_or(name)
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
    let context = context.to_lowercase();
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
  # `cofferdam doctor --pin` adds the cluster's identity here; it is required to write.
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

fn model() -> String {
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
#   trustDomains: [main]
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
