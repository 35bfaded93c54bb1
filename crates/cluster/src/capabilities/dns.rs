//! Where name resolution is.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use cofferdam_model::capabilities::{Dns, DnsServers};
use cofferdam_model::names::NamespaceName;

use super::cni::flag;
use super::homes;
use super::{Inputs, ports};
use crate::observe::wire::Service;

/// Where names are asked for. A Service without it serves something else of the same pods.
const PORT: u16 = 53;

/// The names of the cache's DaemonSet: of its own manifest, and of Kubespray.
const CACHES: [&str; 2] = ["node-local-dns", "nodelocaldns"];

const NODE_LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 20, 10));

pub(super) fn of(inputs: &Inputs<'_>) -> Dns {
    let mut servers: Vec<DnsServers> = Vec::new();
    let mut evidence = Vec::new();
    for service in inputs.services.iter().filter(|service| resolves(service)) {
        let Some(found) = group(inputs, service) else {
            continue;
        };
        evidence.push(format!(
            "Service {}/{}",
            found.namespace, service.metadata.name
        ));
        let same = servers.iter_mut().find(|group| {
            group.namespace == found.namespace && group.pod_labels == found.pod_labels
        });
        match same {
            Some(group) => group.ports.extend(found.ports),
            None => servers.push(found),
        }
    }
    for group in &mut servers {
        group.ports.sort();
        group.ports.dedup();
    }
    let mut node_local = node_local(inputs);
    if !node_local.is_empty() {
        // The caches also answer at the Services' own addresses, untranslated: a policy sees those.
        node_local.extend(service_addresses(inputs));
        evidence.push("DaemonSet node-local-dns".to_owned());
    }
    if evidence.is_empty() {
        evidence.push("no Service that resolves names was found".to_owned());
    }
    Dns {
        servers,
        node_local,
        evidence: evidence.join(", "),
    }
}

fn resolves(service: &Service) -> bool {
    let metadata = &service.metadata;
    let mut ports = service.spec.ports.iter();
    if !ports.any(|port| port.port == PORT) {
        return false;
    }
    match (metadata.namespace.as_str(), metadata.name.as_str()) {
        ("kube-system", "kube-dns") | ("openshift-dns", "dns-default") => true,
        ("kube-system", _) => metadata
            .labels
            .get("k8s-app")
            .is_some_and(|app| app == "kube-dns"),
        _ => false,
    }
}

fn group(inputs: &Inputs<'_>, service: &Service) -> Option<DnsServers> {
    if service.spec.selector.is_empty() {
        return None;
    }
    let ports = service.spec.ports.iter().filter(|port| port.port == PORT);
    Some(DnsServers {
        namespace: NamespaceName::parse(&service.metadata.namespace).ok()?,
        pod_labels: service.spec.selector.clone(),
        ports: ports
            .flat_map(|port| ports::targets(inputs, service, port))
            .collect(),
    })
}

fn node_local(inputs: &Inputs<'_>) -> BTreeSet<IpAddr> {
    let mut all = BTreeSet::new();
    for set in inputs.daemon_sets() {
        if !CACHES.contains(&set.metadata.name.as_str()) || !homes::DNS_CACHE.has(set) {
            continue;
        }
        let listed = flag(set, "localip").unwrap_or_default();
        let addresses = listed
            .split(',')
            .filter_map(|text| text.trim().parse::<IpAddr>().ok())
            .filter(is_link_local);
        let before = all.len();
        all.extend(addresses);
        if all.len() == before {
            all.insert(NODE_LOCAL);
        }
    }
    all
}

/// A cache binds an address that leads nowhere else; at the Services' addresses it is found anyway.
fn is_link_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn service_addresses(inputs: &Inputs<'_>) -> impl Iterator<Item = IpAddr> {
    let specs = inputs.services.iter().filter(|service| resolves(service));
    let addresses = specs.flat_map(|service| {
        let spec = &service.spec;
        spec.cluster_ips.iter().chain(&spec.cluster_ip)
    });
    addresses.filter_map(|text| text.parse().ok())
}
