//! Guarantees where nodes, load balancers and Services lead connections on, further than policies say.

use cofferdam_model::names::ClusterName;
use cofferdam_semantics::facts::{Facts, Gap, GapKind};
use cofferdam_semantics::guarantee::Ground;
use cofferdam_testkit::model;
use serde_json::{Value, json};

use super::claims::{self, ZONES, add, capabilities, cluster, dialects, guarantee, out};
use crate::promised;

/// More in the clusters.
const MORE: &str = "
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: open }
spec: { tier: none, sensitivity: low, trustDomains: [production], podSecurity: privileged, namespaces: [{ name: open }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: ExternalNetwork
metadata: { name: corp }
spec: { cidrs: [10.1.0.0/16], trust: internal }
---
apiVersion: cofferdam.io/v1alpha1
kind: ExternalNetwork
metadata: { name: bank }
spec: { cidrs: [192.168.30.0/24], trust: internal }
";

/// What is there beside what the bundle promises, in each cluster that is looked at.
#[derive(Default)]
struct Seen<'a> {
    prod: &'a [Value],
    /// None where the cluster has no document.
    other: Option<&'a [Value]>,
    /// Whether the other one was not looked at.
    is_one_unseen: bool,
    /// Kinds that lead in from outside and that could not be listed.
    unread: Option<&'static str>,
}

fn outcome(spec: &str, plugin: &str, seen: &Seen<'_>) -> String {
    let cluster = |name| {
        let pods = if name == "prod" {
            "podCidrs: [10.2.0.0/16]"
        } else {
            ""
        };
        cluster(name, "production", pods)
    };
    let other = seen.other.map(|_| cluster("other")).unwrap_or_default();
    let claim = guarantee(spec);
    let mut model = model(&format!("{ZONES}{MORE}{}{other}{claim}", cluster("prod")));
    let objects: Vec<(&str, &[Value])> = [("prod", Some(seen.prod)), ("other", seen.other)]
        .into_iter()
        .filter_map(|(name, objects)| Some((name, objects?)))
        .filter(|(name, _)| *name == "prod" || !seen.is_one_unseen)
        .collect();
    for (name, _) in &objects {
        let mut known = capabilities(name);
        known.dns.node_local = ["169.254.20.10".parse().unwrap()].into();
        model.capabilities.insert(known.cluster.clone(), known);
    }
    let grounds = objects.iter().map(|(name, objects)| {
        let cluster = &model.clusters[&ClusterName::parse(name).unwrap()];
        let known = &model.capabilities[&cluster.name];
        let compiled = cofferdam_compiler::compile(&model, cluster, Some(known)).unwrap();
        let mut facts = promised(&compiled.bundle, Some(known));
        add(&mut facts, *objects);
        unread(&mut facts, seen.unread);
        Ground {
            cluster,
            zones: compiled.bundle.zones(),
            facts,
            tells_exposed: true,
            dialects: dialects(plugin),
            pod_networks: vec!["10.2.0.0/16".parse().unwrap()],
            capabilities: Some(known),
            closed: [].into(),
        }
    });
    claims::outcome(&model, grounds.collect())
}

fn unread(facts: &mut Facts, kinds: Option<&str>) {
    facts.entrance_gaps.extend(kinds.map(|kinds| Gap {
        object: "Cluster/prod".to_owned(),
        reason: format!("{kinds}: forbidden"),
        source: None,
        kind: GapKind::NotRead,
    }));
}

#[track_caller]
fn check(spec: &str, plugin: &str, seen: &Seen<'_>, expected: &str) {
    let told = outcome(spec, plugin, seen);
    assert!(told.starts_with(expected), "{spec} under {plugin}: {told}");
}

#[track_caller]
fn check_in_prod(spec: &str, plugin: &str, objects: &[Value], expected: &str) {
    let seen = Seen {
        prod: objects,
        ..Seen::default()
    };
    check(spec, plugin, &seen, expected);
}

fn node() -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
        "status": {"addresses": [{"type": "InternalIP", "address": "10.1.0.5"}]}})
}

/// A pod with a port, which is also one of its node where that has a number.
fn pod(namespace: &str, name: &str, host_port: Option<u16>) -> Value {
    let port = json!({"containerPort": 8443, "hostPort": host_port});
    let address = format!("10.2.0.{}", name.as_bytes()[0]);
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "ports": [port]}]},
        "status": {"phase": "Running", "hostIP": "10.1.0.5", "podIP": address}})
}

/// A Service of the pods of that name; more of its spec, and what a load balancer says of itself.
fn service(namespace: &str, app: &str, spec: &Value, balancer: &Value) -> Value {
    let mut whole =
        json!({"selector": {"app": app}, "clusterIP": "10.96.0.7", "ports": [{"port": 8443}]});
    let fields = whole.as_object_mut().unwrap();
    fields.extend(spec.as_object().unwrap().clone());
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": app, "namespace": namespace},
        "spec": whole, "status": {"loadBalancer": {"ingress": [balancer]}}})
}

fn at_nodes(app: &str) -> Value {
    service("vault", app, &json!({"type": "NodePort"}), &Value::Null)
}

fn balanced(balancer: &Value) -> Value {
    service("vault", "db", &json!({"type": "LoadBalancer"}), balancer)
}

const DIRECT: &str = "{ never: { from: { zone: web }, to: { zone: vault } } }";
const ANY: &str = "{ never: { from: { zone: web }, to: { zone: vault } }, hops: any }";
const FROM_INTERNET: &str = "{ never: { from: { internet: true }, to: { zone: vault } } }";
const A_WAY: &str =
    "unknown: a way may lead through a node, over an address of a node or of a load balancer";

/// All that lets `web` reach a Service at the node.
fn over_the_node() -> [Value; 4] {
    let to_nodes = out("web", "10.1.0.0/24");
    [node(), pod("vault", "db", None), at_nodes("db"), to_nodes]
}

#[test]
fn a_port_of_a_node_is_a_way_in_a_fleet_of_one_cluster_too() {
    check_in_prod(DIRECT, "calico", &over_the_node(), A_WAY);
    check_in_prod(DIRECT, "calico", &over_the_node()[..3], "proved");
}

#[test]
fn what_could_not_be_read_or_is_not_understood_leaves_no_way_out() {
    let mut objects = over_the_node().to_vec();
    let seen = Seen {
        prod: &objects.clone(),
        unread: Some("Ingresses"),
        ..Seen::default()
    };
    check(ANY, "calico", &seen, A_WAY);
    objects.push(
        json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway",
        "metadata": {"name": "t", "namespace": "web"}, "spec": {"servers": []}}),
    );
    check_in_prod(ANY, "calico", &objects, A_WAY);
}

/// Policies treat both alike, and only one is behind a Service.
#[test]
fn which_of_two_pods_is_passed_on_to_makes_no_difference() {
    let among = |exposed: &str| {
        let pods = ["a", "b"].map(|name| pod("vault", name, None));
        let to_nodes = out("web", "10.1.0.0/24");
        let allow = |namespace: &str, (direction, rules, side, other): (&str, &str, &str, &str)| {
            let peer = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": other}}});
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "web-to-80", "namespace": namespace},
                "spec": {"policyTypes": [direction], rules: [{side: [peer], "ports": [{"port": 80}]}]}})
        };
        let both = [
            allow("vault", ("Ingress", "ingress", "from", "web")),
            allow("web", ("Egress", "egress", "to", "vault")),
        ];
        let others = [node(), at_nodes(exposed), to_nodes];
        let all = pods.into_iter().chain(both).chain(others);
        all.collect::<Vec<Value>>()
    };
    let on_port = DIRECT.replace("vault }", "vault }, ports: [{ port: 8443 }]");
    check_in_prod(&on_port, "calico", &among("a"), A_WAY);
    check_in_prod(&on_port, "calico", &among("b"), A_WAY);
}

#[test]
fn a_load_balancer_that_has_only_a_name_may_have_any_address() {
    let check = |balancer: &Value, expected: &str| {
        let seen = Seen {
            prod: &[out("web", "0.0.0.0/0")],
            other: Some(&[pod("vault", "db", None), balanced(balancer)]),
            ..Seen::default()
        };
        check(DIRECT, "calico", &seen, expected);
    };
    check(&json!({"ip": "8.8.8.8"}), "broken");
    check(&json!({"hostname": "a.elb.amazonaws.com"}), A_WAY);
}

#[test]
fn a_cluster_that_was_not_looked_at_may_expose_anything_anywhere() {
    let leaving = [out("web", "0.0.0.0/0")];
    let mut seen = Seen {
        prod: &leaving,
        other: Some(&[]),
        is_one_unseen: true,
        ..Seen::default()
    };
    let told = "unknown: a way leads into cluster `other`, which was not looked at";
    check(DIRECT, "calico", &seen, told);
    seen.prod = &[];
    check(DIRECT, "calico", &seen, "proved");
}

#[test]
fn a_service_is_there_before_its_pods_are() {
    let told =
        "unknown: a Service passes connections from outside on to vault/no labels[any new pod]";
    check_in_prod(FROM_INTERNET, "calico", &[node(), at_nodes("db")], told);
}

#[test]
fn what_nodes_pass_on_may_count_as_their_own_however_they_do() {
    let told = "unknown: a Service passes connections from outside on to vault/db[Pod]";
    let local = json!({"type": "NodePort", "externalTrafficPolicy": "Local"});
    let local = service("vault", "db", &local, &Value::Null);
    let db = || pod("vault", "db", None);
    check_in_prod(FROM_INTERNET, "calico", &[node(), db(), local], told);
    let at_host = pod("vault", "db", Some(18443));
    check_in_prod(FROM_INTERNET, "calico", &[node(), at_host], told);
    check_in_prod(FROM_INTERNET, "calico", &[node(), db()], "proved");
}

#[test]
fn over_addresses_of_services_a_way_goes_on_where_no_policy_sees_it() {
    let to_service = out("web", "10.96.0.7/32");
    let everything = |namespace: &str, direction: &str, rules: &str| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "open", "namespace": namespace},
            "spec": {"policyTypes": [direction], rules: [{}]}})
    };
    let closed = json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "none", "namespace": "kube-system"}, "spec": {"policyTypes": ["Ingress", "Egress"]}});
    let objects = [
        pod("open", "m", None),
        service("open", "m", &json!({}), &Value::Null),
        everything("open", "Ingress", "ingress"),
        everything("open", "Egress", "egress"),
        everything("vault", "Ingress", "ingress"),
        to_service,
        closed,
    ];
    let told = "unknown: under aws-vpc-cni policies are asked about the addresses of Services, and NetworkPolicy/web/out lets pods out to that of Service open/m";
    check_in_prod(ANY, "aws-vpc-cni", &objects, told);
    check_in_prod(DIRECT, "aws-vpc-cni", &objects, "proved");
    let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "m-1", "namespace": "open", "labels": {"kubernetes.io/service-name": "m"}},
        "addressType": "IPv4", "endpoints": [{"addresses": ["192.168.30.9"]}], "ports": [{"port": 8443}]});
    let to_bank = "{ never: { from: { zone: web }, to: { externalNetwork: bank } } }";
    let outside = [&objects[1..2], &[slice], &objects[5..]].concat();
    check_in_prod(to_bank, "aws-vpc-cni", &outside, told);
    check_in_prod(to_bank, "calico", &outside, "proved");
}

#[test]
fn a_network_that_holds_addresses_of_nodes_may_be_the_own_node() {
    let objects = [node(), pod("vault", "db", None)];
    let told = "unknown: a pod such as vault/db[Pod] may run on the node that has 10.1.0.5";
    let from_corp = "{ never: { from: { externalNetwork: corp }, to: { zone: vault } } }";
    let to_corp = "{ never: { from: { zone: vault }, to: { externalNetwork: corp } } }";
    check_in_prod(from_corp, "calico", &objects, told);
    check_in_prod(to_corp, "antrea", &objects, told);
    check_in_prod(to_corp, "calico", &objects, "proved");
}

#[test]
fn dns_of_the_node_is_on_the_own_node_of_every_pod() {
    let deny = json!({"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy", "metadata": {"name": "none"},
        "spec": {"priority": 5, "subject": {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "vault"}}},
            "egress": [{"action": "Deny", "to": [{"namespaces": {}}]}, {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]}});
    let never = "{ never: { from: { zone: vault }, to: { clusterService: dns } } }";
    let told = "unknown: the node of a pod such as vault/no labels[any new pod] answers DNS at 169.254.20.10";
    check_in_prod(never, "antrea", &[deny], told);
}

#[test]
fn where_pods_may_use_the_network_of_their_node_no_policy_governs_them() {
    let of = |zone: &str| {
        format!("{{ never: {{ from: {{ zone: {zone} }}, to: {{ internet: true }} }} }}")
    };
    let told = "unknown: pods in the network of their node may be made in namespace open";
    check_in_prod(&of("open"), "calico", &[], told);
    check_in_prod(&of("web"), "calico", &[], "proved");
}
