//! Does a plan bind pods to nodes that are not there, or take from them what lets them onto tainted ones?

use std::collections::BTreeSet;

use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::admission::{AdmissionKind, AdmissionObject};
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::keys::{INSTANCE, PROBE_NAMESPACE};
use cofferdam_state::guard::{DesiredGuard, Rail};
use cofferdam_state::observed::{LiveAdmission, LiveNode};
use cofferdam_state::plan::Step;
use k8s_openapi::api::core::v1::Taint;
use serde_json::Value;

use super::pods::{kept_out, tolerates_taint};
use super::{is_pinned, live};
use crate::{Case, Refusal, is_taint_of, refusal};

/// A step about a pin, or about the taint of new nodes, that would leave pods without a node.
pub(super) fn unfounded(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let object = step.action.written_guard();
    object
        .and_then(|object| {
            binds_to_nothing(case, object)
                .or_else(|| taints_new_nodes(case, object))
                .or_else(|| refused_by_rail(case, object))
        })
        .or_else(|| strands(case, step))
}

/// A pin binds pods to nodes of its pool, so one of these is ready, has the label, or gets it before, and not the taint
/// of another pool.
fn binds_to_nothing(case: &Case<'_>, object: &AdmissionObject) -> Option<Refusal> {
    let pool = pool_of(case, object, Rail::Pin)?;
    let policy = ObjectKey::admission(AdmissionKind::MutatingPolicy, &object.name);
    let binding = ObjectKey::admission(AdmissionKind::MutatingBinding, &object.name);
    // Where both are there, a binding that is written changes nothing of what the policy says.
    let before = live(case, &policy).filter(|_| live(case, &binding).is_some());
    let mut written = case.plan.steps.iter().filter_map(|step| {
        let written = step.action.written_guard()?;
        (written.key() == policy).then_some(&written.spec)
    });
    let after = written
        .next()
        .or_else(|| live(case, &policy).map(|live| &live.spec));
    let no_others = before
        .zip(after)
        .is_some_and(|(live, after)| binds_no_others(&live.spec, after));
    if no_others || has_node(case, pool) {
        return None;
    }
    let message = format!(
        "{}: no ready node has the label of pool `{}`, or gets it before",
        object.key(),
        pool.name
    );
    Some(refusal("guard-breaks", message, ""))
}

/// A pin gives pods the toleration of its pool, and the rail that keeps others off it refuses them for that.
fn refused_by_rail(case: &Case<'_>, object: &AdmissionObject) -> Option<Refusal> {
    let pool = pool_of(case, object, Rail::Pin)?;
    let mut guards = case.bundle.guards.values();
    let rail =
        guards.find(|one| one.rail == Rail::Pods && one.pool.as_ref() == Some(&pool.name))?;
    let binding = live(case, &rail.deny.key()).filter(|binding| super::denies(&binding.spec));
    let before = live(case, &rail.policy.key()).filter(|_| binding.is_some())?;
    let mut written = case
        .plan
        .steps
        .iter()
        .filter_map(|step| step.action.written_guard());
    let after = written
        .find(|one| **one == rail.policy)
        .map(|one| &one.spec);
    let text = after.unwrap_or(&before.spec);
    let mut pinned = chosen(&object.spec)?.into_iter();
    let namespace = pinned.find(|name| super::in_force::looks_at(text, name))?;
    let message = format!(
        "{}: pods of namespace `{namespace}` would tolerate pool `{}`, and be refused for it by {}",
        object.key(),
        pool.name,
        rail.policy.key()
    );
    Some(refusal("guard-breaks", message, "plan again"))
}

/// Whether a policy changes the pods of no namespace that it does not change in the same way already. A binding
/// says nothing of that.
fn binds_no_others(live: &Value, written: &Value) -> bool {
    let (before, after) = (chosen(live), chosen(written));
    let spec = |policy: &Value| -> Vec<String> {
        let all = policy.get("mutations").and_then(Value::as_array);
        let all = all.into_iter().flatten().map(Value::to_string);
        all.filter(|text| text.contains("/spec/")).collect()
    };
    spec(live) == spec(written)
        && before
            .zip(after)
            .is_some_and(|(before, after)| after.is_subset(&before))
}

fn has_node(case: &Case<'_>, pool: &NodePool) -> bool {
    let (key, value) = &pool.label;
    let is_of_another = |taint: &Taint| {
        let mut pools = case.bundle.pools.iter();
        pools.any(|other| other.name != pool.name && is_taint_of(other, taint))
    };
    members(case, pool).any(|(name, node)| {
        node.ready
            && label_after(case, name, node, key) == Some(value)
            && !after(case, name, node).iter().any(is_of_another)
    })
}

/// The nodes that a pool selects and no other one.
fn members<'a>(
    case: &Case<'a>,
    pool: &'a NodePool,
) -> impl Iterator<Item = (&'a String, &'a LiveNode)> {
    let (nodes, pools) = (case.observed.nodes.known(), &case.bundle.pools);
    nodes.into_iter().flatten().filter(move |(name, node)| {
        let selects = |one: &&NodePool| one.selects(name, &node.labels, &node.provider_id);
        let mut selecting = pools.iter().filter(selects);
        selecting.next().is_some_and(|one| one.name == pool.name) && selecting.next().is_none()
    })
}

/// New nodes are tainted only where those that are there may be.
fn taints_new_nodes(case: &Case<'_>, object: &AdmissionObject) -> Option<Refusal> {
    let guard = case.bundle.guards.get(&object.name)?;
    taints_too_early(case, guard).then(|| {
        let message = format!(
            "{}: new nodes would be tainted, and not everybody in the pool's zones tolerates that",
            object.key()
        );
        refusal("guard-breaks", message, "")
    })
}

/// Whether a rail taints new nodes while others of the pool are not tainted, and may not be.
pub(super) fn taints_too_early(case: &Case<'_>, guard: &DesiredGuard) -> bool {
    let Some(pool) = pool_of(case, &guard.policy, Rail::Registration) else {
        return false;
    };
    let tainted = |node: &LiveNode| node.taints.iter().any(|taint| is_taint_of(pool, taint));
    let mut all = members(case, pool).peekable();
    let all_tainted = all.peek().is_some() && all.all(|(_, node)| tainted(node));
    !all_tainted && kept_out(case, pool, is_pinned(case, pool)).is_some()
}

/// A step that takes from pods the pin which lets them onto nodes that stay tainted.
pub(crate) fn strands(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let becomes = step.action.written_guard().map(|object| &object.spec);
    if becomes.is_none() && !step.action.deletes_guard() {
        return None;
    }
    let key = step.action.object();
    let name = &key.name;
    let pin = live(
        case,
        &ObjectKey::admission(AdmissionKind::MutatingPolicy, name),
    )?;
    live(
        case,
        &ObjectKey::admission(AdmissionKind::MutatingBinding, name),
    )?;
    // What sees nodes when they register lets no pod onto them.
    let seen = pin.spec.pointer("/matchConstraints/resourceRules")?;
    if seen.to_string().contains("\"nodes\"") {
        return None;
    }
    // A binding says nothing of what is tolerated.
    let becomes = becomes.map(|spec| spec.get("mutations").map_or(&pin.spec, |_| spec));
    let matters = |taint: &Taint| {
        names_taint(&pin.spec, taint) && !becomes.is_some_and(|spec| names_taint(spec, taint))
    };
    let nodes = case.observed.nodes.known().into_iter().flatten();
    let bound = nodes.filter(|(_, node)| {
        let mut labels = node.labels.iter();
        labels.any(|(key, value)| names_label(&pin.spec, key, value))
    });
    for (name, node) in bound {
        let mut stays = after(case, name, node)
            .iter()
            .filter(|taint| matters(taint));
        let victim = stays.find_map(|taint| Some((taint, stranded(case, pin, taint)?)));
        if let Some((taint, victim)) = victim {
            let message = format!(
                "{key}: Node/{name} keeps taint `{}`, which {victim} tolerates by this alone",
                taint.key
            );
            return Some(refusal("guard-breaks", message, "plan again"));
        }
    }
    None
}

/// Nodes lose the label that pods are bound to, and the pin that binds them stays as it is.
pub(crate) fn unbound(case: &Case<'_>) -> Option<Refusal> {
    let admission = case.observed.admission.known()?;
    let pins = admission.iter().filter(|(key, live)| {
        let binding = ObjectKey::admission(AdmissionKind::MutatingBinding, &key.name);
        let seen = live.spec.pointer("/matchConstraints/resourceRules");
        let mut steps = case.plan.steps.iter();
        let record = case.observed.our_record();
        key.kind == Kind::Admission(AdmissionKind::MutatingPolicy)
            && (record.is_some_and(|record| record.holds(key, ""))
                || live.labels.get(INSTANCE).map(String::as_str)
                    == Some(case.bundle.instance.as_str()))
            && admission.contains_key(&binding)
            && seen.is_some_and(|seen| !seen.to_string().contains("\"nodes\""))
            && !steps.any(|step| step.action.object().name == key.name)
    });
    let nodes = case.observed.nodes.known()?;
    let ready = || nodes.iter().filter(|(_, node)| node.ready);
    for (pin, live) in pins {
        let labels = ready().flat_map(|(_, node)| &node.labels);
        for (key, value) in labels.filter(|(key, value)| names_label(&live.spec, key, value)) {
            let has = |name: &str, node| label_after(case, name, node, key) == Some(value);
            if !ready().any(|(name, node)| has(name, node)) {
                let message = format!(
                    "{pin} binds pods to `{key}={value}`, which no ready node would have any more"
                );
                return Some(refusal("guard-breaks", message, "plan again"));
            }
        }
    }
    None
}

/// A node gets the taint of a pool together with its label: with that of another pool, the pods of neither would run
/// there, or the pods of that one nowhere.
pub(super) fn crossed(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let object = step.action.object();
    let taints = step.action.node_taints()?;
    let node = case.observed.nodes.known()?.get(&object.name)?;
    let pools = &case.bundle.pools;
    let pool = pools
        .iter()
        .find(|pool| taints.set().any(|taint| is_taint_of(pool, taint)))?;
    let (key, value) = &pool.label;
    let label = label_after(case, &object.name, node, key).filter(|label| *label != value)?;
    let other = pools
        .iter()
        .find(|other| other.label.0 == *key && other.label.1 == *label)?;
    let message = format!(
        "{object}: gets the taint of pool `{}` and has the label of pool `{}`",
        pool.name, other.name
    );
    Some(refusal("guard-breaks", message, "plan again"))
}

/// What a label of a node is once the plan is carried out.
fn label_after<'a>(
    case: &Case<'a>,
    name: &str,
    node: &'a LiveNode,
    key: &str,
) -> Option<&'a String> {
    let steps = case.plan.steps.iter();
    let own = steps.filter(|step| step.action.is_of_node(name));
    let mut changes = own.flat_map(|step| step.action.node_labels());
    match changes.find(|change| change.key == key) {
        Some(change) => change.new.as_ref(),
        None => node.labels.get(key),
    }
}

/// The taints of a node once the plan is carried out.
fn after<'a>(case: &Case<'a>, name: &str, node: &'a LiveNode) -> &'a [Taint] {
    let steps = case.plan.steps.iter();
    let mut patches = steps.filter_map(|step| {
        let taints = step.action.node_taints()?;
        step.action
            .is_of_node(name)
            .then_some(taints.new.as_slice())
    });
    patches.next_back().unwrap_or(&node.taints)
}

/// Whether a toleration that a policy writes into pods is for this taint; it is for every effect.
fn names_taint(spec: &Value, taint: &Taint) -> bool {
    let value = taint.value.as_deref().unwrap_or_default();
    within(spec, "Object.spec.tolerations", &[&taint.key, value])
}

/// Whether what a policy writes as node selector is this label.
fn names_label(spec: &Value, key: &str, value: &str) -> bool {
    within(spec, "value: ", &[key, value])
}

/// Whether all of these words are string literals of one pair of braces after `start`, in what a policy writes.
fn within(spec: &Value, start: &str, words: &[&str]) -> bool {
    let written = spec
        .get("mutations")
        .map(Value::to_string)
        .unwrap_or_default();
    let bodies = written.split(start).skip(1);
    let mut bodies = bodies.filter_map(|rest| rest.strip_prefix('{')?.split_once('}'));
    bodies.any(|(body, _)| {
        let literals: Vec<&str> = body.split('\'').skip(1).step_by(2).collect();
        literals
            .iter()
            .filter(|one| **one != "Equal")
            .eq(words.iter())
    })
}

/// What a policy has tolerate a taint, and would not by itself.
fn stranded(case: &Case<'_>, pin: &LiveAdmission, taint: &Taint) -> Option<String> {
    let chosen = chosen(&pin.spec);
    let sees = |namespace: &str| chosen.as_ref().is_none_or(|all| all.contains(namespace));
    let taint = (
        taint.key.as_str(),
        taint.value.as_deref().unwrap_or_default(),
        taint.effect.as_str(),
    );
    let templates = case.observed.templates.known()?;
    let by_template = templates
        .iter()
        .find(|one| sees(&one.namespace) && !tolerates_taint(&one.tolerations, taint));
    let is_made = |namespace: &str, workload: &Option<(String, String)>| {
        workload.as_ref().is_some_and(|(kind, name)| {
            let mut made = templates.iter().filter(|one| one.namespace == namespace);
            made.any(|one| one.workload.split_once('/') == Some((kind.as_str(), name.as_str())))
        })
    };
    let pods = case.observed.pods.known()?;
    let by_itself = || {
        let mut running = pods
            .iter()
            .filter(|pod| sees(&pod.namespace) && !pod.finished && !pod.is_mirror());
        running.find(|pod| !is_made(&pod.namespace, &pod.workload))
    };
    by_template
        .map(|one| format!("{} in {}", one.workload, one.namespace))
        .or_else(|| by_itself().map(|pod| format!("Pod/{}/{}", pod.namespace, pod.name)))
}

/// The namespaces that a policy names; none where it does not.
fn chosen(spec: &Value) -> Option<BTreeSet<&str>> {
    let selector = spec.pointer("/matchConstraints/namespaceSelector")?;
    let named = selector.get("matchExpressions")?.as_array()?;
    let [one] = named.as_slice() else { return None };
    let values = one.get("values")?.as_array()?.iter();
    let values = values.filter_map(Value::as_str);
    Some(values.filter(|name| *name != PROBE_NAMESPACE).collect())
}

fn pool_of<'a>(case: &Case<'a>, object: &AdmissionObject, rail: Rail) -> Option<&'a NodePool> {
    let guard = case.bundle.guards.get(&object.name)?;
    let name = guard.pool.as_ref().filter(|_| guard.rail == rail)?;
    case.bundle.pools.iter().find(|pool| pool.name == *name)
}
