//! Guard rails: what of them is there, and what keeps them from being taken further.

mod needed;
mod pin_text;
mod pins;
mod refused_already;
mod status;
mod unasked;
mod violations;

pub(crate) use needed::{Need, let_go, needed_after};
pub(crate) use pins::is_set_at_registration;
pub(crate) use pins::{
    can_pin, footings, is_of_pin, is_served_after, leaves, pin_waits, rests_on_pin, staying_pins,
};
pub(crate) use refused_already::refusing;
pub use status::{GuardStatus, Removal, Standing, removal, statuses};
pub use unasked::{UnaskedGuard, unasked_guards};
pub(crate) use violations::{is_guest, refused_again};
use violations::{mend, violations};

use cofferdam_model::node_pool::NodePool;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::admission::AdmissionObject;
use cofferdam_objects::compare::{Difference, differences};
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_state::guard::{DesiredGuard, GuardLevel, Rail};
use cofferdam_state::observed::{LiveAdmission, LivePod, Template};
use cofferdam_state::record::entry_key;

use crate::findings::intolerant;
use crate::pools::nodes;
use crate::view::{KeyState, View};

/// How a policy or binding of a rail is found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum GuardState<'a> {
    /// It is not there.
    Missing,
    /// It is as wanted.
    InSync,
    /// It is ours and differs.
    Changed(&'a LiveAdmission, Vec<Difference>),
    /// Somebody else's object has the name.
    Taken,
}

/// A live policy or binding.
pub(crate) fn live<'a>(view: &View<'a>, key: &ObjectKey) -> Option<&'a LiveAdmission> {
    view.observed.admission.known()?.get(key)
}

/// Whether a live policy or binding is ours: recorded, or as a pass that was cut off was to make it.
pub(crate) fn is_ours(view: &View<'_>, key: &ObjectKey, live: &LiveAdmission) -> bool {
    let labelled =
        live.labels.get(keys::INSTANCE).map(String::as_str) == Some(view.bundle.instance.as_str());
    view.record()
        .is_some_and(|record| record.has_written(key, ""))
        || (view.observed.is_pending(key, "") && labelled)
}

/// Whether what has the name of ours and is not ours bears our label all the same, as after the record was lost.
pub(crate) fn is_unrecorded(view: &View<'_>, wanted: &AdmissionObject) -> bool {
    let live = live(view, &wanted.key());
    let label = live.and_then(|live| live.labels.get(keys::INSTANCE));
    state(view, wanted) == GuardState::Taken
        && label.is_some_and(|label| label == view.bundle.instance.as_str())
}

/// What to do about rails that bear our label and are in no record.
pub(crate) fn restore(view: &View<'_>) -> String {
    format!(
        "where the record was lost, restore it from a backup: `kubectl replace --force -f record.yaml`, or have a new \
         one made: `cofferdam adopt --cluster {} --all`",
        view.bundle.cluster
    )
}

/// How an object of a rail is found, against what it should be.
pub(crate) fn state<'a>(view: &View<'a>, wanted: &AdmissionObject) -> GuardState<'a> {
    let key = wanted.key();
    let Some(live) = live(view, &key) else {
        return GuardState::Missing;
    };
    if !is_ours(view, &key, live) {
        return GuardState::Taken;
    }
    let found = object_differences(wanted, live);
    if found.is_empty() {
        GuardState::InSync
    } else {
        GuardState::Changed(live, found)
    }
}

/// The fields in which a live policy or binding differs from what is wanted.
pub(crate) fn object_differences(
    wanted: &AdmissionObject,
    live: &LiveAdmission,
) -> Vec<Difference> {
    let mut found = differences("spec", &wanted.spec, &live.spec);
    for (field, wanted, live) in [
        ("labels", &wanted.labels, &live.labels),
        ("annotations", &wanted.annotations, &live.annotations),
    ] {
        let other = wanted
            .iter()
            .filter(|(key, value)| live.get(*key) != Some(*value));
        found.extend(other.map(|(key, value)| Difference {
            path: format!("metadata.{field}[{key}]"),
            want: Some(value.clone().into()),
            have: live.get(key).cloned().map(Into::into),
        }));
    }
    found
}

/// Whether the server knows policies of this kind.
pub(crate) fn is_served(view: &View<'_>, guard: &DesiredGuard) -> bool {
    let known = view.observed.capabilities.known();
    known.is_some_and(|known| {
        if guard.is_mutating() {
            known.admission.mutating_policies
        } else {
            known.admission.validating_policies
        }
    })
}

/// The level at which a rail is in force just as compiled; none where it is not.
pub(crate) fn live_level(view: &View<'_>, guard: &DesiredGuard) -> Option<GuardLevel> {
    if state(view, &guard.policy) != GuardState::InSync {
        return None;
    }
    let levels = [GuardLevel::Deny, GuardLevel::Audit].into_iter();
    let mut levels = levels.filter(|level| *level == GuardLevel::Deny || guard.audit.is_some());
    levels.find(|level| state(view, guard.binding(*level)) == GuardState::InSync)
}

/// Whether a pass saw that a rail refuses, or changes, what it is meant to, with just this text.
pub(crate) fn was_tried(view: &View<'_>, guard: &DesiredGuard) -> bool {
    let key = guard.policy.key();
    live(view, &key).is_some_and(|live| {
        view.observed
            .is_recorded(&key, &guard.tried_field(), &live.uid)
    })
}

/// Whether a rail is in place, and no pass has seen that it does what it is there for.
pub(crate) fn is_untried(view: &View<'_>, guard: &DesiredGuard) -> bool {
    let objects = [&guard.policy, &guard.deny];
    guard.level == GuardLevel::Deny
        && objects
            .iter()
            .all(|object| state(view, object) == GuardState::InSync)
        && !was_tried(view, guard)
}

/// What keeps a rail from refusing, or changing, what it is meant to; what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// What, in one line.
    pub(crate) reason: String,
    /// What to do.
    pub(crate) hint: String,
}

/// Everything that keeps a rail from being taken as far as the bundle asks.
pub(crate) fn obstacles(view: &View<'_>, guard: &DesiredGuard) -> Vec<Obstacle> {
    if guard.level == GuardLevel::Audit {
        return Vec::new();
    }
    let mut found = Vec::new();
    found.extend(lock_out(view));
    if let Some(pool) = pool_of(view, guard) {
        if guard.rail == Rail::Pin {
            found.extend(pins::obstacle(view, guard, pool));
        } else if guard.rail == Rail::Registration {
            found.extend(untainted(view, pool));
        }
    }
    let refused = violations(view, guard);
    if !refused.is_empty() {
        let shown = cofferdam_model::count::listed(refused.iter().map(String::as_str));
        found.push(Obstacle {
            reason: format!("it would refuse what is there already: {shown}"),
            hint: mend(view, guard),
        });
    }
    found
}

/// That we would lock ourselves out.
fn lock_out(view: &View<'_>) -> Option<Obstacle> {
    let Some(who) = view.observed.identity.known() else {
        return Some(Obstacle {
            reason: "it is not known as whom we write here".to_owned(),
            hint: "the API server must answer SelfSubjectReview".to_owned(),
        });
    };
    let guards = &view.bundle.guarded_by;
    let may =
        guards.is_writer(&who.user, &who.groups) || guards.is_break_glass(&who.user, &who.groups);
    (!may).then(|| Obstacle {
        reason: format!(
            "`user:{}`, as whom we write, is not among `guards.writers`, and would be locked out",
            who.user
        ),
        hint: format!(
            "add it to the Cluster document: `cofferdam doctor --pin --cluster {}`",
            view.bundle.cluster
        ),
    })
}

/// That new nodes would be tainted while the taint of others is held back: bit by bit, none would be left for what
/// does not tolerate it.
pub(crate) fn untainted(view: &View<'_>, pool: &NodePool) -> Option<Obstacle> {
    let mut members = nodes(view).filter(|node| node.is_only_in(pool));
    let all_tainted = nodes(view).any(|node| node.is_only_in(pool))
        && members.all(|node| node.taint_state(pool) == KeyState::InSync);
    let held = intolerant(view, pool);
    if all_tainted || held.is_empty() {
        return None;
    }
    let held = cofferdam_model::count::listed(held.iter().map(String::as_str));
    Some(Obstacle {
        reason: format!(
            "the taint of pool `{}` is held back: {held} would not tolerate it",
            pool.name
        ),
        hint: format!("add a toleration for `{}` to them", pool.taint.key),
    })
}

/// The pool that a rail is about.
pub(crate) fn pool_of<'a>(view: &View<'a>, guard: &DesiredGuard) -> Option<&'a NodePool> {
    let name = guard.pool.as_ref()?;
    view.bundle.pools.iter().find(|pool| pool.name == *name)
}

/// Whether pods of a namespace are bound to a pool: it is in one of its zones, and enforced.
pub(crate) fn is_pinned(view: &View<'_>, pool: &NodePool, namespace: &str) -> bool {
    view.wanted_namespace(namespace).is_some_and(|wanted| {
        pool.zones.contains(&wanted.zone) && wanted.enforcement == Enforcement::Enforce
    })
}

pub(crate) fn told_pod(pod: &LivePod) -> String {
    format!("Pod/{}/{}", pod.namespace, pod.name)
}

pub(crate) fn told_template(template: &Template) -> String {
    let (kind, name) = template.workload.split_once('/').unwrap_or_default();
    format!("{kind}/{}/{name}", template.namespace)
}

/// Entries of the record for what of rails is there and is ours, and for those that were tried out.
pub(crate) fn kept<'a>(view: &'a View<'_>) -> impl Iterator<Item = (String, String)> + 'a {
    let guards = view
        .bundle
        .guards
        .values()
        .filter(|guard| was_tried(view, guard));
    let tried = guards.filter_map(|guard| {
        let live = live(view, &guard.policy.key())?;
        let entry = entry_key(&guard.policy.key(), &guard.tried_field());
        Some((entry, cofferdam_state::digest::digest(&live.uid)))
    });
    let live = view.observed.admission.known().into_iter().flatten();
    let ours = live.filter(|(key, live)| is_ours(view, key, live));
    let there = ours.map(|(key, live)| {
        let uid = cofferdam_state::digest::digest(&live.uid);
        (entry_key(key, ""), uid)
    });
    there.chain(tried)
}
