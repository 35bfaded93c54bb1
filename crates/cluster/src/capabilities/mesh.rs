//! A service mesh: its control plane and the namespaces that are enrolled.

use std::collections::BTreeSet;

use cofferdam_model::capabilities::{Mesh, MeshKind};
use cofferdam_model::names::NamespaceName;

use super::Inputs;
use super::homes::{self, Home};
use crate::observe::wire::{Namespace, Workload};

/// The mesh, and every namespace that is its own.
pub(super) fn of(inputs: &Inputs<'_>) -> Option<(Mesh, BTreeSet<NamespaceName>)> {
    let named = |name: &str, label: Option<(&str, &str)>, home: &Home| {
        let mut all = inputs.workloads.iter();
        all.find(|(_, workload)| is(workload, name, label) && home.has(workload))
            .map(|(_, workload)| *workload)
    };
    let istiod = named("istiod", Some(("app", "istiod")), &homes::ISTIO);
    let ztunnel = named("ztunnel", None, &homes::ISTIO_NODES);
    let linkerd = named("linkerd-destination", None, &homes::LINKERD);
    let (kind, control) = match (istiod, ztunnel, linkerd) {
        (Some(istiod), Some(_), _) => (MeshKind::IstioAmbient, istiod),
        (Some(istiod), None, _) => (MeshKind::IstioSidecar, istiod),
        (None, _, Some(linkerd)) => (MeshKind::Linkerd, linkerd),
        (None, _, None) => return None,
    };
    let namespace = |workload: &Workload| NamespaceName::parse(&workload.metadata.namespace).ok();
    let control_plane_namespace = namespace(control)?;
    let cni = named("istio-cni-node", None, &homes::ISTIO_NODES);
    let own = [Some(control), ztunnel, cni].into_iter().flatten();
    let home = match kind {
        MeshKind::Linkerd => homes::LINKERD,
        MeshKind::IstioSidecar | MeshKind::IstioAmbient => homes::ISTIO,
    };
    let more = home
        .more
        .iter()
        .filter_map(|name| NamespaceName::parse(name).ok());
    let labelled = inputs.namespaces.iter().filter(|ns| enrolled(kind, ns));
    let labelled = labelled.map(|namespace| &namespace.metadata.name);
    let mark = match kind {
        MeshKind::IstioSidecar | MeshKind::IstioAmbient => "security.istio.io/tlsMode",
        MeshKind::Linkerd => "linkerd.io/control-plane-ns",
    };
    let injected = inputs.pods.iter();
    let injected = injected.filter(|pod| pod.metadata.labels.contains_key(mark));
    let injected = injected.map(|pod| &pod.metadata.namespace);
    let evidence = format!("{control_plane_namespace}/{}", control.metadata.name);
    let mesh = Mesh {
        kind,
        enrolled: labelled
            .chain(injected)
            .filter_map(|name| NamespaceName::parse(name).ok())
            .collect(),
        control_plane_namespace,
        evidence,
    };
    Some((mesh, own.filter_map(namespace).chain(more).collect()))
}

fn is(workload: &Workload, name: &str, label: Option<(&str, &str)>) -> bool {
    let labels = &workload.metadata.labels;
    workload.metadata.name == name
        || label.is_some_and(|(key, value)| labels.get(key).is_some_and(|v| v == value))
}

fn enrolled(kind: MeshKind, namespace: &Namespace) -> bool {
    let label = |key: &str| namespace.metadata.labels.get(key).map(String::as_str);
    match kind {
        MeshKind::Linkerd => {
            let inject = namespace.metadata.annotations.get("linkerd.io/inject");
            inject.is_some_and(|value| value == "enabled" || value == "ingress")
        }
        MeshKind::IstioSidecar | MeshKind::IstioAmbient => {
            label("istio-injection") == Some("enabled")
                || label("istio.io/dataplane-mode") == Some("ambient")
                || (label("istio.io/rev").is_some() && label("istio-injection").is_none())
        }
    }
}
