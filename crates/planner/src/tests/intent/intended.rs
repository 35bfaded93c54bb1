//! What a model means, said of single connections, and slowly.
//!
//! It is told from zones and flows alone: no policy, no compiler and no planner.

use std::collections::BTreeMap;
use std::net::IpAddr;

use cofferdam_model::Model;
use cofferdam_model::capabilities::{Callee, Capabilities};
use cofferdam_model::cluster::{Cluster, IngressSource};
use cofferdam_model::flow::{ClusterService, End, Flow, PodEnd, Port, PortNumber, Ports, Protocol};
use cofferdam_model::labels::Labels;
use cofferdam_model::names::ExternalNetworkName;
use cofferdam_model::trust_domain::Unassigned;
use cofferdam_model::zone::{Enforcement, NamespaceChoice, NamespaceRule, WithinZone, Zone};

/// A model and the cluster of which is asked.
pub(super) struct Scene<'a> {
    pub(super) model: &'a Model,
    pub(super) cluster: &'a Cluster,
    pub(super) seen: &'a Capabilities,
}

/// One who connects, or is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Peer {
    Pod(Pod),
    /// An address of no pod.
    Address(IpAddr),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pod {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) labels: Labels,
    /// The ports that it names.
    pub(super) ports: BTreeMap<(Protocol, String), u16>,
}

/// A port of a protocol.
pub(super) type Number = (Protocol, u16);

/// What is known of a namespace.
enum Standing<'a> {
    /// Nobody denies anything there yet, or ever.
    Open,
    /// It is nobody's, and what is nobody's is isolated.
    Isolated,
    /// It is enforced.
    Enforced(&'a Zone),
}

impl Scene<'_> {
    /// Whether the model wants this connection to be possible.
    pub(super) fn intended(&self, from: &Peer, to: &Peer, port: Number) -> bool {
        self.lets_out(from, to, port) && self.lets_in(from, to, port)
    }

    fn lets_out(&self, from: &Peer, to: &Peer, port: Number) -> bool {
        let Peer::Pod(pod) = from else { return true };
        match self.standing(&pod.namespace) {
            Standing::Open => true,
            Standing::Isolated => is_dns(to, port),
            Standing::Enforced(zone) => {
                is_dns(to, port)
                    || self.is_within(zone, from, to)
                    || self.is_in_a_flow(from, to, port)
            }
        }
    }

    fn lets_in(&self, from: &Peer, to: &Peer, port: Number) -> bool {
        let Peer::Pod(pod) = to else { return true };
        match self.standing(&pod.namespace) {
            Standing::Open => true,
            Standing::Isolated => false,
            Standing::Enforced(zone) => {
                // Who has to be answered and cannot be told must not be denied.
                self.has_untold_callers(&pod.namespace)
                    || self.is_within(zone, from, to)
                    || self.is_in_a_flow(from, to, port)
                    || self.is_a_call(from, pod, port)
            }
        }
    }

    fn standing(&self, namespace: &str) -> Standing<'_> {
        if let Some((zone, rule)) = self.zone_of(namespace) {
            let domain = self.model.trust_domain_of(self.cluster).unwrap();
            return match zone.enforcement_in(&domain.name, rule) {
                Enforcement::Observe | Enforcement::Stage => Standing::Open,
                Enforcement::Enforce => Standing::Enforced(zone),
            };
        }
        let domain = self.model.trust_domain_of(self.cluster).unwrap();
        match domain.unassigned_namespaces {
            Unassigned::Isolate if namespace != "kube-system" => Standing::Isolated,
            Unassigned::Isolate | Unassigned::Report => Standing::Open,
        }
    }

    /// The zone of a namespace, and the rule that puts it there: by its name before by its labels.
    fn zone_of(&self, namespace: &str) -> Option<(&Zone, &NamespaceRule)> {
        let named = |choice: &NamespaceChoice| match choice {
            NamespaceChoice::Name(name) => name.as_str() == namespace,
            NamespaceChoice::Selector(_) => false,
        };
        let known = self.seen.namespaces.iter();
        let labels = known.filter(|(name, _)| name.as_str() == namespace);
        let labels = labels.map(|(_, labels)| labels).next();
        let selected = |choice: &NamespaceChoice| match choice {
            NamespaceChoice::Name(_) => false,
            NamespaceChoice::Selector(selector) => {
                labels.is_some_and(|labels| selector.matches(labels))
            }
        };
        self.rule(named).or_else(|| self.rule(selected))
    }

    fn rule(&self, wanted: impl Fn(&NamespaceChoice) -> bool) -> Option<(&Zone, &NamespaceRule)> {
        for zone in self.model.zones.values() {
            for rule in &zone.namespaces {
                if rule.clusters.matches(&self.cluster.labels) && wanted(&rule.choice) {
                    return Some((zone, rule));
                }
            }
        }
        None
    }

    fn is_within(&self, zone: &Zone, from: &Peer, to: &Peer) -> bool {
        let (Peer::Pod(from), Peer::Pod(to)) = (from, to) else {
            return false;
        };
        match zone.within_zone {
            WithinZone::Deny => false,
            WithinZone::SameNamespace => from.namespace == to.namespace,
            WithinZone::Allow => [from, to].iter().all(|pod| {
                let other = self.zone_of(&pod.namespace);
                other.is_some_and(|(other, _)| other.name == zone.name)
            }),
        }
    }

    fn is_in_a_flow(&self, from: &Peer, to: &Peer, port: Number) -> bool {
        self.model.flows.values().any(|flow| {
            self.is_source(&flow.from, from)
                && self.is_target(&flow.to, to, port)
                && has_port(flow, to, port)
        })
    }

    fn is_source(&self, end: &End, from: &Peer) -> bool {
        match (end, from) {
            (End::Pods(end), Peer::Pod(pod)) => self.holds(end, pod),
            (End::ExternalNetwork(name), Peer::Address(address)) => self.is_of(name, *address),
            (End::Internet, Peer::Address(address)) => match self.cluster.network.ingress_source {
                IngressSource::Client => is_public(*address),
                IngressSource::Node => self.is_node(*address),
                IngressSource::LoadBalancer => {
                    contain(&self.cluster.network.load_balancer_cidrs, *address)
                }
            },
            (End::ClusterService(ClusterService::Nodes), Peer::Address(address)) => {
                self.is_node(*address)
            }
            (End::ClusterService(ClusterService::ControlPlane), from) => self.is_caller(from),
            _ => false,
        }
    }

    fn is_target(&self, end: &End, to: &Peer, port: Number) -> bool {
        let api = &self.seen.api_server;
        match (end, to) {
            (End::Pods(end), Peer::Pod(pod)) => self.holds(end, pod),
            (End::ExternalNetwork(name), Peer::Address(address)) => self.is_of(name, *address),
            (End::Internet, Peer::Address(address)) => {
                is_public(*address) && !self.is_ours(*address)
            }
            (End::ClusterService(ClusterService::Nodes), Peer::Address(address)) => {
                self.is_node(*address)
            }
            (End::ClusterService(ClusterService::Dns), to) => is_dns(to, port),
            (End::ClusterService(ClusterService::ApiServer), Peer::Address(address)) => {
                let service = api.service_addresses.contains(address);
                port.0 == Protocol::Tcp
                    && ((service && port.1 == api.service_port)
                        || api.endpoints.contains(&(*address, port.1)))
            }
            (End::ClusterService(ClusterService::CloudMetadata), Peer::Address(address)) => {
                let address = address.to_string();
                (address == "169.254.169.254" && port == (Protocol::Tcp, 80))
                    || (address == "169.254.169.252" && port == (Protocol::Tcp, 988))
            }
            _ => false,
        }
    }

    fn holds(&self, end: &PodEnd, pod: &Pod) -> bool {
        let mut named = end.namespaces.iter();
        let workload = end.workload.as_ref();
        self.zone_of(&pod.namespace)
            .is_some_and(|(zone, _)| end.zones.contains(&zone.name))
            && (end.namespaces.is_empty() || named.any(|name| name.as_str() == pod.namespace))
            && workload.is_none_or(|workload| workload.matches(&pod.labels))
    }

    fn is_of(&self, name: &ExternalNetworkName, address: IpAddr) -> bool {
        let network = &self.model.external_networks[name];
        let mut ranges = network.ranges.iter();
        (contain(&network.cidrs, address)
            || ranges.any(|(first, last)| (*first..=*last).contains(&address)))
            && !contain(&network.except, address)
    }

    fn is_node(&self, address: IpAddr) -> bool {
        let declared = &self.cluster.network.node_cidrs;
        if declared.is_empty() {
            self.seen.node_addresses.contains(&address)
        } else {
            contain(declared, address)
        }
    }

    /// Whether an address belongs to the cluster, wherever it lies.
    fn is_ours(&self, address: IpAddr) -> bool {
        let mut endpoints = self.seen.api_server.endpoints.iter();
        self.seen.node_addresses.contains(&address)
            || contain(&self.cluster.network.node_cidrs, address)
            || endpoints.any(|(one, _)| *one == address)
    }

    fn is_caller(&self, from: &Peer) -> bool {
        let Peer::Address(address) = from else {
            return false;
        };
        let declared = &self.cluster.network.control_plane_cidrs;
        if declared.is_empty() {
            self.seen.callers.addresses.contains(address)
        } else {
            contain(declared, *address)
        }
    }

    /// Whether the control plane calls this pod.
    fn is_a_call(&self, from: &Peer, to: &Pod, port: Number) -> bool {
        let mut callees = self.callees(&to.namespace);
        self.is_caller(from)
            && callees.any(|callee| {
                let mut labels = callee.pod_labels.iter();
                labels.all(|(key, value)| to.labels.get(key) == Some(value))
                    && callee
                        .target
                        .as_ref()
                        .is_some_and(|target| is(target, to, port))
            })
    }

    fn has_untold_callers(&self, namespace: &str) -> bool {
        self.callees(namespace)
            .any(|callee| callee.target.is_none())
    }

    fn callees<'b>(&'b self, namespace: &'b str) -> impl Iterator<Item = &'b Callee> {
        let all = self.seen.callees.iter();
        all.filter(move |callee| callee.namespace.as_str() == namespace)
    }
}

/// Whether this is name resolution, where kubeadm puts it.
fn is_dns(to: &Peer, (protocol, port): Number) -> bool {
    let Peer::Pod(pod) = to else { return false };
    let label = pod.labels.get("k8s-app").map(String::as_str);
    let answers = pod.namespace == "kube-system" && label == Some("kube-dns");
    answers && protocol != Protocol::Sctp && port == 53
}

fn has_port(flow: &Flow, to: &Peer, port: Number) -> bool {
    match (&flow.ports, to) {
        (Ports::All | Ports::Known, _) => true,
        (Ports::Some(ports), Peer::Pod(pod)) => ports.iter().any(|one| is(one, pod, port)),
        (Ports::Some(ports), Peer::Address(_)) => ports.iter().any(|one| is_number(one, port)),
    }
}

fn is(wanted: &Port, pod: &Pod, (protocol, number): Number) -> bool {
    match &wanted.port {
        PortNumber::Name(name) => {
            let named = pod.ports.get(&(protocol, name.clone()));
            wanted.protocol == protocol && named == Some(&number)
        }
        PortNumber::Number(_) | PortNumber::Range(_, _) => is_number(wanted, (protocol, number)),
    }
}

fn is_number(wanted: &Port, (protocol, number): Number) -> bool {
    wanted.protocol == protocol
        && match &wanted.port {
            PortNumber::Number(one) => *one == number,
            PortNumber::Range(first, last) => (*first..=*last).contains(&number),
            PortNumber::Name(_) => false,
        }
}

fn contain(networks: &[ipnet::IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// Whether an address is of the internet, of those that are asked about.
fn is_public(address: IpAddr) -> bool {
    super::ADDRESSES
        .iter()
        .any(|(text, public)| *public && *text == address.to_string())
}
