//! Name resolution: to where DNS really is in the cluster.

use std::collections::BTreeSet;

use cofferdam_model::capabilities::Dns;
use cofferdam_model::flow::Protocol;
use cofferdam_model::labels::Selector;
use cofferdam_model::names::NamespaceName;

use super::addresses::address_peers;
use super::builder::{Builder, Draft, Rule};
use super::peers::{numbered, pods_peer, policy_port};

/// Adds `cofferdam-allow-dns` to a namespace, and lets queries in where the namespace holds the
/// servers themselves.
pub(super) fn add_dns(builder: &mut Builder<'_>, namespace: &NamespaceName) {
    let dns = dns_of(builder);
    builder.add(
        namespace,
        Draft {
            name: "cofferdam-allow-dns".to_owned(),
            egress: Some(egress_rules(&dns)),
            source: format!("ZoneModel/{}", builder.scope.model.instance),
            ..Draft::default()
        },
    );
    let here: BTreeSet<_> = dns
        .servers
        .iter()
        .filter(|servers| servers.namespace == *namespace)
        .map(|servers| (servers.pod_labels.clone(), servers.ports.clone()))
        .collect();
    for (index, (labels, ports)) in here.into_iter().enumerate() {
        let suffix = if index == 0 {
            String::new()
        } else {
            format!("-{index}")
        };
        builder.add(
            namespace,
            Draft {
                name: format!("cofferdam-serve-dns{suffix}"),
                pods: Selector::labels(labels),
                ingress: Some(vec![Rule {
                    peers: Vec::new(),
                    ports: ports.iter().map(policy_port).collect(),
                }]),
                source: format!("ZoneModel/{}", builder.scope.model.instance),
                ..Draft::default()
            },
        );
    }
}

/// The egress rules that reach DNS: one per group of servers, and the NodeLocal caches.
pub(super) fn egress_rules(dns: &Dns) -> Vec<Rule> {
    let servers = dns.servers.iter().map(|servers| Rule {
        peers: vec![pods_peer(&servers.namespace, &servers.pod_labels)],
        ports: servers.ports.iter().map(policy_port).collect(),
    });
    let node_local = (!dns.node_local.is_empty()).then(|| Rule {
        peers: address_peers(&dns.node_local),
        ports: [Protocol::Tcp, Protocol::Udp]
            .map(|protocol| numbered(protocol, 53))
            .into(),
    });
    servers.chain(node_local).collect()
}

/// DNS of the cluster, or what is assumed of one that nobody has looked at.
pub(super) fn dns_of(builder: &Builder<'_>) -> Dns {
    builder
        .scope
        .capabilities
        .map_or_else(Dns::assumed, |capabilities| capabilities.dns.clone())
}
