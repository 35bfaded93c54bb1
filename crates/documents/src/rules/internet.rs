//! `internet: deny` and a flow from or to the internet contradict.

use cofferdam_model::Model;
use cofferdam_model::flow::{End, PodEnd};

use crate::rules::Court;
use crate::rules::presence::zones_of_end;

pub(crate) fn check(model: &Model, court: &mut Court<'_>) {
    for flow in model.flows.values() {
        let (end, direction): (&PodEnd, &str) = match (&flow.from, &flow.to) {
            (End::Internet, End::Pods(end)) => (end, "ingress"),
            (End::Pods(end), End::Internet) => (end, "egress"),
            _ => continue,
        };
        for zone in zones_of_end(model, end) {
            let allowed = if direction == "ingress" {
                zone.internet.ingress
            } else {
                zone.internet.egress
            };
            if !allowed {
                let message = format!("zone `{}` denies internet {direction}", zone.name);
                let hint =
                    format!("the zone would have to say `internet: {{ {direction}: allow }}`");
                let path = if direction == "ingress" {
                    "spec.from"
                } else {
                    "spec.to"
                };
                court
                    .on("Flow", &flow.name)
                    .error(path, "internet-denied", message)
                    .hint(hint);
            }
        }
    }
}
