//! Waivers over findings.

use cofferdam_model::Model;
use cofferdam_model::flow::Date;
use cofferdam_model::names::ClusterName;
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::finding::{Class, CrossClusterFinding, Finding};

/// Marks each finding that a waiver covers on `today`.
pub fn apply(findings: &mut [Finding], model: &Model, today: &Date) {
    for finding in findings
        .iter_mut()
        .filter(|finding| finding.class.is_waivable())
    {
        let id = finding.id();
        let words = [finding.class.as_str(), id.as_str()];
        finding.waiver = covering(
            model,
            today,
            words,
            (Some(&finding.cluster), Some(&finding.object)),
        );
    }
}

/// The same for differences between clusters.
pub fn apply_cross_cluster(findings: &mut [CrossClusterFinding], model: &Model, today: &Date) {
    for finding in findings.iter_mut() {
        let id = finding.id();
        let words = [Class::CrossCluster.as_str(), id.as_str()];
        finding.waiver = covering(model, today, words, (None, None));
    }
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

fn covering(
    model: &Model,
    today: &Date,
    words: [&str; 2],
    (cluster, object): (Option<&ClusterName>, Option<&ObjectKey>),
) -> Option<String> {
    let object = object.map(ToString::to_string);
    let covers = |waiver: &&cofferdam_model::waiver::Waiver| {
        waiver.holds_on(today)
            && words.contains(&waiver.covers.finding.as_str())
            && waiver
                .covers
                .cluster
                .as_ref()
                .is_none_or(|wanted| Some(wanted) == cluster)
            && waiver
                .covers
                .object
                .as_ref()
                .is_none_or(|wanted| Some(wanted) == object.as_ref())
    };
    model
        .waivers
        .values()
        .find(covers)
        .map(|waiver| waiver.name.to_string())
}
