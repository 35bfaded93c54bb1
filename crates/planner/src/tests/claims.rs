//! What becomes of a claim, in words, and what claims are made of.

use cofferdam_model::Model;
use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::dialect::{DIALECTS, Dialect};
use cofferdam_model::labels::Labels;
use cofferdam_model::names::{ClusterName, NamespaceName};
use cofferdam_semantics::Reader;
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::guarantee::{Ground, Outcome, prove, told, told_reasons};
use cofferdam_semantics::policy::Source;
use cofferdam_testkit::kubeadm;
use serde_json::{Value, json};

/// Two zones that are enforced in production; clusters are added.
pub(super) const ZONES: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } } }
---
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: acme }
spec: { tiers: [edge, data], defaults: { enforcement: enforce } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: web }
spec: { tier: edge, sensitivity: low, trustDomains: [production], namespaces: [{ name: web }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: vault }
spec: { tier: data, sensitivity: high, trustDomains: [production], namespaces: [{ name: vault }] }
";

/// A cluster with this network, as one more document.
pub(super) fn cluster(name: &str, environment: &str, network: &str) -> String {
    format!(
        "---\napiVersion: cofferdam.io/v1alpha1\nkind: Cluster\nmetadata: {{ name: {name}, labels: {{ environment: {environment} }} }}\nspec: {{ access: {{ kubeconfig: {name}.yaml }}, network: {{ {network} }} }}\n"
    )
}

/// What a cluster is that holds nothing but its system.
pub(super) fn capabilities(name: &str) -> Capabilities {
    let namespace = NamespaceName::parse("kube-system").unwrap();
    Capabilities {
        namespaces: [(namespace, Labels::new())].into(),
        ..kubeadm(ClusterName::parse(name).unwrap())
    }
}

/// The dialect of a network plugin.
pub(super) fn dialects(plugin: &str) -> Vec<Dialect> {
    let all = DIALECTS.into_iter();
    all.filter(|one| one.name == plugin).collect()
}

/// Lets pods of a namespace out to an address.
pub(super) fn out(namespace: &str, to: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "out", "namespace": namespace},
        "spec": {"policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": to}}]}]},
    })
}

/// A guarantee with this spec, as one more document.
pub(super) fn guarantee(spec: &str) -> String {
    format!(
        "---\napiVersion: cofferdam.io/v1alpha1\nkind: Guarantee\nmetadata: {{ name: claim }}\nspec: {spec}\n"
    )
}

/// Adds namespaces, nodes, pods, Services, policies and what is not understood to what is there.
pub(super) fn add<'a>(facts: &mut Facts, objects: impl IntoIterator<Item = &'a Value>) {
    let mut reader = Reader::default();
    for object in objects {
        reader.read(object, Source(0));
    }
    let added = reader.finish();
    for (name, namespace) in added.namespaces {
        facts.namespaces.entry(name).or_insert(namespace);
    }
    facts.policies.extend(added.policies);
    facts.gaps.extend(added.gaps);
    facts.pods.extend(added.pods);
    facts.services.extend(added.services);
    facts.nodes.extend(added.nodes);
    facts.slices.extend(added.slices);
    facts.entrance_gaps.extend(added.entrance_gaps);
}

/// What becomes of the only guarantee in the first of some clusters.
pub(super) fn outcome(model: &Model, grounds: Vec<Ground<'_>>) -> String {
    match prove(model, grounds).remove(0).remove(0).outcome {
        Outcome::Proved => "proved".to_owned(),
        Outcome::Broken {
            dialect: _,
            witness,
        } => format!("broken: {}", told(&witness)),
        Outcome::Unknown { because, hint: _ } => {
            format!("unknown: {}", told_reasons(&because))
        }
    }
}
