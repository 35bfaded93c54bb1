//! Nothing runs in the namespace of probes: whoever may try rails out there could otherwise start pods that
//! are let onto the nodes of a pool.

use cofferdam_objects::keys;
use cofferdam_state::guard::{Attempt, Rail};
use serde_json::json;

use super::cel;
use super::draft::{Draft, Effect, create, everywhere, named, rule};

/// Its name.
pub(super) const NAME: &str = "cofferdam-probes";

pub(super) fn rail() -> Draft {
    let mut matches = everywhere(rule("", &["pods"], &["CREATE"]));
    matches.namespace_selector = Some(named("In", [keys::PROBE_NAMESPACE]));
    Draft {
        rail: Rail::Probes,
        pool: None,
        name: NAME.to_owned(),
        matches,
        variables: Vec::new(),
        effect: Effect::Refuse {
            validations: vec![(
                "has(request.dryRun) && request.dryRun".to_owned(),
                "Cofferdam tries its guard rails out in this namespace; nothing runs here: use another \
                 namespace"
                    .to_owned(),
            )],
            spares_writers: false,
        },
        attempt: pod_attempt(NAME),
    }
}

/// Where pods go that try out a rail.
const PODS: &str = "/api/v1/namespaces/cofferdam-probe/pods";

/// Whether a pod is a probe of the rail of this name.
pub(super) fn is_probe_of(name: &str) -> String {
    format!(
        "request.namespace == {} && has(object.metadata.labels) && {probe} in object.metadata.labels \
         && object.metadata.labels[{probe}] == {}",
        cel::text(keys::PROBE_NAMESPACE),
        cel::text(name),
        probe = cel::text(keys::PROBE)
    )
}

/// An attempt to create a pod that would run: for rails that see pods.
pub(super) fn pod_attempt(name: &str) -> Attempt {
    create(name, PODS, probing_pod())
}

/// A pod that would run if it were meant to: allowed at the Pod Security level `restricted`.
pub(super) fn probing_pod() -> serde_json::Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65_534,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": "probe",
                "image": "cofferdam.invalid/probe",
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": { "drop": ["ALL"] },
                },
                "resources": {
                    "requests": { "cpu": "1m", "memory": "1Mi" },
                    "limits": { "cpu": "1m", "memory": "1Mi" },
                },
            }],
        },
    })
}
