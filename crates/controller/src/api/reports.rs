//! Reports of what the fleet was last found to be.

use cofferdam_pass::project::warnings_of;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::drift::{DriftCluster, DriftReport};
use cofferdam_report::wire::status::{StatusCluster, StatusReport};
use serde::Deserialize;

use super::Api;
use crate::fleet::Seen;

/// Which clusters are meant; all where nothing is said.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Selected {
    /// Names, separated by commas.
    cluster: Option<String>,
    /// Names, separated by commas.
    trust_domain: Option<String>,
}

impl Selected {
    fn holds(&self, seen: &Seen) -> bool {
        let is_meant = |named: &Option<String>, name: &str| {
            let named = named.as_ref();
            named.is_none_or(|named| named.split(',').any(|one| one == name))
        };
        is_meant(&self.cluster, &seen.drift.name)
            && is_meant(&self.trust_domain, &seen.drift.trust_domain)
    }

    fn holds_domain(&self, domain: &str) -> bool {
        let named = self.trust_domain.as_ref();
        self.cluster.is_none()
            && named.is_none_or(|named| named.split(',').any(|one| one == domain))
    }
}

/// `DriftReport`, as text and as it is.
pub(super) fn drift(api: &Api, selected: &Selected) -> (String, DriftReport) {
    let clusters = api
        .fleet
        .all()
        .into_iter()
        .filter(|(_, seen)| selected.holds(seen));
    let clusters = clusters.map(|(_, seen)| DriftCluster {
        age_seconds: seen.age_seconds(),
        ..seen.drift.clone()
    });
    let compared = api.fleet.between();
    let between = compared
        .findings
        .iter()
        .filter(|one| selected.holds_domain(one.trust_domain.as_str()));
    let not_compared = compared
        .not_compared
        .iter()
        .filter(|one| selected.holds_domain(one.trust_domain.as_str()));
    let report = DriftReport {
        api_version: API_VERSION,
        kind: "DriftReport",
        clusters: clusters.collect(),
        cross_cluster: between.map(Into::into).collect(),
        not_compared: not_compared.map(Into::into).collect(),
        warnings: warnings_of(api.documents.borrow().loaded()),
    };
    (text::drift(&report), report)
}

/// `StatusReport`, as text and as it is.
pub(super) fn status(api: &Api, selected: &Selected) -> (String, StatusReport) {
    let (_, drift) = drift(api, selected);
    let clusters = api
        .fleet
        .all()
        .into_iter()
        .filter(|(_, seen)| selected.holds(seen));
    let clusters = clusters.map(|(_, seen)| StatusCluster {
        age_seconds: seen.age_seconds(),
        ..seen.status.clone()
    });
    let report = StatusReport {
        api_version: API_VERSION,
        kind: "StatusReport",
        clusters: clusters.collect(),
        cross_cluster: drift.cross_cluster,
        not_compared: drift.not_compared,
    };
    (text::status(&report), report)
}
