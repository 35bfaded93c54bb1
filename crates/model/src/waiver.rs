//! Dated, approved exceptions.

use crate::flow::{Approval, Date};
use crate::names::{ClusterName, WaiverName};

/// An exception to a finding, a lint or a guarantee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Its name.
    pub name: WaiverName,
    /// What it covers.
    pub covers: Covers,
    /// Why.
    pub reason: String,
    /// What limits the risk meanwhile.
    pub compensating_control: Option<String>,
    /// Who approved it.
    pub approval: Approval,
    /// The last day on which it holds.
    pub expires: Date,
}

/// What a waiver covers; an omitted key matches any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covers {
    /// A finding class, lint code, guarantee name or finding id.
    pub finding: String,
    /// The cluster.
    pub cluster: Option<ClusterName>,
    /// `Kind/[namespace/]name`.
    pub object: Option<String>,
}

impl Covers {
    /// Whether a finding of any of these words is among it, about an object and in a cluster where it has them; a key that
    /// is left out matches any.
    pub fn includes(
        &self,
        words: [&str; 2],
        (cluster, object): (Option<&ClusterName>, Option<&str>),
    ) -> bool {
        words.contains(&self.finding.as_str())
            && (self.cluster.as_ref()).is_none_or(|wanted| Some(wanted) == cluster)
            && (self.object.as_deref()).is_none_or(|wanted| Some(wanted) == object)
    }
}

impl Waiver {
    /// Whether it still holds on `today` (`YYYY-MM-DD`).
    pub fn holds_on(&self, today: &Date) -> bool {
        *today <= self.expires
    }
}
