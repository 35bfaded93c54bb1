//! Workloads of a pool's zones that would run elsewhere, on a server that cannot pin them.

use std::collections::BTreeSet;

use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, Finding};

use super::{Judged, finding};
use crate::guards::{is_pinned, told_template};
use crate::view::View;
use cofferdam_model::count::listed;

/// `node-pool`, once per tainted pool, where the server does not serve what pins pods. Who does not tolerate the
/// taint is told with it.
pub(super) fn check(view: &View<'_>) -> Vec<Finding> {
    let known = view.observed.capabilities.known();
    if known.is_none_or(|known| known.admission.mutating_policies) {
        return Vec::new();
    }
    let pools = view.bundle.pools.iter();
    let tainted = pools.filter(|pool| view.bundle.is_pool_tainted(pool));
    tainted.filter_map(|pool| of_pool(view, pool)).collect()
}

fn of_pool(view: &View<'_>, pool: &NodePool) -> Option<Finding> {
    let (key, value) = &pool.label;
    let templates = view.observed.templates.known()?.iter();
    let unpinned = templates.filter(|one| {
        is_pinned(view, pool, &one.namespace) && one.node_selector.get(key) != Some(value)
    });
    let unpinned: BTreeSet<String> = unpinned.map(told_template).collect();
    if unpinned.is_empty() {
        return None;
    }
    let message = format!(
        "nothing binds new pods of its zones to pool `{}`: this API server does not serve MutatingAdmissionPolicy, and \
         {} ask for no nodes of the pool by themselves",
        pool.name,
        listed(unpinned.iter().map(String::as_str))
    );
    let object = ObjectKey::cluster(view.bundle.cluster.as_str());
    let one = finding(view, Class::NodePool, object, message);
    Some(one.with_hint(&by_hand(pool)))
}

/// What binds pods to a pool where no pin does.
pub(super) fn by_hand(pool: &NodePool) -> String {
    let (key, value) = &pool.label;
    let taint = &pool.taint;
    format!(
        "write nodeSelector `{key}: {value}` and a toleration of `{}={}:{}` into their pod templates",
        taint.key,
        taint.value,
        taint.effect.as_str()
    )
}
