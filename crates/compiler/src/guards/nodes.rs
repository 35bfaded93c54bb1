//! Our labels on nodes, and the taints of pools: only writers change them. Registration is not judged: it
//! may bring the taint, and NodeRestriction keeps kubelets from our labels.
//!
//! Where somebody else owns a pool (a cloud, an autoscaler), label and taint are theirs to set, change and take
//! away, but under our domains: there only the taint is, and only where the document says whose the pool is, for
//! anybody who may change a node gives it the label of a cloud.

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
    let taints_of = |of: &str| taints_of(of, ground);
    let clouds = cel::list(CLOUD_POOL_LABELS);
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
            (
                "cloud",
                format!(
                    "variables.before.exists(k, k in {clouds}) || variables.after.exists(k, k in {clouds})"
                ),
            ),
            ("taintsBefore", taints_of("oldObject")),
            ("taintsAfter", taints_of("object")),
        ],
        effect: Effect::Refuse {
            validations: vec![
                (
                    format!("{NO_NODE} || ({})", same_labels(ground)),
                    "labels of node pools say which zones a node is dedicated to, and only Cofferdam writes \
                     them: change NodePool in the fleet documents instead"
                        .to_owned(),
                ),
                (
                    format!("{NO_NODE} || ({})", same_taints(ground)),
                    "taints of node pools keep other pods off a zone's nodes, and only Cofferdam writes them: \
                     change NodePool in the fleet documents instead, or write `manage: report` there where the \
                     pool's owner sets its taint"
                        .to_owned(),
                ),
            ],
            spares_writers: true,
        },
        attempt: pod_attempt(NAME),
    }
}

/// The pools whose taint is set by whom, as far as their documents say it.
fn managed<'a>(
    ground: &'a Ground<'_>,
    by: Option<ManageTaint>,
) -> impl Iterator<Item = &'a NodePool> {
    let pools = ground.pools.iter().map(|(pool, _)| *pool);
    pools.filter(move |pool| pool.manage == by)
}

/// What pools of which nodes may belong to clouds use alone, apart from our domains, and what pools use of
/// which we set the taints.
fn split<'a>(
    ground: &'a Ground<'_>,
    key: impl Fn(&'a NodePool) -> &'a str + Copy,
) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
    let ours: BTreeSet<&str> = managed(ground, Some(ManageTaint::Patch)).map(key).collect();
    let all = managed(ground, None).map(key);
    let clouds = all.filter(|key| !keys::is_ours(key) && !ours.contains(key));
    (clouds.collect(), ours)
}

fn same_labels(ground: &Ground<'_>) -> String {
    let (clouds, ours) = split(ground, |pool| pool.label.0.as_str());
    let same = |prefixes: &[&str], names: BTreeSet<&str>| {
        let names: Vec<&str> = names.into_iter().collect();
        cel::same_under("variables.before", "variables.after", prefixes, &names)
    };
    let domains = [keys::OUR_DOMAIN, keys::OUR_NODE_DOMAIN];
    let unless =
        (!clouds.is_empty()).then(|| format!("variables.cloud || ({})", same(&[], clouds)));
    cel::all([same(&domains, ours)].into_iter().chain(unless))
}

/// The taints of a node that are not its owner's whatever it is, as text.
fn taints_of(of: &str, ground: &Ground<'_>) -> String {
    let (clouds, ours) = split(ground, |pool| pool.taint.key.as_str());
    format!(
        "has({of}.spec.taints) ? {of}.spec.taints.filter(t, t.key.startsWith({}) || t.key in {})\
         .map(t, t.key + '=' + (has(t.value) ? t.value : '') + ':' + t.effect) : []",
        cel::text(keys::OUR_DOMAIN),
        cel::list(clouds.union(&ours).copied()),
    )
}

fn same_taints(ground: &Ground<'_>) -> String {
    let texts = |by: Option<ManageTaint>| {
        let texts: BTreeSet<String> = managed(ground, by).map(taint_text).collect();
        cel::list(texts.iter().map(String::as_str))
    };
    let (clouds, _) = split(ground, |pool| pool.taint.key.as_str());
    let starts = clouds
        .into_iter()
        .map(|key| format!("t.startsWith({})", cel::text(&format!("{key}="))));
    let theirs = format!(
        "t in {} || variables.cloud && ({})",
        texts(Some(ManageTaint::Report)),
        cel::any(starts)
    );
    let by_cloud = format!("variables.cloud && t in {}", texts(None));
    format!(
        "variables.taintsBefore.all(t, t in variables.taintsAfter || {theirs}) \
         && variables.taintsAfter.all(t, t in variables.taintsBefore || {theirs} || {by_cloud})"
    )
}

/// As the expressions spell it.
fn taint_text(pool: &NodePool) -> String {
    let taint = &pool.taint;
    format!("{}={}:{}", taint.key, taint.value, taint.effect.as_str())
}
