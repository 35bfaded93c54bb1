//! A zone that is left as it is: nothing of it is in our name any more, so that guard rails that stay in force for other
//! zones let everybody change it, and drift tells nothing of it.

use std::collections::BTreeSet;

use cofferdam_model::labels::Labels;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::{INSTANCE, MANAGED_BY, MANAGED_BY_VALUE, TIER, TRUST_DOMAIN, ZONE};
use cofferdam_objects::selector::selects;
use cofferdam_state::detach::{Left, Scope};
use cofferdam_state::finding::Effect;
use cofferdam_state::held::HeldStep;
use cofferdam_state::observed::LivePolicy;
use cofferdam_state::plan::{Action, KeyChange, LabelPatch, Phase, Step};
use k8s_openapi::api::networking::v1::{NetworkPolicyPeer, NetworkPolicySpec};

use super::Leaving;
use super::keys::labels_of;
use super::policies::left_of;
use crate::view::View;
use cofferdam_model::count::listed;

/// What makes a zone nobody's, beside what cannot be done yet.
pub(super) fn zone(
    view: &View<'_>,
    leaving: Leaving<'_>,
    theirs: &mut Vec<Left>,
) -> (Vec<Step>, Vec<HeldStep>) {
    let scope = leaving.scope;
    let mut steps = policies(view, scope);
    theirs.extend(left_of(view, scope, leaving.delivery));
    let (labels, held) = namespaces(view, scope, theirs);
    steps.extend(labels);
    (steps, held)
}

/// Takes the labels off our policies by which they are ours.
fn policies(view: &View<'_>, scope: &Scope) -> Vec<Step> {
    let live = view.policies().filter(|((namespace, name), live)| {
        scope.holds(&ObjectKey::policy(namespace, name))
            && view.is_ours(namespace, name)
            && !live.terminating
    });
    let released = live.filter_map(|((namespace, name), live)| {
        let ours = live.labels.iter().filter(|(key, value)| {
            *key == INSTANCE || (*key == MANAGED_BY && *value == MANAGED_BY_VALUE)
        });
        let changes: Vec<KeyChange> = ours.map(removed).collect();
        (!changes.is_empty()).then(|| Step {
            phase: Phase::Prune,
            action: Action::ReleasePolicy {
                namespace: namespace.clone(),
                name: name.clone(),
                uid: live.uid.clone(),
                labels: LabelPatch {
                    has_labels: true,
                    changes,
                },
            },
            reason: "it stays as it is, and is everybody's to change".to_owned(),
            effect: Effect::None,
            zone: None,
        })
    });
    released.collect()
}

fn removed((key, value): (&String, &String)) -> KeyChange {
    KeyChange {
        key: key.clone(),
        old: Some(value.clone()),
        new: None,
    }
}

/// Takes the labels off namespaces that say which zone they are in, but where a policy rests on them.
fn namespaces(
    view: &View<'_>,
    scope: &Scope,
    theirs: &mut Vec<Left>,
) -> (Vec<Step>, Vec<HeldStep>) {
    let mut steps = labels_of(view, scope, &[ZONE, TIER, TRUST_DOMAIN], theirs);
    for step in &mut steps {
        "it is in no zone any more".clone_into(&mut step.reason);
    }
    let resting = resting(view, scope, &steps);
    if resting.is_empty() {
        return (steps, Vec::new());
    }
    let named = listed(resting.iter().map(String::as_str));
    let held = steps.iter().map(|step| HeldStep {
        operation: step.action.operation(),
        object: step.action.object(),
        phase: step.phase,
        reason: format!("{named} would select other namespaces without its labels"),
        hint: "write these policies with `kubernetes.io/metadata.name` instead, or delete them, and detach again"
            .to_owned(),
    });
    (Vec::new(), held.collect())
}

/// Policies in the namespaces that are left that select others once the steps are done, and policies anywhere that
/// select more.
fn resting(view: &View<'_>, scope: &Scope, steps: &[Step]) -> BTreeSet<String> {
    let losing = steps.iter().filter_map(|step| {
        let Action::PatchNamespace { name, labels, .. } = &step.action else {
            return None;
        };
        let before = &view.namespace(name)?.labels;
        let mut after = before.clone();
        after.retain(|key, _| !labels.changes.iter().any(|change| change.key == *key));
        Some((before, after))
    });
    let losing: Vec<(&Labels, Labels)> = losing.collect();
    let rests = |live: &LivePolicy, is_left: bool| {
        let spec: Option<NetworkPolicySpec> = serde_json::from_str(live.spec.text()).ok();
        let spec = spec.unwrap_or_default();
        let ingress = spec.ingress.iter().flatten().map(|rule| &rule.from);
        let egress = spec.egress.iter().flatten().map(|rule| &rule.to);
        let mut rules = ingress.chain(egress).filter_map(Option::as_deref);
        rules.any(|peers| {
            let mut losing = losing.iter();
            losing.any(|(before, after)| {
                let mut changed = changed(peers, before, after);
                changed.any(|selects| is_left || selects != Some(false))
            })
        })
    };
    let live = view.policies().filter(|((namespace, _), live)| {
        rests(live, scope.holds(&ObjectKey::namespace(namespace)))
    });
    live.map(|((namespace, name), _)| ObjectKey::policy(namespace, name).to_string())
        .collect()
}

/// Of the peers of a rule that come to select a namespace, or no longer do, what they do after. Where another peer
/// selects the same pods of it before and after, nothing changes.
fn changed<'a>(
    peers: &'a [NetworkPolicyPeer],
    before: &'a Labels,
    after: &'a Labels,
) -> impl Iterator<Item = Option<bool>> + 'a {
    let of = |peer: &NetworkPolicyPeer| {
        let selector = peer.namespace_selector.as_ref()?;
        Some((selects(selector, before), selects(selector, after)))
    };
    let all_along = move |pods| {
        let mut same = peers.iter().filter(move |peer| peer.pod_selector == pods);
        same.any(|peer| of(peer) == Some((Some(true), Some(true))))
    };
    peers.iter().filter_map(move |peer| {
        let (before, after) = of(peer)?;
        (before != after && !all_along(peer.pod_selector.clone())).then_some(after)
    })
}
