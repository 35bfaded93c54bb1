//! Guard rails that stand in a cluster and that nobody asks for any more.

use std::collections::BTreeMap;

use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_state::guard::GuardLevel;
use cofferdam_state::observed::LiveAdmission;
use serde_json::Value;

use super::status::{UNREAD, live_guards};
use super::{is_of_pin, is_ours};
use crate::steps::pool_steps;
use crate::view::View;

/// Such a guard rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnaskedGuard<'a> {
    /// The name of its policy and binding.
    pub name: &'a str,
    /// Those of them that are there.
    pub objects: Vec<&'a ObjectKey>,
    /// How far it is in force; none where its policy or its binding is not there.
    pub in_force: Option<GuardLevel>,
    /// Why the next pass leaves it there, with what to do; none where it goes.
    pub stays: Option<(String, String)>,
}

/// Every guard rail of ours that the bundle does not hold, by name. None where admission policies could not be
/// read.
pub fn unasked_guards<'a>(view: &View<'a>) -> Vec<UnaskedGuard<'a>> {
    let mut by_name: BTreeMap<&str, Vec<(&ObjectKey, &LiveAdmission)>> = BTreeMap::new();
    for (key, live) in live_guards(view) {
        if !view.bundle.guards.contains_key(&key.name) {
            by_name.entry(&key.name).or_default().push((key, live));
        }
    }
    if by_name.is_empty() {
        return Vec::new();
    }
    let staying = pool_steps(view).staying;
    let rails = by_name.into_iter().map(|(name, objects)| {
        let needed = staying.iter().find(|(key, _)| key.name == name);
        let needed = needed.map(|(_, why)| (why.reason.clone(), why.hint.clone()));
        let stays = needed.or_else(|| not_recorded(view, &objects));
        UnaskedGuard {
            name,
            in_force: level(&objects),
            stays: stays.or_else(|| unread(view, &objects)),
            objects: objects.into_iter().map(|(key, _)| key).collect(),
        }
    });
    rails.collect()
}

/// That we may not take it away by what the record says.
fn not_recorded(
    view: &View<'_>,
    objects: &[(&ObjectKey, &LiveAdmission)],
) -> Option<(String, String)> {
    let mut objects = objects.iter();
    let hint = "`cofferdam guards --remove` deletes it";
    let reason = "it carries our label and is not in our record";
    (!objects.any(|(key, live)| is_ours(view, key, live)))
        .then(|| (reason.to_owned(), hint.to_owned()))
}

/// That it is not known whether pods need a pin.
fn unread(view: &View<'_>, objects: &[(&ObjectKey, &LiveAdmission)]) -> Option<(String, String)> {
    let why = view.observed.nodes.unknown()?;
    let pins = objects.iter().any(|(key, _)| is_of_pin(view, key));
    pins.then(|| (UNREAD.to_owned(), format!("nodes: {why}")))
}

/// The level at which policy and binding are in force together, whatever the policy says by now.
fn level(objects: &[(&ObjectKey, &LiveAdmission)]) -> Option<GuardLevel> {
    let of = |kind: AdmissionKind| {
        let mut all = objects.iter();
        all.find(|(key, _)| key.kind == Kind::Admission(kind))
            .map(|(_, live)| *live)
    };
    let refusing =
        of(AdmissionKind::ValidatingPolicy).and_then(|_| of(AdmissionKind::ValidatingBinding));
    let changing =
        of(AdmissionKind::MutatingPolicy).and_then(|_| of(AdmissionKind::MutatingBinding));
    if changing.is_some() {
        return Some(GuardLevel::Deny);
    }
    let actions = refusing?.spec.get("validationActions");
    let mut actions = actions.and_then(Value::as_array).into_iter().flatten();
    Some(if actions.any(|action| action == "Deny") {
        GuardLevel::Deny
    } else {
        GuardLevel::Audit
    })
}
