//! Letting go: everything of ours is taken back, in an order in which nothing is denied that was allowed, or
//! it is left to everybody.
//!
//! What the record holds is asked of a view whose bundle asks for nothing. What somebody changed since is
//! theirs: it stays, and is told.

mod guards;
mod keys;
mod nodes;
mod policies;
mod release;

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::ZoneName;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::keys::{PROBE_NAMESPACE, RECORD_NAME, SYSTEM_NAMESPACE};
use cofferdam_state::bundle::Bundle;
use cofferdam_state::detach::{Detachment, Left, Manner, Scope};
use cofferdam_state::digest::digest;
use cofferdam_state::observed::{Observed, told_unknowns};
use cofferdam_state::plan::{
    Action, LabelPatch, Phase, Plan, Step, TaintPatch, label_field, taint_field,
};
use cofferdam_state::record::entry_key;

use crate::steps::kept;
use crate::view::View;

/// What a cluster is let go of by.
#[derive(Debug, Clone, Copy)]
pub struct Leaving<'a> {
    /// What is let go of.
    pub scope: &'a Scope,
    /// What becomes of it.
    pub manner: Manner,
    /// Who applies the bundle.
    pub delivery: Delivery,
}

/// The bundle that asks for nothing; who may change what guard rails protect stays.
pub fn nothing(bundle: &Bundle) -> Bundle {
    Bundle {
        namespaces: BTreeMap::new(),
        policies: BTreeMap::new(),
        held_open: BTreeMap::new(),
        pools: Vec::new(),
        staged_pools: BTreeSet::new(),
        guards: BTreeMap::new(),
        ..bundle.clone()
    }
}

/// How a cluster is let go of, beside what it was to hold, or every reason why that cannot be told.
pub fn detach(
    bundle: &Bundle,
    observed: &Observed,
    leaving: Leaving<'_>,
) -> Result<Detachment, Vec<String>> {
    let unknown = told_unknowns(&observed.unknowns());
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let nothing = nothing(bundle);
    let view = View::taking_back(&nothing, observed, leaving.scope);
    let (mut steps, mut left, mut held) = (Vec::new(), Vec::new(), Vec::new());
    let removes = leaving.manner == Manner::Remove;
    if *leaving.scope == Scope::Cluster {
        let nodes = if removes {
            nodes::steps(&view, &bundle.pools, &mut left)
        } else {
            Vec::new()
        };
        let rails = guards::rails(&view, &nodes, &mut left);
        steps.extend(rails.steps);
        let (kept, released) = guards::beside(rails.binds, nodes);
        steps.extend(released);
        if removes {
            held.extend(kept);
            held.extend(rails.needed.iter().map(guards::held));
        } else {
            let needed = rails.needed.iter();
            left.extend(
                needed.map(|(step, need)| self::left(&step.action.object(), need.reason())),
            );
        }
    }
    if removes {
        steps.extend(policies::steps(&view));
        let waiting = policies::held(&view, &steps);
        left.extend(policies::left_of(&view, leaving.scope, leaving.delivery));
        let labels = keys::steps(&view, leaving.scope, &mut left);
        if waiting.is_empty() {
            steps.extend(labels);
        } else {
            held.extend(labels.iter().map(keys::held));
        }
        held.extend(waiting);
    } else if *leaving.scope != Scope::Cluster {
        let (released, resting) = release::zone(&view, leaving, &mut left);
        steps.extend(released);
        held.extend(resting);
    }
    steps.sort_by_cached_key(|step| (step.phase, step.action.object()));
    left.sort();
    let record = observed.our_record();
    let entries = record.map(|record| record.entries.clone());
    let mut entries = entries.unwrap_or_default();
    entries.extend(kept(&view));
    entries.extend(taken(&steps));
    Ok(Detachment {
        scope: leaving.scope.clone(),
        manner: leaving.manner,
        held,
        left,
        last: last(observed, leaving.scope),
        plan: Plan {
            cluster: bundle.cluster.clone(),
            sequence: record.map_or(0, |record| record.sequence),
            revision: bundle.revision.clone(),
            bundle_hash: bundle.hash.clone(),
            notices: notices(&view, leaving, &steps),
            kept: entries,
            probes: Vec::new(),
            footings: BTreeMap::new(),
            resumes: record.is_some_and(|record| !record.pending.is_empty()),
            steps,
        },
    })
}

/// What we keep in a cluster for ourselves. Whether there is a Lease is not read: every pass takes it.
fn last(observed: &Observed, scope: &Scope) -> Vec<ObjectKey> {
    if *scope != Scope::Cluster {
        return Vec::new();
    }
    let own = |kind| ObjectKey {
        kind,
        namespace: Some(SYSTEM_NAMESPACE.to_owned()),
        name: RECORD_NAME.to_owned(),
    };
    let record = observed.our_record();
    let record = record.map(|_| [own(Kind::ConfigMap), own(Kind::Lease)]);
    let live = |name: &&str| {
        let live = observed.namespaces.known().and_then(|all| all.get(*name));
        live.is_some_and(|live| !live.terminating)
    };
    let namespaces = [PROBE_NAMESPACE, SYSTEM_NAMESPACE].into_iter();
    let namespaces = namespaces.filter(live).map(ObjectKey::namespace);
    record.into_iter().flatten().chain(namespaces).collect()
}

/// The namespaces that a zone held in a cluster, or those in which the model takes it further than `observe`.
pub fn namespaces_of_zone(
    view: &View<'_>,
    zone: &ZoneName,
) -> Result<BTreeSet<String>, Vec<String>> {
    let wanted = view.bundle.namespaces.iter();
    let held: Vec<String> = wanted
        .filter(|(_, wanted)| wanted.zone == *zone && wanted.enforcement != Enforcement::Observe)
        .map(|(name, _)| name.to_string())
        .collect();
    if !held.is_empty() {
        return Err(held);
    }
    let live = view.observed.namespaces.known().into_iter().flatten();
    let of_zone = live.filter(|(name, live)| {
        let object = ObjectKey::namespace(name);
        let field = label_field(cofferdam_objects::keys::ZONE);
        let label = live.labels.get(cofferdam_objects::keys::ZONE);
        match view.wanted_namespace(name) {
            Some(wanted) => wanted.zone == *zone,
            None => {
                label.is_some_and(|label| label == zone.as_str())
                    && (view.observed.is_recorded(&object, &field, &live.uid)
                        || view.observed.is_pending(&object, &field))
            }
        }
    });
    Ok(of_zone.map(|(name, _)| name.clone()).collect())
}

/// The entries of a record without those of what a scope holds, by what was seen.
pub fn forgotten(
    mut entries: BTreeMap<String, String>,
    observed: &Observed,
    scope: &Scope,
) -> BTreeMap<String, String> {
    let Scope::Zone { namespaces, .. } = scope else {
        return BTreeMap::new();
    };
    let fields = keys::namespace_fields();
    for name in namespaces {
        let object = ObjectKey::namespace(name);
        for field in &fields {
            entries.remove(&entry_key(&object, field));
        }
    }
    for (namespace, name) in observed
        .policies
        .known()
        .into_iter()
        .flat_map(BTreeMap::keys)
    {
        let object = ObjectKey::policy(namespace, name);
        if scope.holds(&object) {
            entries.remove(&entry_key(&object, ""));
        }
    }
    entries
}

/// Entries for keys that are taken back, so that a pass that is cut off before finds them again: a pass that was
/// cut off earlier may have made them.
fn taken(steps: &[Step]) -> impl Iterator<Item = (String, String)> + '_ {
    steps.iter().flat_map(|step| {
        let (uid, labels, taints) = if let Action::PatchNamespace { uid, labels, .. } = &step.action
        {
            (uid, labels, None)
        } else if let Action::PatchNode {
            uid,
            labels,
            taints,
            ..
        } = &step.action
        {
            (uid, labels, taints.as_ref())
        } else {
            return Vec::new();
        };
        let object = step.action.object();
        let removed = taints.into_iter().flat_map(TaintPatch::removed);
        let fields = removed_labels(labels).chain(removed.map(taint_field));
        fields
            .map(|field| (entry_key(&object, &field), digest(uid)))
            .collect()
    })
}

fn removed_labels(labels: &LabelPatch) -> impl Iterator<Item = String> + '_ {
    let removed = labels.changes.iter().filter(|change| change.new.is_none());
    removed.map(|change| label_field(&change.key))
}

/// What is worth knowing before it is done.
fn notices(view: &View<'_>, leaving: Leaving<'_>, steps: &[Step]) -> Vec<String> {
    let mut notices = Vec::new();
    if leaving.delivery == Delivery::Gitops {
        notices.push(
            "what your GitOps controller applies stays: take it out of its source".to_owned(),
        );
    }
    match leaving.manner {
        Manner::Remove => {
            notices.extend(policies::still_isolated(view));
            notices.extend(nodes::selected(view, steps));
        }
        Manner::Leave => notices.extend(stays(leaving.scope, steps)),
    }
    notices
}

/// What stays where nothing is taken back.
fn stays(scope: &Scope, steps: &[Step]) -> Vec<String> {
    if *scope != Scope::Cluster {
        let told = "policies and Pod Security levels stay as they are, and are everybody's to change: nothing protects or \
                    heals them any more; without their zone labels its namespaces are admitted nowhere by these";
        return vec![told.to_owned()];
    }
    let mut told = vec![
        "policies, labels and taints stay as they are, and are everybody's to change: nothing protects or heals them any \
         more"
            .to_owned(),
    ];
    let pins = steps.iter().any(|step| step.phase == Phase::Protect);
    told.extend(pins.then(|| {
        "new pods of zones with a node pool are bound to its nodes no longer: write node selector and toleration into \
         their templates, or they do not run on tainted nodes"
            .to_owned()
    }));
    told
}

/// Something that stays.
fn left(object: &ObjectKey, reason: impl Into<String>) -> Left {
    Left {
        object: object.clone(),
        reason: reason.into(),
    }
}
