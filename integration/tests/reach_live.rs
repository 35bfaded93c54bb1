//! What decides what can be reached, read of a real server: the same as if the engine had read every object, and
//! what may not be read is unknown.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use cofferdam_cluster::{ConnectOptions, connect};
use cofferdam_integration::admin_policies::define_admin_policies;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::SeedOptions;
use cofferdam_integration::shop::Shop;
use cofferdam_integration::user::User;
use cofferdam_model::cluster::{Access, Delivery, Guards, Limits, Mode, Network};
use cofferdam_model::names::ClusterName;
use cofferdam_semantics::Reader;
use cofferdam_semantics::facts::{Facts, Pod};
use cofferdam_semantics::policy::Source;
use cofferdam_state::observed::Observed;
use serde_json::Value;

/// Has the rights that `rbac --profile observe` prints.
const WATCHER: &str = "watcher";

/// May list pods and Services, and nothing else.
const STRANGER: &str = "stranger";

const OBJECTS: &str = "
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: { name: metrics }
spec:
  priority: 10
  subject: { namespaces: {} }
  ingress:
  - { name: metrics, action: Allow, from: [{ namespaces: { matchLabels: { team: shop } } }], ports: [{ portNumber: { protocol: TCP, port: 9090 } }] }
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: { name: default }
spec:
  subject: { namespaces: {} }
  egress:
  - { name: elsewhere, action: Deny, to: [{ networks: [203.0.113.0/24] }] }
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: sql }
spec:
  tier: Admin
  priority: 5
  subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: orders } } } }
  ingress:
  - { action: Deny, from: [{ namespaces: {} }], protocols: [{ tcp: { destinationPort: { number: 5432 } } }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: orders, namespace: orders }
spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: shop } } }], ports: [{ port: http }] }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: idle, namespace: orders }
spec:
  replicas: 0
  selector: { matchLabels: { app: idle } }
  template:
    metadata: { labels: { app: idle } }
    spec:
      hostNetwork: true
      containers: [{ name: a, image: a, ports: [{ name: http, containerPort: 8080 }] }]
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly, namespace: orders }
spec:
  schedule: '0 3 * * *'
  jobTemplate: { spec: { template: { metadata: { labels: { app: nightly } }, spec: { restartPolicy: Never, containers: [{ name: a, image: a }] } } } }
---
apiVersion: v1
kind: Pod
metadata: { name: sidecar, namespace: orders, labels: { app: sidecar } }
spec:
  nodeName: prod-node-1
  automountServiceAccountToken: false
  initContainers:
  - { name: b, image: b, restartPolicy: Always, ports: [{ name: metrics, containerPort: 9090 }] }
  - { name: c, image: c, ports: [{ name: once, containerPort: 54 }] }
  containers: [{ name: a, image: a, ports: [{ name: dns, containerPort: 53, protocol: UDP }] }]
---
apiVersion: v1
kind: Service
metadata: { name: front, namespace: orders }
spec: { type: LoadBalancer, externalTrafficPolicy: Local, selector: { app: orders }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: nodes, namespace: orders }
spec: { type: NodePort, selector: { app: orders }, externalIPs: [203.0.113.7], ports: [{ name: udp, port: 53, protocol: UDP }] }
---
apiVersion: v1
kind: Service
metadata: { name: elsewhere, namespace: orders }
spec: { type: ExternalName, externalName: example.com }
---
apiVersion: v1
kind: Service
metadata: { name: by-hand, namespace: orders }
spec: { type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24], ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: by-hand-1, namespace: orders, labels: { kubernetes.io/service-name: by-hand } }
addressType: IPv4
endpoints: [{ addresses: [10.244.9.9], targetRef: { kind: Pod, name: sidecar } }]
ports: [{ name: http, port: 8080 }]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: edge, annotations: { ingressclass.kubernetes.io/is-default-class: 'true' } }
spec: { controller: k8s.io/ingress-nginx }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: front, namespace: orders }
spec:
  defaultBackend: { service: { name: front, port: { number: 80 } } }
  rules: [{ http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: by-hand, port: { name: http } } } }] } }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: stranger }
rules: [{ apiGroups: [''], resources: [pods, services], verbs: [list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: stranger }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: stranger }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: stranger }]
";

const STATUS: &str = r#"{"status": {"phase": "Running", "podIP": "10.244.9.9", "podIPs": [{"ip": "10.244.9.9"}, {"ip": "fd00::9"}], "hostIP": "172.18.0.11", "hostIPs": [{"ip": "172.18.0.11"}]}}"#;

fn shop() -> Result<Shop> {
    let options = ClusterOptions::new("prod")
        .user(User::new(WATCHER, &[])?)
        .user(User::new(STRANGER, &[])?);
    let shop = Shop::start_with(options, SeedOptions::default())?;
    let subject = format!("user:{WATCHER}");
    let rights = ["rbac", "--profile", "observe", "--subject", &subject];
    let rights = shop.expect(&rights, 0)?;
    shop.cluster.apply_yaml(ADMIN, &rights.stdout)?;
    define_admin_policies(&shop.cluster)?;
    shop.cluster.apply_yaml(ADMIN, OBJECTS)?;
    let patch = [
        "-n",
        "orders",
        "patch",
        "pod",
        "sidecar",
        "--subresource=status",
        "-p",
        STATUS,
    ];
    shop.cluster.kubectl(&patch)?;
    Ok(shop)
}

fn observe(cluster: &Cluster, user: &str) -> Result<Observed> {
    let document = cofferdam_model::cluster::Cluster {
        name: ClusterName::parse(cluster.name()).context("a name")?,
        labels: [].into(),
        access: Access {
            kubeconfig: cluster.kubeconfig(user)?.display().to_string(),
            context: None,
            allow_exec: [].into(),
        },
        uid: None,
        mode: Mode::ReadOnly,
        delivery: Delivery::Push,
        network: Network::default(),
        guards: Guards::default(),
        audit_file: None,
        limits: Limits::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let options = ConnectOptions::new(cluster.directory().to_owned());
        let connection = connect(&document, &options).await?;
        Ok(connection.observe("2026-11-22T00:00:00Z".to_owned()).await)
    })
}

fn facts(objects: impl IntoIterator<Item = Value>) -> Facts {
    let mut reader = Reader::default();
    for object in objects {
        reader.read(&object, Source(0));
    }
    reader.finish()
}

/// Every object that decides what can be reached, as `kubectl` gets it.
fn all_objects(cluster: &Cluster) -> Result<Vec<Value>> {
    let kinds = "namespaces,nodes,pods,services,endpointslices,ingresses,ingressclasses,networkpolicies,deployments,replicasets,daemonsets,statefulsets,\
                 replicationcontrollers,jobs,cronjobs,adminnetworkpolicies,baselineadminnetworkpolicies,\
                 clusternetworkpolicies.policy.networking.k8s.io";
    let list = cluster.get_json(&[kinds, "--all-namespaces"])?;
    let items = list.get("items").and_then(Value::as_array);
    Ok(items.context("items")?.clone())
}

#[test]
fn with_the_rights_of_an_observer_nothing_is_lost_that_the_engine_reads() -> Result<()> {
    let shop = shop()?;
    let seen = observe(&shop.cluster, WATCHER)?;
    assert_eq!(seen.all_unknowns(), []);
    assert_eq!(seen.cluster_policies.unknown(), None);
    let told = facts(seen.objects());
    let expected = facts(all_objects(&shop.cluster)?);
    assert_eq!(format!("{told:#?}"), format!("{expected:#?}"));

    let policies: Vec<String> = told.policies.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(
        policies,
        [
            "NetworkPolicy/orders/orders",
            "AdminNetworkPolicy/metrics",
            "BaselineAdminNetworkPolicy/default",
            "ClusterNetworkPolicy/sql",
        ]
    );
    let mut pods = told.pods.iter();
    let sidecar = pods
        .find(|pod| &*pod.name == "sidecar")
        .context("the pod")?;
    let addresses: Vec<String> = sidecar.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["10.244.9.9", "fd00::9"]);
    let ports: Vec<&str> = sidecar.ports.iter().map(|port| &*port.name).collect();
    assert_eq!(ports, ["dns", "metrics"]);
    Ok(())
}

#[test]
fn what_may_not_be_read_is_unknown_and_the_rest_is_read() -> Result<()> {
    let shop = shop()?;
    let seen = observe(&shop.cluster, STRANGER)?;
    let parts = [
        seen.namespaces.unknown(),
        seen.policies.unknown(),
        seen.cluster_policies.unknown(),
        seen.other_policies.unknown(),
        seen.nodes.unknown(),
        seen.templates.unknown(),
        seen.pods.unknown(),
        seen.services.unknown(),
    ];
    let why = parts.map(|reason| Some(reason?.split_once(": forbidden: ")?.0));
    assert_eq!(
        why,
        [
            Some("cannot list namespaces"),
            Some("cannot list networkpolicies"),
            Some("cannot list adminnetworkpolicies"),
            Some("cannot list adminnetworkpolicies"),
            Some("cannot list nodes"),
            Some("cannot list daemonsets"),
            None,
            None,
        ]
    );
    let told = facts(seen.objects());
    let is_here = |pod: &&Pod| &*pod.namespace == "orders";
    let workloads = told.pods.iter().filter(is_here);
    let workloads: BTreeSet<String> = workloads.map(|pod| pod.workload.to_string()).collect();
    assert_eq!(
        workloads.into_iter().collect::<Vec<_>>(),
        ["orders[Deployment]", "sidecar[Pod]"]
    );
    assert!(
        told.services
            .iter()
            .any(|service| &*service.name == "front")
    );
    Ok(())
}

/// A missing right to read the ways in from outside leaves what reaches what complete.
#[test]
fn the_ways_in_from_outside_are_followed_or_said_to_be_unknown() -> Result<()> {
    let shop = shop()?;
    let exposure = "reach --cluster prod --dialect calico --exposure -o json";
    let exposure: Vec<&str> = exposure.split(' ').collect();
    let report: Value = serde_json::from_str(&shop.expect(&exposure, 0)?.stdout)?;
    let all = report["exposure"].as_array().context("exposure")?;
    let ways = |workload: &str| -> Vec<(String, String)> {
        let own = all.iter().filter(|one| one["workload"] == workload);
        let ways = own.filter_map(|one| one["fromInternet"]["through"].as_array());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        ways.flatten()
            .map(|way| (text(&way["through"]), text(&way["ports"])))
            .collect()
    };
    let way = |through: &str| (through.to_owned(), "TCP 8080".to_owned());
    let by_hand = way("Service/orders/by-hand");
    let told = [by_hand.clone(), by_hand, way("Ingress/orders/front")];
    assert_eq!(ways("orders/sidecar[Pod]"), told, "{report}");

    let role = shop
        .cluster
        .get_json(&["clusterrole", "cofferdam-observe"])?;
    let role = role.to_string();
    let less = role.replace("\"ingressclasses\"", "\"nothing\"");
    assert_ne!(less, role);
    shop.cluster.apply_yaml(ADMIN, &less)?;
    let seen = observe(&shop.cluster, WATCHER)?;
    assert_eq!(seen.all_unknowns(), []);
    let classes = seen.entrances.get("IngressClasses");
    let why = classes.and_then(|one| one.unknown());
    let why = why.and_then(|reason| reason.split_once(": forbidden: "));
    assert_eq!(
        why.map(|(what, _)| what),
        Some("cannot list ingressclasses")
    );
    Ok(())
}

/// What somebody else lets in is told at once, explained by the live object, and a difference between before and after.
#[test]
fn a_foreign_policy_that_opens_everything_is_seen_explained_and_compared() -> Result<()> {
    let shop = shop()?;
    let reach = [
        "reach",
        "--cluster",
        "prod",
        "--dialect",
        "calico",
        "--to",
        "orders/orders",
        "--from",
        "8.8.8.8",
        "-o",
        "json",
    ];
    let told = |run: &str| -> Result<Value> {
        let report: Value = serde_json::from_str(run)?;
        assert_eq!(report["complete"], true, "{report}");
        Ok(report["connections"].clone())
    };
    let before = serde_json::json!(all_objects(&shop.cluster)?);
    let file = shop.cluster.directory().join("before.json");
    std::fs::write(&file, before.to_string())?;
    let file = file.display().to_string();
    assert_eq!(
        told(&shop.expect(&reach, 0)?.stdout)?,
        serde_json::json!([])
    );

    let foreign = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: temporary, namespace: orders }
spec: { podSelector: {}, ingress: [{}] }
";
    shop.cluster.apply_yaml(ADMIN, foreign)?;
    let open = told(&shop.expect(&reach, 0)?.stdout)?;
    assert_eq!(open[0]["from"], "0.0.0.0/0", "{open}");
    let explain = [
        "explain",
        "--cluster",
        "prod",
        "--from",
        "8.8.8.8",
        "--to",
        "orders/orders",
        "--port",
        "1",
        "-o",
        "json",
    ];
    let why: Value = serde_json::from_str(&shop.expect(&explain, 0)?.stdout)?;
    assert_eq!(why["verdict"], "allowed");
    let rule = &why["answers"][0]["ingress"]["rules"][0];
    assert_eq!(rule["policy"], "NetworkPolicy/orders/temporary", "{why}");
    let diff = shop.expect(&["diff", &file, "cluster:prod", "-o", "json"], 2)?;
    let diff: Value = serde_json::from_str(&diff.stdout)?;
    let opens = diff["opens"].as_array().context("opens")?;
    assert!(
        opens
            .iter()
            .any(|one| one["to"] == "orders/orders[Deployment]" && one["from"] == "0.0.0.0/0"),
        "{diff}"
    );
    assert_eq!(diff["closes"], serde_json::json!([]));
    Ok(())
}
