//! What only a mesh can enforce is said not to be enforced.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::flow::{End, Flow};
use cofferdam_model::names::ClusterName;

use crate::rules::Court;
use crate::rules::presence::pairs;

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    for flow in model.flows.values() {
        let identity =
            |end: &End| matches!(end, End::Pods(end) if !end.service_accounts.is_empty());
        let ends = [
            ("spec.from.serviceAccounts", &flow.from),
            ("spec.to.serviceAccounts", &flow.to),
        ];
        let named: Vec<&str> = ends
            .into_iter()
            .filter(|(_, end)| identity(end))
            .map(|(path, _)| path)
            .collect();
        if flow.http.is_empty() && named.is_empty() {
            continue;
        }
        let places = without_mesh(model, flow);
        if places.is_empty() {
            continue;
        }
        let mut reporter = court.on("Flow", &flow.name);
        if !flow.http.is_empty() {
            let message = format!("L7 not enforced: no mesh is known in {places}");
            reporter.notice("spec.http", "l7-not-enforced", message);
        }
        for path in named {
            let message = format!("identity not enforced: no mesh is known in {places}");
            reporter.notice(path, "identity-not-enforced", message);
        }
    }
}

fn without_mesh(model: &Model, flow: &Flow) -> String {
    let meshed = |name| {
        model
            .capabilities
            .get(name)
            .is_some_and(|seen| seen.mesh.is_some())
    };
    let clusters: BTreeSet<&str> = pairs(model, flow)
        .into_iter()
        .map(|(_, destination)| &destination.name)
        .filter(|name| !meshed(*name))
        .map(ClusterName::as_str)
        .collect();
    clusters.into_iter().collect::<Vec<_>>().join(", ")
}
