//! Namespaces that narrow an end belong to the end's zones.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::flow::{End, PodEnd};
use cofferdam_model::guarantee::Claim;
use cofferdam_model::names::NamespaceName;

use crate::nearest::did_you_mean;
use crate::resolve::Draft;
use crate::rules::Court;
use crate::rules::presence::{held, may_hold_more, zones_of, zones_of_end};

pub(crate) fn check(draft: &Draft, court: &mut Court<'_>) {
    let model = &draft.model;
    if draft.broken.contains("Zone") || draft.broken.contains("Cluster") {
        return;
    }
    for flow in model.flows.values() {
        for (path, end) in [("spec.from", &flow.from), ("spec.to", &flow.to)] {
            check_end(model, court, ("Flow", flow.name.as_str()), path, end);
        }
    }
    for guarantee in model.guarantees.values() {
        let (field, from, to) = match &guarantee.claim {
            Claim::Never { from, to, .. } => ("never", from, to),
            Claim::Always { from, to, .. } => ("always", from, to),
        };
        for (side, end) in [("from", from), ("to", to)] {
            let path = format!("spec.{field}.{side}");
            check_end(
                model,
                court,
                ("Guarantee", guarantee.name.as_str()),
                &path,
                end,
            );
        }
    }
}

fn check_end(
    model: &Model,
    court: &mut Court<'_>,
    (kind, name): (&'static str, &str),
    path: &str,
    end: &End,
) {
    let End::Pods(end) = end else {
        return;
    };
    if end.namespaces.is_empty() {
        return;
    }
    let Some(known) = known_namespaces(model, end) else {
        return;
    };
    // Positions are those of the sorted set; the text is found by its own value.
    for namespace in &end.namespaces {
        if !known.contains(namespace) {
            let message = format!("namespace `{namespace}` belongs to no zone of this end");
            let hint = did_you_mean(namespace.as_str(), known.iter().map(NamespaceName::as_str));
            let path = format!("{path}.namespaces");
            court
                .on(kind, &name)
                .error(&path, "dangling-reference", message)
                .maybe(hint);
        }
    }
}

/// `None` where a zone may hold namespaces that nobody has looked at.
fn known_namespaces(model: &Model, end: &PodEnd) -> Option<BTreeSet<NamespaceName>> {
    let mut known = BTreeSet::new();
    for cluster in model.clusters.values() {
        let here = zones_of(model, cluster);
        for zone in zones_of_end(model, end) {
            if !here.iter().any(|other| other.name == zone.name) {
                continue;
            }
            if may_hold_more(model, zone, cluster) {
                return None;
            }
            known.extend(held(model, zone, cluster).into_keys());
        }
    }
    // Namespaces named for clusters that do not exist yet are known all the same.
    for zone in zones_of_end(model, end) {
        for rule in &zone.namespaces {
            if let cofferdam_model::zone::NamespaceChoice::Name(name) = &rule.choice {
                known.insert(name.clone());
            }
        }
    }
    Some(known)
}
