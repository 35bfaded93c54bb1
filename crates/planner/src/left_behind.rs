//! What stays in namespaces that left the model, and what is gone from there: no step is about it.

use std::collections::BTreeSet;

use cofferdam_model::cluster::Delivery;
use cofferdam_model::count::counted;
use cofferdam_model::names::{NamespaceName, ZoneName};
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_objects::policy::Direction;
use cofferdam_state::bundle::deny_name;
use cofferdam_state::observed::LiveNamespace;
use cofferdam_state::plan::label_field;

use crate::detach::namespaces_of_zone;
use crate::view::View;

/// That policies and labels of ours stay where the model no longer mentions their namespace.
pub(crate) fn left_behind(view: &View<'_>) -> Option<String> {
    let left = unmentioned(view).filter_map(|(name, live)| Some((name, told(view, name, live)?)));
    let (names, left): (Vec<&String>, Vec<String>) = left.unzip();
    if left.is_empty() {
        return None;
    }
    let names = names.iter().map(|name| name.as_str());
    Some(format!(
        "left as last applied, because the model no longer mentions the namespace: {}; put it back into a zone, or {}",
        left.join(", "),
        taken_back(view, names)
    ))
}

/// What takes back what is ours in namespaces that left the model: by their zones where the model takes these no
/// further than `observe`, for what it would bring back is not let go of.
pub(crate) fn taken_back<'a>(view: &View<'_>, names: impl Iterator<Item = &'a str>) -> String {
    let zones: BTreeSet<Option<&str>> = names.map(|name| zone_left(view, name)).collect();
    let ways = zones.iter().rev().map(|zone| match zone {
        Some(zone) => format!("`cofferdam detach --zone {zone} --remove` takes it back"),
        None => "`cofferdam apply` takes it back once it is in one with `enforcement: observe`"
            .to_owned(),
    });
    ways.collect::<Vec<String>>().join(", or ")
}

/// The zone of which a namespace has our label still, where it can be let go of by that.
fn zone_left<'a>(view: &View<'a>, name: &str) -> Option<&'a str> {
    let live = view.observed.namespaces.known()?.get(name)?;
    let zone = live.labels.get(keys::ZONE)?;
    let object = ObjectKey::namespace(name);
    let recorded = view
        .observed
        .is_recorded(&object, &label_field(keys::ZONE), &live.uid);
    let parsed = ZoneName::parse(zone).ok()?;
    (recorded && namespaces_of_zone(view, &parsed).is_ok()).then_some(zone.as_str())
}

/// Denies that the record knows where the model no longer mentions their namespace, and that are gone:
/// nobody asks for them, and still they kept others out until somebody deleted them.
///
/// Those that went with their namespace are none, nor are those that a GitOps controller took away. What is
/// only pending may never have been there.
pub(crate) fn lost_denies(view: &View<'_>) -> Vec<ObjectKey> {
    let (Some(record), Some(policies)) = (view.record(), view.observed.policies.known()) else {
        return Vec::new();
    };
    if view.delivery == Delivery::Gitops {
        return Vec::new();
    }
    let denies = Direction::BOTH.map(deny_name);
    let mut found = Vec::new();
    for (name, live) in unmentioned(view) {
        let keys = denies.iter().map(|deny| (name.clone(), deny.clone()));
        let absent = keys.filter(|key| !policies.contains_key(key));
        let objects = absent.map(|(namespace, deny)| ObjectKey::policy(&namespace, &deny));
        let gone = objects.filter(|object| record.has_written(object, ""));
        let gone: Vec<ObjectKey> = gone.collect();
        if !gone.is_empty() && !live.terminating && holds_what_is_recorded(view, name, live) {
            found.extend(gone);
        }
    }
    found
}

/// Namespaces that left the model and in which a deny of ours stands: somebody is still kept out there.
pub(crate) fn still_denied<'a>(view: &View<'a>) -> impl Iterator<Item = &'a str> {
    let denies = Direction::BOTH.map(deny_name);
    let left = unmentioned(view).map(|(name, _)| name.as_str());
    left.filter(move |name| {
        let mut denies = denies.iter();
        denies.any(|deny| view.is_ours(name, deny))
    })
}

/// Whether anything is still there that can only be ours, a label or a policy, and by which the record knows the
/// namespace itself, and not just one of its name that was deleted.
fn holds_what_is_recorded(view: &View<'_>, name: &str, live: &LiveNamespace) -> bool {
    let observed = view.observed;
    let object = ObjectKey::namespace(name);
    let mut keys = keys::NAMESPACE_KEYS.into_iter();
    let mut ours = view.our_policies(name).into_iter();
    keys.any(|key| {
        keys::is_ours(key)
            && live.labels.contains_key(key)
            && observed.is_recorded(&object, &label_field(key), &live.uid)
    }) || ours
        .any(|(policy, live)| observed.is_recorded(&ObjectKey::policy(name, policy), "", &live.uid))
}

/// Live namespaces that no zone holds and nobody isolates, or no longer.
fn unmentioned<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a String, &'a LiveNamespace)> {
    let attended = view.attended();
    let live = view.observed.namespaces.known().into_iter().flatten();
    live.filter(move |(name, _)| {
        NamespaceName::parse(name).is_ok_and(|name| !attended.contains(&name))
    })
}

fn told(view: &View<'_>, name: &str, live: &LiveNamespace) -> Option<String> {
    let policies = view.our_policies(name).len();
    let object = ObjectKey::namespace(name);
    let labelled = live.labels.contains_key(keys::ZONE)
        && view
            .observed
            .is_recorded(&object, &label_field(keys::ZONE), &live.uid);
    let policies = (policies > 0).then(|| counted(policies, "policy"));
    let labels = labelled.then(|| "labels".to_owned());
    let left: Vec<String> = policies.into_iter().chain(labels).collect();
    (!left.is_empty()).then(|| format!("`{name}` ({})", left.join(" and ")))
}
