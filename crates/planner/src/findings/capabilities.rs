//! Whether policies are enforced at all, and whether the cluster is still what is stored of it.

use std::net::SocketAddr;

use cofferdam_model::capabilities::{Callee, Capabilities, DnsServers, Enforces};
use cofferdam_model::flow::{Port, PortNumber};
use cofferdam_model::labels::Labels;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::compare::Difference;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Finding};
use serde_json::Value;

use super::{Judged, finding};
use crate::view::View;

/// `not-enforced` and `capabilities-changed`.
pub(super) fn check(view: &View<'_>, stored: Option<&Capabilities>) -> Vec<Finding> {
    let Some(live) = view.observed.capabilities.known() else {
        return Vec::new();
    };
    let object = || ObjectKey::cluster(view.bundle.cluster.as_str());
    let mut found = Vec::new();
    if live.cni.enforces != Enforces::Yes {
        let verdict = match live.cni.enforces {
            Enforces::Yes | Enforces::No => "does not enforce NetworkPolicy",
            Enforces::Unknown => "is not known to enforce NetworkPolicy",
        };
        let message = format!("`{}` {verdict}: {}", live.cni.name, live.cni.evidence);
        let hint = "policies are accepted here and have no effect until a plugin enforces them";
        found.push(finding(view, Class::NotEnforced, object(), message).with_hint(hint));
    }
    if let Some(stored) = stored {
        let fields = changes(stored, live);
        if !fields.is_empty() {
            let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
            let message = format!("no longer as stored: {}", paths.join(", "));
            let hint = "`cofferdam doctor --write` stores what is there now";
            let changed = finding(view, Class::CapabilitiesChanged, object(), message);
            found.push(Finding {
                fields,
                ..changed.with_hint(hint)
            });
        }
    }
    found
}

/// What a bundle depends on and is not as stored. Namespaces, nodes and their addresses come and go;
/// what follows from them is found in the policies themselves.
fn changes(stored: &Capabilities, live: &Capabilities) -> Vec<Difference> {
    let (stored, live) = (facts(stored), facts(live));
    let both = stored.into_iter().zip(live);
    let changed = both.filter(|((_, stored), (_, live))| stored != live);
    changed
        .map(|((path, stored), (_, live))| Difference {
            path: path.to_owned(),
            want: stored.map(Value::String),
            have: live.map(Value::String),
        })
        .collect()
}

/// The facts in words, each under its path; none where there is nothing to say.
fn facts(known: &Capabilities) -> [(&'static str, Option<String>); 10] {
    let Capabilities {
        version,
        cni,
        dns,
        api_server,
        mesh,
        callees,
        ..
    } = known;
    let endpoints = api_server.endpoints.iter();
    let endpoints = endpoints.map(|(address, port)| SocketAddr::new(*address, *port).to_string());
    let mesh = mesh.as_ref().map(|mesh| mesh.kind.as_str().to_owned());
    [
        ("version", Some(version.clone())),
        ("cni.name", Some(cni.name.clone())),
        ("cni.enforces", Some(cni.enforces.as_str().to_owned())),
        ("dns.servers", listed(dns.servers.iter().map(servers))),
        ("dns.nodeLocal", listed(dns.node_local.iter())),
        (
            "apiServer.serviceAddresses",
            listed(api_server.service_addresses.iter()),
        ),
        (
            "apiServer.servicePort",
            Some(api_server.service_port.to_string()),
        ),
        ("apiServer.endpoints", listed(endpoints)),
        ("mesh", mesh),
        ("callees", listed(callees.iter().map(callee))),
    ]
}

/// Pods that resolve names: where they are, by which labels, on which ports.
fn servers(servers: &DnsServers) -> String {
    let ports = listed(servers.ports.iter().map(port_text)).unwrap_or_default();
    let pods = pods(&servers.namespace, &servers.pod_labels);
    format!("{pods} on {ports}")
}

/// Who calls which Service, and on which port of its pods.
fn callee(callee: &Callee) -> String {
    let target = callee.target.as_ref();
    let target = target.map_or_else(|| "an unknown port".to_owned(), port_text);
    let Callee {
        caller,
        namespace,
        service,
        pod_labels,
        ..
    } = callee;
    let pods = pods(namespace, pod_labels);
    format!("{caller} calls {service} ({pods} on {target})")
}

fn pods(namespace: &NamespaceName, labels: &Labels) -> String {
    let labels = labels.iter().map(|(key, value)| format!("{key}={value}"));
    match listed(labels) {
        Some(labels) => format!("{namespace} {labels}"),
        None => namespace.to_string(),
    }
}

fn port_text(port: &Port) -> String {
    let protocol = port.protocol.as_str();
    match &port.port {
        PortNumber::Number(number) => format!("{protocol} {number}"),
        PortNumber::Name(name) => format!("{protocol} {name}"),
        PortNumber::Range(first, last) => format!("{protocol} {first}-{last}"),
    }
}

fn listed(items: impl Iterator<Item = impl ToString>) -> Option<String> {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    (!items.is_empty()).then(|| items.join(", "))
}
