//! Guarantees over several clusters: ways that lead from one into another.

use std::collections::BTreeMap;

use cofferdam_model::dialect::DIALECTS;
use cofferdam_model::names::ClusterName;
use cofferdam_semantics::guarantee::Ground;
use cofferdam_testkit::model;
use serde_json::{Value, json};

use super::claims::{self, add, cluster, guarantee};
use crate::promised;

/// A shop in production and tools in management, each with zones of its own; what the clusters declare is added.
const DOCUMENTS: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } }, rollout: { order: 20 } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: management }
spec: { clusters: { matchLabels: { environment: management } }, rollout: { order: 10 } }
---
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: acme }
spec: { tiers: [edge, application, data], defaults: { enforcement: enforce } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: web }
spec: { tier: edge, sensitivity: low, trustDomains: [production], namespaces: [{ name: web }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: tools }
spec: { tier: none, sensitivity: low, trustDomains: [management], namespaces: [{ name: tools }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: vault }
spec: { tier: none, sensitivity: medium, trustDomains: [production], withinZone: deny, namespaces: [{ name: vault }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: web-to-tools }
spec: { from: { zone: web }, to: { zone: tools }, ports: [{ port: 8443 }], across: { from: production, to: management, port: 443 }, justification: metrics, owner: shop }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: tools-to-vault }
spec: { from: { zone: tools }, to: { zone: vault }, ports: [{ port: 5432 }], across: { from: management, to: production, port: 15432 }, justification: backup, owner: shop }
";

/// What clusters declare whose pods are not seen from outside.
const BEHIND_ADDRESSES: [&str; 2] = [
    "exposedCidrs: [198.51.100.7/32], egressCidrs: [203.0.113.0/28]",
    "exposedCidrs: [198.51.100.9/32], egressCidrs: [203.0.113.16/28]",
];

/// What clusters declare whose pods are routed.
const ROUTED: [&str; 2] = [
    "podAddressesRouted: true, podCidrs: [10.10.0.0/16]",
    "podAddressesRouted: true, podCidrs: [10.20.0.0/16]",
];

/// What becomes in `prod` of a guarantee with this spec, where these clusters are looked at.
fn outcome(
    spec: &str,
    networks: [&str; 2],
    seen: &[&str],
    added: &BTreeMap<&str, Value>,
) -> String {
    let clusters = [("prod", "production"), ("mgmt", "management")];
    let clusters = clusters.iter().zip(networks);
    let clusters =
        clusters.map(|((name, environment), network)| cluster(name, environment, network));
    let model = model(&format!(
        "{DOCUMENTS}{}{}",
        clusters.collect::<String>(),
        guarantee(spec)
    ));
    let grounds = seen.iter().map(|name| {
        let cluster = &model.clusters[&ClusterName::parse(name).unwrap()];
        let bundle = cofferdam_compiler::compile(&model, cluster, None)
            .unwrap()
            .bundle;
        let mut facts = promised(&bundle, None);
        add(&mut facts, added.get(name));
        Ground {
            cluster,
            zones: bundle.zones(),
            facts,
            tells_exposed: false,
            dialects: vec![DIALECTS[0]],
            pod_networks: cluster.pod_networks(None),
            capabilities: None,
            closed: [].into(),
        }
    });
    claims::outcome(&model, grounds.collect())
}

#[track_caller]
fn check(spec: &str, networks: [&str; 2], expected: &str) {
    let told = outcome(spec, networks, &["prod", "mgmt"], &BTreeMap::new());
    assert_eq!(told, expected, "{spec}");
}

const NEVER: &str = "{ never: { from: { zone: web }, to: { zone: vault } }, hops: any }";

#[test]
fn chains_are_followed_through_other_clusters() {
    check(
        NEVER,
        ROUTED,
        "broken: web/no labels[any new pod] -> mgmt:tools/no labels[any new pod] on TCP 8443, \
         then mgmt:tools/no labels[any new pod] -> vault/no labels[any new pod] on TCP 5432",
    );
    check(
        NEVER,
        BEHIND_ADDRESSES,
        "broken: web/no labels[any new pod] -> mgmt:tools/no labels[any new pod] on TCP 8443, \
         then mgmt:tools/no labels[any new pod] -> vault/no labels[any new pod] on TCP 5432",
    );
    check(&NEVER.replace("any }", "direct }"), ROUTED, "proved");
    check(
        "{ never: { from: { zone: vault }, to: { zone: web } }, hops: any }",
        ROUTED,
        "proved",
    );
}

#[test]
fn one_connection_into_another_cluster_breaks_a_guarantee() {
    check(
        "{ never: { from: { zone: web }, to: { zone: tools } } }",
        ROUTED,
        "broken: web/no labels[any new pod] -> mgmt:tools/no labels[any new pod] on TCP 8443",
    );
    check(
        "{ never: { from: { zone: web }, to: { zone: tools }, ports: [{ port: 22 }] } }",
        ROUTED,
        "proved",
    );
    check(
        "{ never: { from: { zone: vault }, to: { zone: tools } } }",
        ROUTED,
        "proved",
    );
}

#[test]
fn nothing_is_proved_through_a_cluster_that_was_not_looked_at() {
    let alone = outcome(NEVER, ROUTED, &["prod"], &BTreeMap::new());
    assert_eq!(
        alone,
        "unknown: a way leads into cluster `mgmt`, which was not looked at"
    );
    // What is let in may come from there, as far as the model has such pods there.
    let into = "{ never: { from: { zone: web }, to: { zone: tools } } }";
    assert_eq!(
        outcome(into, ROUTED, &["mgmt"], &BTreeMap::new()),
        "unknown: a way may begin in cluster `prod`, which was not looked at"
    );
    let from_nowhere = "{ never: { from: { zone: tools }, to: { zone: web } } }";
    assert_eq!(
        outcome(from_nowhere, ROUTED, &["prod"], &BTreeMap::new()),
        "proved"
    );
    // No way leaves the vault, so that nothing elsewhere makes a difference.
    let inward = "{ never: { from: { zone: vault }, to: { zone: web } }, hops: any }";
    assert_eq!(
        outcome(inward, ROUTED, &["prod"], &BTreeMap::new()),
        "proved"
    );
}

#[test]
fn what_was_not_understood_of_another_cluster_counts_where_a_way_leads_there() {
    let cilium = json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"namespace": "tools", "name": "x"}});
    let added = BTreeMap::from([("mgmt", cilium)]);
    let both = ["prod", "mgmt"];
    let spec =
        "{ never: { from: { zone: web }, to: { zone: vault }, ports: [{ port: 22 }] }, hops: any }";
    let because = "unknown: cluster `mgmt`: CiliumNetworkPolicy.cilium.io/tools/x: CiliumNetworkPolicy (cilium.io/v2) of Cilium is not modelled";
    assert_eq!(outcome(spec, ROUTED, &both, &added), because);
    let inward = "{ never: { from: { zone: vault }, to: { zone: web } }, hops: any }";
    assert_eq!(outcome(inward, ROUTED, &both, &added), "proved");
}

#[test]
fn a_hole_in_another_cluster_opens_a_way_through_it() {
    let open = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "vault", "name": "temporary"}, "spec": {"ingress": [{}]}});
    let spec =
        "{ never: { from: { zone: web }, to: { zone: vault }, ports: [{ port: 22 }] }, hops: any }";
    check(spec, ROUTED, "proved");
    // Both ends have to let it through: the tools may still go out on one port only.
    let both = ["prod", "mgmt"];
    assert_eq!(
        outcome(
            spec,
            ROUTED,
            &both,
            &BTreeMap::from([("prod", open.clone())])
        ),
        "proved"
    );
    assert_eq!(
        outcome(
            spec,
            BEHIND_ADDRESSES,
            &both,
            &BTreeMap::from([("prod", open)])
        ),
        "broken: web/no labels[any new pod] -> mgmt:tools/no labels[any new pod] on TCP 8443, \
         then mgmt:tools/no labels[any new pod] -> vault/no labels[any new pod] on TCP 22"
    );
}

#[test]
fn the_nodes_of_another_cluster_may_be_a_way_into_it() {
    let out = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "vault", "name": "temporary"}, "spec": {"policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "10.30.0.0/24"}}]}]}});
    let added = BTreeMap::from([("prod", out)]);
    let spec = "{ never: { from: { zone: vault }, to: { zone: tools } } }";
    let [prod, mgmt] = BEHIND_ADDRESSES;
    let with_nodes = format!("{mgmt}, nodeCidrs: [10.30.0.0/24]");
    let with_nodes = [prod, with_nodes.as_str()];
    assert_eq!(outcome(spec, BEHIND_ADDRESSES, &["prod"], &added), "proved");
    assert_eq!(
        outcome(spec, with_nodes, &["prod"], &added),
        "unknown: a way leads into cluster `mgmt`, which was not looked at"
    );
    let closed = BTreeMap::new();
    assert_eq!(outcome(spec, with_nodes, &["prod"], &closed), "proved");
}

/// Where pods see a node or a load balancer in place of the client, whoever lets that in lets everybody in.
#[test]
fn what_stands_for_clients_counts_as_the_internet() {
    let lets_in = |cidr: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "web", "name": "temporary"},
            "spec": {"policyTypes": ["Ingress"], "ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}]}})
    };
    let [prod, mgmt] = BEHIND_ADDRESSES;
    let spec = "{ never: { from: { internet: true }, to: { zone: web } } }";
    let seen = |source: &str, cidr: &str| {
        let prod = format!("{prod}, {source}");
        let added = BTreeMap::from([("prod", lets_in(cidr))]);
        outcome(spec, [prod.as_str(), mgmt], &["prod", "mgmt"], &added)
    };
    let balancer = "ingressSource: loadBalancer, loadBalancerCidrs: [10.1.16.0/24]";
    let node = "ingressSource: node, nodeCidrs: [10.1.0.0/20]";
    let broken = |at: &str| format!("broken: {at} -> web/no labels[any new pod] on all");
    assert_eq!(seen(balancer, "10.1.16.0/24"), broken("10.1.16.0"));
    assert_eq!(seen(node, "10.1.0.0/20"), broken("10.1.0.0"));
    assert_eq!(seen(balancer, "10.1.0.0/20"), "proved");
    assert_eq!(seen("ingressSource: client", "10.1.16.0/24"), "proved");
}

#[test]
fn a_new_pod_of_another_cluster_may_give_a_name_to_any_port() {
    check(
        "{ never: { from: { zone: web }, to: { zone: tools }, ports: [{ port: http }] } }",
        ROUTED,
        "unknown: a new pod may give the name `http` to any port: \
         web/no labels[any new pod] -> mgmt:tools/no labels[any new pod] on TCP 8443",
    );
}

#[test]
fn what_is_always_possible_is_proved_within_a_cluster_only() {
    check(
        "{ always: { from: { zone: web }, to: { zone: tools }, ports: [{ port: 9999 }] } }",
        ROUTED,
        "unknown: its destination is not in this cluster, and what is always possible is proved within a cluster only",
    );
    // Pods of one template are several.
    check(
        "{ always: { from: { zone: vault }, to: { zone: vault }, ports: [{ port: 80 }] } }",
        ROUTED,
        "broken: vault/no labels[any new pod] -> vault/no labels[any new pod] on TCP 80",
    );
}
