//! What only the clusters together show: those of one trust domain that should agree and do not.

use cofferdam_model::Model;
use cofferdam_model::flow::Date;
use cofferdam_planner::view::View;
use cofferdam_planner::{cross_cluster, waivers};
use cofferdam_state::finding::{CrossClusterFinding, NotCompared};

use crate::examined::Examined;

/// How the clusters of each trust domain compare.
#[derive(Debug, Clone, Default)]
pub struct Between {
    /// What they differ in, with waivers applied.
    pub findings: Vec<CrossClusterFinding>,
    /// Which could not be compared.
    pub not_compared: Vec<NotCompared>,
}

impl Between {
    /// Compares clusters as they were found, with the waivers applied that hold on a day.
    pub fn of(examined: &[Examined<'_>], model: &Model, today: &Date) -> Self {
        // One alone is compared with nobody.
        let several = if examined.len() > 1 { examined } else { &[] };
        let views: Vec<_> = several.iter().map(Examined::view).collect();
        Self::of_views(&views, model, today)
    }

    /// Compares bundles beside observations, with the waivers applied that hold on a day.
    pub fn of_views(views: &[View<'_>], model: &Model, today: &Date) -> Self {
        let mut findings = cross_cluster::compare(views, model);
        waivers::apply_cross_cluster(&mut findings, model, today);
        Self {
            findings,
            not_compared: cross_cluster::not_compared(views),
        }
    }

    /// The findings that no waiver covers. Who could not be compared is unknown by its own verdict.
    pub fn unwaived(&self) -> impl Iterator<Item = &CrossClusterFinding> {
        let findings = self.findings.iter();
        findings.filter(|finding| finding.waiver.is_none())
    }
}
