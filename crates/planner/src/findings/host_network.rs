//! Pods of enforced zones that use the node's network: no NetworkPolicy governs them.

use cofferdam_model::zone::Enforcement;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::finding::{Class, Effect, Finding};

use super::{Judged, finding};
use crate::view::View;

/// `not-enforced` of such pods; none where pods are unknown, which is a finding of its own.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let pods = view.observed.pods.known().into_iter().flatten();
    let on_host = pods.filter(|pod| pod.host_network && !pod.finished);
    on_host
        .filter_map(|pod| {
            let wanted = view.wanted_namespace(&pod.namespace)?;
            if wanted.enforcement != Enforcement::Enforce {
                return None;
            }
            let object = ObjectKey {
                kind: Kind::Pod,
                namespace: Some(pod.namespace.clone()),
                name: pod.name.clone(),
            };
            let message = "it uses the node's network, where no NetworkPolicy governs it";
            let found = finding(view, Class::NotEnforced, object, message.to_owned())
                .in_zone(Some(&wanted.zone))
                .with_effect(Effect::Widens, Some(wanted.sensitivity))
                .with_hint("take `hostNetwork` away, or move it to a namespace of its own");
            Some(found)
        })
        .collect()
}
