//! What was seen, as Kubernetes objects: as much of each as decides what can be reached.

use std::net::IpAddr;

use cofferdam_objects::key::ObjectKey;
use serde_json::{Map, Value, json};

use super::{
    ContainerPort, LiveNamespace, LiveNode, LivePod, LivePolicy, LiveService, LiveServicePort,
    Observed, Reading, Template, told_unknowns,
};
use crate::segmentation::Segmentation;

impl Observed {
    /// Everything known that decides what can be reached, one object at a time and in a fixed order. A policy of
    /// which only the name was read is an object without a spec.
    pub fn objects(&self) -> impl Iterator<Item = Value> {
        let namespaces = self.namespaces.known().into_iter().flatten().map(namespace);
        let policies = self.policies.known().into_iter().flatten();
        let policies = policies.map(network_policy);
        let of_cluster = self.cluster_policies.known().into_iter().flatten();
        let entrances = self.entrances.values().filter_map(Reading::known);
        namespaces
            .chain(policies)
            .chain(of_cluster.map(cluster_policy))
            .chain(self.unchanging_objects())
            .chain(entrances.flatten().cloned())
    }

    /// Those of them but the ways in from outside that a [`Segmentation`] does not hold: no plan changes what of
    /// them decides what can be reached.
    pub fn unchanging_objects(&self) -> impl Iterator<Item = Value> {
        let nodes = self.nodes.known().into_iter().flatten().map(node);
        let whole = self.cluster_policies.known();
        let others = self.other_policies.known().into_iter().flatten();
        let others = others.filter(move |key| !whole.is_some_and(|all| all.contains_key(key)));
        let templates = self.templates.known().into_iter().flatten();
        // Pods that ended send and receive nothing.
        let pods = self.pods.known().into_iter().flatten();
        let pods = pods.filter(|pod| !pod.finished).map(pod);
        let services = self.services.known().into_iter().flatten().map(service);
        nodes
            .chain(others.map(|key| Segmentation::object(key, &Value::Null)))
            .chain(templates.filter_map(workload))
            .chain(pods)
            .chain(services)
    }

    /// What decides what can be reached and is unknown, with each reason once.
    pub fn unread_objects(&self) -> Vec<String> {
        let parts = [
            ("namespaces", self.namespaces.unknown()),
            ("NetworkPolicies", self.policies.unknown()),
            (
                "policies of administrators",
                self.cluster_policies.unknown(),
            ),
            (
                "policies of kinds that are not modelled",
                self.other_policies.unknown(),
            ),
            ("nodes", self.nodes.unknown()),
            ("pods", self.pods.unknown()),
            ("workloads", self.templates.unknown()),
            ("services", self.services.unknown()),
        ];
        let parts = parts.into_iter();
        let unknown: Vec<(&str, &str)> = parts
            .filter_map(|(what, reason)| Some((what, reason?)))
            .collect();
        told_unknowns(&unknown)
    }
}

fn namespace((name, live): (&String, &LiveNamespace)) -> Value {
    Segmentation::namespace(name, &live.labels)
}

fn node((name, live): (&String, &LiveNode)) -> Value {
    // Addresses of every type count alike.
    let addresses = live.addresses.iter();
    let addresses = addresses.map(|address| json!({"address": address}));
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": live.labels},
        "status": {"addresses": addresses.collect::<Vec<_>>()},
    })
}

fn network_policy(((namespace, name), live): (&(String, String), &LivePolicy)) -> Value {
    Segmentation::object(&ObjectKey::policy(namespace, name), &live.spec.read())
}

fn cluster_policy((key, live): (&ObjectKey, &LivePolicy)) -> Value {
    Segmentation::object(key, &live.spec.read())
}

fn workload(template: &Template) -> Option<Value> {
    let (kind, name) = template.workload.split_once('/')?;
    let api_version = match kind {
        "CronJob" | "Job" => "batch/v1",
        "ReplicationController" => "v1",
        _ => "apps/v1",
    };
    // Pods are told under the name of what is above the workload that made them, and not of what is above that.
    let makes_pods_itself = !matches!(kind, "CronJob" | "Deployment");
    let controller = template.controller.as_ref();
    let owners = owners(controller.filter(|_| makes_pods_itself));
    let pods = json!({
        "metadata": {"labels": template.labels},
        "spec": pod_spec(&template.ports, template.host_network, None),
    });
    let spec = match kind {
        "CronJob" => json!({"jobTemplate": {"spec": {"template": pods}}}),
        _ => json!({"template": pods}),
    };
    Some(json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"namespace": template.namespace, "name": name, "ownerReferences": owners},
        "spec": spec,
    }))
}

fn pod(live: &LivePod) -> Value {
    let addresses = |all: &[IpAddr]| -> Vec<Value> {
        all.iter().map(|address| json!({"ip": address})).collect()
    };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": live.namespace,
            "name": live.name,
            "labels": live.labels,
            "ownerReferences": owners(live.workload.as_ref()),
        },
        "spec": pod_spec(&live.ports, live.host_network, live.node.as_deref()),
        "status": {
            "podIPs": addresses(&live.addresses),
            "hostIPs": addresses(&live.host_addresses),
        },
    })
}

fn owners(controller: Option<&(String, String)>) -> Vec<Value> {
    let owner =
        |(kind, name): &(String, String)| json!({"kind": kind, "name": name, "controller": true});
    controller.map(owner).into_iter().collect()
}

/// All ports stand at one container, and at one sidecar.
fn pod_spec(ports: &[ContainerPort], host_network: bool, node: Option<&str>) -> Value {
    let of = |sidecar: bool| -> Vec<Value> {
        let some = ports.iter().filter(|port| port.sidecar == sidecar);
        some.map(container_port).collect()
    };
    let mut spec = Map::new();
    spec.insert("containers".to_owned(), json!([{"ports": of(false)}]));
    let sidecar = of(true);
    if !sidecar.is_empty() {
        let sidecar = json!([{"restartPolicy": "Always", "ports": sidecar}]);
        spec.insert("initContainers".to_owned(), sidecar);
    }
    if host_network {
        spec.insert("hostNetwork".to_owned(), true.into());
    }
    spec.extend(node.map(|node| ("nodeName".to_owned(), node.into())));
    Value::Object(spec)
}

fn container_port(port: &ContainerPort) -> Value {
    let mut told = Map::new();
    told.insert("name".to_owned(), json!(port.name));
    told.insert("containerPort".to_owned(), port.number.into());
    told.insert("protocol".to_owned(), port.protocol.as_str().into());
    told.extend(
        port.host_port
            .map(|one| ("hostPort".to_owned(), one.into())),
    );
    Value::Object(told)
}

fn service(live: &LiveService) -> Value {
    let ports: Vec<Value> = live.ports.iter().map(service_port).collect();
    let balancer = live.balancer_addresses.iter();
    let balancer = balancer.map(|address| json!({"ip": address}));
    let names = live.balancer_names.iter();
    let balancer = balancer.chain(names.map(|name| json!({"hostname": name})));
    let headless = live.is_headless.then_some("None");
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "namespace": live.namespace,
            "name": live.name,
            "annotations": live.annotations,
        },
        "spec": {
            "type": live.service_type.as_str(),
            "clusterIP": headless,
            "allocateLoadBalancerNodePorts": live.has_node_ports,
            "externalTrafficPolicy": if live.keeps_client { "Local" } else { "Cluster" },
            "selector": live.selector,
            "clusterIPs": live.cluster_addresses,
            "externalIPs": live.external_addresses,
            "loadBalancerSourceRanges": live.clients,
            "ports": ports,
        },
        "status": {"loadBalancer": {"ingress": balancer.collect::<Vec<_>>()}},
    })
}

fn service_port(port: &LiveServicePort) -> Value {
    json!({
        "name": (!port.name.is_empty()).then_some(&port.name),
        "protocol": port.protocol.as_str(),
        "port": port.port,
        "targetPort": port.target,
        "nodePort": port.node_port,
    })
}
