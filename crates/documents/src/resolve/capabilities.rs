//! Capabilities documents.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::capabilities::{
    Admission, ApiServer, Callee, Callers, Capabilities, Cni, Dns, DnsServers, Enforces, Mesh,
    MeshKind, PodGroup,
};
use cofferdam_model::labels::Labels;
use cofferdam_model::names::{ClusterName, NamespaceName};

use crate::finding::Reporter;
use crate::raw::capabilities as raw;
use crate::raw::{Document, Metadata};
use crate::resolve::address::{address, addresses, cidrs};
use crate::resolve::label::labels;
use crate::resolve::optional::optional;
use crate::resolve::ports::{port, port_list};
use crate::shape::join;

/// Reads stored capabilities.
pub(crate) fn capabilities(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, raw::CapabilitiesSpec>,
) -> Option<Capabilities> {
    // A cluster without a document may still hold what was written to it.
    let cluster = reporter.name("metadata.name", &document.metadata.name, ClusterName::parse);
    let raw = &document.spec;
    let dns = read_dns(reporter, &raw.dns);
    let api_server = read_api_server(reporter, &raw.api_server);
    let nodes = addresses(reporter, "spec.nodeAddresses", &raw.node_addresses);
    let pods = cidrs(reporter, "spec.podCidrs", &raw.pod_cidrs);
    let services = cidrs(reporter, "spec.serviceCidrs", &raw.service_cidrs);
    let mesh = optional(raw.mesh.as_ref(), |raw| read_mesh(reporter, raw));
    let callers = read_callers(reporter, &raw.callers);
    let called: Vec<Option<Callee>> = raw
        .callees
        .iter()
        .enumerate()
        .map(|(index, raw)| read_callee(reporter, &format!("spec.callees[{index}]"), raw))
        .collect();
    let namespaces = read_namespaces(reporter, &raw.namespaces);
    let system = namespace_set(reporter, "spec.systemNamespaces", &raw.system_namespaces);
    Some(Capabilities {
        cluster: cluster?,
        uid: raw.uid.clone(),
        version: raw.version.clone(),
        kinds: raw.kinds.iter().cloned().collect(),
        cni: read_cni(&raw.cni),
        dns: dns?,
        api_server: api_server?,
        node_addresses: nodes?.into_iter().collect(),
        pod_cidrs: pods?.into_iter().collect(),
        service_cidrs: services?.into_iter().collect(),
        mesh: mesh?,
        admission: Admission {
            validating_policies: raw.admission.validating_policies,
            mutating_policies: raw.admission.mutating_policies,
        },
        callers: callers?,
        callees: called.into_iter().collect::<Option<_>>()?,
        namespaces: namespaces?,
        system_namespaces: system?,
    })
}

fn read_cni(raw: &raw::Cni) -> Cni {
    Cni {
        name: raw.name.clone(),
        enforces: match raw.enforces {
            raw::Enforces::Yes => Enforces::Yes,
            raw::Enforces::No => Enforces::No,
            raw::Enforces::Unknown => Enforces::Unknown,
        },
        evidence: raw.evidence.clone(),
    }
}

fn read_dns(reporter: &mut Reporter<'_>, raw: &raw::Dns) -> Option<Dns> {
    let mut servers = Some(Vec::new());
    for (index, raw) in raw.servers.iter().enumerate() {
        let path = format!("spec.dns.servers[{index}]");
        let namespace_path = format!("{path}.namespace");
        let namespace = reporter.name(&namespace_path, &raw.namespace, NamespaceName::parse);
        let pod_labels = labels(reporter, &format!("{path}.podLabels"), &raw.pod_labels);
        let ports = port_list(reporter, &format!("{path}.ports"), &raw.ports);
        match (namespace, pod_labels, ports, servers.as_mut()) {
            (Some(namespace), Some(pod_labels), Some(ports), Some(servers)) => {
                servers.push(DnsServers {
                    namespace,
                    pod_labels,
                    ports,
                });
            }
            _ => servers = None,
        }
    }
    let node_local = addresses(reporter, "spec.dns.nodeLocal", &raw.node_local);
    Some(Dns {
        servers: servers?,
        node_local: node_local?.into_iter().collect(),
        evidence: raw.evidence.clone(),
    })
}

fn read_api_server(reporter: &mut Reporter<'_>, raw: &raw::ApiServer) -> Option<ApiServer> {
    let path = "spec.apiServer.serviceAddresses";
    let service = addresses(reporter, path, &raw.service_addresses);
    let mut endpoints = Some(BTreeSet::new());
    for (index, endpoint) in raw.endpoints.iter().enumerate() {
        let path = format!("spec.apiServer.endpoints[{index}].address");
        match (
            address(reporter, &path, &endpoint.address),
            endpoints.as_mut(),
        ) {
            (Some(address), Some(endpoints)) => {
                endpoints.insert((address, endpoint.port));
            }
            _ => endpoints = None,
        }
    }
    Some(ApiServer {
        service_addresses: service?.into_iter().collect(),
        service_port: raw.service_port,
        endpoints: endpoints?,
    })
}

fn read_mesh(reporter: &mut Reporter<'_>, raw: &raw::Mesh) -> Option<Mesh> {
    let path = "spec.mesh.controlPlaneNamespace";
    let namespace = reporter.name(path, &raw.control_plane_namespace, NamespaceName::parse);
    let enrolled = namespace_set(reporter, "spec.mesh.enrolled", &raw.enrolled);
    Some(Mesh {
        kind: match raw.kind {
            raw::MeshKind::IstioSidecar => MeshKind::IstioSidecar,
            raw::MeshKind::IstioAmbient => MeshKind::IstioAmbient,
            raw::MeshKind::Linkerd => MeshKind::Linkerd,
        },
        control_plane_namespace: namespace?,
        enrolled: enrolled?,
        evidence: raw.evidence.clone(),
    })
}

fn read_callers(reporter: &mut Reporter<'_>, raw: &raw::Callers) -> Option<Callers> {
    let mut pods = Vec::new();
    for (index, raw) in raw.pods.iter().enumerate() {
        let path = format!("spec.callers.pods[{index}]");
        let namespace_path = format!("{path}.namespace");
        let namespace = reporter.name(&namespace_path, &raw.namespace, NamespaceName::parse);
        let labels = labels(reporter, &format!("{path}.labels"), &raw.labels);
        pods.push(
            namespace
                .zip(labels)
                .map(|(namespace, labels)| PodGroup { namespace, labels }),
        );
    }
    let addresses = addresses(reporter, "spec.callers.addresses", &raw.addresses);
    Some(Callers {
        pods: pods.into_iter().collect::<Option<_>>()?,
        addresses: addresses?.into_iter().collect(),
        evidence: raw.evidence.clone(),
    })
}

fn read_callee(reporter: &mut Reporter<'_>, path: &str, raw: &raw::Callee) -> Option<Callee> {
    let namespace_path = format!("{path}.namespace");
    let namespace = reporter.name(&namespace_path, &raw.namespace, NamespaceName::parse);
    let pod_labels = labels(reporter, &format!("{path}.podLabels"), &raw.pod_labels);
    let target = optional(raw.target.as_ref(), |raw| {
        port(reporter, &format!("{path}.target"), raw)
    });
    Some(Callee {
        caller: raw.caller.clone(),
        namespace: namespace?,
        service: raw.service.clone(),
        pod_labels: pod_labels?,
        target: target?,
    })
}

fn read_namespaces(
    reporter: &mut Reporter<'_>,
    raw: &BTreeMap<String, Labels>,
) -> Option<BTreeMap<NamespaceName, Labels>> {
    let mut read = Some(BTreeMap::new());
    for (text, raw) in raw {
        let path = join("spec.namespaces", text);
        let name = reporter.name(&path, text, NamespaceName::parse);
        match (name, labels(reporter, &path, raw), read.as_mut()) {
            (Some(name), Some(labels), Some(read)) => {
                read.insert(name, labels);
            }
            _ => read = None,
        }
    }
    read
}

fn namespace_set(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &[String],
) -> Option<BTreeSet<NamespaceName>> {
    let read: Vec<Option<NamespaceName>> = raw
        .iter()
        .enumerate()
        .map(|(index, text)| reporter.name(&format!("{path}[{index}]"), text, NamespaceName::parse))
        .collect();
    read.into_iter().collect()
}
