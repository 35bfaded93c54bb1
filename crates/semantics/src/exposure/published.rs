//! How Services and pods are reached from outside by themselves, without a controller of Ingresses or Gateways.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::sources::Source;
use super::ways::{How, Way};
use crate::addresses::Scope;
use crate::connectivity::Endpoint;
use crate::facts::{Facts, HostPort, ObjectName, Service, ServiceKind};
use crate::services::Backend;

/// The name of a Service.
pub(super) fn id(service: &Service) -> ObjectName {
    ObjectName {
        kind: "Service".into(),
        namespace: Arc::clone(&service.namespace),
        name: Arc::clone(&service.name),
    }
}

/// How a Service is reached from outside.
pub(super) fn published(service: &Service) -> Vec<How> {
    let mut hows = Vec::new();
    match service.kind {
        ServiceKind::Cluster | ServiceKind::ExternalName => {}
        ServiceKind::Nodes => hows.push(How::NodePort),
        ServiceKind::LoadBalancer { at_nodes } => {
            hows.push(How::LoadBalancer);
            // Its node ports know nothing of the clients that the load balancer accepts.
            let is_narrow = !service.clients.is_empty() || service.is_internal;
            hows.extend((at_nodes && is_narrow).then_some(How::NodePort));
        }
    }
    hows.extend((!service.external_addresses.is_empty()).then_some(How::ExternalAddresses));
    hows
}

/// The way to what is behind a Service.
pub(super) fn way(service: &Service, how: How, backends: BTreeSet<Backend>) -> Way {
    let of_balancer = how == How::LoadBalancer;
    let clients = match (of_balancer, service.clients.as_slice(), service.is_internal) {
        (false, _, _) | (true, [], false) => Scope::Internet,
        (true, [], true) => Scope::Anywhere,
        (true, networks, _) => Scope::Networks(networks.to_vec()),
    };
    let is_internal = of_balancer && (service.is_internal || clients.is_private());
    // Whatever the policy for traffic from outside is, the node of the pod may pass a connection on as its own.
    let mut sources = vec![Source::Clients(clients), Source::OwnNode];
    if !service.keeps_client {
        sources.push(Source::Nodes);
    }
    if of_balancer {
        // It may be a proxy.
        sources.push(Source::LoadBalancer);
    }
    Way {
        through: id(service),
        how,
        is_internal,
        sources,
        backends,
    }
}

/// The ways through ports of nodes that lead to containers, one for each workload.
pub(super) fn at_host_ports(facts: &Facts) -> impl Iterator<Item = Way> {
    let mut of_workloads: BTreeMap<ObjectName, BTreeSet<Backend>> = BTreeMap::new();
    for (place, pod) in facts.pods.iter().enumerate() {
        if pod.host_ports.is_empty() {
            continue;
        }
        let through = ObjectName {
            kind: Arc::clone(&pod.workload.kind),
            namespace: Arc::clone(&pod.namespace),
            name: Arc::clone(&pod.workload.name),
        };
        let backends = of_workloads.entry(through).or_default();
        backends.extend(pod.host_ports.iter().map(|port| {
            let HostPort {
                protocol,
                number: _,
                target,
            } = *port;
            Backend {
                end: Endpoint::Pod(place),
                protocol,
                port: target,
            }
        }));
    }
    of_workloads.into_iter().map(|(through, backends)| Way {
        through,
        how: How::HostPort,
        is_internal: false,
        sources: vec![Source::Clients(Scope::Internet), Source::OwnNode],
        backends,
    })
}
