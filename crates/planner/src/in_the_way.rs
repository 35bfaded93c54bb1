//! What is in the way of a bundle, in words; and what to do where it is our own, and the record is lost.

use std::collections::BTreeMap;

use cofferdam_objects::key::ObjectKey;

use crate::blocked::{UNRECORDED, blocked};
use crate::listed::listed;
use crate::view::View;

/// Each reason with the objects that it is true of.
pub(crate) fn in_the_way(view: &View<'_>) -> Vec<String> {
    let mut by_reason: BTreeMap<String, Vec<ObjectKey>> = BTreeMap::new();
    for (object, why) in blocked(view) {
        by_reason.entry(why).or_default().push(object);
    }
    let notices = by_reason.into_iter().flat_map(|(why, objects)| {
        let objects: Vec<String> = objects.iter().map(ToString::to_string).collect();
        let objects = listed(objects.iter().map(String::as_str));
        let told = format!("IN THE WAY: {objects}: {why}");
        let advice = (why == UNRECORDED).then(|| ADVICE.to_owned());
        std::iter::once(told).chain(advice)
    });
    notices.collect()
}

const ADVICE: &str = "what carries our label stays in force as it is, and is not kept up. If Cofferdam wrote it, the \
    record was lost: restore ConfigMap cofferdam-system/cofferdam from a backup. Without one, delete it in one \
    namespace after the other; each is open until the next `apply` has written it anew";
