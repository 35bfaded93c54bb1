//! Does every step stay within what the bundle governs?

use std::collections::BTreeSet;

use cofferdam_model::capabilities::Capabilities;
use cofferdam_objects::key::Kind;
use cofferdam_objects::policy::peers;
use cofferdam_state::bundle::{Role, role_of};
use cofferdam_state::plan::{Action, ISOLATED_FIELD};
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::{Case, Refusal, refusal};

/// Built again here, so that a wrong list in the compiler does not pass.
const NEVER_TOUCHED: [&str; 3] = ["kube-node-lease", "kube-public", "kube-system"];

pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let known = case.observed.capabilities.known();
    let may_be_openshift = known.is_none_or(Capabilities::is_openshift);
    let with_policies = case.bundle.policies.keys().map(|(name, _)| name.as_str());
    let with_policies: BTreeSet<&str> = with_policies.collect();
    for step in &case.plan.steps {
        let object = step.action.object();
        let namespace = match object.kind {
            Kind::Namespace => Some(object.name.as_str()),
            Kind::NetworkPolicy => object.namespace.as_deref(),
            Kind::Node
            | Kind::ConfigMap
            | Kind::Lease
            | Kind::Pod
            | Kind::Service
            | Kind::Admission(_)
            | Kind::OtherPolicy(_)
            | Kind::Cluster => None,
        };
        let Some(namespace) = namespace else { continue };
        let in_zone = case.bundle.namespaces.contains_key(namespace);
        let system = NEVER_TOUCHED.contains(&namespace)
            || (may_be_openshift && namespace.starts_with("openshift-"))
            || case.bundle.system_namespaces.contains(namespace);
        if system && !in_zone {
            let message = format!("{object}: system namespace `{namespace}` is in no zone");
            refusals.push(refusal("system-namespace", message, ""));
        }
        let isolated = with_policies.contains(namespace);
        let released = || takes_back(&step.action) && was_isolated(case, namespace);
        if !in_zone && !isolated && !released() {
            let message = format!("{object}: namespace `{namespace}` is not in the bundle");
            refusals.push(refusal("out-of-scope", message, ""));
        }
        if let Action::CreatePolicy { object: policy }
        | Action::ReplacePolicy { object: policy, .. } = &step.action
            && bare_namespace_selector(policy)
        {
            let message = format!("{object}: a peer selects every namespace");
            refusals.push(refusal("bare-selector", message, ""));
        }
    }
    refusals
}

/// Whether an action belongs to taking back what is ours: deletions, and the open policy before them.
fn takes_back(action: &Action) -> bool {
    match action {
        Action::DeletePolicy { .. } | Action::DeleteOpened { .. } => true,
        Action::CreatePolicy { object } | Action::ReplacePolicy { object, .. } => {
            let name = object.metadata.name.as_deref().unwrap_or_default();
            matches!(role_of(name), Role::Open(_))
        }
        Action::CreateNamespace { .. }
        | Action::PatchNamespace { .. }
        | Action::PatchNode { .. }
        | Action::ReleasePolicy { .. }
        | Action::CreateGuard { .. }
        | Action::ReplaceGuard { .. }
        | Action::DeleteGuard { .. } => false,
    }
}

/// Whether the record says that the namespace was isolated as one that no zone held. What a zone left
/// behind stays until `detach`, whatever the policies there say of themselves: who may edit them is the one
/// whom they shut in.
fn was_isolated(case: &Case<'_>, namespace: &str) -> bool {
    case.observed
        .is_recorded_of_namespace(namespace, ISOLATED_FIELD)
}

fn bare_namespace_selector(policy: &NetworkPolicy) -> bool {
    peers(policy)
        .filter_map(|peer| peer.namespace_selector.as_ref())
        .any(cofferdam_objects::selector::is_empty)
}
