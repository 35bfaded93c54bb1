//! What Prometheus is told.

use std::fmt;

use cofferdam_report::wire::drift::Verdict;
use cofferdam_state::finding::Severity;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::fleet::Fleet;

/// Labels and their values.
type Labels = Vec<(&'static str, String)>;

/// Every metric of the fleet as it is now, as text.
pub(crate) fn told(fleet: &Fleet) -> Result<String, fmt::Error> {
    let findings: Family<Labels, Gauge> = Family::default();
    let verdicts: Family<Labels, Gauge> = Family::default();
    let requests: Family<Labels, Counter> = Family::default();
    for (name, seen) in fleet.all() {
        let cluster = || ("cluster", name.to_string());
        for finding in &seen.findings {
            let severity = finding.severity.map_or("unknown", Severity::as_str);
            let labels = vec![
                cluster(),
                ("class", finding.class.as_str().to_owned()),
                ("severity", severity.to_owned()),
                ("effect", finding.effect.as_str().to_owned()),
                ("waived", finding.waiver.is_some().to_string()),
            ];
            findings.get_or_create(&labels).inc();
        }
        let verdict = seen.verdict();
        for (one, told) in VERDICTS {
            let labels = vec![cluster(), ("verdict", told.to_owned())];
            verdicts.get_or_create(&labels).set((one == verdict).into());
        }
        requests
            .get_or_create(&vec![cluster()])
            .inc_by(seen.requests);
    }
    let between = Gauge::<i64>::default();
    between.set(i64::try_from(fleet.between().len()).unwrap_or(i64::MAX));
    let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
    let mut registry = Registry::with_prefix("cofferdam");
    registry.register("build", "The program that runs", build);
    registry.register("findings", "Findings that are open, by cluster", findings);
    registry.register(
        "findings_between_clusters",
        "Findings that are open between clusters",
        between,
    );
    registry.register(
        "verdict",
        "1 for the verdict on a cluster, 0 for every other",
        verdicts,
    );
    registry.register(
        "api_requests",
        "Requests to the API server of a cluster",
        requests,
    );
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

const VERDICTS: [(Verdict, &str); 3] = [
    (Verdict::InSync, "inSync"),
    (Verdict::Drifted, "drifted"),
    (Verdict::Unknown, "unknown"),
];
