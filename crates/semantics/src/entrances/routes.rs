//! Routes of the Gateway API, and what Gateways admit.

use cofferdam_model::flow::Protocol;
use cofferdam_objects::entrance_kind::GATEWAY_API;

use super::{Entrance, Resolved, controllers};
use crate::facts::{
    Admission, BackendReference, Facts, Gateway, Listener, ObjectName, ParentReference, Route,
};

impl Resolved {
    /// A route, at each of the Gateways to which it is attached.
    pub(super) fn route(&mut self, facts: &Facts, route: &Route) {
        let attached = route.parents.iter();
        let attached: Vec<&Gateway> = attached
            .filter_map(|parent| self.gateway_of(facts, route, parent))
            .collect();
        if attached.is_empty() {
            return;
        }
        let backends = self.backends(facts, (&route.id, route.source), &route.backends);
        for gateway in attached {
            self.entrances.push(Entrance {
                id: route.id.clone(),
                gateway: Some(gateway.id.clone()),
                controller: controllers::of_gateway(facts, gateway),
                is_internal: false,
                backends: backends.clone(),
            });
        }
    }

    /// The Gateway that a reference means, where it admits the route.
    fn gateway_of<'a>(
        &mut self,
        facts: &'a Facts,
        route: &Route,
        parent: &ParentReference,
    ) -> Option<&'a Gateway> {
        let ParentReference {
            group,
            id,
            section: _,
            port: _,
        } = parent;
        match (&**group, &*id.kind) {
            (GATEWAY_API, "Gateway") => {}
            ("" | "core", "Service") => {
                let reason = format!("is for clients of {id} in a mesh, and no way in");
                self.note(&route.id, &reason);
                return None;
            }
            _ => {
                let reason = format!("is attached to {id}, which is no Gateway: not followed");
                self.gap(&route.id, route.source, reason);
                return None;
            }
        }
        let mut gateways = facts.entrances.gateways.iter();
        let Some(gateway) = gateways.find(|gateway| gateway.id == *id) else {
            let reason = format!("is attached to {id}, which is not among the objects");
            self.gap(&route.id, route.source, reason);
            return None;
        };
        let meant = gateway.listeners.iter();
        let mut meant = meant.filter(|one| is_meant(one, parent));
        if !meant.any(|one| admits(facts, one, gateway, route)) {
            let reason = format!("is not admitted by any listener of {id}");
            self.note(&route.id, &reason);
            return None;
        }
        Some(gateway)
    }
}

fn is_meant(listener: &Listener, parent: &ParentReference) -> bool {
    let section = parent.section.as_ref();
    section.is_none_or(|section| *section == listener.name)
        && parent.port.is_none_or(|port| port == listener.port)
}

/// Whether a listener admits a route. Names of hosts are not compared: one that fits can be added by either side.
fn admits(facts: &Facts, listener: &Listener, gateway: &Gateway, route: &Route) -> bool {
    let namespace = &route.id.namespace;
    let speaks = match (&*listener.protocol, &*route.id.kind) {
        ("HTTP" | "HTTPS", kind) => matches!(kind, "HTTPRoute" | "GRPCRoute"),
        ("TLS", kind) => matches!(kind, "TLSRoute" | "TCPRoute"),
        ("TCP", kind) => kind == "TCPRoute",
        ("UDP", kind) => kind == "UDPRoute",
        // Controllers may define protocols of their own.
        _ => true,
    };
    speaks
        && match &listener.admits {
            Admission::Same => *namespace == gateway.id.namespace,
            Admission::All => true,
            Admission::Selected(selector) => {
                let of = facts.namespaces.get(namespace);
                of.is_some_and(|of| selector.matches(&of.labels))
            }
            Admission::Nobody => false,
        }
}

/// The protocol of what a kind of object lets in.
pub(super) fn protocol(kind: &str) -> Protocol {
    if kind == "UDPRoute" {
        Protocol::Udp
    } else {
        Protocol::Tcp
    }
}

/// Whether an object may lead to another: of its own namespace always, of others where these grant it.
pub(super) fn may_refer(facts: &Facts, of: &ObjectName, reference: &BackendReference) -> bool {
    let BackendReference { group, id, port: _ } = reference;
    let grants = facts.entrances.grants.iter();
    let mut grants = grants.filter(|grant| grant.namespace == id.namespace);
    id.namespace == of.namespace
        || grants.any(|grant| {
            let mut from = grant.from.iter();
            let mut to = grant.to.iter();
            from.any(|from| {
                &*from.group == GATEWAY_API
                    && from.kind == of.kind
                    && from.namespace == of.namespace
            }) && to.any(|to| {
                let name = to.name.as_ref();
                to.group == *group && to.kind == id.kind && name.is_none_or(|name| *name == id.name)
            })
        })
}
