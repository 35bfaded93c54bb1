//! Every metric: its name, what it says, and its labels. Dashboard and alert rules are made from this list.

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Metric {
    /// Its name without the prefix, and without the suffix that its kind gives it.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What it says, without a full stop.
    pub(crate) help: &'static str,
    pub(crate) labels: &'static [&'static str],
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Gauge,
    Counter,
    Info,
}

/// Names begin so.
pub(super) const PREFIX: &str = "cofferdam";

impl Metric {
    /// Its name as Prometheus has it.
    pub(crate) fn full_name(&self) -> String {
        let suffix = match self.kind {
            Kind::Gauge => "",
            Kind::Counter => "_total",
            Kind::Info => "_info",
        };
        format!("{PREFIX}_{}{suffix}", self.name)
    }
}

const BY_CLUSTER: &[&str] = &["cluster"];

/// Open findings.
pub(crate) const FINDINGS: Metric = Metric {
    name: "findings",
    kind: Kind::Gauge,
    help: "Findings that are open",
    labels: &[
        "cluster",
        "trust_domain",
        "zone",
        "class",
        "severity",
        "effect",
        "waived",
    ],
};
/// Open findings between clusters.
pub(crate) const FINDINGS_BETWEEN_CLUSTERS: Metric = Metric {
    name: "findings_between_clusters",
    kind: Kind::Gauge,
    help: "Findings between clusters that are open and that no waiver covers",
    labels: &[],
};
/// The verdict on each cluster.
pub(crate) const VERDICT: Metric = Metric {
    name: "verdict",
    kind: Kind::Gauge,
    help: "1 for the verdict on a cluster, 0 for every other",
    labels: &["cluster", "verdict"],
};
/// How old it is.
pub(crate) const VERDICT_AGE_SECONDS: Metric = Metric {
    name: "verdict_age_seconds",
    kind: Kind::Gauge,
    help: "Seconds since the verdict on a cluster was last known to hold",
    labels: BY_CLUSTER,
};
/// When credentials expire.
pub(crate) const CREDENTIAL_EXPIRY: Metric = Metric {
    name: "credential_expiry_timestamp_seconds",
    kind: Kind::Gauge,
    help: "When the credential of a cluster expires, in seconds since 1970",
    labels: BY_CLUSTER,
};
/// What API servers were asked.
pub(crate) const API_REQUESTS: Metric = Metric {
    name: "api_requests",
    kind: Kind::Counter,
    help: "Requests to the API server of a cluster",
    labels: BY_CLUSTER,
};
/// What was written.
pub(crate) const PASSES: Metric = Metric {
    name: "passes",
    kind: Kind::Counter,
    help: "Passes that put something back in a cluster, by what became of them",
    labels: &["cluster", "state"],
};
/// Where the rollout stands.
pub(crate) const ROLLOUT: Metric = Metric {
    name: "rollout",
    kind: Kind::Gauge,
    help: "1 for the state of the last rollout, 0 for every other",
    labels: &["state"],
};
/// Where its clusters stand.
pub(crate) const ROLLOUT_CLUSTERS: Metric = Metric {
    name: "rollout_clusters",
    kind: Kind::Gauge,
    help: "Clusters of the last rollout by where they stand",
    labels: &["state"],
};
/// What waits for the history.
pub(crate) const HISTORY_UNKEPT: Metric = Metric {
    name: "history_unkept",
    kind: Kind::Gauge,
    help: "Facts that could not be kept yet",
    labels: &[],
};
/// What waits for receivers.
pub(crate) const ALERTS_UNDELIVERED: Metric = Metric {
    name: "alerts_undelivered",
    kind: Kind::Gauge,
    help: "Alerts that were not delivered yet",
    labels: &["receiver"],
};
/// What runs.
pub(crate) const BUILD: Metric = Metric {
    name: "build",
    kind: Kind::Info,
    help: "The program that runs",
    labels: &["version"],
};

/// All of them.
pub(crate) const ALL: [Metric; 12] = [
    FINDINGS,
    FINDINGS_BETWEEN_CLUSTERS,
    VERDICT,
    VERDICT_AGE_SECONDS,
    CREDENTIAL_EXPIRY,
    API_REQUESTS,
    PASSES,
    ROLLOUT,
    ROLLOUT_CLUSTERS,
    HISTORY_UNKEPT,
    ALERTS_UNDELIVERED,
    BUILD,
];
