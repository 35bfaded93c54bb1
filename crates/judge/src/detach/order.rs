//! When what is ours goes.

use std::collections::BTreeMap;

use cofferdam_model::labels::Labels;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::policy::{Direction, allows_everything, isolates, selects_every_pod};
use cofferdam_objects::selector::selects;
use cofferdam_state::bundle::{Role, role_of};
use cofferdam_state::detach::Manner;
use cofferdam_state::observed::LivePolicy;
use cofferdam_state::plan::{Action, Phase, Step};
use k8s_openapi::api::networking::v1::{NetworkPolicyPeer, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::mutating;
use crate::{Case, Refusal, refusal};

pub(super) fn check(case: &Case<'_>, manner: Manner) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let steps = &case.plan.steps;
    if !steps.is_sorted_by_key(|step| step.phase) {
        let message = "steps are not in the order of their phases".to_owned();
        refusals.push(refusal("order", message, ""));
    }
    let mut places: BTreeMap<String, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        let object = step.action.object();
        if let (Kind::NetworkPolicy, Some(place)) = (object.kind, object.namespace) {
            places.entry(place).or_default().push(step);
        }
    }
    for (place, steps) in &places {
        for direction in Direction::BOTH {
            refusals.extend(cuts_off(case, place, steps, direction));
        }
    }
    refusals.extend(untimely_keys(case));
    refusals.extend(match manner {
        Manner::Remove => unlabels_under_policies(case),
        Manner::Leave => unlabels_who_is_admitted(case),
    });
    refusals.extend(untimely_guards(steps));
    refusals
}

/// Whether pods lose a connection on the way: a policy that allows goes while another one of ours isolates them
/// and nothing keeps them open. Whom others isolate is not opened: that would let in whom they keep out.
fn cuts_off(
    case: &Case<'_>,
    place: &str,
    steps: &[&Step],
    direction: Direction,
) -> Option<Refusal> {
    let first = (place.to_owned(), String::new());
    let live = case.observed.policies.known()?.range(first..);
    let here: Vec<(&str, &LivePolicy)> = live
        .take_while(|((of, _), _)| of == place)
        .filter(|(_, live)| !live.terminating)
        .map(|((_, name), live)| (name.as_str(), live))
        .collect();
    let ours = |name: &str, live: &LivePolicy| {
        let object = ObjectKey::policy(place, name);
        let record = case.observed.our_record();
        record.is_some_and(|record| {
            let other = record.knows_other_uid(&object, "", &live.uid);
            record.holds(&object, "") && (!other || case.observed.is_pending(&object, ""))
        })
    };
    let by_others =
        |(name, live): &(&str, &LivePolicy)| !ours(name, live) && isolates(&live.spec, direction);
    if here.iter().any(by_others) {
        return None;
    }
    let gone = |name: &str| {
        let mut steps = steps.iter();
        steps.find(|step| deletes(step) && step.action.object().name == name)
    };
    let isolating = here.iter().filter(|(name, live)| {
        isolates(&live.spec, direction) && !matches!(role_of(name), Role::Open(_))
    });
    let mut reopened = case
        .plan
        .phase(Phase::Open)
        .filter_map(|step| step.action.written_policy());
    let open_from_start = here.iter().any(|(name, live)| {
        role_of(name) == Role::Open(direction)
            && selects_every_pod(&live.spec)
            && allows_everything(&live.spec, direction)
    });
    let opened = open_from_start
        || reopened.any(|policy| {
            policy.metadata.namespace.as_deref() == Some(place)
                && policy.metadata.name.as_deref().map(role_of) == Some(Role::Open(direction))
        });
    let closes = steps.iter().filter(|step| {
        deletes(step) && role_of(&step.action.object().name) == Role::Open(direction)
    });
    let first_close = closes.map(|step| step.phase).min();
    for (name, _) in isolating {
        let object = ObjectKey::policy(place, name);
        let fault = match (gone(name), first_close) {
            (Some(_), _) if !opened => "it goes while nothing keeps its namespace open",
            (Some(step), Some(close)) if step.phase >= close => {
                "it goes after its namespace is closed"
            }
            (None, Some(_)) => "it stays, and what keeps its namespace open goes",
            (Some(step), _) if step.phase <= Phase::Open => "it goes before its namespace is open",
            (Some(_) | None, _) => continue,
        };
        return Some(refusal("order", format!("{object}: {fault}"), ""));
    }
    None
}

fn deletes(step: &Step) -> bool {
    matches!(
        step.action,
        Action::DeletePolicy { .. } | Action::DeleteOpened { .. }
    )
}

/// Labels that policies or pins may rest on go last, and taints before pins.
fn untimely_keys(case: &Case<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    for step in &case.plan.steps {
        let (labels, untaints) = if let Action::PatchNamespace { labels, .. } = &step.action {
            (labels, false)
        } else if let Action::PatchNode { labels, taints, .. } = &step.action {
            (labels, taints.is_some())
        } else {
            continue;
        };
        let unlabels = !labels.changes.is_empty();
        let late = case.plan.steps.iter().any(|other| {
            other.phase >= step.phase
                && unlabels
                && matches!(
                    other.action.object().kind,
                    Kind::NetworkPolicy | Kind::Admission(_)
                )
        });
        let pins = mutating(&case.plan.steps);
        let unpinned = case.plan.steps.iter().any(|other| {
            untaints
                && other.phase <= step.phase
                && pins.contains(&other.action.object())
                && !is_about_nodes(case, &other.action.object())
        });
        let fault = match (late, unpinned) {
            (true, _) => "its labels go before what may rest on them",
            (_, true) => "its taint goes after what lets pods tolerate it",
            (false, false) => continue,
        };
        let message = format!("{}: {fault}", step.action.object());
        found.push(refusal("order", message, ""));
    }
    found
}

/// Labels of namespaces stay while a policy of ours does: it may let pods in by them. That of a zone that is let
/// go of is asked for by no policy that the model knows.
fn unlabels_under_policies(case: &Case<'_>) -> Option<Refusal> {
    let mut steps = case.plan.steps.iter();
    let unlabelled = steps.find(|step| matches!(step.action, Action::PatchNamespace { .. }))?;
    let places = case.plan.steps.iter().filter_map(|step| {
        let Action::PatchNamespace { name, .. } = &step.action else {
            return None;
        };
        Some(name.as_str())
    });
    let places: Vec<&str> = places.collect();
    let record = case.observed.our_record()?;
    let mut live = case.observed.policies.known()?.iter();
    let ((place, name), _) = live.find(|((place, name), live)| {
        let object = ObjectKey::policy(place, name);
        let goes = case
            .plan
            .steps
            .iter()
            .any(|step| deletes(step) && step.action.object() == object);
        let ours = record.holds(&object, "") && !record.knows_other_uid(&object, "", &live.uid);
        places.contains(&place.as_str()) && ours && !goes
    })?;
    let message = format!(
        "{}: its labels go, and NetworkPolicy/{place}/{name} stays",
        unlabelled.action.object()
    );
    Some(refusal("order", message, ""))
}

/// Labels of namespaces stay while a policy that is left there, whosever it is, lets pods in or out by them, and while
/// one anywhere would let in or out more without them.
fn unlabels_who_is_admitted(case: &Case<'_>) -> Option<Refusal> {
    let live = case.observed.namespaces.known()?;
    let losing = case.plan.steps.iter().filter_map(|step| {
        let Action::PatchNamespace { name, labels, .. } = &step.action else {
            return None;
        };
        let before = &live.get(name)?.labels;
        let mut after = before.clone();
        for change in &labels.changes {
            after.remove(&change.key);
        }
        Some((name.as_str(), (before, after)))
    });
    let losing: BTreeMap<&str, (&Labels, Labels)> = losing.collect();
    // Whom a rule lets in or out of a namespace, as selectors of pods.
    let chosen = |peers: &[NetworkPolicyPeer], labels: &Labels| -> Vec<Option<LabelSelector>> {
        let of = |peer: &&NetworkPolicyPeer| {
            let selector = peer.namespace_selector.as_ref();
            selector.is_some_and(|selector| selects(selector, labels) != Some(false))
        };
        let chosen = peers.iter().filter(of);
        chosen.map(|peer| peer.pod_selector.clone()).collect()
    };
    let changes = |peers: &[NetworkPolicyPeer], is_left: bool| {
        losing.values().any(|(before, after)| {
            let (before, after) = (chosen(peers, before), chosen(peers, after));
            let loses = before.iter().any(|pods| !after.contains(pods));
            let gains = after.iter().any(|pods| !before.contains(pods));
            gains || (is_left && loses)
        })
    };
    let mut policies = case.observed.policies.known()?.iter();
    let ((place, name), _) = policies.find(|((place, _), live)| {
        let is_left = losing.contains_key(place.as_str());
        let spec: Result<NetworkPolicySpec, _> = serde_json::from_str(live.spec.text());
        let spec = spec.unwrap_or_default();
        let mut from = spec.ingress.iter().flatten().flat_map(|rule| &rule.from);
        let mut to = spec.egress.iter().flatten().flat_map(|rule| &rule.to);
        from.any(|peers| changes(peers, is_left)) || to.any(|peers| changes(peers, is_left))
    })?;
    let message = format!(
        "NetworkPolicy/{place}/{name}: it lets pods in or out by labels of namespaces that go"
    );
    Some(refusal("order", message, ""))
}

/// Whether a policy, or the policy of a binding, changes nodes.
fn is_about_nodes(case: &Case<'_>, key: &ObjectKey) -> bool {
    let live = case.observed.admission.known().into_iter().flatten();
    let mut policies = live.filter(|(other, _)| {
        matches!(other.kind, Kind::Admission(kind) if !kind.is_binding()) && other.name == key.name
    });
    policies.any(|(_, live)| {
        let rules = live.spec.pointer("/matchConstraints/resourceRules");
        let rules = rules.map(ToString::to_string).unwrap_or_default();
        rules.contains("\"nodes\"")
    })
}

/// What refuses is out of the way before anything else is written.
fn untimely_guards(steps: &[Step]) -> Option<Refusal> {
    let pins = mutating(steps);
    let mut refusing = steps.iter().filter(|step| {
        matches!(step.action, Action::DeleteGuard { .. }) && !pins.contains(&step.action.object())
    });
    let late = refusing.find(|step| step.phase > Phase::Guard)?;
    let message = format!("{}: it goes after what it may refuse", late.action.object());
    Some(refusal("order", message, ""))
}
