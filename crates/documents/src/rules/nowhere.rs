//! Flows that have no effect anywhere.

use crate::resolve::Draft;
use crate::rules::Court;
use crate::rules::presence::pairs;

pub(crate) fn check(draft: &Draft, court: &mut Court<'_>) {
    let kinds = ["Cluster", "TrustDomain", "Zone"];
    if kinds.iter().any(|kind| draft.broken.contains(kind)) {
        return;
    }
    for flow in draft.model.flows.values() {
        if pairs(&draft.model, flow).is_empty() && !court.has_error("Flow", &flow.name) {
            let message = format!(
                "flow `{}` has no effect: its ends meet in no cluster",
                flow.name
            );
            court
                .on("Flow", &flow.name)
                .notice("metadata.name", "flow-nowhere", message);
        }
    }
}
