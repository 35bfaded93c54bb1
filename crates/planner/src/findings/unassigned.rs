//! Namespaces that no zone holds.

use cofferdam_model::count::counted;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Effect, Finding, Severity};

use super::{Judged, finding};
use crate::view::View;

/// `unassigned-namespace`, never for a system namespace.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let Some(namespaces) = view.observed.namespaces.known() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, live) in namespaces {
        let system = view.bundle.system_namespaces.contains(name.as_str());
        if live.terminating || system || view.wanted_namespace(name).is_some() {
            continue;
        }
        let pods = view.observed.pods.known().map(|pods| {
            pods.iter()
                .filter(|pod| pod.namespace == *name && !pod.finished)
                .count()
        });
        let (severity, message) = match pods {
            Some(0) => (
                Severity::Info,
                "no zone holds it; it has no pods".to_owned(),
            ),
            Some(number) => (
                Severity::Medium,
                format!("no zone holds it; it has {}", counted(number, "pod")),
            ),
            // That pods are unknown is a finding of its own, and nothing is concluded from it.
            None => (
                Severity::Info,
                "no zone holds it; its pods are unknown".to_owned(),
            ),
        };
        let object = ObjectKey::namespace(name);
        let one = finding(view, Class::UnassignedNamespace, object, message)
            .with_effect(Effect::Unknown, None)
            .with_hint(
                "put it into a zone, or list it under `spec.systemNamespaces` of the ZoneModel",
            );
        found.push(Finding {
            severity: Some(severity),
            ..one
        });
    }
    found
}
