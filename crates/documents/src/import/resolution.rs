//! Name resolution: every namespace of a zone may ask the DNS servers, so rules for it need no flow.

use cofferdam_model::capabilities::{Dns, DnsServers};
use cofferdam_model::flow::{Port, PortNumber, Protocol};

use super::ports::Ports;
use super::rules::{Allow, Side};

/// Whether a rule is for queries to the DNS servers.
pub(super) fn is_meant(allow: &Allow, dns: &Dns) -> bool {
    let Ports::These(ports) = &allow.ports else {
        return false;
    };
    let known = |port: &Port| {
        let mut all = dns.servers.iter().flat_map(|servers| &servers.ports);
        match &port.port {
            PortNumber::Number(53) => true,
            PortNumber::Name(name) => name.starts_with("dns"),
            PortNumber::Number(_) | PortNumber::Range(..) => all.any(|one| one.port == port.port),
        }
    };
    let reaches = dns.servers.iter().any(|servers| leads_to(allow, servers));
    !ports.is_empty() && ports.iter().all(known) && reaches
}

/// Whether it leads to more than the namespaces of the DNS servers.
pub(super) fn is_wider(allow: &Allow, dns: &Dns) -> bool {
    let is_theirs = |name: &String| {
        let mut servers = dns.servers.iter();
        servers.any(|one| one.namespace.as_str() == name)
    };
    let mut names = allow.peers.iter().flat_map(|(names, _)| names);
    allow.anything || !allow.blocks.is_empty() || !names.all(is_theirs)
}

/// Whether all pods of a namespace may ask every server already.
pub(super) fn is_granted(side: &Side, dns: &Dns) -> bool {
    let for_all = || side.allows.iter().filter(|allow| allow.pods.is_empty());
    let servers = dns.servers.iter().all(|servers| {
        servers.ports.iter().all(|port| {
            let PortNumber::Number(number) = port.port else {
                return false;
            };
            let protocol = port.protocol;
            for_all().any(|allow| leads_to(allow, servers) && allow.ports.allow(protocol, number))
        })
    });
    let caches = dns.node_local.iter().all(|address| {
        [Protocol::Tcp, Protocol::Udp].iter().all(|protocol| {
            for_all()
                .any(|allow| allow.reaches_address(*address) && allow.ports.allow(*protocol, 53))
        })
    });
    side.open || (servers && caches)
}

fn leads_to(allow: &Allow, servers: &DnsServers) -> bool {
    let mut peers = allow.peers.iter();
    allow.anything
        || peers.any(|(names, pods)| {
            names.contains(servers.namespace.as_str()) && pods.matches(&servers.pod_labels)
        })
}
