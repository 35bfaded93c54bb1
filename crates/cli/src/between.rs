//! What only the clusters together show: those of one trust domain that should agree and do not.

use cofferdam_model::Model;
use cofferdam_planner::{cross_cluster, waivers};
use cofferdam_state::finding::{CrossClusterFinding, NotCompared};

use crate::clock;
use crate::exit::Exit;
use crate::fleet::Examined;

/// How the clusters of each trust domain compare.
#[derive(Debug)]
pub(crate) struct Between {
    /// What they differ in, with waivers applied.
    pub(crate) findings: Vec<CrossClusterFinding>,
    /// Which could not be compared.
    pub(crate) not_compared: Vec<NotCompared>,
}

impl Between {
    /// Compares clusters as they were found.
    pub(crate) fn of(examined: &[Examined<'_>], model: &Model) -> Self {
        // One alone is compared with nobody.
        let several = if examined.len() > 1 { examined } else { &[] };
        let views: Vec<_> = several.iter().map(Examined::view).collect();
        let mut findings = cross_cluster::compare(&views, model);
        waivers::apply_cross_cluster(&mut findings, model, &clock::today());
        Self {
            findings,
            not_compared: cross_cluster::not_compared(&views),
        }
    }

    /// A difference for each finding that no waiver covers. Who could not be compared is unknown by its
    /// own verdict.
    pub(crate) fn exits(&self) -> impl Iterator<Item = Exit> {
        let findings = self.findings.iter();
        let unwaived = findings.filter(|finding| finding.waiver.is_none());
        unwaived.map(|_| Exit::Difference)
    }
}
