//! Does a flow across clusters admit namespaces into a zone of sensitivity high that nobody isolates?
//!
//! Such a flow admits a whole cluster's addresses. `check` judges by what documents and stored
//! capabilities say; here counts what the source clusters hold now.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::flow::{Across, Date, Encryption, Flow};
use cofferdam_model::zone::{Enforcement, Sensitivity};
use cofferdam_objects::keys::SOURCE;
use cofferdam_state::bundle::{Bundle, DesiredPolicy};
use cofferdam_state::observed::Observed;
use cofferdam_state::plan::Action;

use crate::{Case, Refusal, refusal};

const CODE: &str = "cross-cluster-widens";

/// The clusters of the fleet that were observed in the same pass, and what the model allows there.
#[derive(Debug, Clone)]
pub struct Fleet<'a> {
    /// The model.
    pub model: &'a Model,
    /// Bundle and observation of each.
    pub clusters: Vec<(&'a Bundle, &'a Observed)>,
    /// The day on which waivers must hold.
    pub today: Date,
}

/// Judges each such flow for which the plan writes a policy here.
pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let written = case
        .plan
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::CreatePolicy { .. } | Action::ReplacePolicy { .. } => {
                case.wanted(&step.action.object())
            }
            Action::CreateNamespace { .. }
            | Action::PatchNamespace { .. }
            | Action::PatchNode { .. }
            | Action::DeletePolicy { .. }
            | Action::DeleteOpened { .. } => None,
        });
    let sources: BTreeSet<&String> = written
        .filter(|policy| policy.cluster_granular && is_into_high(case, policy))
        .filter_map(|policy| policy.object.metadata.annotations.as_ref()?.get(SOURCE))
        .collect();
    let flows = case.fleet.model.flows.values();
    flows
        .filter(|flow| sources.contains(&format!("Flow/{}", flow.name)))
        .filter(|flow| !is_waived(case.fleet, flow))
        .filter_map(|flow| fault(case, flow))
        .collect()
}

fn is_into_high(case: &Case<'_>, policy: &DesiredPolicy) -> bool {
    let ingress = policy
        .object
        .spec
        .as_ref()
        .and_then(|spec| spec.ingress.as_ref());
    let namespace = policy
        .object
        .metadata
        .namespace
        .as_deref()
        .unwrap_or_default();
    let wanted = case.bundle.namespaces.get(namespace);
    ingress.is_some_and(|rules| !rules.is_empty())
        && wanted.is_some_and(|wanted| wanted.sensitivity == Sensitivity::High)
}

/// Waivable only where each end proves who it is.
fn is_waived(fleet: &Fleet<'_>, flow: &Flow) -> bool {
    let object = format!("Flow/{}", flow.name);
    let mut waivers = fleet.model.waivers.values();
    flow.encryption == Encryption::Mtls
        && waivers.any(|waiver| {
            let covers = &waiver.covers;
            waiver.holds_on(&fleet.today)
                && covers.finding == CODE
                && covers.object.as_ref().is_none_or(|named| *named == object)
        })
}

fn fault(case: &Case<'_>, flow: &Flow) -> Option<Refusal> {
    let fleet = case.fleet;
    let Across::Clusters { from, .. } = &flow.across else {
        return None;
    };
    let sources = fleet.clusters.iter().filter(|(bundle, _)| {
        let labels = fleet
            .model
            .clusters
            .get(&bundle.cluster)
            .map(|cluster| &cluster.labels);
        bundle.cluster != case.bundle.cluster
            && bundle.trust_domain == from.trust_domain
            && labels.is_some_and(|labels| from.clusters.matches(labels))
    });
    let open: Vec<String> = sources
        .filter_map(|(bundle, observed)| {
            let name = open_namespace(fleet.model, bundle, observed)?;
            Some(format!("`{name}` in cluster `{}`", bundle.cluster))
        })
        .collect();
    let first = open.first()?;
    let message = format!(
        "flow `{}` admits whole clusters into a zone of sensitivity high, and namespace {first} is \
         not isolated",
        flow.name
    );
    let hint = "put it into a zone, or isolate unassigned namespaces there";
    Some(refusal(CODE, message, hint))
}

/// A live namespace that is no system namespace and that nothing of ours is to isolate.
fn open_namespace<'a>(
    model: &Model,
    bundle: &Bundle,
    observed: &'a Observed,
) -> Option<&'a String> {
    let isolated = |name: &str| {
        let in_zone = bundle.namespaces.get(name);
        in_zone.is_some_and(|wanted| wanted.enforcement != Enforcement::Observe)
            || bundle
                .policies
                .keys()
                .any(|(namespace, _)| namespace.as_str() == name)
    };
    observed
        .namespaces
        .known()?
        .keys()
        .filter(|name| !model.is_system_namespace(name, &bundle.system_namespaces))
        .find(|name| !isolated(name))
}
