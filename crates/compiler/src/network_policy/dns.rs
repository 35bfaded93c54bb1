//! Name resolution: to where DNS really is in the cluster.

use std::collections::BTreeSet;

use cofferdam_model::capabilities::{Dns, DnsServers};
use cofferdam_model::diagnostic::{DocumentId, Remark, Severity};
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
    let rules = egress_rules(&dns);
    if rules.is_empty() {
        refuse(builder, &dns);
    }
    builder.add(
        namespace,
        Draft {
            name: "cofferdam-allow-dns".to_owned(),
            egress: Some(rules),
            source: format!("ZoneModel/{}", builder.scope.model.instance),
            ..Draft::default()
        },
    );
    let here: BTreeSet<_> = listening(&dns)
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
    let servers = listening(dns).map(|servers| Rule {
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

/// Servers with a port at all: a rule without one would open every port.
fn listening(dns: &Dns) -> impl Iterator<Item = &DnsServers> {
    let all = dns.servers.iter();
    all.filter(|servers| !servers.ports.is_empty())
}

/// Denies would take name resolution away from every pod, and a Service is soon deleted by mistake.
fn refuse(builder: &mut Builder<'_>, dns: &Dns) {
    let cluster = &builder.scope.cluster.name;
    let remark = Remark {
        document: DocumentId {
            kind: "Cluster",
            name: cluster.to_string(),
        },
        path: "spec".to_owned(),
        severity: Severity::Error,
        code: "dns-not-found",
        message: format!(
            "cluster `{cluster}`: no server for DNS is known, so its namespaces would resolve no names: {}",
            dns.evidence
        ),
        hint: Some(
            "restore the Service `kube-system/kube-dns` (OpenShift: `openshift-dns/dns-default`) \
             with port 53 and a selector; if only what is stored is old, run `cofferdam doctor --write`"
                .to_owned(),
        ),
    };
    builder.remark(remark);
}

/// DNS of the cluster, or what is assumed of one that nobody has looked at.
pub(super) fn dns_of(builder: &Builder<'_>) -> Dns {
    builder
        .scope
        .capabilities
        .map_or_else(Dns::assumed, |capabilities| capabilities.dns.clone())
}
