//! A Deployment or DaemonSet with its pods, and the Service before them.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::apply::Applied;
use super::pod::SeededPod;
use super::{labels, metadata};

/// The label by which a `ReplicaSet` tells its pods from older ones.
const TEMPLATE_HASH: (&str, &str) = ("pod-template-hash", "7c65d6cfc9");

/// What runs the pods.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// So many replicas.
    Deployment(usize),
    /// One on each node.
    DaemonSet,
}

/// A port that pods listen on and a Service forwards.
#[derive(Debug, Clone)]
pub(super) struct Port {
    pub(super) name: &'static str,
    pub(super) number: u16,
    pub(super) protocol: &'static str,
}

/// The Service of an application, under a name of its own.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) address: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
}

/// One application.
#[derive(Debug, Clone)]
pub(super) struct Application {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Both the selector and the labels of the pods.
    pub(super) labels: BTreeMap<String, String>,
    pub(super) image: String,
    pub(super) host_network: bool,
    /// The labels of the nodes it runs on.
    pub(super) node_selector: BTreeMap<String, String>,
    /// The taints it tolerates, by key and value.
    pub(super) tolerations: BTreeMap<String, String>,
    pub(super) ports: Vec<Port>,
    pub(super) service: Option<Service>,
}

impl Application {
    /// Everything that needs no uid of another object.
    pub(super) fn objects(&self) -> Vec<Value> {
        let selector = json!({"matchLabels": self.labels});
        let template = json!({"metadata": {"labels": self.labels}, "spec": self.pod_spec()});
        let mut spec = json!({"selector": selector, "template": template});
        if let Some(spec) = spec.as_object_mut() {
            // A controller must not replace the pods that were seeded.
            let (key, value) = match self.kind {
                Kind::Deployment(replicas) => ("replicas", json!(replicas)),
                Kind::DaemonSet => ("updateStrategy", json!({"type": "OnDelete"})),
            };
            spec.insert(key.to_owned(), value);
        }
        let controller = json!({
            "apiVersion": "apps/v1",
            "kind": self.kind_name(),
            "metadata": metadata(&self.namespace, &self.name, &self.labels),
            "spec": spec,
        });
        [controller]
            .into_iter()
            .chain(self.service_object())
            .collect()
    }

    pub(super) fn replica_set(&self, applied: &Applied) -> Result<Value> {
        let uid = applied.uid("Deployment", &self.namespace, &self.name)?;
        let labels = self.pod_labels();
        let mut metadata = metadata(&self.namespace, &self.set_name(), &labels);
        if let Some(metadata) = metadata.as_object_mut() {
            let owner = owner("Deployment", &self.name, uid);
            metadata.insert("ownerReferences".to_owned(), json!([owner]));
        }
        let replicas = if let Kind::Deployment(replicas) = self.kind {
            replicas
        } else {
            0
        };
        Ok(json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": metadata,
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": self.pod_spec()},
            },
        }))
    }

    /// The owner reference of the pods.
    pub(super) fn owner(&self, applied: &Applied) -> Result<Value> {
        let (kind, name) = match self.kind {
            Kind::Deployment(_) => ("ReplicaSet", self.set_name()),
            Kind::DaemonSet => ("DaemonSet", self.name.clone()),
        };
        Ok(owner(
            kind,
            &name,
            applied.uid(kind, &self.namespace, &name)?,
        ))
    }

    pub(super) fn pod_labels(&self) -> BTreeMap<String, String> {
        let more = match self.kind {
            Kind::Deployment(_) => labels(&[TEMPLATE_HASH]),
            Kind::DaemonSet => labels(&[("controller-revision-hash", "5f4b7c9d8")]),
        };
        self.labels.clone().into_iter().chain(more).collect()
    }

    pub(super) fn pod_name(&self, number: usize) -> String {
        match self.kind {
            Kind::Deployment(_) => format!("{}-{number:05}", self.set_name()),
            Kind::DaemonSet => format!("{}-{number:05}", self.name),
        }
    }

    pub(super) fn pod_spec(&self) -> Value {
        let ports = self.ports.iter().map(|port| {
            json!({"name": port.name, "containerPort": port.number, "protocol": port.protocol})
        });
        let ports = ports.collect::<Vec<_>>();
        let tolerations = self
            .tolerations
            .iter()
            .map(|(key, value)| json!({"key": key, "operator": "Equal", "value": value}));
        // What runs in the host network may not be hardened anyway; all else passes `restricted`.
        let (pod, container) = if self.host_network {
            (Value::Null, Value::Null)
        } else {
            (
                json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}),
                json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}),
            )
        };
        json!({
            "hostNetwork": self.host_network,
            "nodeSelector": self.node_selector,
            "tolerations": tolerations.collect::<Vec<_>>(),
            "securityContext": pod,
            "containers": [
                {"name": self.name, "image": self.image, "ports": ports, "securityContext": container},
            ],
        })
    }

    /// What the endpoint slice controller would write.
    pub(super) fn endpoints(&self, pods: &[SeededPod]) -> Option<Value> {
        let service = self.service.as_ref()?;
        let endpoints = pods.iter().map(|pod| {
            json!({
                "addresses": [pod.address],
                "conditions": {"ready": true, "serving": true, "terminating": false},
                "nodeName": pod.node,
                "targetRef": {"kind": "Pod", "namespace": pod.namespace, "name": pod.name},
            })
        });
        let ports = self
            .ports
            .iter()
            .map(|port| json!({"name": port.name, "port": port.number, "protocol": port.protocol}));
        let mut labels = labels(&[
            ("kubernetes.io/service-name", &service.name),
            (
                "endpointslice.kubernetes.io/managed-by",
                "endpointslice-controller.k8s.io",
            ),
        ]);
        labels.extend(service.labels.clone());
        Some(json!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": metadata(&self.namespace, &format!("{}-x7k2p", service.name), &labels),
            "addressType": "IPv4",
            "endpoints": endpoints.collect::<Vec<_>>(),
            "ports": ports.collect::<Vec<_>>(),
        }))
    }

    /// The status of the Deployment or DaemonSet, all pods ready.
    pub(super) fn status(&self, nodes: usize) -> Value {
        let status = match self.kind {
            Kind::Deployment(count) => json!({
                "observedGeneration": 1, "replicas": count, "updatedReplicas": count,
                "readyReplicas": count, "availableReplicas": count,
            }),
            Kind::DaemonSet => json!({
                "observedGeneration": 1, "currentNumberScheduled": nodes, "numberMisscheduled": 0,
                "desiredNumberScheduled": nodes, "numberReady": nodes, "numberAvailable": nodes,
                "updatedNumberScheduled": nodes,
            }),
        };
        json!({
            "apiVersion": "apps/v1",
            "kind": self.kind_name(),
            "metadata": {"namespace": self.namespace, "name": self.name},
            "status": status,
        })
    }

    fn service_object(&self) -> Option<Value> {
        let service = self.service.as_ref()?;
        let ports = self.ports.iter().map(|port| {
            let Port {
                name,
                number,
                protocol,
            } = port;
            json!({"name": name, "port": number, "targetPort": number, "protocol": protocol})
        });
        let mut spec = json!({"selector": self.labels, "ports": ports.collect::<Vec<_>>()});
        if let (Some(address), Some(spec)) = (&service.address, spec.as_object_mut()) {
            spec.insert("clusterIP".to_owned(), json!(address));
        }
        Some(json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(&self.namespace, &service.name, &service.labels),
            "spec": spec,
        }))
    }

    fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Deployment(_) => "Deployment",
            Kind::DaemonSet => "DaemonSet",
        }
    }

    fn set_name(&self) -> String {
        format!("{}-{}", self.name, TEMPLATE_HASH.1)
    }
}

fn owner(kind: &str, name: &str, uid: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid,
        "controller": true, "blockOwnerDeletion": true,
    })
}
