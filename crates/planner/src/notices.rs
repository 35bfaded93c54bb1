//! What is worth knowing before a plan is applied: whether anything enforces it, which pods it
//! isolates, and what nobody will reach there any more.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::capabilities::Enforces;
use cofferdam_model::cluster::Delivery;
use cofferdam_model::flow::End;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::policy::{Direction, allows_everything, isolates, selects_pod};
use cofferdam_state::observed::{LivePod, LiveService};
use cofferdam_state::plan::Step;

use crate::guards::{let_go, refused_again};
use crate::in_the_way::in_the_way;
use crate::left_behind::left_behind;
use crate::unlabelled::ending;
use crate::view::View;
use cofferdam_model::count::listed;

/// The notices of a plan, in a fixed order.
pub(crate) fn notices(view: &View<'_>, model: &Model, steps: &[Step]) -> Vec<String> {
    let mut notices = Vec::new();
    if let Some(known) = view.observed.capabilities.known()
        && known.cni.enforces != Enforces::Yes
    {
        let verdict = match known.cni.enforces {
            Enforces::Yes | Enforces::No => "NOTHING ENFORCES NetworkPolicy here",
            Enforces::Unknown => "IT IS NOT KNOWN WHETHER NetworkPolicy is enforced here",
        };
        notices.push(format!(
            "{verdict} (`{}`: {})",
            known.cni.name, known.cni.evidence
        ));
    }
    notices.extend(view.bundle.held_open.iter().map(|(namespace, reason)| {
        format!("INGRESS OF `{namespace}` STAYS OPEN although its zone is enforced: {reason}")
    }));
    notices.extend(in_the_way(view));
    notices.extend(without_cut_over(view));
    notices.extend(newly_isolated(view, steps));
    notices.extend(unreached(view, model));
    notices.extend(left_behind(view));
    notices.extend(let_go(view, steps));
    notices.extend(ending(view, steps));
    notices.extend(refused_again(view, steps));
    notices
}

fn without_cut_over(view: &View<'_>) -> Vec<String> {
    let isolated = view.bundle.namespaces.iter().filter(|(name, wanted)| {
        wanted.enforcement > Enforcement::Observe
            && !view.is_enforced_already(name)
            && !view.was_enforced(name)
            && Direction::BOTH
                .into_iter()
                .any(|direction| view.is_isolated_by_others(name.as_str(), direction))
            && !view.is_held_up_by_others(name)
    });
    isolated
        .map(|(name, wanted)| {
            let policies = isolating(view, name);
            let named = listed(policies.iter().map(String::as_str));
            match wanted.enforcement {
                Enforcement::Enforce => format!(
                    "namespace `{name}`: policies of others isolate pods already, so the cut-over is not without a gap: {named}"
                ),
                Enforcement::Stage | Enforcement::Observe => labels_only(view, name, &named),
            }
        })
        .collect()
}

/// Policies that are not ours and isolate pods of a namespace.
fn isolating(view: &View<'_>, namespace: &NamespaceName) -> Vec<String> {
    let theirs = view
        .policies_of(namespace.as_str())
        .filter(|((_, name), live)| {
            let mut directions = Direction::BOTH.into_iter();
            directions.any(|direction| {
                view.isolates_for_others((namespace.as_str(), name), live, direction)
            })
        });
    let keys = theirs.map(|((_, name), _)| ObjectKey::policy(namespace.as_str(), name));
    keys.map(|key| key.to_string()).collect()
}

/// Why nothing but labels is written, and what to do about that.
fn labels_only(view: &View<'_>, namespace: &NamespaceName, named: &str) -> String {
    let mut theirs = view.policies_of(namespace.as_str());
    let has_our_name = theirs.any(|((of, name), _)| {
        let key = (namespace.clone(), name.clone());
        !view.is_ours(of, name) && view.bundle.policies.contains_key(&key)
    });
    let adopt = if has_our_name {
        format!(
            ", take over those with a name of ours by `cofferdam adopt --cluster {} OBJECT`",
            view.bundle.cluster
        )
    } else {
        String::new()
    };
    format!(
        "namespace `{namespace}`: `stage` writes labels only while policies of others isolate pods there, for an open \
         policy beside them would allow what they deny: {named}; delete them once flows allow what they do{adopt}, or go \
         on to `enforce`, which writes beside them and has no cut-over without a gap"
    )
}

/// Pods that nothing isolates now and that the plan isolates: whoever holds a namespace back isolates
/// nothing there.
fn newly_isolated(view: &View<'_>, steps: &[Step]) -> Vec<String> {
    let written = steps.iter().filter_map(|step| {
        let policy = step.action.written_policy()?;
        policy.metadata.namespace.as_deref()
    });
    let written: BTreeSet<&str> = written.collect();
    // What a GitOps controller writes is no step of ours.
    let is_written =
        |namespace: &str| view.delivery == Delivery::Gitops || written.contains(namespace);
    let mut by_namespace: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for pod in pods(view) {
        let live = view.namespace(&pod.namespace);
        if is_written(&pod.namespace)
            && live.is_some_and(|live| !live.terminating)
            && Direction::BOTH
                .into_iter()
                .filter(|direction| is_to_be_denied(view, &pod.namespace, *direction))
                .any(|direction| becomes_isolated(view, pod, direction))
        {
            by_namespace
                .entry(&pod.namespace)
                .or_default()
                .insert(&pod.name);
        }
    }
    by_namespace
        .into_iter()
        .map(|(namespace, pods)| {
            let pods = listed(pods.into_iter());
            format!("newly isolated in `{namespace}`: {pods}")
        })
        .collect()
}

/// Whether the bundle isolates the namespace, of a zone or of none.
fn is_to_be_denied(view: &View<'_>, namespace: &str, direction: Direction) -> bool {
    NamespaceName::parse(namespace).is_ok_and(|namespace| view.bundle.denies(&namespace, direction))
}

/// Services with pods in an enforced zone that no flow reaches, with the Ingresses and webhooks that
/// use them.
fn unreached(view: &View<'_>, model: &Model) -> Vec<String> {
    let Some(services) = view.observed.services.known() else {
        return Vec::new();
    };
    let mut notices = Vec::new();
    for service in services {
        let Some(wanted) = view.wanted_namespace(&service.namespace) else {
            continue;
        };
        let enforced = wanted.enforcement == Enforcement::Enforce;
        if !enforced || service.selector.is_empty() || is_reached(view, model, service) {
            continue;
        }
        let ingresses = view.observed.ingress_backends.known().into_iter().flatten();
        let users: Vec<String> = ingresses
            .filter(|(_, namespace, name)| *namespace == service.namespace && *name == service.name)
            .map(|(ingress, _, _)| format!("Ingress {ingress}"))
            .collect();
        let users = if users.is_empty() {
            String::new()
        } else {
            format!(", used by {}", users.join(", "))
        };
        notices.push(format!(
            "no flow reaches Service `{}/{}`{users}",
            service.namespace, service.name
        ));
    }
    notices
}

fn is_reached(view: &View<'_>, model: &Model, service: &LiveService) -> bool {
    let Some(wanted) = view.wanted_namespace(&service.namespace) else {
        return true;
    };
    let by_flow = model.flows.values().any(|flow| match &flow.to {
        End::Pods(end) => {
            let zone = end.zones.contains(&wanted.zone);
            let namespaces =
                end.namespaces.is_empty() || end.namespaces.contains(service.namespace.as_str());
            let workload = end
                .workload
                .as_ref()
                .is_none_or(|workload| workload.matches(&service.selector));
            zone && namespaces && workload
        }
        End::ExternalNetwork(_) | End::Internet | End::ClusterService(_) => false,
    });
    let derived = view
        .bundle
        .policies
        .iter()
        .any(|((namespace, name), policy)| {
            namespace.as_str() == service.namespace
                && name.starts_with("cofferdam-derived-")
                && serde_json::to_value(&policy.object.spec)
                    .is_ok_and(|spec| selects_pod(&spec, &service.selector))
        });
    by_flow || derived
}

fn pods<'a>(view: &View<'a>) -> impl Iterator<Item = &'a LivePod> {
    let pods = view.observed.pods.known().into_iter().flatten();
    pods.filter(|pod| !pod.host_network && !pod.finished)
}

/// Whether nothing holds the pod back now, and no policy of others will keep it open.
fn becomes_isolated(view: &View<'_>, pod: &LivePod, direction: Direction) -> bool {
    let selecting: Vec<_> = view
        .policies_of(&pod.namespace)
        .filter(|(_, live)| !live.terminating)
        .filter(|(_, live)| selects_pod(&live.spec, &pod.labels) && isolates(&live.spec, direction))
        .collect();
    let mut opening = selecting
        .iter()
        .filter(|(_, live)| allows_everything(&live.spec, direction))
        .peekable();
    let is_open = selecting.is_empty() || opening.peek().is_some();
    is_open && opening.all(|((namespace, name), _)| view.is_ours(namespace, name))
}
