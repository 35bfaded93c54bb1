//! Gateways, their classes, routes, and grants to refer to other namespaces: the Gateway API, of which all versions
//! agree in what is read here.

use std::cell::RefCell;
use std::sync::Arc;

use cofferdam_objects::entrance_kind::GATEWAY_API;
use serde_json::Value;

use super::Reader;
use super::cursor::{Cursor, Note, Notes};
use super::pod::{items, text};
use super::selector::selector;
use crate::facts::{
    Admission, BackendReference, Class, Gap, GapKind, Gateway, GrantedSource, GrantedTarget,
    Listener, ObjectName, ParentReference, PortReference, ReferenceGrant, Route,
};
use crate::policy::Source;

impl Reader {
    /// Takes an object of the Gateway API; what is neither Gateway nor route leads nowhere.
    pub(super) fn of_gateway_api(&mut self, object: &Value, kind: &str, source: Source) {
        match kind {
            "Gateway" => self.gateway(object, source),
            "GatewayClass" => self.gateway_class(object),
            "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" | "UDPRoute" => {
                self.route(object, source);
            }
            "ReferenceGrant" => self.reference_grant(object),
            _ => self.other(object, GATEWAY_API, kind, source),
        }
    }

    fn gateway(&mut self, object: &Value, source: Source) {
        let id = self.object_name(object);
        let class = self.shared(text(object, "/spec/gatewayClassName"));
        let notes = RefCell::new(Notes::default());
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let listeners = items(spec, "listeners").iter();
        let listeners = listeners.map(|listener| self.listener(listener, &notes));
        let listeners = listeners.collect();
        for Note { path: _, reason } in notes.into_inner().faults {
            self.entrance_gap(object, reason, source);
        }
        self.facts.entrances.gateways.push(Gateway {
            id,
            source,
            class,
            listeners,
        });
    }

    fn listener(&mut self, listener: &Value, notes: &RefCell<Notes>) -> Listener {
        Listener {
            name: self.shared(text(listener, "/name")),
            port: port_number(listener).unwrap_or(0),
            protocol: self.shared(text(listener, "/protocol")),
            admits: match text(listener, "/allowedRoutes/namespaces/from") {
                "All" => Admission::All,
                "None" => Admission::Nobody,
                "Selector" => {
                    let path = "/allowedRoutes/namespaces/selector";
                    let labels = super::pod::at(listener, path).unwrap_or(&Value::Null);
                    let at = Cursor::of(labels, "spec.listeners.allowedRoutes", notes);
                    Admission::Selected(selector(&at))
                }
                _ => Admission::Same,
            },
        }
    }

    fn gateway_class(&mut self, object: &Value) {
        let class = Class {
            name: self.name_of(object),
            controller: self.shared(text(object, "/spec/controllerName")),
            is_default: false,
        };
        self.facts.entrances.gateway_classes.push(class);
    }

    fn route(&mut self, object: &Value, source: Source) {
        let id = self.object_name(object);
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let parents = items(spec, "parentRefs").iter();
        let parents = parents.map(|parent| self.parent(&id, parent)).collect();
        let mut backends = Vec::new();
        for rule in items(spec, "rules") {
            let own = items(rule, "backendRefs");
            // What is mirrored is sent as well.
            let filters = own.iter().chain([rule]);
            let filters = filters.flat_map(|one| items(one, "filters"));
            let mirrors = filters.filter_map(|one| one.get("requestMirror")?.get("backendRef"));
            for backend in own.iter().chain(mirrors) {
                backends.push(self.route_backend(&id, backend));
            }
        }
        backends.sort();
        backends.dedup();
        self.facts.entrances.routes.push(Route {
            id,
            source,
            parents,
            backends,
        });
    }

    fn parent(&mut self, route: &ObjectName, parent: &Value) -> ParentReference {
        let section = text(parent, "/sectionName");
        ParentReference {
            group: self.given(parent, "group", GATEWAY_API),
            id: ObjectName {
                kind: self.given(parent, "kind", "Gateway"),
                namespace: self.given(parent, "namespace", &route.namespace),
                name: self.shared(text(parent, "/name")),
            },
            section: (!section.is_empty()).then(|| self.shared(section)),
            port: port_number(parent),
        }
    }

    fn route_backend(&mut self, route: &ObjectName, backend: &Value) -> BackendReference {
        BackendReference {
            group: self.given(backend, "group", ""),
            id: ObjectName {
                kind: self.given(backend, "kind", "Service"),
                namespace: self.given(backend, "namespace", &route.namespace),
                name: self.shared(text(backend, "/name")),
            },
            port: port_number(backend).map(PortReference::Number),
        }
    }

    fn reference_grant(&mut self, object: &Value) {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let namespace = self.namespace_of(object);
        let from = items(spec, "from").iter().map(|from| {
            let field = |path| self.shared(text(from, path));
            let [group, kind, namespace] = ["/group", "/kind", "/namespace"].map(field);
            GrantedSource {
                group,
                kind,
                namespace,
            }
        });
        let from = from.collect();
        let to = items(spec, "to").iter().map(|to| {
            let name = text(to, "/name");
            let name = (!name.is_empty()).then(|| self.shared(name));
            let [group, kind] = ["/group", "/kind"].map(|path| self.shared(text(to, path)));
            GrantedTarget { group, kind, name }
        });
        let to = to.collect();
        let grant = ReferenceGrant {
            namespace,
            from,
            to,
        };
        self.facts.entrances.grants.push(grant);
    }

    /// Takes note of an object that may be a way in and is not understood.
    pub(super) fn entrance_gap(&mut self, object: &Value, reason: String, source: Source) {
        let id = self.object_name(object);
        self.facts.entrance_gaps.insert(Gap {
            object: id.to_string(),
            reason,
            source: Some(source),
            kind: GapKind::NotModelled,
        });
    }

    /// The text of a field, or what counts where it is absent.
    fn given(&mut self, value: &Value, field: &str, default: &str) -> Arc<str> {
        let text = value.get(field).and_then(Value::as_str);
        self.shared(text.unwrap_or(default))
    }
}

fn port_number(value: &Value) -> Option<u16> {
    let number = value.get("port").and_then(Value::as_u64)?;
    u16::try_from(number).ok()
}
