//! Flows that another one allows already: to take such a flow away, or to let it expire, closes nothing.

use cofferdam_model::Model;
use cofferdam_model::diagnostic::Remark;
use cofferdam_model::flow::Flow;
use cofferdam_model::lint::Lint;

use super::{cover, no_effect, on_flow};

pub(super) fn find(model: &Model) -> Vec<Remark> {
    let flows = model.flows.values();
    let flows = flows.filter(|flow| no_effect::reason(model, flow).is_none());
    flows.filter_map(|flow| fault(model, flow)).collect()
}

fn fault(model: &Model, flow: &Flow) -> Option<Remark> {
    let mut others = model.flows.values();
    let other = others.find(|other| {
        // Of two that say the same, the first by name stands for both.
        let is_first = other.name < flow.name || !cover::flow(flow, other);
        other.name != flow.name && cover::flow(other, flow) && is_first
    })?;
    let (lint, message) = if cover::flow(flow, other) {
        let message = format!("flow `{}` allows the same", other.name);
        (Lint::NoEffect, message)
    } else {
        let message = format!("flow `{}` allows all of this already", other.name);
        (Lint::ShadowedRule, message)
    };
    let hint = "remove one of the two, or narrow the other one: without this flow nothing changes";
    Some(on_flow(lint, flow, "metadata.name", (message, hint)))
}
