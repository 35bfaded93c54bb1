//! What is ours on a node, and what it should be.

use cofferdam_model::labels::Labels;
use cofferdam_model::node_pool::NodePool;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::REGISTERED;
use cofferdam_state::observed::LiveNode;
use cofferdam_state::plan::{label_field, taint_field};
use k8s_openapi::api::core::v1::Taint;

use crate::guards::is_set_at_registration;
use crate::view::{KeyState, View};

/// A node beside the pools that select it.
#[derive(Debug)]
pub(crate) struct PooledNode<'a> {
    view: &'a View<'a>,
    /// Its key.
    pub(crate) object: ObjectKey,
    /// As it was seen.
    pub(crate) live: &'a LiveNode,
    /// The pools that select it.
    pub(crate) pools: Vec<&'a NodePool>,
}

/// Every node that was seen; none where nodes are unknown.
pub(crate) fn nodes<'a>(view: &'a View<'a>) -> impl Iterator<Item = PooledNode<'a>> {
    let nodes = view.observed.nodes.known().into_iter().flatten();
    nodes.map(|(name, live)| PooledNode {
        view,
        object: ObjectKey::node(name),
        live,
        pools: view
            .bundle
            .pools
            .iter()
            .filter(|pool| pool.selects(name, &live.labels, &live.provider_id))
            .collect(),
    })
}

/// The taint of a pool as Kubernetes writes it.
pub(crate) fn taint_of(pool: &NodePool) -> Taint {
    Taint {
        key: pool.taint.key.clone(),
        value: Some(pool.taint.value.clone()),
        effect: pool.taint.effect.as_str().to_owned(),
        time_added: None,
    }
}

/// Whether a taint is that of a pool.
pub(crate) fn is_taint_of(pool: &NodePool, taint: &Taint) -> bool {
    taint_field(taint) == taint_field(&taint_of(pool))
        && taint.value.as_deref().unwrap_or_default() == pool.taint.value
}

impl PooledNode<'_> {
    /// How the label of a pool is found.
    pub(crate) fn label_state(&self, pool: &NodePool) -> KeyState {
        let (key, value) = &pool.label;
        let found = self.live.labels.get(key);
        self.view
            .key_state((&self.object, &self.live.uid), key, value, found)
    }

    /// The taint that stands where that of a pool belongs.
    pub(crate) fn taint_found(&self, pool: &NodePool) -> Option<&Taint> {
        let field = taint_field(&taint_of(pool));
        let mut taints = self.live.taints.iter();
        taints.find(|taint| taint_field(taint) == field)
    }

    /// How the taint of a pool is found; a taint of the same key and another effect is another taint.
    pub(crate) fn taint_state(&self, pool: &NodePool) -> KeyState {
        let field = taint_field(&taint_of(pool));
        let found = self.taint_found(pool);
        match found {
            Some(found) if is_taint_of(pool, found) => KeyState::InSync,
            _ if self.is_recorded(&field) => KeyState::Changed,
            Some(_) => KeyState::Conflict,
            None => KeyState::Missing,
        }
    }

    /// The pools whose taint the node is to have.
    pub(crate) fn tainting(&self) -> impl Iterator<Item = &NodePool> {
        let pools = self.pools.iter().copied();
        pools.filter(|pool| self.view.bundle.is_pool_tainted(pool))
    }

    /// Labels that we wrote and that no pool of the node asks for any more.
    pub(crate) fn stale_labels(&self) -> impl Iterator<Item = (&String, &String)> {
        let wanted = |key: &str| self.pools.iter().any(|pool| pool.label.0 == key);
        let labels: &Labels = &self.live.labels;
        labels
            .iter()
            .filter(move |(key, _)| !wanted(key) && self.is_recorded(&label_field(key)))
    }

    /// Taints that we wrote and that no pool of the node asks for any more.
    pub(crate) fn stale_taints(&self) -> impl Iterator<Item = &Taint> {
        let wanted = |taint: &Taint| {
            let field = taint_field(taint);
            self.tainting()
                .any(|pool| taint_field(&taint_of(pool)) == field)
        };
        self.live
            .taints
            .iter()
            .filter(move |taint| !wanted(taint) && self.is_recorded(&taint_field(taint)))
    }

    /// Whether a taint that the node is to have is neither there nor about to be written.
    pub(crate) fn waits_for_taint(&self, due: Option<&NodePool>) -> bool {
        self.tainting().any(|pool| {
            let is_due = due.is_some_and(|due| due.name == pool.name);
            !is_due && self.taint_state(pool) != KeyState::InSync
        })
    }

    /// Taints that we wrote and that stand until the one that a pool asks for replaces them.
    pub(crate) fn taints_to_replace(&self) -> impl Iterator<Item = &Taint> {
        let replaced = self.tainting().filter_map(|pool| {
            let changed = self.taint_state(pool) == KeyState::Changed;
            self.taint_found(pool).filter(|_| changed)
        });
        self.stale_taints().chain(replaced)
    }

    /// Whether labels of ours stay as they are: who selects the node by them tolerates the taint that
    /// stands there, and not yet the one that waits.
    pub(crate) fn keeps_labels(&self, due: Option<&NodePool>) -> bool {
        self.waits_for_taint(due) && self.taints_to_replace().next().is_some()
    }

    /// Whether we wrote this: the record says so, or the guard rail at registration did.
    pub(crate) fn is_recorded(&self, field: &str) -> bool {
        let recorded = self
            .view
            .observed
            .is_recorded(&self.object, field, &self.live.uid);
        recorded || field == label_field(REGISTERED) || self.is_registered_with(field)
    }

    /// Whether the guard rail at registration set a taint: the node says so, which a kubelet may forge, and it is one that
    /// a pool asks for, or a rail of ours that is there.
    fn is_registered_with(&self, field: &str) -> bool {
        let of_pool = || {
            let mut pools = self.view.bundle.pools.iter();
            pools.any(|pool| taint_field(&taint_of(pool)) == field)
        };
        self.live.is_registered_with(field)
            && (of_pool() || is_set_at_registration(self.view, field))
    }

    /// Whether it belongs to this pool and to no other.
    pub(crate) fn is_only_in(&self, pool: &NodePool) -> bool {
        matches!(self.pools.as_slice(), [only] if only.name == pool.name)
    }

    /// Whether a pass that was cut off may have written this.
    pub(crate) fn is_pending(&self, field: &str) -> bool {
        self.view.observed.is_pending(&self.object, field)
    }
}
