//! The applications of the cluster's users.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::application::{Application, Kind, Port, Service};
use super::{SeedOptions, labels};

/// An application in a namespace, with a Service of the same name.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The namespace, which is made.
    pub namespace: String,
    /// The labels of the namespace.
    pub namespace_labels: BTreeMap<String, String>,
    /// The name, and the value of the label `app` of its pods.
    pub app: String,
    /// The TCP port it listens on.
    pub port: u16,
    /// How many pods it has.
    pub replicas: usize,
    /// The labels of the nodes it runs on; all nodes where there are none.
    pub node_selector: BTreeMap<String, String>,
    /// The taints that its pods tolerate, by key and value.
    pub tolerations: BTreeMap<String, String>,
}

impl Workload {
    /// An application of two pods.
    pub fn new(namespace: &str, namespace_labels: &[(&str, &str)], app: &str, port: u16) -> Self {
        Self {
            namespace: namespace.to_owned(),
            namespace_labels: labels(namespace_labels),
            app: app.to_owned(),
            port,
            replicas: 2,
            node_selector: BTreeMap::new(),
            tolerations: BTreeMap::new(),
        }
    }

    /// The same on nodes with these labels only.
    #[must_use]
    pub fn on_nodes(mut self, node_labels: &[(&str, &str)]) -> Self {
        self.node_selector = labels(node_labels);
        self
    }

    /// The same with a toleration for a taint.
    #[must_use]
    pub fn tolerating(mut self, key: &str, value: &str) -> Self {
        self.tolerations.insert(key.to_owned(), value.to_owned());
        self
    }
}

/// One namespace each, with the labels that all of its workloads ask for.
pub(super) fn namespaces(options: &SeedOptions) -> Vec<Value> {
    let mut all: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for workload in &options.workloads {
        let pairs = workload.namespace_labels.iter();
        let pairs = pairs.map(|(key, value)| (key.as_str(), value.as_str()));
        all.entry(&workload.namespace).or_default().extend(pairs);
    }
    let object = |(name, labels)| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    all.into_iter().map(object).collect()
}

pub(super) fn application(workload: &Workload) -> Application {
    let Workload {
        namespace,
        namespace_labels: _,
        app,
        port,
        replicas,
        node_selector,
        tolerations,
    } = workload;
    let labels = labels(&[("app", app)]);
    Application {
        namespace: namespace.clone(),
        name: app.clone(),
        kind: Kind::Deployment(*replicas),
        labels: labels.clone(),
        image: "registry.k8s.io/pause:3.10".to_owned(),
        host_network: false,
        node_selector: node_selector.clone(),
        tolerations: tolerations.clone(),
        ports: vec![Port {
            name: "http",
            number: *port,
            protocol: "TCP",
        }],
        service: Some(Service {
            name: app.clone(),
            address: None,
            labels,
        }),
    }
}
