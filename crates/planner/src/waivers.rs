//! Waivers over findings.

use cofferdam_model::Model;
use cofferdam_model::flow::Date;
use cofferdam_model::names::{ClusterName, GuaranteeName};
use cofferdam_model::waiver::Waiver;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, CrossClusterFinding, Finding};

/// Marks each finding that a waiver covers on `today`.
///
/// What is waived needs no advice. But a waiver is for an object by its name, and covers it whatever
/// becomes of it: where a policy of others was written since the waiver was approved, the hint says so.
pub fn apply(findings: &mut [Finding], model: &Model, today: &Date) {
    for finding in findings
        .iter_mut()
        .filter(|finding| finding.class.is_waivable())
    {
        let id = finding.id();
        let words = [finding.class.as_str(), id.as_str()];
        let object = (Some(&finding.cluster), Some(&finding.object));
        let waiver = covering(model, today, words, object);
        if let Some(waiver) = waiver {
            finding.waiver = Some(waiver.name.to_string());
            finding.hint = written_since(finding, waiver);
        }
    }
}

/// The same for differences between clusters.
pub fn apply_cross_cluster(findings: &mut [CrossClusterFinding], model: &Model, today: &Date) {
    for finding in findings.iter_mut() {
        let id = finding.id();
        let words = [Class::CrossCluster.as_str(), id.as_str()];
        let waiver = covering(model, today, words, (None, None));
        finding.waiver = waiver.map(|waiver| waiver.name.to_string());
    }
}

/// The waiver that covers a broken guarantee in a cluster on `today`.
pub fn of_guarantee<'a>(
    model: &'a Model,
    today: &Date,
    guarantee: &GuaranteeName,
    cluster: &ClusterName,
) -> Option<&'a Waiver> {
    let word = guarantee.as_str();
    covering(model, today, [word, word], (Some(cluster), None))
}

/// The Waiver that would cover a finding, in the words of its document.
pub fn waiver_of(finding: &Finding) -> String {
    format!(
        "a Waiver with `for: {{ finding: {}, cluster: {}, object: {} }}`, `reason`, `approval: {{ by, at }}` and `expires`",
        finding.class.as_str(),
        finding.cluster,
        finding.object
    )
}

/// That a policy of others may no longer be the one that the waiver was approved for, by the day of the
/// last write. Whoever writes it may hide that day, so that a policy without one is suspect too. One of the day of
/// the approval is that which was approved: only days are known of approvals, and what is found is waived at once.
fn written_since(finding: &Finding, waiver: &Waiver) -> Option<String> {
    if finding.class != Class::ForeignPolicy {
        return None;
    }
    let approved = waiver.approval.at.0.as_str();
    let name = &waiver.name;
    let by = finding.by.as_ref();
    match by.and_then(|by| by.at.as_deref()?.get(..10)) {
        Some(written) if written <= approved => None,
        Some(written) => Some(format!(
            "it was written on {written}, and waiver `{name}` approved on {approved}: read it again"
        )),
        None => Some(format!(
            "it does not tell when it was written, and waiver `{name}` was approved on {approved}: read it again"
        )),
    }
}

/// Whether a waiver is for a finding, on whatever day it holds.
pub fn is_for(waiver: &Waiver, finding: &Finding) -> bool {
    let id = finding.id();
    let words = [finding.class.as_str(), id.as_str()];
    let object = finding.object.to_string();
    let place = (Some(&finding.cluster), Some(object.as_str()));
    finding.class.is_waivable() && waiver.covers.includes(words, place)
}

/// The same for a difference between clusters.
pub fn is_for_difference(waiver: &Waiver, difference: &CrossClusterFinding) -> bool {
    let id = difference.id();
    let words = [Class::CrossCluster.as_str(), id.as_str()];
    waiver.covers.includes(words, (None, None))
}

fn covering<'a>(
    model: &'a Model,
    today: &Date,
    words: [&str; 2],
    (cluster, object): (Option<&ClusterName>, Option<&ObjectKey>),
) -> Option<&'a Waiver> {
    let object = object.map(ToString::to_string);
    let place = (cluster, object.as_deref());
    let mut holding = model
        .waivers
        .values()
        .filter(|waiver| waiver.holds_on(today));
    holding.find(|waiver| waiver.covers.includes(words, place))
}
