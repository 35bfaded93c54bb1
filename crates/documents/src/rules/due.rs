//! What is due today: expired waivers and flows, overdue reviews; and what is dated in the future.

use cofferdam_model::Model;
use cofferdam_model::flow::{Date, End, Flow};
use cofferdam_model::zone::Sensitivity;

use crate::finding::Reporter;
use crate::resolve::time::days_after;
use crate::rules::Court;
use crate::rules::presence::zones_of_end;

pub(crate) fn check(model: &Model, today: &Date, court: &mut Court<'_>) {
    for waiver in model
        .waivers
        .values()
        .filter(|waiver| !waiver.holds_on(today))
    {
        let message = format!(
            "the waiver expired on {} and waives nothing",
            waiver.expires.0
        );
        court
            .on("Waiver", &waiver.name)
            .warning("spec.expires", "waiver-expired", message);
    }
    for waiver in model.waivers.values() {
        let mut reporter = court.on("Waiver", &waiver.name);
        check_past(
            &mut reporter,
            "spec.approval.at",
            &waiver.approval.at,
            today,
        );
    }
    for flow in model.flows.values() {
        check_flow(model, flow, today, court);
    }
}

/// Nobody has approved or reviewed anything in the future. Where the day begins earlier than here, it
/// may be tomorrow already.
fn check_past(reporter: &mut Reporter<'_>, path: &str, at: &Date, today: &Date) {
    if days_after(today, 1).is_some_and(|tomorrow| *at > tomorrow) {
        let message = format!("`{}` is in the future", at.0);
        let hint = "write the day on which it was done";
        reporter.error(path, "date-in-future", message).hint(hint);
    }
}

fn check_flow(model: &Model, flow: &Flow, today: &Date, court: &mut Court<'_>) {
    let mut reporter = court.on("Flow", &flow.name);
    if let Some(expires) = flow.expires.as_ref().filter(|expires| *expires < today) {
        let message = format!("the flow expired on {}; it stays in force", expires.0);
        let hint = "delete the document, or have it approved again";
        reporter
            .warning("spec.expires", "flow-expired", message)
            .hint(hint);
    }
    let reviewed = flow
        .review
        .as_ref()
        .map(|review| (&review.last, "spec.review.last"));
    let approved = flow
        .approval
        .as_ref()
        .map(|approval| (&approval.at, "spec.approval.at"));
    for (at, path) in reviewed.into_iter().chain(approved) {
        check_past(&mut reporter, path, at, today);
    }
    match reviewed.max(approved) {
        None => {
            let message = "the flow was never reviewed or approved";
            reporter.notice("spec", "never-reviewed", message);
        }
        Some((last, path)) => {
            let due = days_after(last, model.review_every_days);
            if let Some(due) = due.filter(|due| due < today) {
                let message = format!("the review was due on {}", due.0);
                reporter.warning(path, "review-overdue", message);
            }
        }
    }
    let sensitive = match &flow.to {
        End::Pods(end) => zones_of_end(model, end)
            .into_iter()
            .any(|zone| zone.sensitivity == Sensitivity::High),
        End::ExternalNetwork(_) | End::Internet | End::ClusterService(_) => false,
    };
    if sensitive && flow.approval.is_none() {
        let message = "nobody approved this flow into a zone of sensitivity high";
        let hint = "`apply` refuses a new allow of this kind without a flag";
        reporter.notice("spec", "not-approved", message).hint(hint);
    }
}
