//! What a cluster is and can do, told from what was listed. Pure: nothing is asked here.

mod api_server;
mod callees;
mod callers;
mod cni;
mod dns;
mod homes;
mod mesh;
mod ports;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use cofferdam_model::capabilities::{Admission, Capabilities};
use cofferdam_model::names::{ClusterName, NamespaceName};

use crate::observe::wire::{
    ApiService, Definition, Namespace, Node, Pod, Service, ServiceCidr, Slice, Webhooks, Workload,
};

/// `ConfigMaps` that were read, by name: none where it does not exist, the reason where unreadable.
pub(crate) type Configs = BTreeMap<&'static str, Result<Option<BTreeMap<String, String>>, String>>;

/// Everything that capabilities are told from.
pub(crate) struct Inputs<'a> {
    pub(crate) cluster: &'a ClusterName,
    pub(crate) uid: String,
    pub(crate) version: String,
    pub(crate) kinds: &'a BTreeSet<String>,
    pub(crate) namespaces: &'a [Namespace],
    pub(crate) nodes: &'a [Node],
    pub(crate) pods: &'a [Pod],
    pub(crate) services: &'a [Service],
    pub(crate) slices: &'a [Slice],
    pub(crate) workloads: Vec<(&'static str, &'a Workload)>,
    pub(crate) validating: &'a [Webhooks],
    pub(crate) mutating: &'a [Webhooks],
    pub(crate) api_services: &'a [ApiService],
    pub(crate) definitions: &'a [Definition],
    pub(crate) service_cidrs: &'a [ServiceCidr],
    pub(crate) configs: Configs,
}

impl<'a> Inputs<'a> {
    fn daemon_sets(&self) -> impl Iterator<Item = &'a Workload> + '_ {
        let sets = self.workloads.iter();
        sets.filter(|(kind, _)| *kind == "DaemonSet")
            .map(|(_, set)| *set)
    }

    fn service(&self, namespace: &str, name: &str) -> Option<&'a Service> {
        self.services.iter().find(|service| {
            service.metadata.namespace == namespace && service.metadata.name == name
        })
    }

    fn slices_of(&self, service: &'a Service) -> impl Iterator<Item = &'a Slice> + '_ {
        self.slices.iter().filter(|slice| {
            slice.metadata.namespace == service.metadata.namespace
                && slice.metadata.labels.get("kubernetes.io/service-name")
                    == Some(&service.metadata.name)
        })
    }

    fn node_addresses(&self) -> BTreeSet<IpAddr> {
        let all = self.nodes.iter().flat_map(|node| &node.status.addresses);
        all.filter(|address| address.r#type == "InternalIP")
            .filter_map(|address| address.address.parse().ok())
            .collect()
    }
}

/// The `ConfigMaps` that are needed to tell what the network plugin does: namespace and name.
pub(crate) fn wanted_configs(inputs: &Inputs<'_>) -> Vec<(String, &'static str)> {
    cni::wanted_configs(inputs)
}

/// What the cluster is and can do.
pub(crate) fn capabilities(inputs: &Inputs<'_>) -> Capabilities {
    let api_server = api_server::of(inputs);
    let served = |kind: &str| {
        let full = format!("admissionregistration.k8s.io/v1/{kind}");
        inputs.kinds.contains(&full)
    };
    let mesh = mesh::of(inputs);
    let namespaces = inputs.namespaces.iter().filter_map(|namespace| {
        let name = NamespaceName::parse(&namespace.metadata.name).ok()?;
        Some((name, namespace.metadata.labels.clone()))
    });
    let pod_cidrs = inputs.nodes.iter().flat_map(|node| {
        let cidrs = node.spec.pod_cidrs.iter().chain(&node.spec.pod_cidr);
        cidrs.filter_map(|cidr| cidr.parse().ok())
    });
    let service_cidrs = inputs
        .service_cidrs
        .iter()
        .flat_map(|cidr| &cidr.spec.cidrs);
    Capabilities {
        cluster: inputs.cluster.clone(),
        uid: inputs.uid.clone(),
        version: inputs.version.clone(),
        kinds: inputs.kinds.clone(),
        cni: cni::of(inputs),
        dns: dns::of(inputs),
        callers: callers::of(inputs, &api_server),
        api_server,
        node_addresses: inputs.node_addresses(),
        pod_cidrs: pod_cidrs.collect(),
        service_cidrs: service_cidrs.filter_map(|cidr| cidr.parse().ok()).collect(),
        system_namespaces: system_namespaces(inputs, mesh.as_ref().map(|(_, own)| own)),
        mesh: mesh.map(|(mesh, _)| mesh),
        admission: Admission {
            validating_policies: served("ValidatingAdmissionPolicy"),
            mutating_policies: served("MutatingAdmissionPolicy"),
        },
        callees: callees::of(inputs),
        namespaces: namespaces.collect(),
    }
}

/// Namespaces of the CNI, the mesh, CSI drivers and what else makes pods for certain nodes: those well known, where
/// they are in use.
fn system_namespaces(
    inputs: &Inputs<'_>,
    mesh: Option<&BTreeSet<NamespaceName>>,
) -> BTreeSet<NamespaceName> {
    let exists = |name: &str| {
        let mut all = inputs.namespaces.iter();
        all.any(|namespace| namespace.metadata.name == name)
    };
    let drivers = inputs.workloads.iter().filter(|(_, workload)| {
        let mut containers = workload.template().containers.iter();
        let driver = containers.any(|container| {
            let image = container.image.rsplit('/').next().unwrap_or_default();
            image.starts_with("csi-") && image != "csi-"
        });
        driver && homes::STORAGE.has(workload)
    });
    let helped = inputs.workloads.iter().filter(|(kind, workload)| {
        let mut parts = homes::HELPED.iter();
        let is = |(name, home): &(&str, homes::Home)| {
            workload.metadata.name == *name && home.has(workload)
        };
        *kind == "Deployment" && parts.any(is)
    });
    let found = drivers.chain(helped);
    let found = found.map(|(_, workload)| workload.metadata.namespace.as_str());
    found
        .chain(cni::namespaces(inputs))
        .filter_map(|name| NamespaceName::parse(name).ok())
        .chain(mesh.into_iter().flatten().cloned())
        .filter(|name| exists(name.as_str()))
        .collect()
}
