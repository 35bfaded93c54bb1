//! The nodes of a pool, from pods that do not belong there.
//!
//! Pods are judged when they are made, and by what they come to tolerate later: matched in full on updates,
//! nobody could label a pod that is scheduled. What cannot be foreseen to run outside a pool is let pass:
//! system namespaces, mirror pods of kubelets, and the pool's guests.

use cofferdam_model::node_pool::{NodePool, Taint};
use cofferdam_state::guard::Rail;

use super::draft::{Draft, Effect, everywhere, named, pool_name, rule};
use super::probes::{is_probe_of, pod_attempt};
use super::{Ground, cel};

/// As whom the DaemonSet controller makes pods, with an account of its own and without.
const DAEMON_SET_CONTROLLERS: [&str; 2] = [
    "system:serviceaccount:kube-system:daemon-set-controller",
    "system:kube-controller-manager",
];

/// Whether a pod is the mirror of one that its kubelet runs by itself. Its annotation alone proves nothing.
pub(super) const IS_MIRROR: &str = "has(object.metadata.annotations) \
     && 'kubernetes.io/config.mirror' in object.metadata.annotations \
     && has(request.userInfo.groups) && 'system:nodes' in request.userInfo.groups";

/// In the names of rails of this kind.
pub(super) const WHAT: &str = "pods";

pub(super) fn rail(ground: &Ground<'_>, pool: &NodePool) -> Draft {
    let name = pool_name(WHAT, pool);
    let mut matches = everywhere(rule("", &["pods"], &["CREATE", "UPDATE"]));
    let spared = ground
        .namespaces_of(pool)
        .into_iter()
        .chain(ground.system());
    matches.namespace_selector = Some(named(
        "NotIn",
        spared.collect::<std::collections::BTreeSet<_>>(),
    ));
    let tolerates = format!(
        "variables.tolerations.exists(t, ({}) && !(t in variables.before))",
        may_match(&pool.taint)
    );
    Draft {
        rail: Rail::Pods,
        pool: Some(pool.clone()),
        matches,
        variables: vec![
            ("mirror", IS_MIRROR.to_owned()),
            ("guest", is_guest(pool)),
            ("pinned", is_pin_probe(pool)),
            (
                "tolerations",
                "has(object.spec.tolerations) ? object.spec.tolerations : []".to_owned(),
            ),
            (
                "before",
                "request.operation == 'UPDATE' && has(oldObject.spec.tolerations) ? oldObject.spec.tolerations : []"
                    .to_owned(),
            ),
            ("tolerates", tolerates),
        ],
        effect: Effect::Refuse {
            validations: vec![
                (
                    "variables.mirror || variables.guest || variables.pinned || !variables.tolerates".to_owned(),
                    format!(
                        "nodes of pool {} are dedicated to other zones: remove the toleration of {} (one with operator \
                         Exists and no key matches it too), or ask your platform team to list the DaemonSet under \
                         `guests` of the NodePool, or a namespace whose pods belong to the cluster itself under \
                         `systemNamespaces` of the ZoneModel",
                        pool.name, pool.taint.key
                    ),
                ),
                (
                    "variables.mirror || request.operation != 'CREATE' || !has(object.spec.nodeName) \
                     || object.spec.nodeName == ''"
                        .to_owned(),
                    format!(
                        "nodeName passes by the scheduler, and with it the taint of pool {}: choose nodes by \
                         nodeSelector or affinity, or ask your platform team to list a namespace whose pods belong to \
                         the cluster itself under `systemNamespaces` of the ZoneModel",
                        pool.name
                    ),
                ),
            ],
            spares_writers: false,
        },
        attempt: pod_attempt(&name),
        name,
    }
}

/// Whether toleration `t` matches a taint, or may: operators that compare numbers, and those that are yet to
/// come, are taken for matching.
fn may_match(taint: &Taint) -> String {
    let effect = cel::text(taint.effect.as_str());
    format!(
        "(!has(t.effect) || t.effect in ['', {effect}]) && ({})",
        matches_by(taint, "has(t.operator) && !(t.operator in ['', 'Equal'])")
    )
}

/// Whether toleration `t` matches a taint for sure, and would do so with every other effect.
pub(super) fn matches_at_every_effect(taint: &Taint) -> String {
    format!(
        "(!has(t.effect) || t.effect == '') && ({})",
        matches_by(taint, "has(t.operator) && t.operator == 'Exists'")
    )
}

/// Key and value as the scheduler judges them, with an expression for the operators that ask for no equal value.
fn matches_by(taint: &Taint, by_operator: &str) -> String {
    let (key, value) = (cel::text(&taint.key), cel::text(&taint.value));
    format!(
        "(!has(t.key) || t.key == '') && has(t.operator) && t.operator == 'Exists' \
         || has(t.key) && t.key == {key} \
         && ({by_operator} \
         || (!has(t.operator) || t.operator in ['', 'Equal']) && (has(t.value) ? t.value : '') == {value})"
    )
}

/// Whether the pin of this pool is tried out, which makes pods tolerate its taint.
fn is_pin_probe(pool: &NodePool) -> String {
    let name = pool_name(super::pin::WHAT, pool);
    format!(
        "has(request.dryRun) && request.dryRun && {}",
        is_probe_of(&name)
    )
}

fn is_guest(pool: &NodePool) -> String {
    let guests = pool.guests.iter().map(|guest| {
        format!(
            "object.metadata.namespace == {} && object.metadata.ownerReferences.exists(o, o.kind == 'DaemonSet' \
             && o.apiVersion.startsWith('apps/') && o.name == {} && has(o.controller) && o.controller)",
            cel::text(guest.namespace.as_str()),
            cel::text(&guest.daemon_set)
        )
    });
    let is_any = cel::any(guests);
    format!(
        "request.userInfo.username in {} && has(object.metadata.ownerReferences) && ({is_any})",
        cel::list(DAEMON_SET_CONTROLLERS)
    )
}
