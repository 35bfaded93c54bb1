//! Guarantees over cluster services, over ports by their names, and over what nodes pass on.

use cofferdam_model::capabilities::Capabilities;
use cofferdam_semantics::guarantee::Ground;
use cofferdam_testkit::model;
use serde_json::{Value, json};

use super::claims::{self, ZONES, add, cluster, dialects, guarantee, out};
use crate::promised;

const FLOWS: &str = "
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: web-to-vault }
spec: { from: { zone: web }, to: { zone: vault }, ports: [{ port: 5432 }], justification: shop, owner: shop }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: web-to-api-server }
spec: { from: { zone: web }, to: { clusterService: apiServer }, justification: shop, owner: shop }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: web-to-nodes }
spec: { from: { zone: web }, to: { clusterService: nodes }, ports: [{ port: 9100 }], justification: shop, owner: shop }
";

/// What becomes of a guarantee with this spec, where these objects are there beside what the bundle promises.
fn outcome(
    (spec, plugin): (&str, &str),
    capabilities: Option<&Capabilities>,
    added: &[Value],
) -> String {
    let (prod, claim) = (cluster("prod", "production", ""), guarantee(spec));
    let mut model = model(&format!("{ZONES}{FLOWS}{prod}{claim}"));
    let known = claims::capabilities("prod");
    model
        .capabilities
        .insert(known.cluster.clone(), known.clone());
    let cluster = &model.clusters[&known.cluster];
    let compiled = cofferdam_compiler::compile(&model, cluster, Some(&known)).unwrap();
    let mut facts = promised(&compiled.bundle, Some(&known));
    add(&mut facts, added);
    let ground = Ground {
        cluster,
        zones: compiled.bundle.zones(),
        facts,
        tells_exposed: true,
        dialects: dialects(plugin),
        pod_networks: Vec::new(),
        capabilities,
        closed: [].into(),
    };
    claims::outcome(&model, vec![ground])
}

#[track_caller]
fn check(spec: &str, added: &[Value], expected: &str) {
    let known = claims::capabilities("prod");
    let told = outcome((spec, "calico"), Some(&known), added);
    assert_eq!(told, expected, "{spec}");
}

/// A database that calls its port `sql`.
fn db(port: u16) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "db", "namespace": "vault"},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "ports": [{"name": "sql", "containerPort": port}]}]},
        "status": {"podIP": "10.2.0.1", "phase": "Running"},
    })
}

#[test]
fn cluster_services_are_ends_of_claims() {
    let never = |to: &str| {
        format!("{{ never: {{ from: {{ zone: vault }}, to: {{ clusterService: {to} }} }} }}")
    };
    let web = |to: &str| never(to).replace("vault", "web");
    check(&never("apiServer"), &[], "proved");
    check(
        &web("apiServer"),
        &[],
        "broken: web/no labels[any new pod] -> 10.96.0.1 on TCP 443",
    );
    check(
        &never("apiServer"),
        &[out("vault", "10.1.0.0/24")],
        "broken: vault/no labels[any new pod] -> 10.1.0.5 on TCP 6443",
    );
    check(&never("cloudMetadata"), &[], "proved");
    check(
        &never("cloudMetadata"),
        &[out("vault", "169.254.0.0/16")],
        "broken: vault/no labels[any new pod] -> 169.254.169.254 on TCP 80",
    );
    check(&never("nodes"), &[], "proved");
    check(
        &web("nodes"),
        &[],
        "broken: web/no labels[any new pod] -> 10.1.0.5 on TCP 6443,9100",
    );
    check(
        &never("dns"),
        &[],
        "broken: vault/no labels[any new pod] -> kube-system/k8s-app=kube-dns[any new pod] on TCP 53; UDP 53",
    );
    check(
        "{ always: { from: { allZones: true }, to: { clusterService: dns } } }",
        &[],
        "proved",
    );
    check(
        "{ always: { from: { zone: web }, to: { clusterService: apiServer } } }",
        &[],
        "proved",
    );
}

/// The API exempts what a node sends to its own pods, and some plugins what pods send there.
#[test]
fn no_policy_keeps_a_pod_from_its_own_node() {
    let from_nodes = "{ never: { from: { clusterService: nodes }, to: { zone: vault } } }";
    let some_node = "exchanges connections with the node on which it runs, and no policy of a namespace keeps it from that";
    check(
        from_nodes,
        &[],
        &format!("unknown: every pod, such as vault/no labels[any new pod], {some_node}"),
    );
    check(
        from_nodes,
        &[
            json!({
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
                "status": {"addresses": [{"type": "InternalIP", "address": "10.1.0.5"}]},
            }),
            db(5432),
        ],
        "broken: 10.1.0.5 -> vault/db[Pod] on all",
    );
    let that_node = "may run on the node that has 10.1.0.5, and no policy of a namespace keeps it from its node";
    check(
        "{ never: { from: { clusterService: controlPlane }, to: { zone: vault } } }",
        &[],
        &format!("unknown: a pod such as vault/no labels[any new pod] {that_node}"),
    );
    let to_api_server = "{ never: { from: { zone: vault }, to: { clusterService: apiServer } } }";
    let known = claims::capabilities("prod");
    assert_eq!(
        outcome((to_api_server, "antrea"), Some(&known), &[]),
        format!("unknown: a pod such as vault/no labels[any new pod] {that_node}")
    );
}

#[test]
fn what_a_service_lets_in_from_outside_may_come_from_the_own_node_of_a_pod() {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "vault"},
        "spec": {"type": "NodePort", "selector": {"app": "db"}, "ports": [{"port": 5432}]},
    });
    let mut db = db(5432);
    db["metadata"]["labels"] = json!({"app": "db"});
    let spec = "{ never: { from: { internet: true }, to: { zone: vault } } }";
    check(
        spec,
        &[db.clone(), service.clone()],
        "unknown: a Service passes connections from outside on to vault/db[Pod], \
         which sees them come from its own node, and no policy of a namespace keeps that out",
    );
    let other_port = spec.replace("vault } }", "vault }, ports: [{ port: 22 }] }");
    check(&other_port, &[db, service], "proved");
}

#[test]
fn a_plugin_that_is_asked_before_addresses_are_translated_sees_no_destination() {
    let front = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "front", "namespace": "web", "labels": {"app": "front"}},
        "spec": {"containers": [{"name": "c"}]}, "status": {"podIP": "10.2.0.2", "phase": "Running"},
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "front", "namespace": "web"},
        "spec": {"clusterIP": "10.96.0.9", "selector": {"app": "front"}, "ports": [{"port": 8080}]},
    });
    let added = [front, service, out("vault", "10.96.0.0/12")];
    let known = claims::capabilities("prod");
    let told = |port: u16, plugin| {
        let spec = format!(
            "{{ never: {{ from: {{ zone: vault }}, to: {{ zone: web }}, ports: [{{ port: {port} }}] }} }}"
        );
        outcome((&spec, plugin), Some(&known), &added)
    };
    assert_eq!(
        told(8080, "aws-vpc-cni"),
        "unknown: under aws-vpc-cni policies are asked about the addresses of Services, \
         and NetworkPolicy/vault/out lets pods out to that of Service web/front, behind which a destination is, or a way to one: `explain` tells more"
    );
    assert_eq!(told(8081, "aws-vpc-cni"), "proved");
    assert_eq!(told(8080, "calico"), "proved");
}

#[test]
fn nothing_is_claimed_of_a_cluster_service_that_nobody_found() {
    let spec = "{ never: { from: { zone: vault }, to: { clusterService: apiServer } } }";
    assert_eq!(
        outcome((spec, "calico"), None, &[]),
        "unknown: nothing is known about the cluster, so `apiServer` has no address; run `cofferdam doctor --write`"
    );
}

#[test]
fn a_named_port_is_that_of_each_pod() {
    let spec = |kind: &str| {
        format!(
            "{{ {kind}: {{ from: {{ zone: web }}, to: {{ zone: vault }}, ports: [{{ port: sql }}] }} }}"
        )
    };
    check(
        &spec("never"),
        &[db(5432)],
        "broken: web/no labels[any new pod] -> vault/db[Pod] on TCP 5432",
    );
    check(
        &spec("never"),
        &[db(5433)],
        "unknown: a new pod may give the name `sql` to any port: \
         web/no labels[any new pod] -> vault/no labels[any new pod] on TCP 5432",
    );
    check(&spec("always"), &[db(5432)], "proved");
    check(
        &spec("always"),
        &[db(5433)],
        "broken: web/no labels[any new pod] -> vault/db[Pod] on TCP 5433",
    );
    let mut other = db(5432);
    other["metadata"]["name"] = json!("other");
    other["spec"]["containers"] = json!([{"name": "c"}]);
    check(
        &spec("always"),
        &[db(5432), other],
        "unknown: vault/other[Pod] has no port `sql`",
    );
    check(
        &spec("always"),
        &[],
        "unknown: no pod has a port of this name",
    );
}
