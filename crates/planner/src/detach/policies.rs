//! Policies on their way out: open policies first, then all others, open policies last.

use std::collections::BTreeSet;

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::policy::Direction;
use cofferdam_state::detach::{Left, Scope};
use cofferdam_state::held::HeldStep;
use cofferdam_state::plan::{Action, Operation, Phase, Step};

use super::left;
use crate::steps::{open_names_taken, released_policies};
use crate::view::View;
use cofferdam_model::count::listed;

/// What carries our label and stays.
pub(super) const IN_NO_RECORD: &str = "it carries our label and is in no record: `cofferdam adopt` takes over what a lost record held";
/// What carries our label and stays, where a GitOps controller applies the bundle.
const OF_GITOPS: &str =
    "your GitOps controller applied it: it goes when that prunes it, or delete it afterwards";
/// What somebody made again.
pub(super) const MADE_AGAIN: &str = "somebody deleted it and made it again";

/// The way of every namespace from isolated to open.
pub(super) fn steps(view: &View<'_>) -> Vec<Step> {
    let mut steps = released_policies(view);
    for step in &mut steps {
        if matches!(step.action, Action::DeletePolicy { .. }) {
            "it is taken back".clone_into(&mut step.reason);
        }
    }
    steps
}

/// Policies of ours that no step is about.
pub(super) fn held(view: &View<'_>, steps: &[Step]) -> Vec<HeldStep> {
    let about: BTreeSet<ObjectKey> = steps.iter().map(|step| step.action.object()).collect();
    let places = view.released().iter().filter(|name| view.is_usable(name));
    let mut held = Vec::new();
    for place in places {
        let taken = open_names_taken(view, place);
        for (name, live) in view.our_policies(place.as_str()) {
            let object = ObjectKey::policy(place.as_str(), name);
            if about.contains(&object) {
                continue;
            }
            let (reason, hint) = if live.terminating {
                let reason = "it is being deleted, and stays until its finalizers are removed";
                (reason.to_owned(), "detach again when it is gone".to_owned())
            } else if taken.is_empty() {
                let reason =
                    "an open policy of its namespace is being deleted, and must stand first";
                (
                    reason.to_owned(),
                    "detach again when that is gone".to_owned(),
                )
            } else {
                let names = listed(taken.iter().map(String::as_str));
                let reason = format!("pods would be cut off without {names}, whose name is taken");
                let hint = format!("delete NetworkPolicy {names} in `{place}`, or rename it");
                (reason, hint)
            };
            held.push(HeldStep {
                operation: Operation::Delete,
                object,
                phase: Phase::Prune,
                reason,
                hint,
            });
        }
    }
    held
}

/// Policies that carry our label, or stood in our record, and are not ours.
pub(super) fn left_of(view: &View<'_>, scope: &Scope, delivery: Delivery) -> Vec<Left> {
    let labelled = match delivery {
        Delivery::Push => IN_NO_RECORD,
        Delivery::Gitops => OF_GITOPS,
    };
    let mut found = Vec::new();
    for ((namespace, name), live) in view.policies() {
        let object = ObjectKey::policy(namespace, name);
        if view.is_ours(namespace, name) || !scope.holds(&object) {
            continue;
        }
        let written = view
            .record()
            .is_some_and(|record| record.has_written(&object, ""));
        if written {
            found.push(left(&object, MADE_AGAIN));
        } else if view.carries_our_label(live) {
            found.push(left(&object, labelled));
        }
    }
    found
}

/// That others isolate pods whose policies go: what only ours allow there is denied then.
pub(super) fn still_isolated(view: &View<'_>) -> Option<String> {
    let places = view.released().iter().map(NamespaceName::as_str);
    let isolated: Vec<&str> = places
        .filter(|place| {
            let mut directions = Direction::BOTH.into_iter();
            directions.any(|direction| view.is_isolated_by_others(place, direction))
        })
        .collect();
    (!isolated.is_empty()).then(|| {
        format!(
            "policies that are not ours isolate pods in {}: what only our policies allow them is denied again, and others \
             there may lose connections for the moment in which ours are deleted",
            listed(isolated.iter().copied())
        )
    })
}
