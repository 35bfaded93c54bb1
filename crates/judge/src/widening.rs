//! Does a flow across clusters admit namespaces into a zone of sensitivity high that nobody isolates?
//!
//! Such a flow admits a whole cluster's addresses. `check` judges by what documents and stored
//! capabilities say; here counts what the source clusters hold now.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::capabilities::Enforces;
use cofferdam_model::flow::{Across, Date, Encryption, Flow};
use cofferdam_model::names::ClusterName;
use cofferdam_model::zone::Sensitivity;
use cofferdam_objects::keys::SOURCE;
use cofferdam_state::bundle::{Bundle, DesiredPolicy};
use cofferdam_state::observed::Observed;

use crate::{Case, Refusal, refusal};
use open::Source;

mod open;

const CODE: &str = "cross-cluster-widens";

/// The clusters of the fleet that were observed in the same pass, and what the model allows there.
#[derive(Debug, Clone)]
pub struct Fleet<'a> {
    /// The model.
    pub model: &'a Model,
    /// Bundle and observation of each; where a cluster is there more than once, the first counts.
    pub clusters: Vec<(&'a Bundle, &'a Observed)>,
    /// The day on which waivers must hold.
    pub today: Date,
}

/// Judges each such flow for which the plan writes a policy here.
pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let judged = judged(case);
    judged.filter_map(|flow| fault(case, flow)).collect()
}

/// The clusters on which it rests whether the plan is let through: those from which a flow that is judged
/// here admits. What was seen of them is as old as the observation.
#[must_use]
pub fn sources(case: &Case<'_>) -> BTreeSet<ClusterName> {
    judged(case)
        .flat_map(|flow| sources_of(case, flow))
        .collect()
}

/// The flows across clusters into a zone of sensitivity high for which the plan writes a policy here, but for
/// those that are waived.
fn judged<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Flow> {
    let actions = case.plan.steps.iter().map(|step| &step.action);
    let written = actions.filter(|action| action.written_policy().is_some());
    let names: BTreeSet<&String> = written
        .filter_map(|action| case.wanted(&action.object()))
        .filter(|policy| policy.cluster_granular && is_into_high(case, policy))
        .filter_map(|policy| policy.object.metadata.annotations.as_ref()?.get(SOURCE))
        .collect();
    let fleet = case.fleet;
    let flows = fleet.model.flows.values();
    flows
        .filter(move |flow| names.contains(&format!("Flow/{}", flow.name)))
        .filter(|flow| !is_waived(fleet, flow))
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

fn sources_of(case: &Case<'_>, flow: &Flow) -> Vec<ClusterName> {
    let Across::Clusters { from, .. } = &flow.across else {
        return Vec::new();
    };
    let model = case.fleet.model;
    let sources = model.clusters.values().filter(|cluster| {
        let domain = model.trust_domain_of(cluster).map(|domain| &domain.name);
        cluster.name != case.bundle.cluster
            && domain == Some(&from.trust_domain)
            && from.clusters.matches(&cluster.labels)
    });
    sources.map(|cluster| cluster.name.clone()).collect()
}

fn fault(case: &Case<'_>, flow: &Flow) -> Option<Refusal> {
    let sources = sources_of(case, flow);
    let mut objections = sources
        .iter()
        .filter_map(|name| objection(case.fleet, name));
    let (what, remedy) = objections.next()?;
    let message = format!(
        "flow `{}` admits whole clusters into a zone of sensitivity high, and {what}",
        flow.name
    );
    let waivable = if flow.encryption == Encryption::Mtls {
        format!(
            ", or waive it by a Waiver with `for: {{ finding: {CODE}, object: Flow/{} }}`",
            flow.name
        )
    } else {
        "; only with `encryption: mtls` can this be waived".to_owned()
    };
    let refused = refusal(CODE, message, &format!("{remedy}{waivable}"));
    Some(Refusal { sources, ..refused })
}

/// What speaks against admitting all of a cluster, and what to do about it. Of a cluster that was not
/// looked at, nothing is known, and nothing good is assumed.
fn objection(fleet: &Fleet<'_>, cluster: &ClusterName) -> Option<(String, String)> {
    let mut seen = fleet.clusters.iter();
    let Some((bundle, observed)) = seen.find(|(bundle, _)| bundle.cluster == *cluster) else {
        let what = format!("source cluster `{cluster}` was not observed");
        let remedy = format!("observe it too, with `--cluster {cluster}`");
        return Some((what, remedy));
    };
    let source = Source {
        model: fleet.model,
        bundle,
        observed,
    };
    if let Some((part, reason)) = source.unknown() {
        let what = format!("source cluster `{cluster}` was not observed wholly: {part}: {reason}");
        let remedy = "see to it that it can be read".to_owned();
        return Some((what, remedy));
    }
    let doubt = match (source.is_itself(), source.enforces()) {
        (None, _) => Some((
            format!(
                "source cluster `{cluster}` is not pinned, so that another one may answer for it"
            ),
            format!("pin it with `cofferdam doctor --pin --cluster {cluster}`"),
        )),
        (Some(false), _) => Some((
            format!("the kubeconfig of source cluster `{cluster}` leads to another one"),
            "check `access` and `identity` of its Cluster document".to_owned(),
        )),
        (Some(true), Enforces::No) => Some((
            format!("nothing enforces policies in source cluster `{cluster}`"),
            "give it a network plugin that does".to_owned(),
        )),
        (Some(true), Enforces::Unknown) => Some((
            format!("it is not known whether source cluster `{cluster}` enforces policies"),
            "`cofferdam status` says what is known of its network plugin".to_owned(),
        )),
        (Some(true), Enforces::Yes) => None,
    };
    if doubt.is_some() {
        return doubt;
    }
    let open = source.open_namespace()?;
    let what = format!(
        "namespace `{}` in cluster `{cluster}` {}",
        open.namespace, open.why
    );
    Some((what, open.remedy))
}
