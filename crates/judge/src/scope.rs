//! Does every step stay within what the bundle governs?

use cofferdam_objects::key::Kind;
use cofferdam_objects::policy::peers;
use cofferdam_state::plan::Action;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::{Case, Refusal, refusal};

/// Built again here, so that a wrong list in the compiler does not pass.
const NEVER_TOUCHED: [&str; 3] = ["kube-node-lease", "kube-public", "kube-system"];

pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for step in &case.plan.steps {
        let object = step.action.object();
        let namespace = match object.kind {
            Kind::Namespace => Some(object.name.as_str()),
            Kind::NetworkPolicy => object.namespace.as_deref(),
            Kind::Node
            | Kind::ConfigMap
            | Kind::Pod
            | Kind::Service
            | Kind::OtherPolicy(_)
            | Kind::Cluster => None,
        };
        let Some(namespace) = namespace else { continue };
        let in_zone = case.bundle.namespaces.contains_key(namespace);
        let system = NEVER_TOUCHED.contains(&namespace)
            || namespace.starts_with("openshift-")
            || case.bundle.system_namespaces.contains(namespace);
        if system && !in_zone {
            let message = format!("{object}: system namespace `{namespace}` is in no zone");
            refusals.push(refusal("system-namespace", message, ""));
        }
        let isolated = case
            .bundle
            .policies
            .keys()
            .any(|(name, _)| name.as_str() == namespace);
        if !in_zone && !isolated {
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

fn bare_namespace_selector(policy: &NetworkPolicy) -> bool {
    peers(policy)
        .filter_map(|peer| peer.namespace_selector.as_ref())
        .any(cofferdam_objects::selector::is_empty)
}
