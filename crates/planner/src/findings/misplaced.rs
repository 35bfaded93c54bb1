//! `misplaced-pod`: pods of a pool's zones on other nodes, and others on nodes of a pool.
//!
//! Neither a taint nor a pin moves a pod that runs: it takes a restart.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::names::{NamespaceName, ZoneName};
use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Effect, Finding};
use cofferdam_state::observed::LivePod;

use super::nodes::may_tolerate;
use super::unpinned::by_hand;
use super::{Judged, finding};
use crate::guards::{can_pin, is_guest, is_pinned};
use crate::pools::nodes;
use crate::view::View;
use cofferdam_model::count::listed;

/// For each pool that is dedicated, one finding per namespace and direction.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let (Some(pods), Some(_)) = (view.observed.pods.known(), view.observed.nodes.known()) else {
        return Vec::new();
    };
    let dedicated = view.bundle.pools.iter();
    let dedicated = dedicated.filter(|pool| view.bundle.is_pool_tainted(pool));
    dedicated
        .flat_map(|pool| {
            let members = members(view, pool);
            let running = || pods.iter().filter(|pod| !pod.finished);
            let mut away = Places::new();
            let mut strangers = Places::new();
            for pod in running() {
                let Some(node) = &pod.node else { continue };
                let on_pool = members.contains(node.as_str());
                if !on_pool && is_pinned(view, pool, &pod.namespace) && !pod.is_mirror() {
                    away.entry(&pod.namespace).or_default().push(pod);
                }
                if on_pool && !belongs(view, pool, pod) {
                    strangers.entry(&pod.namespace).or_default().push(pod);
                }
            }
            let away = away
                .into_iter()
                .map(|place| off_the_pool(view, pool, place));
            let strangers = strangers.into_iter();
            let strangers = strangers.map(|place| on_the_pool(view, pool, place));
            away.chain(strangers).collect::<Vec<_>>()
        })
        .collect()
}

/// Pods by namespace.
type Places<'a> = BTreeMap<&'a str, Vec<&'a LivePod>>;

/// The nodes of a pool; one that another pool selects too is nobody's.
fn members<'a>(view: &'a View<'a>, pool: &NodePool) -> BTreeSet<String> {
    let all = nodes(view);
    all.filter(|node| node.is_only_in(pool))
        .map(|node| node.object.name)
        .collect()
}

/// Whether a pod may run on a pool: of its zones, a guest, part of the node, or what the cluster itself runs
/// on every node.
fn belongs(view: &View<'_>, pool: &NodePool, pod: &LivePod) -> bool {
    let namespace = pod.namespace.as_str();
    let in_zone = view
        .wanted_namespace(namespace)
        .is_some_and(|wanted| pool.zones.contains(&wanted.zone));
    let daemon_set = match &pod.owner {
        Some((kind, name)) if kind == "DaemonSet" => Some(name),
        Some(_) | None => None,
    };
    let is_system = NamespaceName::parse(namespace)
        .is_ok_and(|namespace| view.bundle.system_namespaces.contains(&namespace));
    let by_right = daemon_set.is_some_and(|name| is_system || is_guest(pool, namespace, name));
    in_zone || by_right || pod.is_mirror()
}

fn off_the_pool(
    view: &View<'_>,
    pool: &NodePool,
    (namespace, pods): (&str, Vec<&LivePod>),
) -> Finding {
    let told = told(&pods);
    let message = format!(
        "{} of pool `{}`'s zones on other nodes: {}",
        counted(pods.len()),
        pool.name,
        listed(told.iter().map(String::as_str))
    );
    let hint = if can_pin(view, pool) {
        format!(
            "restart them once the pin is in force: {}",
            restarts(namespace, &pods)
        )
    } else {
        format!("nothing pins them here: {}", by_hand(pool))
    };
    misplaced(view, namespace, message, &hint)
}

fn on_the_pool(
    view: &View<'_>,
    pool: &NodePool,
    (namespace, pods): (&str, Vec<&LivePod>),
) -> Finding {
    let told = told(&pods);
    let message = format!(
        "{} on nodes of pool `{}`, which is dedicated to other zones: {}",
        counted(pods.len()),
        pool.name,
        listed(told.iter().map(String::as_str))
    );
    let tolerant = pods.iter().any(|pod| may_tolerate(&pod.tolerations, pool));
    let first = if tolerant {
        format!(
            "take the toleration of `{}` away, or list a DaemonSet under `guests` of NodePool `{}`; then ",
            pool.taint.key, pool.name
        )
    } else {
        String::new()
    };
    let hint = format!(
        "{first}restart them once the nodes are tainted: {}",
        restarts(namespace, &pods)
    );
    misplaced(view, namespace, message, &hint)
}

fn misplaced(view: &View<'_>, namespace: &str, message: String, hint: &str) -> Finding {
    let zone: Option<&ZoneName> = view.wanted_namespace(namespace).map(|wanted| &wanted.zone);
    let object = ObjectKey::namespace(namespace);
    finding(view, Class::MisplacedPod, object, message)
        .with_effect(Effect::None, None)
        .in_zone(zone)
        .with_hint(hint)
}

fn counted(pods: usize) -> String {
    match pods {
        1 => "1 pod runs".to_owned(),
        pods => format!("{pods} pods run"),
    }
}

/// Workloads with how many of their pods; pods by themselves.
fn told(pods: &[&LivePod]) -> Vec<String> {
    let mut by_workload: BTreeMap<String, usize> = BTreeMap::new();
    for pod in pods {
        let name = match &pod.workload {
            Some((kind, name)) => format!("{kind}/{}/{name}", pod.namespace),
            None => format!("Pod/{}/{}", pod.namespace, pod.name),
        };
        *by_workload.entry(name).or_default() += 1;
    }
    let told = by_workload.into_iter().map(|(name, pods)| match pods {
        1 => name,
        pods => format!("{name} ({pods})"),
    });
    told.collect()
}

/// The commands that have pods made anew.
fn restarts(namespace: &str, pods: &[&LivePod]) -> String {
    let commands: BTreeSet<String> = pods
        .iter()
        .map(|pod| match &pod.workload {
            Some((kind, name)) if ROLLED.contains(&kind.as_str()) => {
                let kind = kind.to_lowercase();
                format!("`kubectl -n {namespace} rollout restart {kind}/{name}`")
            }
            Some(_) | None => format!("`kubectl -n {namespace} delete pod {}`", pod.name),
        })
        .collect();
    listed(commands.iter().map(String::as_str))
}

/// What `kubectl rollout restart` knows.
const ROLLED: [&str; 3] = ["DaemonSet", "Deployment", "StatefulSet"];
