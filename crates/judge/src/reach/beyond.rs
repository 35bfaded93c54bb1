//! Is a zone of sensitivity high reachable beyond the flows of the bundle?
//!
//! A namespace counts once it is denied, by the plan or by an earlier one, and no open policy keeps it open meanwhile. What policies of others, labels that somebody
//! changed and denies that are gone let in beyond what the bundle alone would is told with a witness.

use std::collections::BTreeSet;

use cofferdam_model::count::listed;
use cofferdam_model::names::{NamespaceName, ZoneName};
use cofferdam_model::zone::{Enforcement, Sensitivity};
use cofferdam_objects::compare::spec_differences;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::live_spec::LiveSpec;
use cofferdam_objects::policy::Direction;
use cofferdam_semantics::states::{Place, Witness};
use cofferdam_state::bundle::{DesiredPolicy, open_name};
use cofferdam_state::finding::{Class, finding_id};
use cofferdam_state::plan::denied_field;
use cofferdam_state::segmentation::Segmentation;
use serde_json::Value;

use super::Outcome;
use super::doubt::{of_too_many, of_unread};
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
    let (mut states, all) = outcome.states([&asked, &outcome.after]);
    let way_out = way_out(outcome, &strangers(outcome, &asked, ""));
    refusals.extend(of_too_many(&question, states.too_many(), &way_out));
    let [ideal, after] = all.map(|state| states.solve(&state));
    let zones = &outcome.case.bundle.namespaces;
    let changes = states.changes(&ideal, &after, |place| match place {
        Place::Pod(pod) if protected.contains(&*pod.namespace) => {
            zones.get(&*pod.namespace).map(|wanted| &wanted.zone)
        }
        Place::Pod(_) | Place::Nodes(_) | Place::Outside(_) => None,
    });
    let mut told: BTreeSet<&ZoneName> = BTreeSet::new();
    for ((_, to), between) in &changes.opens {
        if let (Some(zone), Some(witness)) = (to, &between.witness)
            && told.insert(zone)
        {
            refusals.push(refused(outcome, (zone, &asked), witness));
        }
    }
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
    (zone, asked): (&ZoneName, &Segmentation),
    Witness {
        from,
        to,
        ports,
        exists: _,
    }: &Witness,
) -> Refusal {
    let message = format!(
        "zone `{zone}` of sensitivity high would be reachable beyond its flows: {from} -> {to} on {ports}"
    );
    let others = strangers(outcome, asked, to);
    let explain = "`cofferdam reach` and `explain` tell why";
    if others.is_empty() {
        return refusal(CODE, message, explain);
    }
    let way_out = way_out(outcome, &others);
    refusal(CODE, message, &format!("{way_out}; {explain}"))
}

/// What to do about policies that are not as the bundle asks.
fn way_out(outcome: &Outcome<'_>, others: &[String]) -> String {
    let named = listed(others.iter().map(String::as_str));
    format!(
        "delete {named}, make a flow of it, or waive it by a Waiver with `for: {{ finding: {}, cluster: {}, object: … }}`",
        Class::ForeignPolicy.as_str(),
        outcome.case.cluster.name
    )
}

/// What would be there and is not as the bundle asks: in the namespace that is reached or for the whole cluster; if there
/// is none, anywhere.
fn strangers(outcome: &Outcome<'_>, asked: &Segmentation, to: &str) -> Vec<String> {
    let there = outcome.after.policies.iter();
    let strange = there.filter(|(key, spec)| asked.policies.get(*key) != Some(spec));
    let strange: Vec<&ObjectKey> = strange.map(|(key, _)| key).collect();
    let reached = to.split_once('/').map(|(namespace, _)| namespace);
    let near = |key: &&&ObjectKey| key.namespace.is_none() || key.namespace.as_deref() == reached;
    let told = |keys: Vec<&ObjectKey>| keys.iter().map(ToString::to_string).collect();
    let close: Vec<&ObjectKey> = strange.iter().filter(near).copied().collect();
    told(if close.is_empty() { strange } else { close })
}
