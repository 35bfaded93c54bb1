//! What is there and would be refused by a rail.

use std::collections::BTreeSet;

use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::keys;
use cofferdam_state::guard::{DesiredGuard, Rail};
use cofferdam_state::observed::{LivePod, Template};
use cofferdam_state::plan::Step;
use k8s_openapi::api::core::v1::Toleration;

use super::needed::{is_of, place};
use super::refused_already::InForce;
use super::{is_pinned, pool_of, told_pod, told_template, was_tried};
use crate::findings::may_tolerate;
use crate::view::View;
use cofferdam_model::count::listed;

/// What is there and would be refused if it were made now, and is not refused already.
///
/// Our own reading of every object beside the expression that the server evaluates: what runs is not
/// touched by a rail, but what takes its place one day is.
pub(crate) fn violations(view: &View<'_>, guard: &DesiredGuard) -> BTreeSet<String> {
    refused(view, guard, InForce::of(view, guard).as_ref())
}

/// Rails that somebody changed and that come back, with what they will refuse then, a line for each.
pub(crate) fn refused_again(view: &View<'_>, steps: &[Step]) -> Vec<String> {
    let written = steps.iter().filter_map(|step| step.action.written_guard());
    let guards = written.filter_map(|object| view.bundle.guards.get(&object.name));
    let again = guards.filter(|guard| was_tried(view, guard));
    let told = again.filter_map(|guard| {
        let who = refused(view, guard, None);
        (!who.is_empty()).then(|| {
            format!(
                "guard rail `{}` comes back as it was, and refuses new pods of {}",
                guard.name(),
                listed(who.iter().map(String::as_str))
            )
        })
    });
    told.collect()
}

fn refused(
    view: &View<'_>,
    guard: &DesiredGuard,
    in_force: Option<&InForce<'_>>,
) -> BTreeSet<String> {
    let Some(pool) = pool_of(view, guard) else {
        return BTreeSet::new();
    };
    let (Some(pods), Some(templates)) =
        (view.observed.pods.known(), view.observed.templates.known())
    else {
        return ["pods or workloads that could not be read".to_owned()].into();
    };
    let newly = |namespace: &str, daemon_set: Option<&str>| {
        !in_force.is_some_and(|rail| rail.refuses(namespace, daemon_set))
    };
    let newly_of = |template: &Template| newly(&template.namespace, daemon_set_of(template));
    if guard.rail == Rail::Pods {
        let known: BTreeSet<(&str, &str)> = templates.iter().map(place).collect();
        let stray = |pod: &&LivePod| is_stray_pod(view, pool, pod, is_of(&known, pod));
        let pods = pods.iter().filter(stray);
        let pods = pods.filter(|pod| newly(&pod.namespace, pod.daemon_set()));
        let templates = templates
            .iter()
            .filter(|one| is_stray_template(view, pool, one));
        let templates = templates.filter(|one| newly_of(one)).map(told_template);
        return pods.map(told_pod).chain(templates).collect();
    }
    if guard.rail == Rail::DaemonSets {
        let (key, value) = &pool.label;
        let lacking = templates.iter().filter(|template| {
            daemon_set_of(template).is_some()
                && is_pinned(view, pool, &template.namespace)
                && template.node_selector.get(key) != Some(value)
        });
        return lacking
            .filter(|one| newly_of(one))
            .map(told_template)
            .collect();
    }
    BTreeSet::new()
}

/// What to do about them.
pub(super) fn mend(view: &View<'_>, guard: &DesiredGuard) -> String {
    let Some(pool) = pool_of(view, guard) else {
        return String::new();
    };
    if guard.rail == Rail::DaemonSets {
        let (key, value) = &pool.label;
        return format!("write `{key}: {value}` under `nodeSelector` of their pod templates");
    }
    format!(
        "remove `nodeName` and what tolerates `{}` from them, or list DaemonSets under `guests` of NodePool `{}`",
        pool.taint.key, pool.name
    )
}

/// Whether the rail about pods of a pool sees the pods of a namespace.
fn is_outside(view: &View<'_>, pool: &NodePool, namespace: &str) -> bool {
    let in_pool = view
        .wanted_namespace(namespace)
        .is_some_and(|wanted| pool.zones.contains(&wanted.zone));
    let mut system = view.bundle.system_namespaces.iter();
    let is_system =
        keys::NEVER_HELD_UP.contains(&namespace) || system.any(|name| name.as_str() == namespace);
    !in_pool && !is_system
}

pub(crate) fn is_guest(pool: &NodePool, namespace: &str, daemon_set: &str) -> bool {
    pool.guests
        .iter()
        .any(|guest| guest.namespace.as_str() == namespace && guest.daemon_set == daemon_set)
}

/// Whether a pod that takes the place of this one would be refused. Of what a workload is known to make, its template
/// tells; but for what is added to pods when they are made, if it is not by the pin of the pool.
fn is_stray_pod(view: &View<'_>, pool: &NodePool, pod: &LivePod, is_known: bool) -> bool {
    let guest = pod
        .daemon_set()
        .is_some_and(|name| is_guest(pool, &pod.namespace, name));
    let pinned = pin_toleration(pool);
    let tolerations = pod
        .tolerations
        .iter()
        .filter(|one| !is_known || **one != pinned);
    let tolerations: Vec<Toleration> = tolerations.cloned().collect();
    !pod.is_mirror()
        && !guest
        && !pod.finished
        && is_outside(view, pool, &pod.namespace)
        && may_tolerate(&tolerations, pool)
}

/// As the pin of a pool writes it into pods.
fn pin_toleration(pool: &NodePool) -> Toleration {
    Toleration {
        key: Some(pool.taint.key.clone()),
        operator: Some("Equal".to_owned()),
        value: Some(pool.taint.value.clone()),
        ..Toleration::default()
    }
}

fn is_stray_template(view: &View<'_>, pool: &NodePool, template: &Template) -> bool {
    let daemon_set = daemon_set_of(template);
    let guest = daemon_set.is_some_and(|name| is_guest(pool, &template.namespace, name));
    let bound = template
        .node_name
        .as_ref()
        .is_some_and(|name| !name.is_empty());
    is_outside(view, pool, &template.namespace)
        && (bound || (!guest && may_tolerate(&template.tolerations, pool)))
}

fn daemon_set_of(template: &Template) -> Option<&str> {
    template.workload.strip_prefix("DaemonSet/")
}
