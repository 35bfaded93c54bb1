//! Would pods lose name resolution, or the control plane a webhook that it calls?

use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::capabilities::{Callee, DnsServers};
use cofferdam_model::flow::{Port, PortNumber};
use cofferdam_model::labels::Labels;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::policy::Direction;
use cofferdam_semantics::facts::Pod;
use cofferdam_semantics::ports::PortSet;
use cofferdam_semantics::states::{Between, Place};
use ipnet::IpNet;

use super::Outcome;
use crate::{Refusal, refusal};

/// Whom the question is about. Servers and Services are named by their places in the capabilities.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// A pod that answers name queries.
    Dns(usize),
    /// A pod behind a Service that the control plane calls.
    Called(usize),
    /// The control plane.
    Caller,
    /// Any other pod of a namespace that is denied, by its name.
    Pod(Arc<str>),
    /// Anybody else.
    Other,
}

pub(super) fn check(outcome: &Outcome<'_>) -> Vec<Refusal> {
    if outcome.before == outcome.after {
        return Vec::new();
    }
    let (mut states, [before, after]) = outcome.states([&outcome.before, &outcome.after]);
    let (before, after) = (states.solve(&before), states.solve(&after));
    let changes = states.changes(&before, &after, |place| outcome.end(place));
    let closes = changes.closes.iter();
    let refusals = closes.filter_map(|((from, to), between)| match (from, to) {
        (End::Pod(namespace), End::Dns(server)) => outcome.cuts_dns(namespace, *server, between),
        (End::Caller, End::Called(callee)) => outcome.cuts_call(*callee, between),
        (
            End::Dns(_) | End::Called(_) | End::Caller | End::Pod(_) | End::Other,
            End::Dns(_) | End::Called(_) | End::Caller | End::Pod(_) | End::Other,
        ) => None,
    });
    refusals.collect()
}

impl Outcome<'_> {
    fn end(&self, place: Place<'_>) -> End {
        match place {
            Place::Pod(pod) => self.pod(pod),
            Place::Nodes(addresses) => {
                let calls = |address: &IpAddr| self.calls_from(*address, *address);
                caller_if(addresses.iter().any(calls))
            }
            Place::Outside(ranges) => {
                let calls = |(first, last): &(IpAddr, IpAddr)| self.calls_from(*first, *last);
                caller_if(ranges.iter().any(calls))
            }
        }
    }

    fn pod(&self, pod: &Pod) -> End {
        let known = self.capabilities;
        let mut servers = known.dns.servers.iter();
        let mut called = known.callees.iter();
        let mut calling = known.callers.pods.iter();
        if let Some(server) = servers.position(|one| is_of(pod, &one.namespace, &one.pod_labels)) {
            return End::Dns(server);
        }
        if let Some(callee) = called.position(|one| is_called(pod, one)) {
            return End::Called(callee);
        }
        if calling.any(|one| is_of(pod, &one.namespace, &one.labels)) {
            return End::Caller;
        }
        // Elsewhere nobody is denied by us.
        let namespace = NamespaceName::parse(&pod.namespace);
        let denied = |of: &NamespaceName| self.case.bundle.denies(of, Direction::Egress);
        if namespace.is_ok_and(|namespace| denied(&namespace)) {
            End::Pod(Arc::clone(&pod.namespace))
        } else {
            End::Other
        }
    }

    /// Whether the control plane calls from an address of a range.
    fn calls_from(&self, first: IpAddr, last: IpAddr) -> bool {
        let within = |address: IpAddr| first <= address && address <= last;
        let declared = &self.case.cluster.network.control_plane_cidrs;
        let mut declared = declared.iter();
        let mut known = self.capabilities.callers.addresses.iter();
        let overlaps = |network: &IpNet| {
            within(network.network()) || network.contains(&first) || network.contains(&last)
        };
        declared.any(overlaps) || known.any(|address| within(*address))
    }

    fn cuts_dns(&self, namespace: &str, server: usize, between: &Between) -> Option<Refusal> {
        let DnsServers {
            namespace: of,
            ports,
            ..
        } = self.capabilities.dns.servers.get(server)?;
        let asked = ports.iter().map(|port| self.numbers(port, of.as_str()));
        let lost = between.ports.and(&any(asked));
        if lost.is_empty() {
            return None;
        }
        let message = format!(
            "pods of namespace `{namespace}` could no longer resolve names: {lost} of the servers in `{of}`"
        );
        let hint =
            "`cofferdam-allow-dns` is not as the bundle wants it, or policies of others deny it";
        Some(refusal("cuts-dns", message, hint))
    }

    fn cuts_call(&self, callee: usize, between: &Between) -> Option<Refusal> {
        let Callee {
            caller,
            namespace,
            service,
            target,
            ..
        } = self.capabilities.callees.get(callee)?;
        let asked = self.numbers(target.as_ref()?, namespace.as_str());
        let lost = between.ports.and(&asked);
        if lost.is_empty() {
            return None;
        }
        let message = format!(
            "{caller} could no longer be called: {lost} of the pods behind Service {namespace}/{service}"
        );
        let hint = "declare `network.controlPlaneCidrs` of the cluster";
        Some(refusal("cuts-webhook", message, hint))
    }

    /// The numbers of a port; of one with a name, those that pods of the namespace give it.
    fn numbers(&self, port: &Port, namespace: &str) -> PortSet {
        match &port.port {
            PortNumber::Number(number) => PortSet::one(port.protocol, *number),
            PortNumber::Range(first, last) => PortSet::range(port.protocol, *first..=*last),
            PortNumber::Name(name) => {
                let pods = self.case.observed.pods.known().into_iter().flatten();
                let ports = pods
                    .filter(|pod| pod.namespace == namespace)
                    .flat_map(|pod| &pod.ports);
                let named = ports.filter(|one| one.name == *name && one.protocol == port.protocol);
                any(named.map(|one| PortSet::one(one.protocol, one.number)))
            }
        }
    }
}

fn caller_if(calls: bool) -> End {
    if calls { End::Caller } else { End::Other }
}

fn any(sets: impl Iterator<Item = PortSet>) -> PortSet {
    sets.fold(PortSet::none(), |all, one| all.or(&one))
}

fn is_called(pod: &Pod, callee: &Callee) -> bool {
    !callee.pod_labels.is_empty() && is_of(pod, &callee.namespace, &callee.pod_labels)
}

fn is_of(pod: &Pod, namespace: &NamespaceName, labels: &Labels) -> bool {
    let has = |(key, value): (&String, &String)| pod.labels.get(key) == Some(value);
    *pod.namespace == *namespace.as_str() && labels.iter().all(has)
}
