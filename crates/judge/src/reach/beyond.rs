//! Is a zone of sensitivity high reachable beyond the flows of the bundle?
//!
//! A namespace counts once it is denied, by the plan or by an earlier one, and no open policy keeps it open meanwhile. What policies of others, labels that somebody
//! changed and denies that are gone let in beyond what the bundle alone would is told with the worst witness: what was open
//! before the plan is refused too, for whoever enforces a zone takes it to be closed.

use std::collections::BTreeSet;

use cofferdam_model::count::listed;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::{Enforcement, Sensitivity};
use cofferdam_objects::compare::spec_differences;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::live_spec::LiveSpec;
use cofferdam_objects::policy::{Direction, allows_anything};
use cofferdam_semantics::states::Witness;
use cofferdam_state::bundle::{DesiredPolicy, deny_name, open_name};
use cofferdam_state::finding::{Class, finding_id};
use cofferdam_state::plan::denied_field;
use cofferdam_state::segmentation::Segmentation;
use serde_json::Value;

use super::Outcome;
use super::doubt::{of_too_many, of_unread};
use super::holes::{Ends, Hole, worst};
use crate::{Case, Refusal, refusal};

const CODE: &str = "beyond-flows";

pub(super) fn check(outcome: &Outcome<'_>) -> Vec<Refusal> {
    let protected = protected(outcome);
    if protected.is_empty() {
        return Vec::new();
    }
    let question = question(outcome, &protected);
    let mut refusals: Vec<Refusal> = of_unread(outcome, &question).into_iter().collect();
    let asked = asked_for(outcome);
    if asked == outcome.after {
        return refusals;
    }
    let (mut states, all) = outcome.states([&asked, &outcome.before, &outcome.after]);
    let way_out = way_out(outcome, &asked, &strangers(outcome, &asked, None));
    refusals.extend(of_too_many(&question, states.too_many(), &way_out));
    let [ideal, before, after] = all.map(|state| states.solve(&state));
    let ends = Ends::of(outcome.case.bundle, &protected);
    let holes = states.changes(&ideal, &after, |place| ends.of_place(place));
    let worst = worst(&holes.opens);
    if worst.is_empty() {
        return refusals;
    }
    let opened = states.changes(&before, &after, |place| ends.of_place(place));
    refusals.extend(worst.into_iter().map(|hole| {
        let is_open_today = !hole.is_opened(&opened.opens);
        refused(outcome, &asked, &hole, is_open_today)
    }));
    refusals
}

/// What is asked, as the beginning of a sentence.
fn question(outcome: &Outcome<'_>, protected: &BTreeSet<&str>) -> String {
    let namespaces = outcome.case.bundle.namespaces.iter();
    let zones = namespaces.filter(|(name, _)| protected.contains(name.as_str()));
    let zones: BTreeSet<String> = zones
        .map(|(_, wanted)| format!("`{}`", wanted.zone))
        .collect();
    let word = if zones.len() == 1 { "zone" } else { "zones" };
    let zones = listed(zones.iter().map(String::as_str));
    format!("whether {word} {zones} of sensitivity high would be reachable beyond the flows")
}

/// Namespaces of zones of sensitivity high that are enforced and denied, or were.
fn protected<'a>(outcome: &'a Outcome<'_>) -> BTreeSet<&'a str> {
    let case = outcome.case;
    let is_denied = |namespace: &NamespaceName| {
        let field = denied_field(Direction::Ingress);
        let open = ObjectKey::policy(namespace.as_str(), &open_name(Direction::Ingress));
        let is_kept_open = outcome.after.policies.contains_key(&open);
        (outcome.is_denied_after(namespace.as_str(), Direction::Ingress) && !is_kept_open)
            || case
                .observed
                .is_recorded_of_namespace(namespace.as_str(), &field)
    };
    let namespaces = case.bundle.namespaces.iter();
    let protected = namespaces.filter(|(name, wanted)| {
        wanted.sensitivity == Sensitivity::High
            && wanted.enforcement == Enforcement::Enforce
            && case.bundle.denies(name, Direction::Ingress)
            && is_denied(name)
    });
    protected.map(|(name, _)| name.as_str()).collect()
}

/// What the cluster would hold after the plan if the bundle alone decided where it has a say, but for what is waived.
fn asked_for(outcome: &Outcome<'_>) -> Segmentation {
    let case = outcome.case;
    let bundle = case.bundle;
    let mut asked = outcome.after.clone();
    let has_say = |key: &ObjectKey| match &key.namespace {
        Some(namespace) => bundle.namespaces.contains_key(namespace.as_str()),
        None => true,
    };
    asked
        .policies
        .retain(|key, _| !has_say(key) || is_waived(case, key));
    for ((namespace, name), wanted) in &bundle.policies {
        let key = ObjectKey::policy(namespace.as_str(), name);
        let there = outcome.after.policies.get(&key);
        match there.filter(|there| is_as_wanted(wanted, there)) {
            // The server leaves out lists that are empty.
            Some(there) => {
                asked.policies.insert(key, there.clone());
            }
            None => asked.put(&wanted.object),
        }
    }
    asked.label_as(bundle);
    asked
}

fn is_as_wanted(wanted: &DesiredPolicy, there: &Value) -> bool {
    let live = LiveSpec::from(there.clone());
    let spec = wanted.object.spec.as_ref();
    spec.is_some_and(|spec| spec_differences(spec, &live).is_empty())
}

/// Whether somebody answers for a policy of others.
fn is_waived(case: &Case<'_>, key: &ObjectKey) -> bool {
    let id = finding_id(Class::ForeignPolicy, &case.cluster.name, key);
    let object = key.to_string();
    let words = [Class::ForeignPolicy.as_str(), &id];
    let place = (Some(&case.cluster.name), Some(object.as_str()));
    let mut waivers = case.fleet.model.waivers.values();
    waivers.any(|waiver| waiver.holds_on(&case.fleet.today) && waiver.covers.includes(words, place))
}

fn refused(
    outcome: &Outcome<'_>,
    asked: &Segmentation,
    hole: &Hole<'_>,
    is_open_today: bool,
) -> Refusal {
    let Hole { zone, witness, .. } = hole;
    let Witness {
        from,
        to,
        ports,
        exists: _,
    } = witness;
    let way = format!("{from} -> {to} on {ports}");
    let strangers = strangers(outcome, asked, Some(to));
    let message = if is_open_today {
        let by = match strangers.as_slice() {
            [] => String::new(),
            some => format!(", by {}", listed(some.iter().map(String::as_str))),
        };
        format!(
            "zone `{zone}` of sensitivity high would stay reachable beyond its flows: {way}, which is open today already{by}"
        )
    } else {
        format!("zone `{zone}` of sensitivity high would be reachable beyond its flows: {way}")
    };
    let explain = "`cofferdam reach` and `explain` tell why";
    let staged = if is_open_today && !is_denied_today(outcome, to) {
        format!("; until then `enforcement: stage` lets the rollout of zone `{zone}` begin")
    } else {
        String::new()
    };
    let way_out = way_out(outcome, asked, &strangers);
    refusal(CODE, message, &format!("{way_out}{staged}; {explain}"))
}

/// Whether the namespace of a pod is denied by us before the plan is carried out.
fn is_denied_today(outcome: &Outcome<'_>, pod: &str) -> bool {
    let namespace = pod.split_once('/').map(|(namespace, _)| namespace);
    namespace.is_some_and(|namespace| {
        let deny = ObjectKey::policy(namespace, &deny_name(Direction::Ingress));
        outcome.before.policies.contains_key(&deny)
    })
}

/// What to do about what is not as the bundle asks: these policies or, if there are none, labels.
fn way_out(outcome: &Outcome<'_>, asked: &Segmentation, strangers: &[String]) -> String {
    if strangers.is_empty() {
        let there = outcome.after.namespaces.iter();
        let strange = there.filter(|(name, labels)| asked.namespaces.get(*name) != Some(labels));
        let strange: Vec<&str> = strange.map(|(name, _)| name.as_str()).collect();
        let named = listed(strange.into_iter());
        return format!("give namespace {named} the labels that the bundle wants");
    }
    let named = listed(strangers.iter().map(String::as_str));
    format!(
        "delete {named}, make a flow of it, or waive it by a Waiver with `for: {{ finding: {}, cluster: {}, object: … }}`",
        Class::ForeignPolicy.as_str(),
        outcome.case.cluster.name
    )
}

/// Policies that would be there and are not as the bundle asks: where a pod is told that is reached, those in its
/// namespace and for the whole cluster, rather those that let something in; if there are none, anywhere.
fn strangers(outcome: &Outcome<'_>, asked: &Segmentation, reached: Option<&str>) -> Vec<String> {
    let there = outcome.after.policies.iter();
    let strange = there.filter(|(key, spec)| asked.policies.get(*key) != Some(spec));
    let strange: Vec<(&ObjectKey, &Value)> = strange.collect();
    let reached = reached.and_then(|pod| pod.split_once('/'));
    let is_near = |(key, _): &&(&ObjectKey, &Value)| {
        let here = reached.map(|(namespace, _)| namespace);
        here.is_some() && (key.namespace.is_none() || key.namespace.as_deref() == here)
    };
    let near: Vec<_> = strange.iter().filter(is_near).copied().collect();
    let lets_in = |(key, spec): &&(&ObjectKey, &Value)| {
        key.kind != Kind::NetworkPolicy || allows_anything(spec, Direction::Ingress)
    };
    let opening: Vec<_> = near.iter().filter(lets_in).copied().collect();
    let told = [opening, near]
        .into_iter()
        .find(|some| !some.is_empty())
        .unwrap_or(strange);
    told.iter().map(|(key, _)| key.to_string()).collect()
}
