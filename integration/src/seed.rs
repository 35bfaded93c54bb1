//! Makes an empty cluster look like a real one: nodes, DNS, a network plugin and workloads.
//!
//! There are no kubelets and, by default, no controllers, so what they would write is written here.

mod application;
mod apply;
mod dns;
mod network_plugin;
mod node;
mod pod;
mod workload;

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::cluster::Cluster;

pub use self::network_plugin::Cni;
pub use self::pod::SeededPod;
pub use self::workload::Workload;

use self::application::{Application, Kind};
use self::apply::Applied;
use self::pod::{Addresses, pods};

/// One node's /24 of pods each.
const NODES_MAX: usize = 240;

/// What a cluster is seeded with.
#[derive(Debug, Clone)]
pub struct SeedOptions {
    /// How many nodes there are.
    pub nodes: usize,
    /// The labels of the nodes, by their place; nodes beyond the list have none but the usual ones.
    pub node_labels: Vec<BTreeMap<String, String>>,
    /// The first three numbers of the nodes' addresses.
    pub node_prefix: String,
    /// The first two numbers of the pods' addresses.
    pub pod_prefix: String,
    /// The network plugin.
    pub cni: Cni,
    /// The applications of the cluster's users.
    pub workloads: Vec<Workload>,
}

impl Default for SeedOptions {
    fn default() -> Self {
        Self {
            nodes: 3,
            node_labels: Vec::new(),
            node_prefix: "172.18.0".to_owned(),
            pod_prefix: "10.244".to_owned(),
            cni: Cni::Calico,
            workloads: Vec::new(),
        }
    }
}

/// What a cluster was seeded with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeded {
    /// The names of the nodes.
    pub nodes: Vec<String>,
    /// Every pod.
    pub pods: Vec<SeededPod>,
    /// The cluster address of `kube-dns`.
    pub dns_address: String,
}

/// Seeds a cluster as its administrator; a second time changes nothing.
pub fn seed_standard(cluster: &Cluster, options: &SeedOptions) -> Result<Seeded> {
    ensure!(
        (1..=NODES_MAX).contains(&options.nodes),
        "1 to {NODES_MAX} nodes can be seeded"
    );
    let dns_address = dns::address(&cluster.options().service_range)?;
    let nodes = node::names(cluster.name(), options.nodes);
    let applications: Vec<Application> = [dns::application(&dns_address)]
        .into_iter()
        .chain(network_plugin::application(options.cni))
        .chain(options.workloads.iter().map(workload::application))
        .collect();

    let namespaces = workload::namespaces(options);
    let mut objects: Vec<Value> = namespaces;
    objects.extend(network_plugin::settings(options.cni));
    objects.extend(node::objects(&nodes, options));
    objects.extend(applications.iter().flat_map(Application::objects));
    let applied = apply::apply(cluster, &objects)?;
    node::remove_not_ready_taints(cluster)?;

    let sets: Vec<Value> = replica_sets(&applications, &applied)?;
    let applied = applied.and(apply::apply(cluster, &sets)?);

    let mut addresses = Addresses::new(options);
    let mut seeded = Vec::new();
    let mut objects = Vec::new();
    for application in &applications {
        let own = pods(application, &nodes, &mut addresses);
        let owner = application.owner(&applied)?;
        objects.extend(own.iter().map(|pod| pod::object(application, &owner, pod)));
        objects.extend(application.endpoints(&own));
        seeded.extend(own);
    }
    apply::apply(cluster, &objects)?;

    let version = cluster.options().version;
    let mut statuses = node::statuses(&nodes, options, version);
    statuses.extend(
        seeded
            .iter()
            .map(|pod| pod::status(pod, &addresses, &nodes)),
    );
    statuses.extend(
        applications
            .iter()
            .map(|application| application.status(nodes.len())),
    );
    apply::apply_statuses(cluster, &statuses)?;
    Ok(Seeded {
        nodes,
        pods: seeded,
        dns_address,
    })
}

fn replica_sets(applications: &[Application], applied: &Applied) -> Result<Vec<Value>> {
    let deployments = applications
        .iter()
        .filter(|one| matches!(one.kind, Kind::Deployment(_)));
    deployments
        .map(|application| application.replica_set(applied))
        .collect()
}

fn metadata(namespace: &str, name: &str, labels: &BTreeMap<String, String>) -> Value {
    json!({"namespace": namespace, "name": name, "labels": labels})
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}
