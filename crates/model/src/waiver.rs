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

impl Waiver {
    /// Whether it still holds on `today` (`YYYY-MM-DD`).
    pub fn holds_on(&self, today: &Date) -> bool {
        *today <= self.expires
    }
}
