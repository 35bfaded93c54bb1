//! Capabilities as the document that `cofferdam doctor --write` stores.

use std::collections::BTreeMap;

use cofferdam_model::capabilities::{
    Callee, Callers, Capabilities, Dns, DnsServers, Enforces, Mesh, MeshKind,
};
use cofferdam_model::flow::{Port, PortNumber, Protocol};
use serde_json::{Value, json};

use crate::emit::document;
use crate::raw::capabilities as raw;
use crate::raw::{API_VERSION, flow as raw_flow};

/// The text of the document; `load` reads it back to the same value.
pub fn capabilities_document(capabilities: &Capabilities) -> String {
    // Maps of texts and numbers always have a JSON form.
    let spec = serde_json::to_value(spec(capabilities)).unwrap_or(Value::Null);
    let value = json!({
        "apiVersion": API_VERSION,
        "kind": "Capabilities",
        "metadata": { "name": capabilities.cluster.as_str() },
        "spec": spec,
    });
    let head = "# Written by `cofferdam doctor --write`.\n";
    format!("{head}{}", document(&value))
}

fn spec(capabilities: &Capabilities) -> raw::CapabilitiesSpec {
    let Capabilities {
        cluster: _,
        uid,
        version,
        kinds,
        cni,
        dns,
        api_server,
        node_addresses,
        pod_cidrs,
        service_cidrs,
        mesh,
        admission,
        callers,
        callees,
        namespaces,
        system_namespaces,
    } = capabilities;
    let endpoints = api_server
        .endpoints
        .iter()
        .map(|(address, port)| raw::Endpoint {
            address: address.to_string(),
            port: *port,
        });
    let namespaces: BTreeMap<_, _> = namespaces
        .iter()
        .map(|(name, labels)| (name.to_string(), labels.clone()))
        .collect();
    raw::CapabilitiesSpec {
        uid: uid.clone(),
        version: version.clone(),
        kinds: kinds.iter().cloned().collect(),
        cni: raw::Cni {
            name: cni.name.clone(),
            enforces: match cni.enforces {
                Enforces::Yes => raw::Enforces::Yes,
                Enforces::No => raw::Enforces::No,
                Enforces::Unknown => raw::Enforces::Unknown,
            },
            evidence: cni.evidence.clone(),
        },
        dns: raw_dns(dns),
        api_server: raw::ApiServer {
            service_addresses: texts(&api_server.service_addresses),
            service_port: api_server.service_port,
            endpoints: endpoints.collect(),
        },
        node_addresses: texts(node_addresses),
        pod_cidrs: texts(pod_cidrs),
        service_cidrs: texts(service_cidrs),
        mesh: mesh.as_ref().map(raw_mesh),
        admission: raw::Admission {
            validating_policies: admission.validating_policies,
            mutating_policies: admission.mutating_policies,
        },
        callers: raw_callers(callers),
        callees: callees.iter().map(raw_callee).collect(),
        namespaces,
        system_namespaces: texts(system_namespaces),
    }
}

fn texts<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

fn raw_dns(dns: &Dns) -> raw::Dns {
    let servers = dns.servers.iter().map(|servers| {
        let DnsServers {
            namespace,
            pod_labels,
            ports,
        } = servers;
        raw::DnsServers {
            namespace: namespace.to_string(),
            pod_labels: pod_labels.clone(),
            ports: ports.iter().map(raw_port).collect(),
        }
    });
    raw::Dns {
        servers: servers.collect(),
        node_local: texts(&dns.node_local),
        evidence: dns.evidence.clone(),
    }
}

fn raw_mesh(mesh: &Mesh) -> raw::Mesh {
    raw::Mesh {
        kind: match mesh.kind {
            MeshKind::IstioSidecar => raw::MeshKind::IstioSidecar,
            MeshKind::IstioAmbient => raw::MeshKind::IstioAmbient,
            MeshKind::Linkerd => raw::MeshKind::Linkerd,
        },
        control_plane_namespace: mesh.control_plane_namespace.to_string(),
        enrolled: texts(&mesh.enrolled),
        evidence: mesh.evidence.clone(),
    }
}

fn raw_callers(callers: &Callers) -> raw::Callers {
    let Callers {
        pods,
        addresses,
        evidence,
    } = callers;
    let pods = pods.iter().map(|group| raw::PodGroup {
        namespace: group.namespace.to_string(),
        labels: group.labels.clone(),
    });
    raw::Callers {
        pods: pods.collect(),
        addresses: texts(addresses),
        evidence: evidence.clone(),
    }
}

fn raw_callee(callee: &Callee) -> raw::Callee {
    let Callee {
        caller,
        namespace,
        service,
        pod_labels,
        target,
    } = callee;
    raw::Callee {
        caller: caller.clone(),
        namespace: namespace.to_string(),
        service: service.clone(),
        pod_labels: pod_labels.clone(),
        target: target.as_ref().map(raw_port),
    }
}

fn raw_port(port: &Port) -> raw_flow::Port {
    raw_flow::Port {
        protocol: match port.protocol {
            Protocol::Tcp => raw_flow::Protocol::Tcp,
            Protocol::Udp => raw_flow::Protocol::Udp,
            Protocol::Sctp => raw_flow::Protocol::Sctp,
        },
        port: match &port.port {
            PortNumber::Number(number) => raw_flow::PortNumber::Number(*number),
            PortNumber::Name(name) => raw_flow::PortNumber::Text(name.clone()),
            PortNumber::Range(first, last) => raw_flow::PortNumber::Text(format!("{first}-{last}")),
        },
    }
}
