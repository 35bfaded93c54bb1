//! What decides what can be reached, read of a server and given to the engine: the same as if the engine had read
//! what the server sent.

use cofferdam_model::names::ClusterName;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::policy_kind::{POLICY_KINDS, PolicyKind};
use cofferdam_oracle::generate::{Corners, cluster};
use cofferdam_semantics::Reader;
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::policy::Source;
use serde::de::DeserializeOwned;

use super::wire::{Ingress, Slice, Whole};
use super::*;

const WORKLOADS: [&str; 7] = [
    "DaemonSet",
    "Deployment",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
];

fn of_kind<T: DeserializeOwned>(objects: &[Value], kind: &str) -> Vec<T> {
    let some = objects.iter().filter(|object| object["kind"] == kind);
    some.map(|object| serde_json::from_str(&object.to_string()).expect("well formed"))
        .collect()
}

fn other_policies<T: DeserializeOwned>(objects: &[Value]) -> Vec<(&'static PolicyKind, T)> {
    let of = |kind: &'static PolicyKind| {
        let some = objects
            .iter()
            .filter(|object| object["apiVersion"] == kind.api_version)
            .cloned();
        let all = of_kind(&some.collect::<Vec<_>>(), kind.kind).into_iter();
        all.map(move |one| (kind, one))
    };
    POLICY_KINDS.iter().flat_map(of).collect()
}

/// What is observed of a server that sends these objects.
fn observed(objects: &[Value]) -> Observed {
    let core: Vec<Value> = objects
        .iter()
        .filter(|object| object["apiVersion"] != "projectcalico.org/v3")
        .cloned()
        .collect();
    let workloads = || {
        WORKLOADS
            .map(|kind| (kind, Ok(of_kind(&core, kind))))
            .to_vec()
    };
    let name = ClusterName::parse("one").expect("a name");
    let whole = other_policies(objects).into_iter();
    let whole = whole.filter(|(kind, _)| kind.is_read_whole()).collect();
    let named = other_policies::<Value>(objects).into_iter();
    let named = named.map(|(kind, object)| ObjectKey {
        kind: Kind::OtherPolicy(kind),
        namespace: object["metadata"]["namespace"].as_str().map(str::to_owned),
        name: object["metadata"]["name"]
            .as_str()
            .expect("a name")
            .to_owned(),
    });
    Observed {
        namespaces: Reading::Known(convert::namespaces(of_kind(&core, "Namespace"))),
        policies: Reading::Known(convert::policies(of_kind(&core, "NetworkPolicy"))),
        cluster_policies: Reading::Known(other_policies::whole_by_key(whole)),
        other_policies: Reading::Known(named.collect()),
        nodes: Reading::Known(convert::nodes(of_kind(&core, "Node"))),
        pods: Reading::Known(convert::pods(of_kind(&core, "Pod"), &workloads())),
        templates: reading(convert::templates(workloads())),
        services: Reading::Known(convert::services(of_kind(&core, "Service"))),
        entrances: [("all of them", Reading::Known(entrances(objects)))].into(),
        ..Observed::unreachable(name, String::new(), "not asked")
    }
}

fn entrances(objects: &[Value]) -> Vec<Value> {
    let slices: Vec<Slice> = of_kind(objects, "EndpointSlice");
    let ingresses: Vec<Ingress> = of_kind(objects, "Ingress");
    let mut all: Vec<Value> = slices.iter().map(entrances::slice).collect();
    all.extend(ingresses.iter().map(entrances::ingress));
    for (version, kind) in [
        ("networking.k8s.io/v1", "IngressClass"),
        ("gateway.networking.k8s.io/v1", "Gateway"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ] {
        let own: Vec<Whole> = of_kind(objects, kind);
        all.extend(own.iter().map(|one| entrances::whole(version, kind, one)));
    }
    all
}

fn facts(objects: impl IntoIterator<Item = Value>) -> Facts {
    let mut reader = Reader::default();
    for object in objects {
        reader.read(&object, Source(0));
    }
    reader.finish()
}

fn check(objects: &[Value]) {
    let seen = observed(objects);
    let told = format!("{:#?}", facts(seen.objects()));
    let expected = format!("{:#?}", facts(objects.iter().cloned()));
    let mut lines = told.lines().zip(expected.lines()).zip(1..);
    let different = lines.find(|((told, expected), _)| told != expected);
    assert!(
        told == expected,
        "line, told and expected: {different:?} of\n{told}"
    );
}

fn documents(yaml: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(yaml);
    documents
        .map(|one| Deserialize::deserialize(one).expect("YAML"))
        .collect()
}

#[test]
fn of_clusters_full_of_corners_nothing_that_the_engine_reads_is_lost() {
    for seed in 0..500 {
        check(&cluster(seed, Corners::ALL));
    }
}

#[test]
fn of_ways_in_from_outside_nothing_that_the_engine_reads_is_lost() {
    check(&documents(
        "
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, loadBalancerSourceRanges: [203.0.113.0/24], ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
endpoints: [{addresses: [10.0.0.1, 10.0.0.2], targetRef: {kind: Pod, name: web}}, {addresses: [10.0.0.3]}]
ports: [{name: http, port: 8080, protocol: UDP}, {name: any}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: one, namespace: shop, annotations: {kubernetes.io/ingress.class: nginx, other: x}}
spec:
  defaultBackend: {resource: {apiGroup: example.com, kind: Bucket, name: b}}
  rules: [{http: {paths: [{backend: {service: {name: web, port: {number: 80}}}}, {backend: {service: {name: web, port: {name: http}}}}]}}, {host: a}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: two, namespace: shop}
spec: {ingressClassName: traefik}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec: {gatewayClassName: any, listeners: [{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec: {parentRefs: [{name: public, namespace: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}
",
    ));
}

#[test]
fn pods_are_told_under_the_topmost_of_their_owners_and_templates_where_they_have_no_pods() {
    check(&documents(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]}
spec: {template: {metadata: {labels: {app: web, pod-template-hash: 5d}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-5d-1, namespace: shop, labels: {app: web, pod-template-hash: 5d}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d, controller: true}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: idle, namespace: shop}
spec:
  template:
    metadata: {labels: {app: idle}}
    spec:
      hostNetwork: true
      containers: [{name: a, ports: [{name: http, containerPort: 80}, {containerPort: 81, hostPort: 8081}, {containerPort: 82, hostPort: 82, hostIP: 127.0.0.1}]}]
      initContainers:
      - {name: b, restartPolicy: Always, ports: [{name: dns, containerPort: 53, protocol: UDP}]}
      - {name: c, ports: [{name: once, containerPort: 54}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: shop}
spec: {jobTemplate: {spec: {template: {metadata: {labels: {app: nightly}}}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: canary-1, namespace: shop, ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: canary, controller: true}]}
spec: {template: {metadata: {labels: {app: canary}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: canary-1-1, namespace: shop, labels: {app: canary}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: canary-1, controller: true}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: orphan-7, namespace: shop, labels: {app: orphan}}
spec: {template: {metadata: {labels: {app: orphan, pod-template-hash: '7'}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: orphan-7-1, namespace: shop, labels: {app: orphan, pod-template-hash: '7'}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: orphan-7, controller: true}]}
---
apiVersion: v1
kind: ReplicationController
metadata: {name: old, namespace: shop}
spec: {template: {metadata: {labels: {app: old}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: etcd-n1, namespace: kube-system, ownerReferences: [{apiVersion: v1, kind: Node, name: n1, controller: true}]}
spec: {hostNetwork: true, nodeName: n1}
status: {phase: Running, hostIP: 192.0.2.1, podIP: 192.0.2.1}
",
    ));
}

#[test]
fn services_nodes_and_policies_that_are_not_modelled_are_handed_on() {
    check(&documents(
        "
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {networking.gke.io/load-balancer-type: Internal, other: x}}
status: {loadBalancer: {ingress: [{ip: 203.0.113.5}, {hostname: lb.example.com}]}}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: web}
  clusterIP: 10.96.0.1
  clusterIPs: [10.96.0.1, 'fd00:96::1']
  loadBalancerSourceRanges: [203.0.113.0/24]
  allocateLoadBalancerNodePorts: false
  ports: [{name: http, port: 80, targetPort: http}, {port: 53, protocol: UDP, targetPort: 5353}]
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop}
spec: {type: ClusterIP, externalIPs: [203.0.113.009], clusterIP: 10.96.0.2, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless, namespace: shop}
spec: {clusterIP: None, clusterIPs: [None], selector: {app: db}}
---
apiVersion: v1
kind: Service
metadata: {name: ports, namespace: shop}
spec: {type: NodePort, clusterIPs: [10.96.0.3], ports: [{port: 80, protocol: SCTP}]}
---
apiVersion: v1
kind: Service
metadata: {name: name, namespace: shop}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {zone: a}}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}, {type: ExternalIP, address: 203.0.113.1}, {type: Hostname, address: 198.51.100.1}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: hole, namespace: shop}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: default.theirs, namespace: shop}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: unknown-field}
spec: {priority: 1, subject: {namespaces: {}}, later: true}
",
    ));
}

/// The pods that the engine knows of what was seen, each as `name: workload`.
fn check_pods(yaml: &str, expected: &[&str]) {
    let facts = facts(observed(&documents(yaml)).objects());
    let pods = facts.pods.iter();
    let told: Vec<String> = pods
        .map(|pod| format!("{}: {}", pod.name, pod.workload))
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn a_replica_set_without_a_deployment_is_a_workload_of_its_own() {
    check_pods(
        "
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: orphan-7, namespace: shop}
spec: {template: {metadata: {labels: {pod-template-hash: '7'}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: orphan-7-1, namespace: shop, labels: {pod-template-hash: '7'}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: orphan-7, controller: true}]}
",
        &["orphan-7-1: orphan-7[ReplicaSet]"],
    );
}

#[test]
fn workloads_of_an_operator_are_told_by_their_own_name() {
    check_pods(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {name: grafana, namespace: m, ownerReferences: [{apiVersion: x.io/v1, kind: Grafana, name: g, controller: true}]}
spec: {template: {metadata: {labels: {app: grafana}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: grafana-1, namespace: m, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: grafana, controller: true}]}
spec: {template: {metadata: {labels: {app: grafana}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: grafana-1-1, namespace: m, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: grafana-1, controller: true}]}
---
apiVersion: v1
kind: Pod
metadata: {name: ended, namespace: m}
status: {phase: Succeeded}
",
        &["grafana-1-1: grafana[Deployment]"],
    );
}
