//! Waivers that cover nothing: one with a typing error looks like one that helps.

use cofferdam_documents::{Loaded, WAIVABLE, did_you_mean};
use cofferdam_model::Model;
use cofferdam_model::class::Class;
use cofferdam_model::diagnostic::{Diagnostic, DocumentId, Remark, Severity};
use cofferdam_model::flow::Date;
use cofferdam_model::names::ClusterName;
use cofferdam_model::waiver::Waiver;
use cofferdam_pass::between::Between;
use cofferdam_pass::examined::Examined;
use cofferdam_planner::waivers::{is_for, is_for_difference};
use cofferdam_state::finding::Finding;

/// What was found in clusters.
pub(crate) struct Found<'a> {
    /// Each cluster with its findings.
    pub(crate) clusters: Vec<(&'a Examined<'a>, &'a [Finding])>,
    /// What they differ in.
    pub(crate) between: &'a Between,
    /// Clusters that have no document.
    pub(crate) abandoned: &'a [Finding],
}

/// The waivers of findings in clusters that hold and cover none, as far as everything was read that they
/// may be about.
pub(crate) fn unused(
    loaded: &Loaded,
    model: &Model,
    found: &Found<'_>,
    today: &Date,
) -> Vec<Diagnostic> {
    let holding = model.waivers.values();
    let holding = holding.filter(|waiver| waiver.holds_on(today) && is_of_clusters(waiver, model));
    let unused =
        holding.filter(|waiver| found.is_conclusive(waiver, model) && !found.covers(waiver));
    unused
        .map(|waiver| loaded.locate(&remark(waiver, found)))
        .collect()
}

fn remark(waiver: &Waiver, found: &Found<'_>) -> Remark {
    let wanted = waiver.covers.object.as_ref();
    let of_class = found.findings().filter(|finding| {
        let word = waiver.covers.finding.as_str();
        finding.waiver.is_none() && word == finding.class.as_str()
    });
    let objects: Vec<String> = of_class.map(|finding| finding.object.to_string()).collect();
    let meant = wanted.and_then(|wanted| did_you_mean(wanted, objects.iter().map(String::as_str)));
    let hint = meant.unwrap_or_else(|| "delete it when what it was for is gone".to_owned());
    Remark {
        document: DocumentId {
            kind: "Waiver",
            name: waiver.name.to_string(),
        },
        path: "spec.for".to_owned(),
        severity: Severity::Warning,
        code: "waiver-unused",
        message: "the waiver covers no finding".to_owned(),
        hint: Some(hint),
    }
}

/// Whether it is for a class of findings in clusters, or for one of them by its id.
fn is_of_clusters(waiver: &Waiver, model: &Model) -> bool {
    let word = waiver.covers.finding.as_str();
    let is_guarantee = model.guarantees.keys().any(|name| name.as_str() == word);
    let mut classes = Class::ALL.iter().map(|class| class.as_str());
    !WAIVABLE.contains(&word)
        && !is_guarantee
        && classes.any(|class| {
            let rest = word.strip_prefix(class);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
}

impl Found<'_> {
    fn findings(&self) -> impl Iterator<Item = &Finding> {
        let in_clusters = self.clusters.iter().flat_map(|(_, findings)| *findings);
        in_clusters.chain(self.abandoned)
    }

    fn covers(&self, waiver: &Waiver) -> bool {
        let mut differences = self.between.findings.iter();
        self.findings().any(|finding| is_for(waiver, finding))
            || differences.any(|difference| is_for_difference(waiver, difference))
    }

    /// Whether every cluster that it may be about was looked at, and read to the end.
    fn is_conclusive(&self, waiver: &Waiver, model: &Model) -> bool {
        let meant = waiver.covers.cluster.as_ref();
        let read = |name: &ClusterName| {
            let mut clusters = self.clusters.iter();
            clusters.any(|(one, findings)| {
                let mut findings = findings.iter();
                one.cluster.name == *name
                    && findings.all(|finding| {
                        !matches!(finding.class, Class::Unknown | Class::WrongCluster)
                    })
            })
        };
        match meant {
            Some(cluster) => read(cluster),
            None => model.clusters.keys().all(read),
        }
    }
}
