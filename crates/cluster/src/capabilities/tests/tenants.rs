//! What a tenant makes in a namespace of his own steers nothing.

use super::*;

fn at(mut workload: Value, namespace: &str) -> Value {
    workload["metadata"]["namespace"] = json!(namespace);
    workload
}

fn namespaces(names: &[&str]) -> Value {
    let all = names.iter().map(|name| json!({"metadata": {"name": name}}));
    all.collect()
}

#[test]
fn plugins_are_told_only_where_they_live() {
    use Enforces::{No, Unknown, Yes};
    for (name, namespace, plugin, enforces) in [
        ("calico-node", "kube-system", "calico", Yes),
        ("calico-node", "calico-system", "calico", Yes),
        ("calico-node", "evil", "unknown", Unknown),
        ("calico-node", "kube-flannel", "unknown", Unknown),
        ("kube-flannel-ds", "kube-flannel", "flannel", No),
        ("kube-flannel-ds", "evil", "unknown", Unknown),
        (
            "ovnkube-node",
            "openshift-ovn-kubernetes",
            "ovn-kubernetes",
            Yes,
        ),
        ("antrea-agent", "evil", "unknown", Unknown),
        ("kube-network-policies", "evil", "unknown", Unknown),
    ] {
        let set = at(set(name, "c", "i", &[]), namespace);
        check(&set, Configs::new(), plugin, enforces);
    }
    let flannel = at(set("kube-flannel-ds", "c", "i", &[]), "kube-flannel");
    let image = at(set("own", "c", "quay.io/calico/node:v3", &[]), "evil");
    let engine = at(set("kube-network-policies", "c", "i", &[]), "evil");
    let lists = json!({"daemonsets": [image, engine, flannel]});
    let found = told(&lists, Configs::new()).cni;
    assert_eq!((found.name.as_str(), found.enforces), ("flannel", No));
}

#[test]
fn caches_are_told_by_name_and_namespace_and_their_addresses_lead_nowhere_else() {
    let own = ["10.96.0.10", "169.254.20.10"];
    for (name, namespace, option, addresses) in [
        ("node-local-dns", "kube-system", "169.254.20.10", &own[..]),
        (
            "nodelocaldns",
            "kube-system",
            "169.254.25.10",
            &["10.96.0.10", "169.254.25.10"],
        ),
        ("node-local-dns", "openshift-dns", "169.254.20.10", &own),
        (
            "node-local-dns",
            "kube-system",
            "169.254.20.10,10.96.0.10",
            &own,
        ),
        (
            "node-local-dns",
            "kube-system",
            "169.254.20.10,203.0.113.66",
            &own,
        ),
        ("node-local-dns", "kube-system", "203.0.113.66", &own),
        (
            "node-local-dns",
            "kube-system",
            "fe80::10,fd00::66",
            &["10.96.0.10", "fe80::10"],
        ),
        ("node-local-dns", "evil", "169.254.20.10", &[]),
        ("my-node-local-dns", "evil", "203.0.113.66", &[]),
        ("my-node-local-dns", "kube-system", "203.0.113.66", &[]),
    ] {
        let mut lists = fixture();
        let set = set(name, "c", "i", &["-localip", option]);
        lists["daemonsets"] = json!([at(set, namespace)]);
        let found = told(&lists, Configs::new()).dns.node_local;
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, addresses, "{namespace}/{name} {option}");
    }
}

#[test]
fn services_of_other_ports_are_not_name_resolution() {
    let service = |name: &str, port: u16| {
        json!({
            "metadata": {"name": name, "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
            "spec": {"clusterIP": "10.96.0.11", "selector": {"k8s-app": "kube-dns"},
                "ports": [{"name": "p", "port": port, "protocol": "TCP"}]},
        })
    };
    for (name, port, servers) in [("metrics", 9153, 0), ("kube-dns", 9153, 0), ("own", 53, 1)] {
        let cache = set("node-local-dns", "c", "i", &[]);
        let lists = json!({"services": [service(name, port)], "daemonsets": [cache]});
        let found = told(&lists, Configs::new()).dns;
        assert_eq!(found.servers.len(), servers, "{name} {port}");
        assert_eq!(found.node_local.len(), servers + 1, "{name} {port}");
    }
}

#[test]
fn agents_of_the_control_plane_are_told_only_in_their_namespace() {
    for (namespace, count) in [("kube-system", 1), ("evil", 0)] {
        let agent = at(set("konnectivity-agent", "c", "i", &[]), namespace);
        let found = told(&json!({"deployments": [agent]}), Configs::new());
        assert_eq!(found.callers.pods.len(), count, "{namespace}");
    }
}

#[test]
fn meshes_are_told_only_where_they_live() {
    use MeshKind::{IstioAmbient, IstioSidecar, Linkerd};
    for (workloads, kind) in [
        (&[("istiod", "istio-system")][..], Some(IstioSidecar)),
        (&[("istiod", "evil")], None),
        (
            &[("istiod", "istio-system"), ("ztunnel", "evil")],
            Some(IstioSidecar),
        ),
        (
            &[("istiod", "istio-system"), ("ztunnel", "kube-system")],
            Some(IstioAmbient),
        ),
        (&[("linkerd-destination", "linkerd")], Some(Linkerd)),
        (&[("linkerd-destination", "evil")], None),
    ] {
        let all = workloads
            .iter()
            .map(|(name, ns)| at(set(name, "c", "i", &[]), ns));
        let lists = json!({"deployments": all.collect::<Vec<_>>()});
        let found = told(&lists, Configs::new()).mesh.map(|mesh| mesh.kind);
        assert_eq!(found, kind, "{workloads:?}");
    }
}

#[test]
fn only_well_known_namespaces_become_system_namespaces() {
    let csi = "registry.k8s.io/sig-storage/csi-provisioner:v5";
    for (name, image, namespace, system) in [
        ("app", csi, "longhorn-system", &["longhorn-system"][..]),
        ("app", csi, "evil", &[]),
        ("app", "i", "longhorn-system", &[]),
        ("calico-node", "i", "evil", &[]),
        (
            "calico-node",
            "i",
            "calico-system",
            &["calico-apiserver", "calico-system"],
        ),
        ("cilium", "i", "cilium", &["cilium", "cilium-secrets"]),
        (
            "linkerd-destination",
            "i",
            "linkerd",
            &["linkerd", "linkerd-viz"],
        ),
        ("istiod", "i", "istio-system", &["istio-system"]),
        ("istiod", "i", "evil", &[]),
    ] {
        let workload = at(set(name, "c", image, &[]), namespace);
        let live = [
            "calico-apiserver",
            "calico-system",
            "cilium",
            "cilium-secrets",
            "evil",
        ];
        let more = ["istio-system", "linkerd", "linkerd-viz", "longhorn-system"];
        let lists = json!({
            "daemonsets": [workload],
            "namespaces": namespaces(&[&live[..], &more].concat()),
        });
        let found = told(&lists, Configs::new()).system_namespaces;
        let found: Vec<&str> = found.iter().map(NamespaceName::as_str).collect();
        assert_eq!(found, system, "{namespace}/{name} {image}");
    }
}

#[test]
fn what_makes_pods_for_certain_nodes_lives_in_system_namespaces() {
    for (name, namespace, is_system) in [
        ("local-path-provisioner", "local-path-storage", true),
        ("openebs-localpv-provisioner", "openebs", true),
        ("velero", "velero", true),
        ("gpu-operator", "gpu-operator", true),
        ("gpu-operator", "nvidia-gpu-operator", true),
        ("local-path-provisioner", "evil", false),
        ("app", "local-path-storage", false),
        ("velero", "openebs", false),
    ] {
        let check = |kind: &str, is_system: bool| {
            let workload = at(set(name, "c", "i", &[]), namespace);
            let lists = json!({kind: [workload], "namespaces": namespaces(&[namespace])});
            let found = told(&lists, Configs::new()).system_namespaces;
            assert_eq!(!found.is_empty(), is_system, "{namespace}/{name}");
        };
        check("deployments", is_system);
        check("daemonsets", false);
    }
}
