//! Pods that run although no kubelet does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::application::{Application, Kind};
use super::{SeedOptions, metadata, node};

const STARTED_AT: &str = "2026-01-01T00:00:00Z";

/// A pod that was seeded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeededPod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its address, the node's own for pods in the host network.
    pub address: String,
    /// The name of its node.
    pub node: String,
    pub(super) container: String,
    pub(super) image: String,
}

/// Gives out pod addresses from the range of each node.
#[derive(Debug)]
pub(super) struct Addresses<'a> {
    options: &'a SeedOptions,
    taken: BTreeMap<usize, usize>,
}

impl<'a> Addresses<'a> {
    pub(super) fn new(options: &'a SeedOptions) -> Self {
        Self {
            options,
            taken: BTreeMap::new(),
        }
    }

    fn next(&mut self, node: usize) -> String {
        let taken = self.taken.entry(node).or_insert(1);
        *taken += 1;
        format!("{}.{node}.{taken}", self.options.pod_prefix)
    }
}

/// The pods of an application, spread over the nodes that it selects.
pub(super) fn pods(
    application: &Application,
    nodes: &[String],
    addresses: &mut Addresses<'_>,
) -> Vec<SeededPod> {
    let count = match application.kind {
        Kind::Deployment(replicas) => replicas,
        Kind::DaemonSet => nodes.len(),
    };
    let node_labels = &addresses.options.node_labels;
    let selects = |place: usize| {
        let mut wanted = application.node_selector.iter();
        wanted
            .all(|(key, value)| node_labels.get(place).and_then(|own| own.get(key)) == Some(value))
    };
    let selected = nodes
        .iter()
        .enumerate()
        .filter(|(place, _)| selects(*place));
    let places = selected.cycle().take(count).enumerate();
    let pod = |(number, (place, node)): (usize, (usize, &String))| SeededPod {
        namespace: application.namespace.clone(),
        name: application.pod_name(number),
        address: if application.host_network {
            node::address(addresses.options, place)
        } else {
            addresses.next(place)
        },
        node: node.clone(),
        container: application.name.clone(),
        image: application.image.clone(),
    };
    places.map(pod).collect()
}

pub(super) fn object(application: &Application, owner: &Value, pod: &SeededPod) -> Value {
    let mut metadata = metadata(&pod.namespace, &pod.name, &application.pod_labels());
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("ownerReferences".to_owned(), json!([owner]));
    }
    let mut spec = application.pod_spec();
    if let Some(spec) = spec.as_object_mut() {
        spec.insert("nodeName".to_owned(), json!(pod.node));
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

pub(super) fn status(pod: &SeededPod, addresses: &Addresses<'_>, nodes: &[String]) -> Value {
    let place = nodes
        .iter()
        .position(|node| *node == pod.node)
        .unwrap_or_default();
    let host = node::address(addresses.options, place);
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
        .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": STARTED_AT}));
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": pod.namespace, "name": pod.name},
        "status": {
            "phase": "Running",
            "conditions": conditions,
            "hostIP": host,
            "hostIPs": [{"ip": host}],
            "podIP": pod.address,
            "podIPs": [{"ip": pod.address}],
            "startTime": STARTED_AT,
            "containerStatuses": [{
                "name": pod.container, "image": pod.image, "imageID": "", "ready": true,
                "restartCount": 0, "started": true, "state": {"running": {"startedAt": STARTED_AT}},
            }],
        },
    })
}
