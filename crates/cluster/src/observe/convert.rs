//! From what was read to what is told.

use std::collections::BTreeMap;
use std::net::IpAddr;

use cofferdam_objects::load_balancer;
use cofferdam_state::observed::{
    ContainerPort, LiveNamespace, LiveNode, LivePod, LivePolicy, LiveService, LiveServicePort,
    ServiceType, Template,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::list::{Listed, Lists};
use super::ports::{container_ports, is_sidecar, protocol};
use super::wire::{
    Ingress, Ip, Managed, Namespace, Node, Owner, Pod, PodSpec, Policy, Service, ServicePort,
    Workload,
};
use crate::error::Error;

pub(super) fn uid(lists: &Lists) -> Option<String> {
    let mut namespaces = lists.namespaces.as_ref().ok()?.iter();
    let system = namespaces.find(|namespace| namespace.metadata.name == "kube-system")?;
    Some(system.metadata.uid.clone()).filter(|uid| !uid.is_empty())
}

pub(super) fn namespaces(list: Vec<Namespace>) -> BTreeMap<String, LiveNamespace> {
    let live = |namespace: Namespace| {
        let metadata = namespace.metadata;
        let live = LiveNamespace {
            uid: metadata.uid,
            labels: metadata.labels,
            terminating: metadata.deletion_timestamp.is_some(),
            managed_fields: metadata.managed_fields,
        };
        (metadata.name, live)
    };
    list.into_iter().map(live).collect()
}

pub(super) fn policies(list: Vec<Policy>) -> BTreeMap<(String, String), LivePolicy> {
    let live = |policy: Policy| {
        let Managed {
            namespace, name, ..
        } = &policy.metadata;
        ((namespace.clone(), name.clone()), live_policy(policy))
    };
    list.into_iter().map(live).collect()
}

pub(super) fn live_policy(policy: Policy) -> LivePolicy {
    let metadata = policy.metadata;
    LivePolicy {
        uid: metadata.uid,
        resource_version: metadata.resource_version,
        labels: metadata.labels,
        annotations: metadata.annotations,
        spec: policy.spec,
        terminating: metadata.deletion_timestamp.is_some(),
        managed_fields: metadata.managed_fields,
    }
}

pub(super) fn nodes(list: Vec<Node>) -> BTreeMap<String, LiveNode> {
    let live = |node: Node| {
        let addresses = node.status.addresses.iter();
        let addresses = addresses.filter_map(|address| address.address.parse().ok());
        let annotations = node.metadata.annotations.into_iter();
        let of_machine = annotations.filter(|(key, _)| key.starts_with("cluster.x-k8s.io/"));
        let mut conditions = node.status.conditions.iter();
        let live = LiveNode {
            addresses: addresses.collect(),
            ready: conditions.any(|c| c.r#type == "Ready" && c.status == "True"),
            uid: node.metadata.uid,
            labels: node.metadata.labels,
            annotations: of_machine.collect(),
            taints: node.spec.taints,
            provider_id: node.spec.provider_id,
            managed_fields: node.metadata.managed_fields,
        };
        (node.metadata.name, live)
    };
    list.into_iter().map(live).collect()
}

pub(super) fn pods(list: Vec<Pod>, workloads: &[(&'static str, Listed<Workload>)]) -> Vec<LivePod> {
    let controllers = controllers(workloads);
    let live = |pod: Pod| {
        let owner = pod.metadata.controller();
        let owner = owner.map(|owner| (kind_of(owner), owner.name.clone()));
        let above = owner.as_ref().and_then(|(kind, name)| {
            let key = (
                kind.as_str(),
                pod.metadata.namespace.as_str(),
                name.as_str(),
            );
            controllers.get(&key)
        });
        let ports = ports(&pod.spec);
        LivePod {
            workload: above.cloned().or_else(|| owner.clone()),
            owner,
            namespace: pod.metadata.namespace,
            name: pod.metadata.name,
            labels: pod.metadata.labels,
            node: pod.spec.node_name.filter(|node| !node.is_empty()),
            host_network: pod.spec.host_network,
            addresses: addresses(&pod.status.pod_ips, &pod.status.pod_ip),
            host_addresses: addresses(&pod.status.host_ips, &pod.status.host_ip),
            ports,
            finished: matches!(pod.status.phase.as_str(), "Succeeded" | "Failed"),
            tolerations: pod.spec.tolerations,
            node_selector: pod.spec.node_selector,
        }
    };
    list.into_iter().map(live).collect()
}

/// The addresses of a list, or else the single one that older servers send.
fn addresses(several: &[Ip], single: &str) -> Vec<IpAddr> {
    let several: Vec<IpAddr> = several
        .iter()
        .filter_map(|one| one.ip.parse().ok())
        .collect();
    if several.is_empty() {
        return single.parse().into_iter().collect();
    }
    several
}

fn ports(spec: &PodSpec) -> Vec<ContainerPort> {
    let init = spec.init_containers.iter();
    let sidecars = init.filter(|one| is_sidecar(one.restart_policy.as_deref()));
    container_ports(
        spec.containers.iter().flat_map(|one| &one.ports),
        sidecars.flat_map(|one| &one.ports),
    )
}

/// What controls workloads, such as the Deployment of a `ReplicaSet`, by kind, namespace and name of what it
/// controls; of kinds that could not be read nothing is known, which only shortens what is told of pods.
fn controllers<'a>(
    workloads: &'a [(&'static str, Listed<Workload>)],
) -> BTreeMap<(&'a str, &'a str, &'a str), (String, String)> {
    let read = workloads.iter();
    let read = read.flat_map(|(kind, list)| list.iter().flatten().map(move |one| (*kind, one)));
    read.filter_map(|(kind, workload)| {
        let metadata = &workload.metadata;
        let above = metadata.controller()?;
        let key = (kind, metadata.namespace.as_str(), metadata.name.as_str());
        Some((key, (kind_of(above), above.name.clone())))
    })
    .collect()
}

/// The kinds of workloads that are read.
const WORKLOADS: [&str; 7] = [
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
];

/// The kind of a controller, with its group where somebody else's is called like a workload of Kubernetes.
fn kind_of(controller: &Owner) -> String {
    let Owner {
        api_version, kind, ..
    } = controller;
    match api_version.split_once('/') {
        Some((group, _)) if group.contains('.') && WORKLOADS.contains(&kind.as_str()) => {
            format!("{kind}.{group}")
        }
        _ => kind.clone(),
    }
}

/// Templates of what makes pods and no other workload that was read controls; unknown as a whole where one kind is.
pub(super) fn templates(
    lists: Vec<(&'static str, Listed<Workload>)>,
) -> Result<Vec<Template>, Error> {
    let mut all = Vec::new();
    for (kind, list) in lists {
        let own = list?.into_iter();
        // What a custom resource controls is nobody's but its own: of that resource nothing is read.
        let is_read = |kind: &str| WORKLOADS.contains(&kind);
        let own = own.filter(|workload| {
            let controller = workload.metadata.controller();
            controller.is_none_or(|controller| !is_read(&kind_of(controller)))
        });
        let own = own.filter(|workload| kind != "Job" || !workload.has_finished());
        all.extend(own.map(|workload| {
            let workload_name = format!("{kind}/{}", workload.metadata.name);
            let controller = workload.metadata.controller();
            let controller = controller.map(|owner| (kind_of(owner), owner.name.clone()));
            let (metadata, template) = workload.into_template();
            Template {
                controller,
                labels: template.labels,
                host_network: template.host_network,
                ports: template.ports,
                tolerations: template.tolerations,
                node_selector: template.node_selector,
                node_name: template.node_name,
                pod_security: template.pod_security,
                workload: workload_name,
                namespace: metadata.namespace,
            }
        }));
    }
    Ok(all)
}

pub(super) fn services(list: Vec<Service>) -> Vec<LiveService> {
    let live = |service: Service| {
        let spec = service.spec;
        let annotations = service.metadata.annotations.into_iter();
        let balancer = service.status.load_balancer.ingress.unwrap_or_default();
        let named = balancer.iter().filter(|one| one.ip.is_empty());
        let has_node_ports = spec.allocate_load_balancer_node_ports != Some(false)
            || spec.ports.iter().any(|port| port.node_port != 0);
        let ports = spec.ports.into_iter().map(service_port).collect();
        let mut cluster_addresses: Vec<IpAddr> = parsed(&spec.cluster_ips).collect();
        if cluster_addresses.is_empty() {
            cluster_addresses.extend(parsed(&spec.cluster_ip));
        }
        LiveService {
            namespace: service.metadata.namespace,
            name: service.metadata.name,
            annotations: annotations
                .filter(|(key, _)| load_balancer::is_told_by(key))
                .collect(),
            balancer_addresses: parsed(balancer.iter().map(|one| &one.ip)).collect(),
            balancer_names: named.map(|one| one.hostname.clone()).collect(),
            has_node_ports,
            selector: spec.selector,
            service_type: match spec.r#type.as_str() {
                "NodePort" => ServiceType::NodePort,
                "LoadBalancer" => ServiceType::LoadBalancer,
                "ExternalName" => ServiceType::ExternalName,
                _ => ServiceType::ClusterIp,
            },
            keeps_client: spec.external_traffic_policy == "Local",
            cluster_addresses,
            is_headless: spec.cluster_ip.as_deref() == Some("None"),
            external_addresses: spec.external_ips,
            clients: spec.load_balancer_source_ranges,
            ports,
        }
    };
    list.into_iter().map(live).collect()
}

fn parsed<'a>(texts: impl IntoIterator<Item = &'a String>) -> impl Iterator<Item = IpAddr> {
    texts.into_iter().filter_map(|text| text.parse().ok())
}

fn service_port(port: ServicePort) -> LiveServicePort {
    LiveServicePort {
        target: port
            .target_port
            .unwrap_or_else(|| IntOrString::Int(port.port.into())),
        name: port.name,
        protocol: protocol(&port.protocol),
        port: port.port,
        node_port: Some(port.node_port).filter(|number| *number != 0),
    }
}

pub(super) fn backends(list: &[Ingress]) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for ingress in list {
        let namespace = &ingress.metadata.namespace;
        let name = format!("{namespace}/{}", ingress.metadata.name);
        let paths = ingress.spec.rules.iter().flat_map(|rule| &rule.http);
        let backends = paths.flat_map(|http| &http.paths).map(|path| &path.backend);
        for backend in backends.chain(&ingress.spec.default_backend) {
            if let Some(service) = &backend.service {
                all.push((name.clone(), namespace.clone(), service.name.clone()));
            }
        }
    }
    all.sort();
    all.dedup();
    all
}
