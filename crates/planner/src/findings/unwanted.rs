//! Policies that the bundle does not ask for: those of ours that left it, and those in our name.

use std::collections::BTreeSet;

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::managed_fields::are_held_by_us;
use cofferdam_state::bundle::{Role, deny_name, role_of};
use cofferdam_state::finding::{Class, Effect, Finding};
use cofferdam_state::observed::LivePolicy;
use serde_json::Map;

use super::change::{allows, denies};
use super::policies::author;
use super::{Judged, finding, foreign, namespaces};
use crate::blocked::{NOT_IN_RECORD, is_record_lost};
use crate::left_behind::taken_back;
use crate::view::View;

/// `orphan`, and `impostor-object` of names that the bundle does not ask for.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    if view.observed.record.known().is_none() {
        return Vec::new();
    }
    let attended = view.attended().into_iter();
    let attended: BTreeSet<&str> = attended.map(NamespaceName::as_str).collect();
    let unwanted = view
        .policies()
        .filter(|((namespace, name), _)| !view.is_wanted(namespace, name));
    unwanted
        .filter_map(|(key, live)| {
            if view.is_ours(&key.0, &key.1) {
                return Some(orphan(view, key, live, attended.contains(key.0.as_str())));
            }
            let labelled = view.carries_our_label(live);
            labelled.then(|| impostor(view, key, live))
        })
        .collect()
}

fn orphan(view: &View<'_>, key: &(String, String), live: &LivePolicy, is_pruned: bool) -> Finding {
    // What stands as last applied is no news; what somebody made of it since is.
    let news = if is_pruned {
        None
    } else {
        news(view, key, live)
    };
    let mut message = if is_pruned { UNASKED } else { LEFT }.to_owned();
    message += news.unwrap_or_default();
    let taken_back = || taken_back(view, std::iter::once(key.0.as_str()));
    let hint = match (is_pruned, live.terminating) {
        (true, true) => GONE.to_owned(),
        (true, false) => PRUNED.to_owned(),
        (false, true) => ANEW.to_owned(),
        (false, false) if news.is_some() => format!("{AS_IT_IS}, or {}", taken_back()),
        (false, false) => format!("{LEFT_THERE}, or {}", taken_back()),
    };
    let vanishes = !is_pruned && is_dying_deny(&key.1, live);
    let mut one = told(view, Class::Orphan, key, live, message);
    if news.is_some() || vanishes || opens(view, key) {
        one.severity = None;
    }
    let effect = if vanishes {
        Effect::Widens
    } else {
        effect_of(&key.1, live)
    };
    one.with_effect(effect, namespaces::sensitivity_at(view, &key.0))
        .with_hint(&hint)
}

/// What somebody did to a policy of ours that nobody writes back.
fn news(
    view: &View<'_>,
    (namespace, name): &(String, String),
    live: &LivePolicy,
) -> Option<&'static str> {
    let object = ObjectKey::policy(namespace, name);
    if denies_no_longer(name, live) {
        Some(OPENED)
    } else if view.is_remade(&object, live) {
        Some(REMADE)
    } else {
        (!is_as_written(name, live)).then_some(CHANGED)
    }
}

/// Whether nobody gave a policy of ours another rule: our manager holds all of it. Who takes a rule away
/// leaves no trace of that, but we write none that neither denies nor allows.
fn is_as_written(name: &str, live: &LivePolicy) -> bool {
    let is_deny = matches!(role_of(name), Role::Deny(_));
    let fields = live.spec.as_object().into_iter().flat_map(Map::keys);
    let fields = fields.map(String::as_str);
    (is_deny || allows(&live.spec)) && are_held_by_us(&live.managed_fields, &["spec"], fields)
}

fn impostor(view: &View<'_>, key: &(String, String), live: &LivePolicy) -> Finding {
    let message = match view.delivery {
        Delivery::Push => NOT_IN_RECORD,
        Delivery::Gitops => NOT_IN_BUNDLE,
    };
    let one = told(view, Class::ImpostorObject, key, live, message.to_owned());
    let hint = if live.terminating {
        GONE
    } else if view.delivery == Delivery::Gitops {
        NOT_PRUNED
    } else if is_record_lost(view, &key.0) {
        NOT_NEEDED_LOST
    } else {
        NOT_NEEDED
    };
    let sensitivity = namespaces::sensitivity_at(view, &key.0);
    let effect = match role_of(&key.1) {
        Role::Deny(_) => effect_of(&key.1, live),
        Role::Open(_) | Role::Allow => foreign::effect_in(view, &key.0, &live.spec),
    };
    one.with_effect(effect, sensitivity).with_hint(hint)
}

fn told(
    view: &View<'_>,
    class: Class,
    key: &(String, String),
    live: &LivePolicy,
    mut message: String,
) -> Finding {
    if live.terminating {
        message += DYING;
    }
    let object = ObjectKey::policy(&key.0, &key.1);
    let zone = view.wanted_namespace(&key.0).map(|wanted| &wanted.zone);
    let one = finding(view, class, object, message).in_zone(zone);
    Finding {
        by: author(live, &["spec"]),
        ..one
    }
}

fn effect_of(name: &str, live: &LivePolicy) -> Effect {
    let widens = match role_of(name) {
        Role::Open(_) | Role::Allow => allows(&live.spec),
        Role::Deny(_) => denies_no_longer(name, live),
    };
    if widens {
        Effect::Widens
    } else {
        Effect::Narrows
    }
}

/// Whether it is an open policy where something is denied, or to be denied.
fn opens(view: &View<'_>, (namespace, name): &(String, String)) -> bool {
    let Role::Open(direction) = role_of(name) else {
        return false;
    };
    let deny = deny_name(direction);
    view.is_wanted(namespace, &deny) || view.our_policies(namespace).contains_key(deny.as_str())
}

/// Whether it is a deny that vanishes as soon as its finalizers are removed.
fn is_dying_deny(name: &str, live: &LivePolicy) -> bool {
    live.terminating && matches!(role_of(name), Role::Deny(_))
}

/// Whether a policy has the name of a deny, and leaves out pods or lets connections through.
fn denies_no_longer(name: &str, live: &LivePolicy) -> bool {
    match role_of(name) {
        Role::Deny(direction) => !denies(&live.spec, direction),
        Role::Open(_) | Role::Allow => false,
    }
}

const UNASKED: &str = "the model no longer asks for it";
const LEFT: &str = "the model no longer mentions its namespace";
const OPENED: &str = ", and somebody changed it: it denies no longer";
const REMADE: &str = ", and somebody deleted it and made it again";
const CHANGED: &str = ", and somebody changed it since it was last applied";
const DYING: &str =
    ", and it is being deleted: it stands until its finalizers are removed, and is then gone";
const PRUNED: &str = "`cofferdam apply` deletes it";
const LEFT_THERE: &str = "it stays as last applied: put its namespace back into a zone";
const AS_IT_IS: &str =
    "it stays as it is: put its namespace back into a zone, and `cofferdam apply` mends it";
const ANEW: &str =
    "put its namespace back into a zone, and `cofferdam apply` writes it anew when it is gone";
const GONE: &str = "it is gone when whoever set its finalizers removes them";
const NOT_IN_BUNDLE: &str = "it carries our label, but the bundle does not hold it";
const NOT_PRUNED: &str = "it stays until whoever applied it deletes it: let your GitOps controller prune it, or delete it if \
    nobody of yours made it";
const NOT_NEEDED: &str = "it is left alone: delete it, or take our labels off it";
const NOT_NEEDED_LOST: &str = "it is left alone. If Cofferdam wrote it, the record of this cluster was lost: restore \
    ConfigMap cofferdam-system/cofferdam from a backup; else delete it, or take our labels off it";
