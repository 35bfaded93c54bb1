//! Flows from a less to a more trusted domain: `less-trusted-source`.

use cofferdam_model::Model;
use cofferdam_model::flow::{Across, End};
use cofferdam_model::zone::Sensitivity;

use crate::rules::Court;
use crate::rules::presence::zones_of_end;
use crate::waive::waiver_of;

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    for flow in model.flows.values() {
        let (Across::Clusters { from, to, .. }, End::Pods(end)) = (&flow.across, &flow.to) else {
            continue;
        };
        let order = |name| {
            model
                .trust_domains
                .get(name)
                .map(|domain| domain.rollout.order)
        };
        let (Some(low), Some(high)) = (order(&from.trust_domain), order(&to.trust_domain)) else {
            continue;
        };
        let high_zone = zones_of_end(model, end).into_iter().find(|zone| {
            zone.sensitivity == Sensitivity::High && zone.trust_domains.contains(&to.trust_domain)
        });
        if let Some(zone) = high_zone.filter(|_| low < high) {
            let message = format!(
                "from `{}` into zone `{}` of sensitivity high in the more trusted `{}`",
                from.trust_domain, zone.name, to.trust_domain
            );
            let waiver = waiver_of("less-trusted-source", "Flow", &flow.name);
            let hint =
                format!("trust follows `rollout.order`; if it must be, waive it by {waiver}");
            let mut reporter = court.on("Flow", &flow.name);
            reporter
                .error("spec.across", "less-trusted-source", message)
                .hint(hint);
        }
    }
}
