//! What is there that a rail would refuse, or a taint keep out. What could not be read refuses every plan
//! already.

use cofferdam_model::node_pool::{NodePool, TaintEffect};
use cofferdam_model::zone::Enforcement;
use cofferdam_state::guard::DesiredGuard;
use cofferdam_state::observed::{LivePod, Template};
use k8s_openapi::api::core::v1::Toleration;

use super::in_force::refuses_already;
use crate::Case;

/// What runs, or is to run, outside the pool's zones and tolerates its taint.
pub(super) fn stray(case: &Case<'_>, (guard, pool): (&DesiredGuard, &NodePool)) -> Option<String> {
    let pods = case.observed.pods.known()?;
    let templates = case.observed.templates.known()?;
    let spared = |namespace: &str| {
        let mut of_pool = case.bundle.namespaces_of_pool(pool);
        let mut system = case.bundle.system_namespaces.iter();
        [
            "cofferdam-system",
            "kube-node-lease",
            "kube-public",
            "kube-system",
        ]
        .contains(&namespace)
            || of_pool.any(|(name, _)| name.as_str() == namespace)
            || system.any(|name| name.as_str() == namespace)
    };
    let is_guest = |namespace: &str, name: &str| {
        let mut guests = pool.guests.iter();
        guests.any(|guest| guest.namespace.as_str() == namespace && guest.daemon_set == name)
    };
    let is_made = |pod: &LivePod| {
        let made = |one: &Template| {
            let workload = pod.workload.as_ref().map(|(kind, name)| (&**kind, &**name));
            one.namespace == pod.namespace && one.workload.split_once('/') == workload
        };
        pod.workload.is_some() && templates.iter().any(made)
    };
    // What the pin of the pool gave a pod is not in the template from which others are made.
    let by_pin = |one: &Toleration| {
        one.key.as_ref() == Some(&pool.taint.key)
            && one.value.as_ref() == Some(&pool.taint.value)
            && one.operator.as_deref() == Some("Equal")
            && one.effect.is_none()
            && one.toleration_seconds.is_none()
    };
    let pod = pods.iter().find(|pod| {
        let guest = pod
            .daemon_set()
            .is_some_and(|name| is_guest(&pod.namespace, name));
        let mut tolerations = pod.tolerations.clone();
        if is_made(pod) {
            tolerations.retain(|one| !by_pin(one));
        }
        !pod.is_mirror()
            && !guest
            && !pod.finished
            && !spared(&pod.namespace)
            && may_tolerate(&tolerations, pool)
            && !refuses_already(case, guard, &pod.namespace, pod.daemon_set())
    });
    let template = || {
        templates.iter().find(|template| {
            let daemon_set = template.workload.strip_prefix("DaemonSet/");
            let guest = daemon_set.is_some_and(|name| is_guest(&template.namespace, name));
            let bound = template
                .node_name
                .as_ref()
                .is_some_and(|name| !name.is_empty());
            !spared(&template.namespace)
                && (bound || (!guest && may_tolerate(&template.tolerations, pool)))
                && !refuses_already(case, guard, &template.namespace, daemon_set)
        })
    };
    pod.map(|pod| format!("Pod/{}/{}", pod.namespace, pod.name))
        .or_else(|| template().map(|one| format!("{} in {}", one.workload, one.namespace)))
}

/// A DaemonSet of the pool's enforced namespaces that does not ask for its nodes.
pub(super) fn unselective(
    case: &Case<'_>,
    (guard, pool): (&DesiredGuard, &NodePool),
) -> Option<String> {
    let templates = case.observed.templates.known()?;
    let is_bound = |namespace: &str| {
        let mut all = case.bundle.namespaces_of_pool(pool);
        all.any(|(name, wanted)| {
            name.as_str() == namespace && wanted.enforcement == Enforcement::Enforce
        })
    };
    let (key, value) = &pool.label;
    let one = templates.iter().find(|template| {
        let daemon_set = template.workload.strip_prefix("DaemonSet/");
        daemon_set.is_some()
            && is_bound(&template.namespace)
            && template.node_selector.get(key) != Some(value)
            && !refuses_already(case, guard, &template.namespace, daemon_set)
    })?;
    Some(format!("{} in {}", one.workload, one.namespace))
}

/// A taint: its key, value and effect.
type Mark<'a> = (&'a str, &'a str, &'a str);

fn mark(pool: &NodePool) -> Mark<'_> {
    let taint = &pool.taint;
    (&taint.key, &taint.value, taint.effect.as_str())
}

/// Whether any toleration matches the taint of a pool for sure.
fn tolerates(tolerations: &[Toleration], pool: &NodePool) -> bool {
    tolerates_taint(tolerations, mark(pool))
}

/// Whether any toleration matches the taint of a pool, or has an operator of which we do not know whether it does.
fn may_tolerate(tolerations: &[Toleration], pool: &NodePool) -> bool {
    let unclear = tolerations.iter().filter(|one| {
        let operator = one.operator.as_deref().unwrap_or_default();
        let named = one.key.as_deref().is_some_and(|key| !key.is_empty());
        named && !["", "Equal", "Exists"].contains(&operator)
    });
    let taken = unclear.map(|one| Toleration {
        operator: Some("Exists".to_owned()),
        ..one.clone()
    });
    let all: Vec<Toleration> = tolerations.iter().cloned().chain(taken).collect();
    tolerates(&all, pool)
}

/// Whether any toleration matches a taint for sure (Kubernetes, "Taints and Tolerations").
pub(super) fn tolerates_taint(tolerations: &[Toleration], (key, value, effect): Mark<'_>) -> bool {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    tolerations.iter().any(|one| {
        let effects = [String::new(), effect.to_owned()];
        let of_effect = effects.contains(&text(&one.effect));
        let all_keys = text(&one.key).is_empty() && text(&one.operator) == "Exists";
        let same_key = text(&one.key) == key;
        let equal = ["", "Equal"].contains(&text(&one.operator).as_str());
        let same_value = text(&one.operator) == "Exists" || (equal && text(&one.value) == value);
        of_effect && (all_keys || (same_key && same_value))
    })
}

/// What of a pool's zones does not tolerate its taint and is not pinned.
pub(super) fn kept_out(case: &Case<'_>, pool: &NodePool, pinned: bool) -> Option<String> {
    let pods = case.observed.pods.known()?;
    let templates = case.observed.templates.known()?;
    let concerned = |namespace: &str, runs: bool| {
        let mut all = case.bundle.namespaces_of_pool(pool);
        all.find(|(name, _)| name.as_str() == namespace)
            .is_some_and(|(_, wanted)| {
                let bound = pinned && wanted.enforcement == Enforcement::Enforce;
                !bound || (runs && pool.taint.effect == TaintEffect::NoExecute)
            })
    };
    let pod = pods.iter().find(|pod| {
        !pod.finished && concerned(&pod.namespace, true) && !tolerates(&pod.tolerations, pool)
    });
    let template = || {
        templates
            .iter()
            .find(|one| concerned(&one.namespace, false) && !tolerates(&one.tolerations, pool))
    };
    pod.map(|pod| format!("Pod/{}/{}", pod.namespace, pod.name))
        .or_else(|| template().map(|one| format!("{} in {}", one.workload, one.namespace)))
}
