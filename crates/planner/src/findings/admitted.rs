//! Namespaces that policies of ours admit by the label of a zone.

use cofferdam_model::labels::Labels;
use cofferdam_model::zone::{Enforcement, Sensitivity};
use cofferdam_objects::keys;
use cofferdam_objects::policy::peers;
use cofferdam_objects::selector::selects;
use cofferdam_state::observed::LiveNamespace;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::namespaces::{sensitivity_at, sensitivity_of};
use crate::view::View;

/// That a namespace is admitted by its zone label.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admitted {
    /// The sensitivity of the most sensitive zone that admits it, or that it says to be; none where the
    /// bundle knows none of them.
    pub(super) sensitivity: Option<Sensitivity>,
}

/// Whether policies of ours admit a namespace by its zone label, those in force now or those of the bundle;
/// of a namespace that is to have other labels, those that would not admit it with them.
///
/// Namespaces that the model names are admitted by their name. What is only staged or observed keeps
/// nobody out.
pub(super) fn by_zone_label(
    view: &View<'_>,
    live: &LiveNamespace,
    wanted: Option<&Labels>,
) -> Option<Admitted> {
    let admits = |policy: &NetworkPolicy| {
        admits_by_label(policy, &live.labels)
            && !wanted.is_some_and(|wanted| admits(policy, wanted))
    };
    let is_kept_out = |namespace: &str| {
        let wanted = view.wanted_namespace(namespace);
        wanted.is_none_or(|wanted| wanted.enforcement == Enforcement::Enforce)
    };
    let of_bundle = view.bundle.policies.iter();
    let of_bundle = of_bundle
        .filter(|((namespace, _), policy)| {
            is_kept_out(namespace.as_str()) && admits(&policy.object)
        })
        .map(|((namespace, _), _)| namespace.as_str());
    let in_force = view.policies().filter(|((namespace, name), policy)| {
        is_kept_out(namespace)
            && policy.spec.text().contains(keys::ZONE)
            && view.is_ours(namespace, name)
            && serde_json::from_str(policy.spec.text()).is_ok_and(|spec| {
                let policy = NetworkPolicy {
                    spec: Some(spec),
                    ..NetworkPolicy::default()
                };
                admits(&policy)
            })
    });
    let in_force = in_force.map(|((namespace, _), _)| namespace.as_str());
    let admitting = of_bundle.chain(in_force);
    let most = admitting
        .map(|namespace| sensitivity_at(view, namespace))
        .max()?;
    let zone = live.labels.get(keys::ZONE);
    let claimed = zone.and_then(|zone| sensitivity_of(view, zone));
    Some(Admitted {
        sensitivity: most.max(claimed),
    })
}

fn admits_by_label(policy: &NetworkPolicy, labels: &Labels) -> bool {
    let mut selectors = selectors(policy);
    selectors.any(|selector| asks_zone(selector) && selects(selector, labels) == Some(true))
}

fn admits(policy: &NetworkPolicy, labels: &Labels) -> bool {
    selectors(policy).any(|selector| selects(selector, labels) == Some(true))
}

/// By which namespaces are admitted.
fn selectors(policy: &NetworkPolicy) -> impl Iterator<Item = &LabelSelector> {
    peers(policy).filter_map(|peer| peer.namespace_selector.as_ref())
}

fn asks_zone(selector: &LabelSelector) -> bool {
    let labels = selector
        .match_labels
        .iter()
        .flat_map(|labels| labels.keys());
    let expressions = selector.match_expressions.iter().flatten();
    let mut asked = labels.chain(expressions.map(|expression| &expression.key));
    asked.any(|key| key == keys::ZONE)
}
