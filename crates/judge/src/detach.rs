//! Is nothing but ours taken back, and in an order in which nobody is cut off?
//!
//! Read from the steps and from what was seen; what the planner thought is not asked.

mod order;

use std::collections::BTreeSet;

use cofferdam_model::cluster::{Cluster, Delivery};
use cofferdam_model::labels::Labels;
use cofferdam_objects::admission::AdmissionKind;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::{INSTANCE, MANAGED_BY, REGISTERED, TIER, TRUST_DOMAIN, ZONE};
use cofferdam_objects::managed_fields::{ManagedFields, last_writer};
use cofferdam_state::bundle::Bundle;
use cofferdam_state::detach::{Detachment, Manner, Scope};
use cofferdam_state::observed::Observed;
use cofferdam_state::plan::{Action, LabelPatch, Step, TaintPatch};

use crate::opening::opens_everything;
use crate::{Allowances, Case, Fleet, Refusal, guards, identity, ownership, refusal};

/// How a cluster, or a zone in it, is let go of, and what that was made from.
#[derive(Debug, Clone, Copy)]
pub struct Departure<'a> {
    /// What is to be done.
    pub detachment: &'a Detachment,
    /// What the cluster was to hold until now.
    pub bundle: &'a Bundle,
    /// What it was seen to hold.
    pub observed: &'a Observed,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The clusters around it.
    pub fleet: &'a Fleet<'a>,
}

/// Every reason to refuse a departure; none where it may be carried out.
pub fn judge_detach(departure: &Departure<'_>) -> Vec<Refusal> {
    let Departure {
        detachment,
        bundle,
        observed,
        cluster,
        fleet,
    } = *departure;
    let case = Case {
        plan: &detachment.plan,
        bundle,
        observed,
        cluster,
        fleet,
    };
    // What is let go of is of no revision.
    let allowances = Allowances {
        rollback: true,
        ..Allowances::default()
    };
    let mut refusals = identity::check(&case, &allowances);
    refusals.extend(ownership::check(&case));
    for step in &detachment.plan.steps {
        refusals.extend(outside(detachment, step));
        refusals.extend(gives(detachment, step));
        refusals.extend(theirs(observed, step));
        refusals.extend(guards::not_as_seen(&case, step));
        refusals.extend(guards::strands(&case, step));
    }
    refusals.extend(order::check(&case, detachment.manner));
    refusals.extend(guards::unbound(&case));
    refusals.extend(guards::locked_out(&case));
    refusals.extend(unrecorded(detachment, &case));
    refusals
}

/// Without a record nothing would be taken back, and all would be called let go of, although what carries our label
/// is there.
fn unrecorded(detachment: &Detachment, case: &Case<'_>) -> Option<Refusal> {
    if case.observed.our_record().is_some() || detachment.scope != Scope::Cluster {
        return None;
    }
    let labelled = |labels: &Labels| {
        labels.get(INSTANCE).map(String::as_str) == Some(case.bundle.instance.as_str())
    };
    let policies = case.observed.policies.known()?.iter();
    // What a GitOps controller applies is in no record of ours.
    let mut policies = policies
        .filter(|(_, live)| case.cluster.delivery == Delivery::Push && labelled(&live.labels));
    let policy = policies
        .next()
        .map(|((namespace, name), _)| ObjectKey::policy(namespace, name));
    let guards = case.observed.admission.known()?.iter();
    let mut guards = guards.filter(|(_, live)| labelled(&live.labels));
    let object = policy.or_else(|| guards.next().map(|(key, _)| key.clone()))?;
    let message = format!("{object} carries our label, and there is no record of what we wrote");
    let hint = format!("cofferdam adopt --cluster {} --all", case.cluster.name);
    Some(refusal("no-record", message, &hint))
}

/// Whether it may be decided at all about a cluster: the right one, read completely, and nobody else's.
pub fn judge_identity(case: &Case<'_>) -> Vec<Refusal> {
    let allowances = Allowances {
        rollback: true,
        ..Allowances::default()
    };
    identity::check(case, &allowances)
}

/// A step about something that is not let go of.
fn outside(detachment: &Detachment, step: &Step) -> Option<Refusal> {
    let object = step.action.object();
    let leaves = detachment.manner == Manner::Leave && !gives_away(&detachment.scope, &step.action);
    let fault = if !detachment.scope.holds(&object) {
        "it is not let go of"
    } else if leaves {
        "it is to stay as it is"
    } else {
        return None;
    };
    Some(refusal("out-of-scope", format!("{object}: {fault}"), ""))
}

/// Whether a step of leaving changes nothing but whose something is: of a cluster guard rails go, of a zone the labels
/// by which rails would still protect it.
fn gives_away(scope: &Scope, action: &Action) -> bool {
    let only = |labels: &LabelPatch, keys: &[&str]| {
        let mut changes = labels.changes.iter();
        changes.all(|change| change.new.is_none() && keys.contains(&change.key.as_str()))
    };
    match (scope, action) {
        (Scope::Cluster, action) => action.deletes_guard(),
        (Scope::Zone { .. }, Action::ReleasePolicy { labels, .. }) => {
            only(labels, &[INSTANCE, MANAGED_BY])
        }
        (Scope::Zone { .. }, Action::PatchNamespace { labels, .. }) => {
            only(labels, &[ZONE, TIER, TRUST_DOMAIN])
        }
        (Scope::Zone { .. }, _) => false,
    }
}

/// A step that gives something instead of taking it back; but open policies keep a namespace open meanwhile.
fn gives(detachment: &Detachment, step: &Step) -> Option<Refusal> {
    let removes = |labels: &LabelPatch| labels.changes.iter().all(|change| change.new.is_none());
    let takes_back = match &step.action {
        Action::PatchNamespace { labels, .. } => removes(labels),
        Action::ReleasePolicy { labels, .. } => {
            detachment.manner == Manner::Leave && removes(labels)
        }
        Action::PatchNode { labels, taints, .. } => {
            let set = taints.iter().flat_map(TaintPatch::set);
            removes(labels) && set.count() == 0
        }
        Action::CreatePolicy { object } | Action::ReplacePolicy { object, .. } => {
            let name = object.metadata.name.as_deref().unwrap_or_default();
            let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
            let goes = detachment.plan.steps.iter().any(|later| {
                later.phase > step.phase
                    && later.action
                        == Action::DeleteOpened {
                            namespace: namespace.to_owned(),
                            name: name.to_owned(),
                        }
            });
            opens_everything(object) && goes
        }
        Action::DeletePolicy { .. } | Action::DeleteOpened { .. } => true,
        Action::DeleteGuard { .. } => detachment.scope == Scope::Cluster,
        Action::CreateNamespace { .. }
        | Action::CreateGuard { .. }
        | Action::ReplaceGuard { .. } => false,
    };
    let object = step.action.object();
    let message = format!("{object}: it is written, and not taken back");
    (!takes_back).then(|| refusal("not-taken-back", message, ""))
}

/// A step that takes away what somebody made again, or has written since.
fn theirs(observed: &Observed, step: &Step) -> Option<Refusal> {
    let object = step.action.object();
    let say = |what: &str| {
        Some(refusal(
            "not-ours",
            format!("{object}: {what}"),
            "plan again",
        ))
    };
    let made_again = |uid: &str| {
        let record = observed.our_record();
        record.is_some_and(|record| record.knows_other_uid(&object, "", uid))
            && !observed.is_pending(&object, "")
    };
    match &step.action {
        Action::DeletePolicy { uid, .. }
        | Action::ReleasePolicy { uid, .. }
        | Action::DeleteGuard { uid, .. } => made_again(uid)
            .then(|| say("somebody made it again"))
            .flatten(),
        Action::PatchNamespace { name, labels, .. } => {
            let live = observed.namespaces.known()?.get(name)?;
            let key = written_by_others(labels, &live.managed_fields)?;
            say(&format!("somebody else wrote label `{key}` since"))
        }
        Action::PatchNode { name, labels, .. } => {
            let live = observed.nodes.known()?.get(name)?;
            let key = written_by_others(labels, &live.managed_fields)?;
            say(&format!("somebody else wrote label `{key}` since"))
        }
        Action::CreateNamespace { .. }
        | Action::CreatePolicy { .. }
        | Action::ReplacePolicy { .. }
        | Action::CreateGuard { .. }
        | Action::ReplaceGuard { .. }
        | Action::DeleteOpened { .. } => None,
    }
}

fn written_by_others<'a>(labels: &'a LabelPatch, fields: &ManagedFields) -> Option<&'a str> {
    let keys = labels.changes.iter().map(|change| change.key.as_str());
    // The kubelet holds what a guard rail added to the node that it registered.
    let keys = keys.filter(|key| *key != REGISTERED);
    let mut others = keys.filter(|key| last_writer(fields, &["metadata", "labels", key]).is_some());
    others.next()
}

/// Names of policies that change what is made.
fn mutating(steps: &[Step]) -> BTreeSet<ObjectKey> {
    let changing = steps.iter().filter(|step| {
        matches!(
            step.action,
            Action::DeleteGuard {
                kind: AdmissionKind::MutatingPolicy | AdmissionKind::MutatingBinding,
                ..
            }
        )
    });
    changing.map(|step| step.action.object()).collect()
}
