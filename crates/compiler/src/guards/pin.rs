//! Pods of a pool's zones run on its nodes: they get its node selector and tolerate its taint.
//!
//! `nodeSelector` is an atomic map, which an apply configuration may not touch; so both are JSON patches.

use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::keys;
use cofferdam_state::guard::Rail;

use super::draft::{Draft, Effect, everywhere, named, pool_name, rule};
use super::pods::{IS_MIRROR, matches_at_every_effect};
use super::probes::{is_probe_of, pod_attempt};
use super::{Ground, cel};

/// In the names of rails of this kind.
pub(super) const WHAT: &str = "pin";

pub(super) fn rail(ground: &Ground<'_>, pool: &NodePool) -> Draft {
    let name = pool_name(WHAT, pool);
    let mut matches = everywhere(rule("", &["pods"], &["CREATE"]));
    let pinned = ground.pinned_namespaces_of(pool).into_iter();
    matches.namespace_selector = Some(named("In", pinned.chain([keys::PROBE_NAMESPACE])));
    let probed = is_probe_of(&name);
    let (key, value) = (cel::text(&pool.label.0), cel::text(&pool.label.1));
    let select = format!(
        "JSONPatch{{op: 'add', path: '/spec/nodeSelector/' + jsonpatch.escapeKey({key}), value: {value}}}"
    );
    // Of every effect: who runs there stays when the effect of the pool's taint is changed.
    let tolerate = format!(
        "Object.spec.tolerations{{key: {}, operator: 'Equal', value: {}}}",
        cel::text(&pool.taint.key),
        cel::text(&pool.taint.value)
    );
    Draft {
        rail: Rail::Pin,
        pool: Some(pool.clone()),
        matches,
        variables: vec![("probed", probed.clone())],
        effect: Effect::Change {
            conditions: vec![
                ("no-mirror-pod", format!("!({IS_MIRROR})")),
                (
                    "no-probe-of-another",
                    format!(
                        "request.namespace != {} || ({probed})",
                        cel::text(keys::PROBE_NAMESPACE)
                    ),
                ),
            ],
            patches: vec![
                format!(
                    "has(object.spec.nodeSelector) ? [{select}] \
                     : [JSONPatch{{op: 'add', path: '/spec/nodeSelector', value: {{{key}: {value}}}}}]"
                ),
                format!(
                    "!has(object.spec.tolerations) ? [JSONPatch{{op: 'add', path: '/spec/tolerations', \
                     value: [{tolerate}]}}] \
                     : object.spec.tolerations.exists(t, {}) ? [] \
                     : [JSONPatch{{op: 'add', path: '/spec/tolerations/-', value: {tolerate}}}]",
                    matches_at_every_effect(&pool.taint)
                ),
            ],
        },
        attempt: pod_attempt(&name),
        name,
    }
}
