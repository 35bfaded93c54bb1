//! Cluster documents.

use std::collections::BTreeSet;

use cofferdam_model::cluster::{
    Access, Cluster, Delivery, Guards, IngressSource, Limits, Mode, Network,
};
use cofferdam_model::names::ClusterName;

use crate::finding::Reporter;
use crate::raw::cluster as raw;
use crate::raw::{ClusterMetadata, Document};
use crate::resolve::address::cidrs;
use crate::resolve::label::labels;

/// Reads a cluster; `file` is the path of its document.
pub(crate) fn cluster(
    reporter: &mut Reporter<'_>,
    document: &Document<ClusterMetadata, raw::ClusterSpec>,
    file: &str,
) -> Option<Cluster> {
    let name = reporter.name("metadata.name", &document.metadata.name, ClusterName::parse);
    let labels = labels(reporter, "metadata.labels", &document.metadata.labels);
    let raw::ClusterSpec {
        access,
        identity,
        mode,
        delivery,
        network,
        guards,
        audit,
        limits,
    } = &document.spec;
    let access = read_access(reporter, access, file);
    let uid = identity.as_ref().map(|identity| identity.uid.clone());
    if uid.as_deref().is_some_and(str::is_empty) {
        reporter.error("spec.identity.uid", "empty-text", "the UID is empty");
    }
    let network = read_network(reporter, network);
    let guards = read_guards(reporter, guards);
    Some(Cluster {
        name: name?,
        labels: labels?,
        access: access?,
        uid,
        mode: match mode {
            raw::Mode::ReadOnly => Mode::ReadOnly,
            raw::Mode::Manage => Mode::Manage,
        },
        delivery: match delivery {
            raw::Delivery::Push => Delivery::Push,
            raw::Delivery::Gitops => Delivery::Gitops,
        },
        network: network?,
        guards: guards?,
        audit_file: audit.as_ref().map(|audit| beside(file, &audit.file)),
        limits: Limits {
            requests_per_second: limits.requests_per_second,
            in_flight: limits.in_flight,
        },
    })
}

fn read_access(reporter: &mut Reporter<'_>, raw: &raw::Access, file: &str) -> Option<Access> {
    let raw::Access {
        kubeconfig,
        context,
        allow_exec,
    } = raw;
    let mut good = true;
    if kubeconfig.is_empty() {
        reporter.error("spec.access.kubeconfig", "empty-text", "the path is empty");
        good = false;
    }
    for (index, plugin) in allow_exec.iter().enumerate() {
        if !plugin.starts_with('/') || plugin.split('/').any(|part| part == "..") {
            let path = format!("spec.access.allowExec[{index}]");
            let message = format!("`{plugin}` is not an absolute path");
            let hint = "exec plugins run with your rights: name the file exactly";
            reporter.error(&path, "not-absolute", message).hint(hint);
            good = false;
        }
    }
    good.then(|| Access {
        kubeconfig: beside(file, kubeconfig),
        context: context.clone(),
        allow_exec: allow_exec.iter().cloned().collect::<BTreeSet<_>>(),
    })
}

/// A path as seen from the directory of the document that names it.
pub(crate) fn beside(file: &str, path: &str) -> String {
    if path.starts_with('/') || path.starts_with("~/") {
        return path.to_owned();
    }
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    let root = if directory.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("{root}{}", parts.join("/"))
}

fn read_network(reporter: &mut Reporter<'_>, raw: &raw::Network) -> Option<Network> {
    let raw::Network {
        pod_cidrs,
        node_cidrs,
        load_balancer_cidrs,
        egress_cidrs,
        exposed_cidrs,
        pod_addresses_routed,
        ingress_source,
        control_plane_cidrs,
    } = raw;
    let mut read = |field: &str, raw| cidrs(reporter, &format!("spec.network.{field}"), raw);
    let pods = read("podCidrs", pod_cidrs);
    let nodes = read("nodeCidrs", node_cidrs);
    let load_balancers = read("loadBalancerCidrs", load_balancer_cidrs);
    let egress = read("egressCidrs", egress_cidrs);
    let exposed = read("exposedCidrs", exposed_cidrs);
    let control_plane = read("controlPlaneCidrs", control_plane_cidrs);
    Some(Network {
        pod_cidrs: pods?,
        node_cidrs: nodes?,
        load_balancer_cidrs: load_balancers?,
        egress_cidrs: egress?,
        exposed_cidrs: exposed?,
        pod_addresses_routed: *pod_addresses_routed,
        ingress_source: match ingress_source {
            raw::IngressSource::Client => IngressSource::Client,
            raw::IngressSource::Node => IngressSource::Node,
            raw::IngressSource::LoadBalancer => IngressSource::LoadBalancer,
        },
        control_plane_cidrs: control_plane?,
    })
}

fn read_guards(reporter: &mut Reporter<'_>, raw: &raw::Guards) -> Option<Guards> {
    let raw::Guards {
        writers,
        break_glass,
    } = raw;
    let mut good = true;
    for (field, entries) in [("writers", writers), ("breakGlass", break_glass)] {
        for (index, entry) in entries.iter().enumerate() {
            let name = entry
                .strip_prefix("user:")
                .or_else(|| entry.strip_prefix("group:"));
            if name.is_none_or(str::is_empty) {
                let path = format!("spec.guards.{field}[{index}]");
                let message = format!("`{entry}` is neither `user:NAME` nor `group:NAME`");
                reporter.error(&path, "invalid-subject", message);
                good = false;
            }
        }
    }
    good.then(|| Guards {
        writers: writers.clone(),
        break_glass: break_glass.clone(),
    })
}
