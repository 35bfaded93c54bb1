//! `NodePool` documents.

use cofferdam_model::names::{NamespaceName, PoolName, TrustDomainName, ZoneName};
use cofferdam_model::node_pool::{Guest, ManageTaint, NodeChoice, NodePool, Taint, TaintEffect};

use crate::finding::Reporter;
use crate::raw::node_pool as raw;
use crate::raw::{Document, Metadata};
use crate::resolve::label::{check_key, check_value, is_subdomain, selector};
use crate::resolve::names::Names;

/// Labels below cannot be set by a kubelet on its own node.
const NODE_RESTRICTION: &str = "node-restriction.kubernetes.io";

/// Below these, kubelets and cloud controllers write labels of nodes (Kubernetes, "Well-Known Labels").
const OF_KUBERNETES: [&str; 2] = ["kubernetes.io", "k8s.io"];

/// Reads a node pool.
pub(crate) fn node_pool(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, raw::NodePoolSpec>,
    names: &Names,
) -> Option<NodePool> {
    let text = &document.metadata.name;
    let name = reporter.name("metadata.name", text, PoolName::parse);
    let raw::NodePoolSpec {
        trust_domains,
        nodes,
        zones,
        guests,
        label,
        taint,
        manage,
    } = &document.spec;
    let reference = ("TrustDomain", trust_domains.as_slice());
    let path = "spec.trustDomains";
    let domains = names.references(reporter, path, reference, TrustDomainName::parse);
    let reference = ("Zone", zones.as_slice());
    let zones = names.references(reporter, "spec.zones", reference, ZoneName::parse);
    if nodes.is_empty() {
        reporter.error("spec.nodes", "empty-list", "the pool chooses no nodes");
    }
    let nodes: Vec<Option<NodeChoice>> = nodes
        .iter()
        .enumerate()
        .map(|(index, raw)| node_choice(reporter, &format!("spec.nodes[{index}]"), raw))
        .collect();
    let guests: Vec<Option<Guest>> = guests
        .iter()
        .enumerate()
        .map(|(index, raw)| guest(reporter, &format!("spec.guests[{index}]"), raw))
        .collect();
    let label = read_label(reporter, label.as_ref(), text);
    let taint = read_taint(reporter, taint.as_ref(), text);
    Some(NodePool {
        name: name?,
        trust_domains: domains?,
        nodes: nodes.into_iter().collect::<Option<_>>()?,
        zones: zones?,
        guests: guests.into_iter().collect::<Option<_>>()?,
        label: label?,
        taint: taint?,
        manage: manage.map(|manage| match manage {
            raw::ManageTaint::Patch => ManageTaint::Patch,
            raw::ManageTaint::Report => ManageTaint::Report,
        }),
    })
}

fn node_choice(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &raw::NodeChoice,
) -> Option<NodeChoice> {
    let raw::NodeChoice {
        selector: raw_selector,
        names,
        provider_ids,
    } = raw;
    match (raw_selector, names, provider_ids) {
        (Some(raw), None, None) => node_selector(reporter, &format!("{path}.selector"), raw),
        (None, Some(texts), None) => {
            texts_of(reporter, &format!("{path}.names"), texts).map(NodeChoice::Names)
        }
        (None, None, Some(texts)) => {
            texts_of(reporter, &format!("{path}.providerIds"), texts).map(NodeChoice::ProviderIds)
        }
        _ => {
            let message = "wanted exactly one of `selector`, `names` and `providerIds`";
            reporter.error(path, "node-choice", message);
            None
        }
    }
}

fn texts_of(reporter: &mut Reporter<'_>, path: &str, texts: &[String]) -> Option<Vec<String>> {
    let all = |text: &String| text.is_empty() || text.chars().all(|c| c == '*');
    if texts.is_empty() || texts.iter().any(all) {
        let message = "a pool never chooses nothing, or every node";
        reporter.error(path, "node-choice", message);
        return None;
    }
    Some(texts.to_vec())
}

fn node_selector(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &crate::raw::selector::LabelSelector,
) -> Option<NodeChoice> {
    let read = selector(reporter, path, raw)?;
    if read.is_empty() {
        reporter.error(path, "node-choice", "an empty selector takes in every node");
        return None;
    }
    if let Some(key) = read.keys().find(|key| !is_under(key, NODE_RESTRICTION)) {
        let message =
            format!("a kubelet may set `{key}` itself, and so move its node into the pool");
        let hint = format!("a label below `{NODE_RESTRICTION}/` cannot be set by a kubelet");
        reporter
            .notice(path, "pool-label-self-settable", message)
            .hint(hint);
    }
    Some(NodeChoice::Selector(read))
}

fn guest(reporter: &mut Reporter<'_>, path: &str, raw: &raw::Guest) -> Option<Guest> {
    let namespace = reporter.name(
        &format!("{path}.namespace"),
        &raw.namespace,
        NamespaceName::parse,
    );
    if !is_subdomain(&raw.daemon_set) {
        let message = format!(
            "`{}` is not a valid name: it is no DNS name",
            raw.daemon_set
        );
        reporter.error(&format!("{path}.daemonSet"), "invalid-name", message);
        return None;
    }
    Some(Guest {
        namespace: namespace?,
        daemon_set: raw.daemon_set.clone(),
    })
}

fn read_label(
    reporter: &mut Reporter<'_>,
    raw: Option<&raw::PoolLabel>,
    pool: &str,
) -> Option<(String, String)> {
    let written = |field: fn(&raw::PoolLabel) -> Option<&String>| raw.and_then(field).cloned();
    let key = written(|raw| raw.key.as_ref())
        .unwrap_or_else(|| format!("cofferdam.{NODE_RESTRICTION}/pool"));
    let value = written(|raw| raw.value.as_ref()).unwrap_or_else(|| pool.to_owned());
    let good = check_key(reporter, "spec.label.key", &key)
        & check_value(reporter, "spec.label.value", &value);
    if !good {
        return None;
    }
    if is_under(&key, NODE_RESTRICTION) {
        return Some((key, value));
    }
    if is_of_kubernetes(&key) {
        let message = format!(
            "kubelets and clouds write `{key}` themselves: the guard rail of nodes would stop them"
        );
        let hint = format!(
            "leave `label` out, or take a key below `{NODE_RESTRICTION}/` or a domain of your own"
        );
        let said = reporter.error("spec.label.key", "pool-label-of-kubernetes", message);
        said.hint(hint);
        return None;
    }
    let message = format!("a kubelet may set `{key}` itself, and so move its node into the pool");
    reporter.notice("spec.label.key", "pool-label-self-settable", message);
    Some((key, value))
}

/// Whether a key of a label or taint is one that Kubernetes itself, or what runs nodes, may write.
pub(crate) fn is_of_kubernetes(key: &str) -> bool {
    !is_under(key, NODE_RESTRICTION) && OF_KUBERNETES.iter().any(|domain| is_under(key, domain))
}

/// Whether the prefix of a key is a domain, or below it.
fn is_under(key: &str, domain: &str) -> bool {
    let prefix = key.split_once('/').map_or("", |(prefix, _)| prefix);
    let above = prefix.strip_suffix(domain);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

fn read_taint(
    reporter: &mut Reporter<'_>,
    raw: Option<&raw::PoolTaint>,
    pool: &str,
) -> Option<Taint> {
    let key = raw
        .and_then(|raw| raw.key.clone())
        .unwrap_or_else(|| "cofferdam.io/pool".to_owned());
    let value = raw
        .and_then(|raw| raw.value.clone())
        .unwrap_or_else(|| pool.to_owned());
    let good = check_key(reporter, "spec.taint.key", &key)
        & check_value(reporter, "spec.taint.value", &value);
    if is_of_kubernetes(&key) {
        let message = format!(
            "Kubernetes and installers write `{key}` themselves: the guard rail of nodes would stop them"
        );
        let hint = "leave `taint.key` out, or take a key of a domain of your own";
        let said = reporter.error("spec.taint.key", "pool-taint-of-kubernetes", message);
        said.hint(hint);
        return None;
    }
    let effect = match raw.map(|raw| raw.effect).unwrap_or_default() {
        raw::TaintEffect::NoSchedule => TaintEffect::NoSchedule,
        raw::TaintEffect::PreferNoSchedule => TaintEffect::PreferNoSchedule,
        raw::TaintEffect::NoExecute => TaintEffect::NoExecute,
    };
    good.then_some(Taint { key, value, effect })
}
