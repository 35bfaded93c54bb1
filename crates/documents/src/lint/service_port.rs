//! Ports of Services where those of their pods count: known of what the control plane calls.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::capabilities::Callee;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::diagnostic::Remark;
use cofferdam_model::flow::{ClusterService, End, Flow, PodEnd, Port, PortNumber, Ports, Protocol};
use cofferdam_model::lint::Lint;
use cofferdam_model::names::NamespaceName;

use super::on_flow;
use crate::rules::presence::{held, pairs, zones_of_end};

pub(super) fn find(model: &Model) -> Vec<Remark> {
    let flows = model.flows.values();
    let found = flows.filter_map(|flow| in_flow(model, flow));
    found.flatten().collect()
}

/// `None` where it cannot be told on which ports the pods listen.
fn in_flow(model: &Model, flow: &Flow) -> Option<Vec<Remark>> {
    let (End::ClusterService(ClusterService::ControlPlane), End::Pods(to), Ports::Some(ports)) =
        (&flow.from, &flow.to, &flow.ports)
    else {
        return None;
    };
    let mut called = Vec::new();
    for (_, cluster) in pairs(model, flow) {
        called.extend(called_in(model, cluster, to)?);
    }
    let first = called.first()?;
    let targets = called.iter().map(|callee| number(callee.target.as_ref()?));
    let targets: BTreeSet<(Protocol, u16)> = targets.collect::<Option<_>>()?;
    let numbers: Vec<String> = targets.iter().map(|(_, port)| port.to_string()).collect();
    let numbers = numbers.join(", ");
    let asked = ports.iter().enumerate();
    let asked = asked.filter_map(|(place, port)| Some((place, number(port)?)));
    let wrong = asked.filter(|(_, port)| !targets.contains(port));
    let found = wrong.map(|(place, (_, port))| {
        let Callee { service, caller, .. } = first;
        let message = format!(
            "no pod that the control plane calls there listens on {port}: policies see the port of pods and not that of a Service, as `{service}` for {caller}"
        );
        let path = format!("spec.ports[{place}].port");
        let hint = format!("write {numbers}");
        on_flow(Lint::ServicePort, flow, path, (message, &hint))
    });
    Some(found.collect())
}

/// What the control plane calls of an end in a cluster, where that is stored.
fn called_in<'a>(model: &'a Model, cluster: &Cluster, to: &PodEnd) -> Option<Vec<&'a Callee>> {
    let stored = model.capabilities.get(&cluster.name)?;
    let zones = zones_of_end(model, to).into_iter();
    let namespaces = zones.flat_map(|zone| held(model, zone, cluster).into_keys());
    let named = |name: &NamespaceName| to.namespaces.is_empty() || to.namespaces.contains(name);
    let namespaces: BTreeSet<NamespaceName> = namespaces.filter(named).collect();
    let is_selected = |callee: &&Callee| {
        let workload = to.workload.as_ref();
        workload.is_none_or(|workload| workload.matches(&callee.pod_labels))
    };
    let called = stored.callees.iter();
    let called = called.filter(|callee| namespaces.contains(&callee.namespace));
    Some(called.filter(is_selected).collect())
}

fn number(port: &Port) -> Option<(Protocol, u16)> {
    match port.port {
        PortNumber::Number(number) => Some((port.protocol, number)),
        PortNumber::Name(_) | PortNumber::Range(..) => None,
    }
}
