//! Our labels on nodes, and the taints of pools: only writers change them. Registration is not judged: it
//! may bring the taint, and NodeRestriction keeps kubelets from our labels.

use std::collections::BTreeSet;

use cofferdam_model::node_pool::{CLOUD_POOL_LABELS, ManageTaint, NodePool};
use cofferdam_objects::keys;
use cofferdam_state::guard::Rail;

use super::draft::{Draft, Effect, everywhere, rule, tried_by_pods};
use super::probes::pod_attempt;
use super::{Ground, cel};

/// Its name.
pub(super) const NAME: &str = "cofferdam-nodes";

/// Pods are seen for the sake of probes alone.
const NO_NODE: &str = "request.resource.resource != 'nodes'";

pub(super) fn rail(ground: &Ground<'_>) -> Draft {
    let pools = || ground.pools.iter().map(|(pool, _)| *pool);
    let labels: BTreeSet<&str> = pools().map(|pool| pool.label.0.as_str()).collect();
    let labels: Vec<&str> = labels.into_iter().collect();
    let taints: BTreeSet<&str> = pools().map(|pool| pool.taint.key.as_str()).collect();
    let taints = cel::list(taints);
    let managed = |manage| {
        let pools = pools().filter(|pool| pool.manage == manage);
        let taints: BTreeSet<String> = pools.map(taint_text).collect();
        cel::list(taints.iter().map(String::as_str))
    };
    let same_labels = cel::same_under(
        "variables.before",
        "variables.after",
        &[keys::OUR_DOMAIN, keys::OUR_NODE_DOMAIN],
        &labels,
    );
    let taints_of = |of: &str| {
        format!(
            "has({of}.spec.taints) ? {of}.spec.taints.filter(t, t.key.startsWith({}) || t.key in {taints})\
             .map(t, t.key + '=' + (has(t.value) ? t.value : '') + ':' + t.effect) : []",
            cel::text(keys::OUR_DOMAIN),
        )
    };
    let (before, after) = (taints_of("oldObject"), taints_of("object"));
    // Who owns a pool may set its taint: a cloud does so while a node runs, too.
    let added = format!(
        "t in variables.taintsBefore || t in {} || (t in {} && variables.after.exists(k, k in {}))",
        managed(Some(ManageTaint::Report)),
        managed(None),
        cel::list(CLOUD_POOL_LABELS),
    );
    Draft {
        rail: Rail::Nodes,
        pool: None,
        name: NAME.to_owned(),
        // Labels can be changed through the status too.
        matches: tried_by_pods(
            everywhere(rule("", &["nodes", "nodes/status"], &["UPDATE"])),
            &[],
        ),
        variables: vec![
            ("before", cel::metadata("oldObject", "labels")),
            ("after", cel::metadata("object", "labels")),
            ("taintsBefore", before),
            ("taintsAfter", after),
        ],
        effect: Effect::Refuse {
            validations: vec![
                (
                    format!("{NO_NODE} || ({same_labels})"),
                    "labels of node pools say which zones a node is dedicated to, and only Cofferdam writes \
                     them: change NodePool in the fleet documents instead"
                        .to_owned(),
                ),
                (
                    format!(
                        "{NO_NODE} || (variables.taintsBefore.all(t, t in variables.taintsAfter) \
                         && variables.taintsAfter.all(t, {added}))"
                    ),
                    "taints of node pools keep other pods off a zone's nodes, and only Cofferdam writes them: \
                     change NodePool in the fleet documents instead"
                        .to_owned(),
                ),
            ],
            spares_writers: true,
        },
        attempt: pod_attempt(NAME),
    }
}

/// As the expressions spell it.
fn taint_text(pool: &NodePool) -> String {
    let taint = &pool.taint;
    format!("{}={}:{}", taint.key, taint.value, taint.effect.as_str())
}
