use cofferdam_model::capabilities::{Enforces, MeshKind};
use cofferdam_model::flow::PortNumber;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

mod tenants;

fn parse<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("a fixture is well formed")
}

/// Lists by plural, and `ConfigMaps` by name.
fn told(lists: &Value, configs: Configs) -> Capabilities {
    fn list<T: DeserializeOwned>(lists: &Value, name: &str) -> Vec<T> {
        let empty = Value::Array(Vec::new());
        parse(lists.get(name).unwrap_or(&empty))
    }
    let cluster = ClusterName::parse("one").expect("a name");
    let sets: Vec<Workload> = list(lists, "daemonsets");
    let deployments: Vec<Workload> = list(lists, "deployments");
    let sets = sets.iter().map(|set| ("DaemonSet", set));
    let deployments = deployments.iter().map(|workload| ("Deployment", workload));
    capabilities(&Inputs {
        cluster: &cluster,
        uid: "uid".to_owned(),
        version: "v1.36.3".to_owned(),
        kinds: &BTreeSet::new(),
        namespaces: &list(lists, "namespaces"),
        nodes: &list(lists, "nodes"),
        pods: &list(lists, "pods"),
        services: &list(lists, "services"),
        slices: &list(lists, "slices"),
        workloads: sets.chain(deployments).collect(),
        validating: &list(lists, "validating"),
        mutating: &list(lists, "mutating"),
        api_services: &list(lists, "apiservices"),
        definitions: &list(lists, "definitions"),
        service_cidrs: &list(lists, "servicecidrs"),
        configs,
    })
}

fn set(name: &str, container: &str, image: &str, args: &[&str]) -> Value {
    let container = json!({"name": container, "image": image, "args": args});
    json!({
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    })
}

fn config(name: &'static str, key: &str, value: &str) -> Configs {
    let map = BTreeMap::from([(key.to_owned(), value.to_owned())]);
    Configs::from([(name, Ok(Some(map)))])
}

fn check(set: &Value, configs: Configs, name: &str, enforces: Enforces) {
    let found = told(&json!({"daemonsets": [set]}), configs).cni;
    let short = (found.name.as_str(), found.enforces);
    assert_eq!(short, (name, enforces), "{}", found.evidence);
}

#[test]
fn plugins_are_told_from_their_daemon_sets() {
    use Enforces::{No, Unknown, Yes};
    for (name, container, image, args, plugin, enforces) in [
        (
            "calico-node",
            "c",
            "quay.io/calico/node:v3",
            "",
            "calico",
            Yes,
        ),
        ("own", "c", "quay.io/calico/node:v3", "", "calico", Yes),
        ("rke2-canal", "c", "i", "", "canal", Yes),
        ("kube-router", "c", "i", "", "kube-router", Yes),
        (
            "kube-router",
            "c",
            "i",
            "--run-firewall=false",
            "kube-router",
            No,
        ),
        ("kube-flannel-ds", "kube-flannel", "i", "", "flannel", No),
        (
            "kube-flannel-ds",
            "kube-network-policies",
            "i",
            "",
            "flannel",
            Yes,
        ),
        (
            "kube-network-policies",
            "c",
            "i",
            "",
            "kube-network-policies",
            Yes,
        ),
        (
            "kindnet",
            "c",
            "kindest/kindnetd:v20241212-9f82",
            "",
            "kindnet",
            Yes,
        ),
        (
            "kindnet",
            "c",
            "kindest/kindnetd:v20230511-dc71",
            "",
            "kindnet",
            Unknown,
        ),
        ("aws-node", "c", "i", "", "aws-vpc-cni", No),
        ("cilium", "c", "i", "", "cilium", Unknown),
        ("other", "c", "i", "", "unknown", Unknown),
    ] {
        let set = set(name, container, image, &[args]);
        check(&set, Configs::new(), plugin, enforces);
    }
}

#[test]
fn plugins_may_be_turned_off_by_their_configuration() {
    let agent = set("cilium", "c", "i", &[]);
    for (key, value, enforces) in [
        ("enable-policy", "default", Enforces::Yes),
        ("enable-policy", "never", Enforces::No),
        ("policy-audit-mode", "true", Enforces::No),
        ("enable-k8s-networkpolicy", "false", Enforces::No),
    ] {
        let configs = config("cilium-config", key, value);
        check(&agent, configs, "cilium", enforces);
    }
    let agent = set("aws-node", "c", "i", &["--enable-network-policy=true"]);
    for (value, enforces) in [("true", Enforces::Yes), ("false", Enforces::No)] {
        let configs = config("amazon-vpc-cni", "enable-network-policy-controller", value);
        check(&agent, configs, "aws-vpc-cni", enforces);
    }
}

#[test]
fn plugins_without_a_ready_pod_are_not_known_to_enforce() {
    use Enforces::{No, Unknown, Yes};
    let node = json!({"metadata": {"name": "n"}});
    for (name, nodes, desired, ready, enforces) in [
        ("calico-node", 3, 3, 3, Yes),
        ("calico-node", 3, 3, 1, Yes),
        ("calico-node", 3, 3, 0, Unknown),
        ("calico-node", 3, 0, 0, Unknown),
        ("calico-node", 0, 0, 0, Yes),
        ("calico-node", 0, 3, 0, Unknown),
        ("kube-network-policies", 3, 3, 3, Yes),
        ("kube-network-policies", 3, 3, 0, Unknown),
        ("kube-flannel-ds", 3, 3, 0, No),
    ] {
        let mut set = set(name, "c", "i", &[]);
        set["status"] = json!({"desiredNumberScheduled": desired, "numberReady": ready});
        let lists = json!({"daemonsets": [set], "nodes": vec![node.clone(); nodes]});
        let found = told(&lists, Configs::new()).cni;
        assert_eq!(
            found.enforces, enforces,
            "{name} {desired} {ready}: {}",
            found.evidence
        );
    }
}

#[test]
fn k3s_is_told_from_its_nodes() {
    for (args, enforces) in [
        (r#"["server"]"#, Enforces::Yes),
        (r#"["server","--disable-network-policy"]"#, Enforces::No),
        (
            r#"["server","--disable-network-policy","true"]"#,
            Enforces::No,
        ),
        (
            r#"["server","--flannel-backend","none"]"#,
            Enforces::Unknown,
        ),
    ] {
        let node = json!({
            "metadata": {"name": "n", "annotations": {"k3s.io/node-args": args}},
            "status": {"nodeInfo": {"kubeletVersion": "v1.36.1+k3s1"}},
        });
        let found = told(&json!({"nodes": [node]}), Configs::new()).cni;
        assert_eq!(found.enforces, enforces, "{args}");
    }
}

fn fixture() -> Value {
    json!({
        "nodes": [{
            "metadata": {"name": "cp"},
            "spec": {"podCIDRs": ["10.244.0.0/24"]},
            "status": {"addresses": [
                {"type": "InternalIP", "address": "172.18.0.2"},
                {"type": "Hostname", "address": "cp"},
            ]},
        }],
        "services": [
            {"metadata": {"name": "kube-dns", "namespace": "kube-system"}, "spec": {
                "clusterIP": "10.96.0.10", "selector": {"k8s-app": "kube-dns"},
                "ports": [{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"}],
            }},
            {"metadata": {"name": "kubernetes", "namespace": "default"}, "spec": {
                "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"],
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            }},
            {"metadata": {"name": "hook", "namespace": "pay"}, "spec": {
                "selector": {"app": "hook"},
                "ports": [{"port": 443, "protocol": "TCP", "targetPort": "web"}],
            }},
        ],
        "slices": [
            {"metadata": {"name": "d", "namespace": "kube-system",
                "labels": {"kubernetes.io/service-name": "kube-dns"}},
                "endpoints": [{"addresses": ["10.244.0.5"]}],
                "ports": [{"name": "dns", "port": 1053, "protocol": "UDP"}]},
            {"metadata": {"name": "k", "namespace": "default",
                "labels": {"kubernetes.io/service-name": "kubernetes"}},
                "endpoints": [{"addresses": ["172.18.0.2"]}],
                "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}]},
        ],
        "validating": [{"metadata": {"name": "v"}, "webhooks": [
            {"clientConfig": {"service": {"namespace": "pay", "name": "hook"}}},
            {"clientConfig": {"service": {"namespace": "pay", "name": "lost"}}},
        ]}],
        "namespaces": [
            {"metadata": {"name": "pay", "labels": {"istio-injection": "enabled"}}},
            {"metadata": {"name": "istio-system"}},
        ],
        "deployments": [{"metadata": {"name": "istiod", "namespace": "istio-system"}}],
        "daemonsets": [set("node-local-dns", "c", "i", &["-localip", "169.254.20.10,$(DNS_ADDRESS)"])],
        "servicecidrs": [{"spec": {"cidrs": ["10.96.0.0/16"]}}],
    })
}

#[test]
fn services_of_the_cluster_are_found() {
    let found = told(&fixture(), Configs::new());
    let dns = found.dns.servers.first().expect("servers");
    assert_eq!(
        dns.ports.first().map(|port| &port.port),
        Some(&PortNumber::Number(1053))
    );
    assert_eq!(found.dns.node_local.len(), 2);
    assert_eq!(found.api_server.service_port, 443);
    let endpoint = ("172.18.0.2".parse().expect("an address"), 6443);
    assert_eq!(found.api_server.endpoints, BTreeSet::from([endpoint]));
    assert_eq!(found.callers.addresses, BTreeSet::from([endpoint.0]));
    assert_eq!(found.pod_cidrs.len(), 1);
    assert_eq!(found.service_cidrs.len(), 1);
    let mesh = found.mesh.expect("a mesh");
    assert_eq!(mesh.kind, MeshKind::IstioSidecar);
    assert_eq!(mesh.enrolled.len(), 1);
    let targets: Vec<_> = found
        .callees
        .iter()
        .map(|callee| {
            (
                callee.service.as_str(),
                callee.target.as_ref().map(|port| &port.port),
            )
        })
        .collect();
    let named = PortNumber::Name("web".to_owned());
    assert_eq!(targets, [("hook", Some(&named)), ("lost", None)]);
}
