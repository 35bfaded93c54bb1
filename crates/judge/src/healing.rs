//! Which namespaces are denied again, what a tenant there may have put in the way of it, and which of
//! their labels only become again what they were.

use cofferdam_model::names::NamespaceName;
use cofferdam_objects::policy::Direction;
use cofferdam_state::bundle::open_name;
use cofferdam_state::plan::{KeyChange, denied_field, label_field};

use crate::Case;
use crate::standing::Standing;

/// Whether the record says that a namespace was denied in a direction, and the bundle still denies it: then
/// a deny waits for nobody who may write policies there.
pub(crate) fn is_healed(case: &Case<'_>, namespace: &NamespaceName, direction: Direction) -> bool {
    let field = denied_field(direction);
    case.bundle.denies(namespace, direction)
        && case
            .observed
            .is_recorded_of_namespace(namespace.as_str(), &field)
}

/// Whether an open policy cannot be written there, or could not go again because something that it waits
/// for cannot be written.
pub(crate) fn is_obstructed(
    case: &Case<'_>,
    namespace: &NamespaceName,
    direction: Direction,
) -> bool {
    let standing = Standing::of(case);
    let first = (namespace.to_string(), String::new());
    let live = case.observed.policies.known().into_iter();
    let live = live.flat_map(|live| live.range(first.clone()..));
    let mut here = live.take_while(|((of, _), _)| of == namespace.as_str());
    here.any(|((_, name), live)| {
        let wanted = (namespace.clone(), name.clone());
        let counts = *name == open_name(direction) || case.bundle.policies.contains_key(&wanted);
        counts && !standing.is_writable(namespace, name, live)
    })
}

/// Whether a label of a namespace only becomes again what we wrote: the bundle is the one that was last in
/// place as a whole, and asks for that value.
pub(crate) fn is_label_healed(case: &Case<'_>, namespace: &str, change: &KeyChange) -> bool {
    let wanted = case.bundle.namespaces.get(namespace);
    let wanted = wanted.and_then(|wanted| wanted.labels.get(&change.key));
    let field = label_field(&change.key);
    let is_recorded = case.observed.is_recorded_of_namespace(namespace, &field);
    wanted.is_some() && wanted == change.new.as_ref() && is_recorded && is_bundle_of_last_pass(case)
}

/// Whether the bundle is the one that was last in place as a whole, and no pass of other documents ended
/// since: what a pass changes then, somebody else changed. That a pass failed does not count, for somebody
/// may have seen to that.
pub(crate) fn is_bundle_of_last_pass(case: &Case<'_>) -> bool {
    case.observed.our_record().is_some_and(|record| {
        let last = record.applies.last().map(|last| &last.revision);
        record.bundle_hash == case.bundle.hash
            && last.is_some_and(|last| [&record.revision, &case.bundle.revision].contains(&last))
    })
}
