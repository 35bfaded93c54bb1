//! The bundle, put together.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::diagnostic::Remark;
use cofferdam_model::model::Model;
use cofferdam_model::zone::Enforcement;
use cofferdam_state::bundle::{Bundle, DesiredNamespace};
use cofferdam_state::digest::short_digest;

use crate::backend::{Backend, Scope};
use crate::guards::{Ground, guards};
use crate::members::members;
use crate::namespaces::{self, desired_namespaces};
use crate::network_policy::NetworkPolicyBackend;
use crate::pools::pools;

/// A bundle and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The bundle.
    pub bundle: Bundle,
    /// What could not be expressed, or is worth knowing; sorted, without duplicates.
    pub remarks: Vec<Remark>,
}

/// Compiles the bundle of a cluster; `None` where the cluster belongs to no trust domain.
///
/// Without `capabilities` DNS is assumed where kubeadm puts it, namespaces are those that the model
/// names, and whatever needs to know more is an error among the remarks.
pub fn compile(
    model: &Model,
    cluster: &Cluster,
    capabilities: Option<&Capabilities>,
) -> Option<Compiled> {
    let domain = model.trust_domain_of(cluster)?;
    let members = members(model, cluster, capabilities);
    let scope = Scope {
        model,
        cluster,
        domain,
        capabilities,
        members: &members,
    };
    let policies = NetworkPolicyBackend.compile(&scope);
    let mut remarks = policies.remarks;
    remarks.extend(namespaces::remarks(&scope));
    remarks.sort();
    remarks.dedup();
    let pools = pools(&scope);
    let staged = pools
        .iter()
        .filter(|(_, level)| *level == Enforcement::Stage);
    let namespaces = desired_namespaces(&scope);
    let system_namespaces = system_namespaces(model, capabilities, &members);
    let guards = guards(&Ground {
        scope: &scope,
        namespaces: &namespaces,
        pools: &pools,
        system_namespaces: &system_namespaces,
    });
    let mut bundle = Bundle {
        cluster: cluster.name.clone(),
        instance: model.instance.clone(),
        trust_domain: domain.name.clone(),
        revision: model.revision.clone(),
        hash: String::new(),
        namespaces,
        policies: policies.policies,
        held_open: policies.held_open,
        pools: pools.iter().map(|(pool, _)| (*pool).clone()).collect(),
        staged_pools: staged.map(|(pool, _)| pool.name.clone()).collect(),
        system_namespaces,
        guards,
        guarded_by: cluster.guards.clone(),
    };
    bundle.hash = hash(&bundle);
    Some(Compiled { bundle, remarks })
}

fn system_namespaces(
    model: &Model,
    capabilities: Option<&Capabilities>,
    members: &crate::members::Members<'_>,
) -> BTreeSet<cofferdam_model::names::NamespaceName> {
    let live = capabilities
        .into_iter()
        .flat_map(|capabilities| capabilities.namespaces.keys());
    live.filter(|name| model.is_system_namespace(name.as_str(), capabilities))
        .filter(|name| !members.contains_key(*name))
        .cloned()
        .collect()
}

/// The hash of everything that the cluster must hold.
fn hash(bundle: &Bundle) -> String {
    let namespaces: BTreeMap<String, String> = bundle
        .namespaces
        .iter()
        .map(|(name, namespace)| (name.to_string(), namespace_text(namespace)))
        .collect();
    let mut text = format!(
        "{}\n{}\n{namespaces:?}\n{:?} {:?}\n",
        bundle.instance, bundle.trust_domain, bundle.pools, bundle.staged_pools
    )
    .into_bytes();
    for policy in bundle.policies.values() {
        // Writing to memory cannot fail.
        serde_json::to_writer(&mut text, &*policy.object).ok();
        text.push(b'\n');
    }
    for guard in bundle.guards.values() {
        for object in [&guard.policy, guard.binding(guard.level)] {
            text.extend_from_slice(object.manifest().to_string().as_bytes());
            text.push(b'\n');
        }
    }
    short_digest(&text)
}

fn namespace_text(namespace: &DesiredNamespace) -> String {
    format!(
        "{:?} {:?} {}",
        namespace.labels, namespace.labels_if_absent, namespace.create
    )
}
