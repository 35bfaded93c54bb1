//! Ingresses and their classes.

use std::sync::Arc;

use cofferdam_objects::load_balancer;
use serde_json::Value;

use super::Reader;
use super::pod::{annotations, at, items, text};
use crate::facts::{AskedClass, BackendReference, Class, Ingress, ObjectName, PortReference};
use crate::policy::Source;

/// The annotation that named the class before there was a field.
const CLASS: &str = "kubernetes.io/ingress.class";

/// The annotation of the class that counts where an Ingress names none.
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

impl Reader {
    pub(super) fn ingress(&mut self, object: &Value, source: Source) {
        let id = self.object_name(object);
        let class = match (
            text(object, "/spec/ingressClassName"),
            annotation(object, CLASS),
        ) {
            ("", None) => AskedClass::Default,
            ("", Some(name)) | (name, _) => AskedClass::Named(self.shared(name)),
        };
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let rules = items(spec, "rules").iter();
        let rules = rules.filter_map(|rule| rule.get("http"));
        let paths = rules.flat_map(|http| items(http, "paths"));
        let of_paths = paths.filter_map(|path| path.get("backend"));
        let all = spec.get("defaultBackend").into_iter().chain(of_paths);
        let mut backends: Vec<BackendReference> =
            all.map(|backend| self.backend(&id, backend)).collect();
        backends.sort();
        backends.dedup();
        self.facts.entrances.ingresses.push(Ingress {
            id,
            source,
            class,
            is_internal: load_balancer::is_internal(&annotations(object)),
            backends,
        });
    }

    fn backend(&mut self, of: &ObjectName, backend: &Value) -> BackendReference {
        let Some(service) = backend.get("service").filter(|one| !one.is_null()) else {
            let group = self.shared(text(backend, "/resource/apiGroup"));
            let kind = self.shared(text(backend, "/resource/kind"));
            let name = self.shared(text(backend, "/resource/name"));
            let namespace = Arc::clone(&of.namespace);
            let id = ObjectName {
                kind,
                namespace,
                name,
            };
            let port = None;
            return BackendReference { group, id, port };
        };
        let number = at(service, "/port/number").and_then(Value::as_u64);
        let number = number.and_then(|number| u16::try_from(number).ok());
        let port = number.map(PortReference::Number).or_else(|| {
            let name = text(service, "/port/name");
            (!name.is_empty()).then(|| PortReference::Name(name.to_owned()))
        });
        BackendReference {
            group: self.shared(""),
            id: ObjectName {
                kind: self.shared("Service"),
                namespace: Arc::clone(&of.namespace),
                name: self.shared(text(service, "/name")),
            },
            port,
        }
    }

    pub(super) fn ingress_class(&mut self, object: &Value) {
        let class = Class {
            name: self.name_of(object),
            controller: self.shared(text(object, "/spec/controller")),
            is_default: annotation(object, DEFAULT_CLASS) == Some("true"),
        };
        self.facts.entrances.ingress_classes.push(class);
    }

    pub(super) fn object_name(&mut self, object: &Value) -> ObjectName {
        ObjectName {
            kind: self.shared(text(object, "/kind")),
            namespace: self.namespace_of(object),
            name: self.name_of(object),
        }
    }
}

fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    at(object, "/metadata/annotations")?.get(key)?.as_str()
}
