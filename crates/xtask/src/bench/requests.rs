//! How many requests a push made, as the API server's audit log has them.

use std::collections::BTreeMap;

use cofferdam_integration::Audit;

/// The requests of one user in one pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Requests {
    /// Writes of policies.
    pub(super) policies: usize,
    /// LISTs, by plural.
    pub(super) lists: BTreeMap<String, usize>,
    /// Everything else: discovery, identity, Lease, record.
    pub(super) others: usize,
}

impl Requests {
    /// What a user did.
    pub(super) fn of(audit: &Audit, user: &str) -> Self {
        let mut requests = Self::default();
        for entry in audit.by(user) {
            if entry.verb == "list" {
                *requests.lists.entry(entry.resource.clone()).or_default() += 1;
            } else if entry.resource == "networkpolicies" && entry.verb != "get" {
                requests.policies += 1;
            } else {
                requests.others += 1;
            }
        }
        requests
    }

    /// The most LISTs of any kind.
    pub(super) fn lists_per_kind(&self) -> usize {
        self.lists.values().copied().max().unwrap_or_default()
    }
}
