//! DaemonSets of a pool's zones ask for its nodes: the controller would make pods for every other node too,
//! which could never run there.

use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::keys;
use cofferdam_state::guard::Rail;
use serde_json::json;

use super::draft::{Draft, Effect, create, everywhere, named, pool_name, rule};
use super::probes::probing_pod;
use super::{Ground, cel};

const PATH: &str = "/apis/apps/v1/namespaces/cofferdam-probe/daemonsets";

/// In the names of rails of this kind.
pub(super) const WHAT: &str = "daemon-sets";

pub(super) fn rail(ground: &Ground<'_>, pool: &NodePool) -> Draft {
    let name = pool_name(WHAT, pool);
    let mut matches = everywhere(rule("apps", &["daemonsets"], &["CREATE", "UPDATE"]));
    let pinned = ground.pinned_namespaces_of(pool).into_iter();
    matches.namespace_selector = Some(named("In", pinned.chain([keys::PROBE_NAMESPACE])));
    let (key, value) = (&pool.label.0, &pool.label.1);
    let asks = format!(
        "has(object.spec.template.spec.nodeSelector) && {key} in object.spec.template.spec.nodeSelector \
         && object.spec.template.spec.nodeSelector[{key}] == {value}",
        key = cel::text(key),
        value = cel::text(value)
    );
    let mut probe = probing_pod();
    let spec = probe.pointer_mut("/spec").map(serde_json::Value::take);
    Draft {
        rail: Rail::DaemonSets,
        pool: Some(pool.clone()),
        matches,
        variables: vec![
            (
                "untouched",
                "request.operation == 'UPDATE' && object.spec == oldObject.spec".to_owned(),
            ),
            ("asks", asks),
            // Else it would refuse the probes of other pools, before their own rails can.
            (
                "elsewhere",
                format!(
                    "request.namespace == {}",
                    cel::text(keys::PROBE_NAMESPACE)
                ),
            ),
        ],
        effect: Effect::Refuse {
            validations: vec![(
                "variables.elsewhere || has(object.metadata.deletionTimestamp) || variables.untouched || variables.asks"
                    .to_owned(),
                format!(
                    "pods of this namespace run on pool {} only: write `{key}: {value}` under \
                     `spec.template.spec.nodeSelector`, or the DaemonSet gets pods on other nodes that cannot run",
                    pool.name
                ),
            )],
            spares_writers: false,
        },
        attempt: create(
            &name,
            PATH,
            json!({
                "apiVersion": "apps/v1",
                "kind": "DaemonSet",
                "spec": {
                    "selector": { "matchLabels": { "app": "probe" } },
                    "template": { "metadata": { "labels": { "app": "probe" } }, "spec": spec },
                },
            }),
        ),
        name,
    }
}
