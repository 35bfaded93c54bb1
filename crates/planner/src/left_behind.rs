//! What stays of namespaces that left the model: no step is about them.

use cofferdam_model::count::counted;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_state::observed::LiveNamespace;
use cofferdam_state::plan::label_field;

use crate::view::View;

/// That policies and labels of ours stay where the model no longer mentions their namespace.
pub(crate) fn left_behind(view: &View<'_>) -> Option<String> {
    let released = view.released();
    let governed = view.governed();
    let live = view.observed.namespaces.known().into_iter().flatten();
    let left = live.filter_map(|(name, live)| {
        let namespace = NamespaceName::parse(name).ok()?;
        let stays = !governed.contains(&namespace) && !released.contains(&namespace);
        stays.then(|| told(view, name, live)).flatten()
    });
    let left: Vec<String> = left.collect();
    if left.is_empty() {
        return None;
    }
    Some(format!(
        "left as last applied, because the model no longer mentions the namespace: {}; put it back into a zone, or \
         delete by hand what is there",
        left.join(", ")
    ))
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
