//! Node pools, from taints that dedicate nodes and labels of clouds.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::node_pool::CLOUD_POOL_LABELS;
use k8s_openapi::api::core::v1::{Taint, Toleration};
use serde_json::{Value, json};

use super::draft::{Draft, Names};
use super::flows::NAMED;
use super::notes::Notes;
use super::zones::Zones;
use super::{Scene, SeenNode, SeenPod};
use crate::resolve::node_pool::is_of_kubernetes;

/// Beginnings of the keys of taints that tell a state or a part of a cluster, and dedicate nothing.
const NOT_DEDICATED: [&str; 5] = [
    "node.cilium.io/",
    "karpenter.sh/",
    "cofferdam.io/",
    "ToBeDeletedByClusterAutoscaler",
    "DeletionCandidateOfClusterAutoscaler",
];

/// Nodes that belong together.
struct Group<'a> {
    /// What they are called after.
    word: String,
    /// What they have in common, for people.
    told: String,
    taint: Option<&'a Taint>,
    nodes: BTreeMap<&'a str, &'a SeenNode>,
}

/// The pools. One of which it is not sure what it is for is a comment.
pub(super) fn drafts(scene: &Scene<'_>, zones: &Zones, notes: &mut Notes) -> Vec<Draft> {
    let Some(all) = &scene.live.nodes else {
        return Vec::new();
    };
    let mut free = Names::taken(scene.model.node_pools.keys().map(AsRef::as_ref));
    let mut pooled: BTreeSet<String> = BTreeSet::new();
    let mut drafts = Vec::new();
    for group in groups(all) {
        let object = format!("Nodes/{}", group.told);
        if let Some(pool) = pool_in_model(scene, &group) {
            notes.unmapped(object, format!("in pool `{pool}` of the model already"));
            continue;
        }
        let name = free.free(&group.word, &scene.cluster.name);
        let (users, doubt) = users(scene, zones, &group);
        let twice = users.iter().find(|zone| pooled.contains(*zone));
        let doubt = doubt.or_else(|| twice.map(|zone| format!("zone `{zone}` has another pool")));
        if let Some(doubt) = &doubt {
            let reason = format!("pool `{name}` is left as a comment: {doubt}");
            notes.unmapped(object, reason);
        } else {
            pooled.extend(users.iter().cloned());
            for node in group.nodes.keys() {
                notes.mapped(&format!("Node/{node}"), format!("NodePool/{name}"));
            }
        }
        let spec = spec(scene, zones, (&group, all), &users);
        drafts.push(Draft {
            kind: "NodePool",
            name,
            remarks: vec![
                format!("nodes with {}", group.told),
                "review: `zones`, and that nothing else may run there; labels are set from `stage` on, taints from `enforce` on".to_owned(),
            ],
            spec,
            inactive: doubt,
        });
    }
    tell_rest(all, notes);
    drafts
}

/// By the taint that dedicates them, and by the pool labels of clouds where no taint does.
fn groups(nodes: &BTreeMap<String, SeenNode>) -> Vec<Group<'_>> {
    let mut tainted: BTreeMap<(&str, &str, &str), Group<'_>> = BTreeMap::new();
    let mut labelled: BTreeMap<(&str, &str), Group<'_>> = BTreeMap::new();
    for (name, node) in nodes {
        for taint in node.taints.iter().filter(|taint| dedicates(taint)) {
            let value = taint.value.as_deref().unwrap_or_default();
            let key = (taint.key.as_str(), value, taint.effect.as_str());
            let short = taint.key.rsplit('/').next().unwrap_or_default();
            let word = if value.is_empty() || value == "true" {
                short
            } else {
                value
            };
            let group = tainted.entry(key).or_insert_with(|| Group {
                word: word.to_owned(),
                told: format!("taint {}={value}:{}", taint.key, taint.effect),
                taint: Some(taint),
                nodes: BTreeMap::new(),
            });
            group.nodes.insert(name, node);
        }
        if !node.taints.iter().any(dedicates) {
            for key in CLOUD_POOL_LABELS {
                let Some(value) = node.labels.get(key).filter(|value| !value.is_empty()) else {
                    continue;
                };
                let group = labelled.entry((key, value)).or_insert_with(|| Group {
                    word: value.clone(),
                    told: format!("label {key}={value}"),
                    taint: None,
                    nodes: BTreeMap::new(),
                });
                group.nodes.insert(name, node);
            }
        }
    }
    tainted
        .into_values()
        .chain(labelled.into_values())
        .collect()
}

fn dedicates(taint: &Taint) -> bool {
    let not = NOT_DEDICATED
        .iter()
        .any(|start| taint.key.starts_with(start));
    !not && !is_of_kubernetes(&taint.key)
        && matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
}

fn pool_in_model<'a>(scene: &Scene<'a>, group: &Group<'_>) -> Option<&'a str> {
    let mut pools = scene.model.node_pools.values();
    let pool = pools.find(|pool| {
        let mut nodes = group.nodes.iter();
        pool.trust_domains.contains(&scene.domain.name)
            && nodes.any(|(name, node)| pool.selects(name, &node.labels, &node.provider_id))
    });
    pool.map(|pool| pool.name.as_str())
}

/// The zones that a group is for, and why that is not sure.
fn users(
    scene: &Scene<'_>,
    zones: &Zones,
    group: &Group<'_>,
) -> (BTreeSet<String>, Option<String>) {
    let Some(pods) = &scene.live.pods else {
        return (BTreeSet::new(), Some("pods could not be read".to_owned()));
    };
    let zone_of = |pod: &SeenPod| zones.of.get(&pod.namespace);
    let is_here = |pod: &SeenPod| {
        let node = pod.node.as_deref();
        node.is_some_and(|node| group.nodes.contains_key(node))
    };
    let placed = || {
        pods.iter()
            .filter(|pod| pod.daemon_set.is_none() && pod.node.is_some())
    };
    let here: BTreeSet<String> = placed()
        .filter(|pod| is_here(pod))
        .filter_map(zone_of)
        .cloned()
        .collect();
    let Some(taint) = group.taint else {
        return (here, Some("no taint dedicates these nodes".to_owned()));
    };
    if here.is_empty() {
        let tolerant = pods.iter().filter(|pod| {
            pod.tolerations
                .iter()
                .any(|one| one.key.as_ref() == Some(&taint.key))
        });
        let tolerant: BTreeSet<String> = tolerant.filter_map(zone_of).cloned().collect();
        return (
            tolerant,
            Some("no pod of a drafted zone runs there".to_owned()),
        );
    }
    let stranger = placed().filter(|pod| is_here(pod)).find(|pod| {
        let left_out = zones.left_out.get(&pod.namespace);
        let system = scene
            .model
            .is_system_namespace(&pod.namespace, Some(&scene.live.capabilities));
        left_out.is_some() && !system
    });
    let elsewhere =
        placed().find(|pod| zone_of(pod).is_some_and(|zone| here.contains(zone)) && !is_here(pod));
    let intolerant = placed().find(|pod| {
        let own = zone_of(pod).is_some_and(|zone| here.contains(zone));
        own && !pod.tolerations.iter().any(|one| tolerates(one, taint))
    });
    let doubt = if let Some(pod) = stranger {
        Some(format!(
            "pods of namespace `{}` run there too, which is not drafted",
            pod.namespace
        ))
    } else if let Some(pod) = elsewhere {
        Some(format!(
            "pods of namespace `{}` run elsewhere too",
            pod.namespace
        ))
    } else {
        intolerant.map(|pod| {
            format!(
                "pods of namespace `{}` do not tolerate the taint",
                pod.namespace
            )
        })
    };
    (here, doubt)
}

/// As the scheduler compares them.
fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let key = toleration.key.as_deref().unwrap_or_default();
    let operator = toleration.operator.as_deref().unwrap_or_default();
    let exists = operator == "Exists";
    let value = ["", "Equal"].contains(&operator)
        && toleration.value.as_deref().unwrap_or_default()
            == taint.value.as_deref().unwrap_or_default();
    (effect.is_empty() || effect == taint.effect)
        && ((key.is_empty() && exists) || (key == taint.key && (exists || value)))
}

fn spec(
    scene: &Scene<'_>,
    zones: &Zones,
    (group, nodes): (&Group<'_>, &BTreeMap<String, SeenNode>),
    users: &BTreeSet<String>,
) -> Value {
    let mut spec = json!({
        "trustDomains": [scene.domain.name.as_str()],
        "nodes": [choice(group, nodes)],
        "zones": users,
    });
    let guests = guests(scene, zones, group, users);
    if let Some(fields) = spec.as_object_mut() {
        if let Some(taint) = group.taint {
            let value = taint.value.as_deref().unwrap_or_default();
            let taint = json!({ "key": taint.key, "value": value, "effect": taint.effect });
            fields.insert("taint".to_owned(), taint);
        }
        if !guests.is_empty() {
            fields.insert("guests".to_owned(), json!(guests));
        }
    }
    spec
}

/// A label that these nodes have and no others: one of a cloud, or one with the value of the taint; else
/// their names.
fn choice(group: &Group<'_>, nodes: &BTreeMap<String, SeenNode>) -> Value {
    let first = group.nodes.values().next();
    let value = group.taint.and_then(|taint| taint.value.as_deref());
    let labels = first.into_iter().flat_map(|node| &node.labels);
    let cloud = labels
        .clone()
        .filter(|(key, _)| CLOUD_POOL_LABELS.contains(&key.as_str()));
    let alike = labels.filter(|(key, one)| {
        Some(one.as_str()) == value && !one.is_empty() && key.as_str() != "kubernetes.io/hostname"
    });
    let mut labels = cloud.chain(alike);
    let exact = labels.find(|(key, value)| {
        nodes.iter().all(|(name, node)| {
            let has = node.labels.get(*key) == Some(value);
            has == group.nodes.contains_key(name.as_str())
        })
    });
    match exact {
        Some((key, value)) => json!({ "selector": { "matchLabels": { key: value } } }),
        None => json!({ "names": group.nodes.keys().collect::<Vec<_>>() }),
    }
}

/// DaemonSets of other namespaces that run there; those of system namespaces may in any case.
fn guests(
    scene: &Scene<'_>,
    zones: &Zones,
    group: &Group<'_>,
    users: &BTreeSet<String>,
) -> Vec<Value> {
    let known = &scene.live.capabilities;
    let here = scene.live.pods.iter().flatten().filter(|pod| {
        let node = pod.node.as_deref();
        let own = zones
            .of
            .get(&pod.namespace)
            .is_some_and(|zone| users.contains(zone));
        let system = scene.model.is_system_namespace(&pod.namespace, Some(known));
        !own && !system && node.is_some_and(|node| group.nodes.contains_key(node))
    });
    let sets: BTreeSet<(&str, &str)> = here
        .filter_map(|pod| Some((pod.namespace.as_str(), pod.daemon_set.as_deref()?)))
        .collect();
    sets.into_iter()
        .map(|(namespace, name)| json!({ "namespace": namespace, "daemonSet": name }))
        .collect()
}

/// Nodes that nothing groups.
fn tell_rest(nodes: &BTreeMap<String, SeenNode>, told: &mut Notes) {
    let labelled = |node: &SeenNode| {
        let mut values = CLOUD_POOL_LABELS.iter().map(|key| node.labels.get(*key));
        values.any(|value| value.is_some_and(|value| !value.is_empty()))
    };
    let rest = nodes
        .iter()
        .filter(|(_, node)| !labelled(node) && !node.taints.iter().any(dedicates));
    let rest: Vec<&str> = rest.map(|(name, _)| name.as_str()).collect();
    if rest.is_empty() {
        return;
    }
    let first: Vec<&str> = rest.iter().copied().take(NAMED).collect();
    let more = rest.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let reason = format!(
        "in no pool, as they have no label of a cloud's pools and no taint that dedicates them: {}{more}",
        first.join(", ")
    );
    told.unmapped("Nodes/others", reason);
}
