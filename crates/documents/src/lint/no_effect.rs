//! Flows within a zone or namespace that is open inside.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::diagnostic::Remark;
use cofferdam_model::flow::{Across, End, Flow, PodEnd};
use cofferdam_model::lint::Lint;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::{NamespaceChoice, WithinZone, Zone};

use super::on_flow;
use crate::rules::presence::zones_of_end;

pub(super) fn find(model: &Model) -> Vec<Remark> {
    let found = model.flows.values().filter_map(|flow| {
        let told = (
            reason(model, flow)?,
            "remove the flow, or set `withinZone: deny` in the zone",
        );
        Some(on_flow(Lint::NoEffect, flow, "metadata.name", told))
    });
    found.collect()
}

/// Why a flow allows nothing that is not allowed without it.
pub(super) fn reason(model: &Model, flow: &Flow) -> Option<String> {
    let (Across::SameCluster, End::Pods(from), End::Pods(to)) =
        (&flow.across, &flow.from, &flow.to)
    else {
        return None;
    };
    let (sources, destinations) = (zones_of_end(model, from), zones_of_end(model, to));
    let ([source], [destination]) = (&sources[..], &destinations[..]) else {
        return None;
    };
    if source.name != destination.name {
        return None;
    }
    match source.within_zone {
        WithinZone::Deny => None,
        WithinZone::Allow => Some(format!(
            "both ends are in zone `{}`, which is open inside",
            source.name
        )),
        WithinZone::SameNamespace => {
            let both = namespaces(source, from)?;
            let [only] = both.iter().collect::<Vec<_>>()[..] else {
                return None;
            };
            (namespaces(source, to)? == both).then(|| {
                format!("both ends are in namespace `{only}`, whose pods reach each other anyway")
            })
        }
    }
}

/// The namespaces of an end; `None` where a selector chooses some.
fn namespaces(zone: &Zone, end: &PodEnd) -> Option<BTreeSet<NamespaceName>> {
    if !end.namespaces.is_empty() {
        return Some(end.namespaces.clone());
    }
    let names = zone.namespaces.iter().map(|rule| match &rule.choice {
        NamespaceChoice::Name(name) => Some(name.clone()),
        NamespaceChoice::Selector(_) => None,
    });
    names.collect()
}
