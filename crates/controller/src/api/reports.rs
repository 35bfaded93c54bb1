//! Reports of what the fleet was last found to be.

use cofferdam_pass::project::warnings_of;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::drift::{DriftCluster, DriftReport, Verdict};
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

/// What is older than this is not known any more, in seconds.
const STALE_SECONDS: u64 = 60;

/// Why a report would say less than it seems to.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// Somebody asks for what is not there.
    #[error("there is no {0} `{1}`")]
    NoSuch(&'static str, String),
    /// Clusters were not looked at yet.
    #[error("not looked at yet: {0}")]
    NotYet(String),
}

/// An error where a report of what is selected would leave something out.
pub(super) fn check(api: &Api, selected: &Selected) -> Result<(), Unanswered> {
    let documents = api.documents.borrow();
    let model = documents.model();
    let named = |names: &Option<String>| {
        let names = names.iter().flat_map(|names| names.split(','));
        names.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    for name in named(&selected.cluster) {
        if !documents
            .clusters()
            .any(|cluster| cluster.name.as_str() == name)
        {
            return Err(Unanswered::NoSuch("cluster", name));
        }
    }
    for name in named(&selected.trust_domain) {
        if !model
            .trust_domains
            .keys()
            .any(|domain| domain.as_str() == name)
        {
            return Err(Unanswered::NoSuch("trust domain", name));
        }
    }
    let missing = api.fleet.not_looked_at();
    let missing: Vec<String> = match missing {
        Some(missing) => missing.iter().map(ToString::to_string).collect(),
        None => vec!["any cluster".to_owned()],
    };
    if missing.is_empty() {
        return Ok(());
    }
    Err(Unanswered::NotYet(missing.join(", ")))
}

/// A verdict that holds now: none does that is old.
fn current(verdict: Verdict, age_seconds: u64) -> Verdict {
    if age_seconds > STALE_SECONDS && verdict == Verdict::InSync {
        return Verdict::Unknown;
    }
    verdict
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
        verdict: current(seen.drift.verdict, seen.age_seconds()),
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
        verdict: current(seen.status.verdict, seen.age_seconds()),
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
