//! What is in the way of a bundle, in words; and what to do where it carries our label.

use std::collections::BTreeMap;

use cofferdam_objects::key::{Kind, ObjectKey};

use crate::blocked::{NAME_TAKEN, NOT_IN_RECORD, blocked, is_record_lost};
use crate::view::View;
use cofferdam_model::count::listed;

/// Each reason with the objects that it is true of.
pub(crate) fn in_the_way(view: &View<'_>) -> Vec<String> {
    let mut by_reason: BTreeMap<(String, Option<&str>), Vec<ObjectKey>> = BTreeMap::new();
    for (object, why) in blocked(view) {
        let advice = if why == NOT_IN_RECORD {
            Some(advice(view, &object))
        } else {
            (why == NAME_TAKEN && object.kind == Kind::NetworkPolicy).then_some(TAKEN)
        };
        by_reason.entry((why, advice)).or_default().push(object);
    }
    let notices = by_reason.into_iter().flat_map(|((why, advice), objects)| {
        let objects: Vec<String> = objects.iter().map(ToString::to_string).collect();
        let objects = listed(objects.iter().map(String::as_str));
        let told = format!("IN THE WAY: {objects}: {why}");
        std::iter::once(told).chain(advice.map(ToOwned::to_owned))
    });
    notices.collect()
}

fn advice(view: &View<'_>, object: &ObjectKey) -> &'static str {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    if is_record_lost(view, namespace) {
        LOST
    } else {
        KEPT
    }
}

const TAKEN: &str = "nothing is isolated anew where a name is taken: `cofferdam adopt` takes the object over after showing \
    the difference, or have it made under another name";
const LOST: &str = "what carries our label stays in force as it is, and is not kept up. If Cofferdam wrote it, the \
    record was lost: restore ConfigMap cofferdam-system/cofferdam from a backup, or `cofferdam adopt --all` takes \
    over what the bundle asks for";
const KEPT: &str = "what is in the way stays in force as it is, and is not kept up. The record knows other policies \
    beside it, which carry our label too and must stay: delete only what is in the way; what it denies is open until \
    the next `apply` has written it anew";
