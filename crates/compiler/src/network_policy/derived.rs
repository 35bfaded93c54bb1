//! Flows that nobody has to write: the control plane calls webhooks and aggregated APIs.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::capabilities::Callee;
use cofferdam_model::diagnostic::{DocumentId, Remark, Severity};
use cofferdam_model::flow::Port;
use cofferdam_model::labels::{Labels, Selector};
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::name::object_name;
use cofferdam_objects::policy::Direction;
use cofferdam_state::digest::digest;
use k8s_openapi::api::networking::v1::NetworkPolicyPeer;

use super::builder::{Builder, Draft, Rule};
use super::peers::policy_port;
use super::services::caller_peers;

/// Adds ingress from the control plane for every Service in the namespace that it calls. Returns
/// whether ingress of the namespace must stay open, because it cannot be known who calls what.
pub(super) fn add_derived(builder: &mut Builder<'_>, namespace: &NamespaceName) -> bool {
    let Some(capabilities) = builder.scope.capabilities else {
        return false;
    };
    let called: BTreeSet<&Callee> = capabilities
        .callees
        .iter()
        .filter(|callee| callee.namespace == *namespace)
        .collect();
    if called.is_empty() {
        return false;
    }
    let untold: Vec<&&Callee> = called
        .iter()
        .filter(|c| c.target.is_none() || c.pod_labels.is_empty())
        .collect();
    for callee in &untold {
        let service = format!("Service {}/{}", callee.namespace, callee.service);
        let reason = format!("calls {service}, whose pods or port cannot be told");
        remark(builder, namespace, &format!("{} {reason}", callee.caller));
    }
    match caller_peers(builder) {
        Ok(peers) => {
            for (service, callers) in by_service(&called) {
                add_service(builder, namespace, &service, &callers, &peers);
            }
            !untold.is_empty()
        }
        Err(reason) => {
            let callers: BTreeSet<&str> = called.iter().map(|c| c.caller.as_str()).collect();
            let callers: Vec<&str> = callers.into_iter().collect();
            let message = format!("{} must be answered, and {reason}", callers.join(", "));
            remark(builder, namespace, &message);
            true
        }
    }
}

/// A called Service: its name, its pods' labels and their port.
type Called<'a> = (&'a str, &'a Labels, &'a Port);

fn by_service<'a>(called: &BTreeSet<&'a Callee>) -> BTreeMap<Called<'a>, BTreeSet<&'a str>> {
    let mut services: BTreeMap<Called<'a>, BTreeSet<&'a str>> = BTreeMap::new();
    for callee in called {
        if let (Some(port), false) = (&callee.target, callee.pod_labels.is_empty()) {
            let service = (callee.service.as_str(), &callee.pod_labels, port);
            services.entry(service).or_default().insert(&callee.caller);
        }
    }
    services
}

fn add_service(
    builder: &mut Builder<'_>,
    namespace: &NamespaceName,
    (service, labels, port): &Called<'_>,
    callers: &BTreeSet<&str>,
    peers: &[NetworkPolicyPeer],
) {
    let stem = format!("{service}-{}", port_word(port));
    let name = object_name("cofferdam-derived-", &stem, "-in", &digest(&stem));
    let rule = Rule {
        peers: peers.to_vec(),
        ports: vec![policy_port(port)],
    };
    let callers: Vec<&str> = callers.iter().copied().collect();
    let draft = Draft {
        pods: Selector::labels((*labels).clone()),
        source: format!("derived,{}", callers.join(",")),
        ..Draft::one_way(name, Direction::Ingress, vec![rule])
    };
    builder.add(namespace, draft);
}

fn port_word(port: &Port) -> String {
    use cofferdam_model::flow::PortNumber;
    match &port.port {
        PortNumber::Number(number) => number.to_string(),
        PortNumber::Name(name) => name.clone(),
        PortNumber::Range(first, last) => format!("{first}-{last}"),
    }
}

fn remark(builder: &mut Builder<'_>, namespace: &NamespaceName, reason: &str) {
    let Some(member) = builder.scope.members.get(namespace) else {
        return;
    };
    if member.enforcement == Enforcement::Enforce {
        builder.hold_open(namespace, reason);
    }
    let document = DocumentId {
        kind: "Zone",
        name: member.zone.name.to_string(),
    };
    builder.remark(Remark {
        document,
        path: "spec.namespaces".to_owned(),
        severity: Severity::Warning,
        code: "caller-unknown",
        message: format!(
            "cluster `{}`: ingress of namespace `{namespace}` stays open: {reason}",
            builder.scope.cluster.name
        ),
        hint: Some("declare `network.controlPlaneCidrs` of the cluster".to_owned()),
    });
}
