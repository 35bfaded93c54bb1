//! What leads from outside to pods: Ingresses, Gateways and routes, and endpoints of Services without selector.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::entrance_kind::{GATEWAY_API, GATEWAY_KINDS, not_modelled};
use cofferdam_objects::keys::{SLICE_MANAGED_BY, SLICES_OF_SELECTORS};
use cofferdam_objects::load_balancer;
use cofferdam_state::observed::Reading;
use serde_json::{Value, json};

use super::list::Lists;
use super::wire::{Backend, Endpoint, Ingress, Meta, Slice, SlicePort, Whole};
use crate::error::Error;
use crate::request::Connection;

/// Objects by what they are.
type Entrances = BTreeMap<&'static str, Reading<Vec<Value>>>;

/// The annotations of Ingresses and their classes that decide.
const ANNOTATIONS: [&str; 2] = [
    "kubernetes.io/ingress.class",
    "ingressclass.kubernetes.io/is-default-class",
];

/// The versions of the Gateway API, the one that is read first; all agree in what decides.
const VERSIONS: [&str; 5] = ["v1", "v1beta1", "v1alpha3", "v1alpha2", "v1alpha1"];

/// What Kubernetes itself has.
pub(super) fn of_kubernetes(lists: &Lists) -> Entrances {
    fn told<T>(list: &Result<Vec<T>, Error>, object: impl Fn(&T) -> Value) -> Reading<Vec<Value>> {
        match list {
            Ok(list) => Reading::Known(list.iter().map(object).collect()),
            Err(error) => Reading::Unknown(error.reason()),
        }
    }
    let slices = match told(&lists.slices, slice) {
        Reading::Known(slices) => {
            let own = slices.into_iter();
            Reading::Known(own.filter(|slice| !slice.is_null()).collect())
        }
        unknown @ Reading::Unknown(_) => unknown,
    };
    let class = |class: &Whole| whole("networking.k8s.io/v1", "IngressClass", class);
    Entrances::from([
        ("EndpointSlices", slices),
        ("Ingresses", told(&lists.ingresses, ingress)),
        ("IngressClasses", told(&lists.ingress_classes, class)),
    ])
}

impl Connection {
    /// What the Gateway API has, as far as it is served, `served` as discovery found it; of kinds that are not modelled
    /// that they are there.
    pub(super) async fn gateways(&self, served: Result<&BTreeSet<String>, &Error>) -> Entrances {
        let served = match served {
            Ok(served) => served,
            Err(error) => {
                return Entrances::from([("Gateways", Reading::Unknown(error.reason()))]);
            }
        };
        let mut all = not_followed(served);
        for (kind, plural) in GATEWAY_KINDS {
            let mut versions = VERSIONS
                .into_iter()
                .map(|one| format!("{GATEWAY_API}/{one}"));
            let version = versions.find(|one| served.contains(&format!("{one}/{kind}")));
            let Some(version) = version else {
                continue;
            };
            let list = Box::pin(self.list::<Whole>(&format!("/apis/{version}"), plural)).await;
            let list = list.map(|list| {
                let objects = list.iter().map(|one| whole(&version, kind, one));
                objects.collect()
            });
            all.insert(plural, super::reading(list));
        }
        all
    }
}

/// The kinds that may let connections in, are served, and are not modelled.
fn not_followed(served: &BTreeSet<String>) -> Entrances {
    let kinds = served.iter().filter_map(|full| {
        let (group, rest) = full.split_once('/')?;
        let (_, kind) = rest.split_once('/')?;
        let whose = not_modelled(group, kind)?;
        Some((whose, format!("{kind} ({group})")))
    });
    let mut by_owner: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for (whose, kind) in kinds {
        by_owner.entry(whose).or_default().insert(kind);
    }
    let told = by_owner.into_iter().map(|(whose, kinds)| {
        let kinds: Vec<String> = kinds.into_iter().collect();
        let reason = format!(
            "{} may let connections in, and is not modelled",
            kinds.join(", ")
        );
        (whose, Reading::Unknown(reason))
    });
    told.collect()
}

pub(super) fn whole(version: &str, kind: &str, one: &Whole) -> Value {
    json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": metadata(&one.metadata),
        "spec": one.spec,
    })
}

fn metadata(meta: &Meta) -> Value {
    let annotations = meta.annotations.iter();
    let annotations = annotations
        .filter(|(key, _)| ANNOTATIONS.contains(&key.as_str()) || load_balancer::is_told_by(key));
    let annotations: BTreeMap<&String, &String> = annotations.collect();
    // What belongs to no namespace names none.
    let namespace = (!meta.namespace.is_empty()).then_some(&meta.namespace);
    json!({"namespace": namespace, "name": meta.name, "annotations": annotations})
}

/// A slice; null where a selector says as much.
pub(super) fn slice(slice: &Slice) -> Value {
    let Slice {
        metadata,
        endpoints,
        ports,
    } = slice;
    if metadata
        .labels
        .get(SLICE_MANAGED_BY)
        .is_some_and(|by| by == SLICES_OF_SELECTORS)
    {
        return Value::Null;
    }
    let endpoints = endpoints.iter().flatten().map(|endpoint| {
        let Endpoint {
            addresses,
            target_ref,
        } = endpoint;
        let target = target_ref.as_ref();
        let target = target.map(|target| json!({"kind": target.kind, "name": target.name}));
        json!({"addresses": addresses, "targetRef": target})
    });
    let ports = ports.iter().flatten().map(|port| {
        let SlicePort {
            name,
            port,
            protocol,
        } = port;
        json!({"name": name, "port": port, "protocol": protocol})
    });
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"namespace": metadata.namespace, "name": metadata.name, "labels": metadata.labels},
        "endpoints": endpoints.collect::<Vec<_>>(),
        "ports": ports.collect::<Vec<_>>(),
    })
}

/// An Ingress with all of its backends at one rule.
pub(super) fn ingress(ingress: &Ingress) -> Value {
    let spec = &ingress.spec;
    let paths = spec.rules.iter().flat_map(|rule| &rule.http);
    let paths = paths.flat_map(|http| &http.paths);
    let backends = paths.map(|path| &path.backend).chain(&spec.default_backend);
    let paths = backends.map(|one| json!({"backend": backend(one)}));
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(&ingress.metadata),
        "spec": {
            "ingressClassName": spec.ingress_class_name,
            "rules": [{"http": {"paths": paths.collect::<Vec<_>>()}}],
        },
    })
}

fn backend(backend: &Backend) -> Value {
    let Backend { service, resource } = backend;
    let service = service.as_ref();
    let service = service.map(|service| json!({"name": service.name, "port": service.port}));
    json!({"service": service, "resource": resource})
}
