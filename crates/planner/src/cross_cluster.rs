//! Clusters of one trust domain that should agree and do not.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::flow::{End, PodEnd};
use cofferdam_model::names::{ClusterName, TrustDomainName};
use cofferdam_objects::keys;
use cofferdam_state::finding::{CrossClusterFinding, NotCompared};

use crate::view::View;

/// Compares the clusters of each trust domain; a cluster that could not be read takes no part in
/// what could not be read of it.
pub fn compare(views: &[View<'_>], model: &Model) -> Vec<CrossClusterFinding> {
    let mut found = Vec::new();
    for (domain, views) in by_domain(views) {
        let mut subjects: BTreeMap<String, BTreeMap<ClusterName, String>> = BTreeMap::new();
        for view in &views {
            for (subject, value) in facts(view, model) {
                subjects
                    .entry(subject)
                    .or_default()
                    .insert(view.bundle.cluster.clone(), value);
            }
        }
        for (subject, mut values) in subjects {
            if subject.starts_with(FOREIGN) {
                for view in views
                    .iter()
                    .filter(|view| view.observed.policies.known().is_some())
                {
                    values
                        .entry(view.bundle.cluster.clone())
                        .or_insert_with(|| "absent".to_owned());
                }
            }
            if values.values().collect::<BTreeSet<_>>().len() > 1 {
                found.push(difference(domain, subject, values));
            }
        }
    }
    found
}

/// The clusters of which not everything could be compared, where there is another one to compare them
/// with: no difference that is named is no agreement then.
pub fn not_compared(views: &[View<'_>]) -> Vec<NotCompared> {
    let domains = by_domain(views).into_iter();
    domains
        .flat_map(|(domain, views)| views.into_iter().filter_map(|view| missed(domain, view)))
        .collect()
}

fn missed(domain: &TrustDomainName, view: &View<'_>) -> Option<NotCompared> {
    let seen = view.observed;
    let parts = [
        ("record", seen.record.known().is_some()),
        ("namespaces", seen.namespaces.known().is_some()),
        ("nodes", seen.nodes.known().is_some()),
        ("NetworkPolicies", seen.policies.known().is_some()),
        ("pods", seen.pods.known().is_some()),
    ];
    let cluster = &view.bundle.cluster;
    let unread = parts.iter().filter(|(_, known)| !known);
    let unread: Vec<&str> = unread.map(|(part, _)| *part).collect();
    if unread.is_empty() {
        return None;
    }
    let message = if unread.len() == parts.len() && seen.uid.known().is_none() {
        format!("not compared: cluster `{cluster}` was not reached")
    } else {
        let unread = unread.join(", ");
        format!("not compared: {unread} of cluster `{cluster}`, which could not be read")
    };
    Some(NotCompared {
        trust_domain: domain.clone(),
        cluster: cluster.clone(),
        message,
    })
}

/// The trust domains of which there is more than one cluster to look at.
fn by_domain<'a, 'b>(views: &'a [View<'b>]) -> BTreeMap<&'a TrustDomainName, Vec<&'a View<'b>>> {
    let mut by_domain: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for view in views {
        let domain = &view.bundle.trust_domain;
        by_domain.entry(domain).or_default().push(view);
    }
    by_domain.retain(|_, views| views.len() > 1);
    by_domain
}

fn difference(
    domain: &TrustDomainName,
    subject: String,
    values: BTreeMap<ClusterName, String>,
) -> CrossClusterFinding {
    let shown: Vec<String> = values
        .iter()
        .map(|(cluster, value)| format!("{cluster}: {value}"))
        .collect();
    CrossClusterFinding {
        trust_domain: domain.clone(),
        message: format!("{subject} differs: {}", shown.join("; ")),
        subject,
        values: values.into_iter().collect(),
        waiver: None,
    }
}

const FOREIGN: &str = "foreign policy ";

/// What should be the same in every cluster of a trust domain, as this one has it.
fn facts(view: &View<'_>, model: &Model) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    facts.extend(revision(view));
    facts.extend(namespaces(view));
    facts.extend(pools(view));
    facts.extend(foreign(view));
    facts.extend(workloads(view, model));
    facts
}

/// The revision that was applied; bundles differ by addresses, so their hashes are not compared.
fn revision(view: &View<'_>) -> Option<(String, String)> {
    view.observed.record.known()?;
    let applied = view
        .record()
        .map_or("none", |record| record.revision.as_str());
    let applied = if applied.is_empty() { "none" } else { applied };
    Some(("bundle revision".to_owned(), applied.to_owned()))
}

fn namespaces(view: &View<'_>) -> Vec<(String, String)> {
    let Some(live) = view.observed.namespaces.known() else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    for (name, wanted) in &view.bundle.namespaces {
        let Some(namespace) = live.get(name.as_str()) else {
            continue;
        };
        let level = wanted.enforcement.as_str().to_owned();
        facts.push((format!("enforcement of namespace {name}"), level));
        for key in [
            keys::POD_SECURITY_ENFORCE,
            keys::POD_SECURITY_WARN,
            keys::POD_SECURITY_AUDIT,
        ] {
            let value = namespace
                .labels
                .get(key)
                .cloned()
                .unwrap_or_else(|| "none".to_owned());
            let word = key.rsplit('/').next().unwrap_or(key);
            facts.push((format!("pod security {word} of namespace {name}"), value));
        }
    }
    facts
}

fn pools(view: &View<'_>) -> Vec<(String, String)> {
    let Some(nodes) = view.observed.nodes.known() else {
        return Vec::new();
    };
    let has_nodes = |pool: &cofferdam_model::node_pool::NodePool| {
        nodes
            .iter()
            .any(|(name, node)| pool.selects(name, &node.labels, &node.provider_id))
    };
    let word = |pool| {
        if has_nodes(pool) {
            "has nodes"
        } else {
            "has no node"
        }
    };
    let pools = view.bundle.pools.iter();
    pools
        .map(|pool| (format!("node pool {}", pool.name), word(pool).to_owned()))
        .collect()
}

fn foreign(view: &View<'_>) -> Vec<(String, String)> {
    if view.observed.record.known().is_none() {
        return Vec::new();
    }
    view.policies()
        .filter(|((namespace, _), _)| view.wanted_namespace(namespace).is_some())
        .filter(|((namespace, name), _)| !view.is_ours(namespace, name))
        .map(|((namespace, name), _)| {
            (format!("{FOREIGN}{namespace}/{name}"), "present".to_owned())
        })
        .collect()
}

/// For each flow end with a workload selector: whether it matches a pod here.
fn workloads(view: &View<'_>, model: &Model) -> Vec<(String, String)> {
    let Some(pods) = view.observed.pods.known() else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    for flow in model.flows.values() {
        for (word, end) in [("source", &flow.from), ("destination", &flow.to)] {
            let End::Pods(end) = end else { continue };
            let Some(workload) = &end.workload else {
                continue;
            };
            if !exists_here(view, end) {
                continue;
            }
            let matched = pods.iter().any(|pod| {
                let in_end = view.wanted_namespace(&pod.namespace).is_some_and(|wanted| {
                    end.zones.contains(&wanted.zone)
                        && (end.namespaces.is_empty()
                            || end.namespaces.contains(pod.namespace.as_str()))
                });
                in_end && workload.matches(&pod.labels)
            });
            let value = if matched {
                "matches pods"
            } else {
                "matches no pod"
            };
            facts.push((
                format!("{word} workload of flow {}", flow.name),
                value.to_owned(),
            ));
        }
    }
    facts
}

fn exists_here(view: &View<'_>, end: &PodEnd) -> bool {
    view.bundle
        .namespaces
        .values()
        .any(|wanted| end.zones.contains(&wanted.zone))
}
