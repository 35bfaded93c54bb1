//! Flows keep to the path of tiers: `tier-skip`.

use cofferdam_model::Model;
use cofferdam_model::flow::{End, Flow};
use cofferdam_model::zone::Zone;

use crate::resolve::Draft;
use crate::rules::Court;
use crate::rules::presence::{zone_pairs, zones_of_end};
use crate::waive::waiver_of;

pub(crate) fn check(draft: &Draft, court: &mut Court<'_>) {
    let model = &draft.model;
    if draft.broken.contains("ZoneModel") {
        return;
    }
    for flow in model.flows.values() {
        let skips = skips(model, flow);
        let Some((first, others)) = skips.split_first() else {
            continue;
        };
        let rest = match others.len() {
            0 => String::new(),
            number => format!(" (and {number} more)"),
        };
        let waiver = waiver_of("tier-skip", "Flow", &flow.name);
        let hint = format!("go by way of the next tier, or waive it by {waiver}");
        let mut reporter = court.on("Flow", &flow.name);
        reporter
            .error("spec.to", "tier-skip", format!("{first}{rest}"))
            .hint(hint);
    }
}

fn skips(model: &Model, flow: &Flow) -> Vec<String> {
    let level = |zone: &Zone| {
        let tier = zone.tier.as_ref()?;
        model.tiers.iter().position(|known| known == tier)
    };
    let last = model.tiers.len().saturating_sub(1);
    let named = |zone: &Zone| {
        let tier = zone.tier.as_ref().map_or("none", |tier| tier.as_str());
        format!("`{}` (tier {tier})", zone.name)
    };
    match (&flow.from, &flow.to) {
        (End::Internet, End::Pods(to)) => zones_of_end(model, to)
            .into_iter()
            .filter(|zone| level(zone).is_some_and(|level| level > 0))
            .map(|zone| format!("from the internet straight to {}", named(zone)))
            .collect(),
        (End::Pods(from), End::Internet) => zones_of_end(model, from)
            .into_iter()
            .filter(|zone| level(zone) == Some(last))
            .map(|zone| format!("from {} in the last tier to the internet", named(zone)))
            .collect(),
        _ => zone_pairs(model, flow)
            .into_iter()
            .filter(|(from, to)| match (level(from), level(to)) {
                (Some(from), Some(to)) => to != from && to != from + 1,
                _ => false,
            })
            .map(|(from, to)| {
                format!(
                    "from {} to {} is not the same or the next tier",
                    named(from),
                    named(to)
                )
            })
            .collect(),
    }
}
