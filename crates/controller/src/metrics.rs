//! What Prometheus is told.

mod list;

pub(crate) use list::{ALL, Metric};

use std::fmt;

use cofferdam_pass::clock;
use cofferdam_report::wire::drift::Verdict;
use cofferdam_report::wire::rollout::{Rollout, RolloutState};
use cofferdam_state::finding::Severity;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric as Registered, Registry};

use crate::chronicle::Chronicle;
use crate::fleet::{Fleet, Seen};

/// Labels and their values.
type Labels = Vec<(&'static str, String)>;

/// Every metric of the fleet as it is now, as text.
pub(crate) fn told(
    fleet: &Fleet,
    chronicle: &Chronicle,
    rollout: Option<&Rollout>,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(list::PREFIX);
    let clusters = fleet.all();
    let each = || clusters.iter().map(|(name, seen)| (name.as_str(), &**seen));
    register(&mut registry, &list::FINDINGS, findings(each()));
    let between = Gauge::<i64>::default();
    between.set(whole(fleet.between().unwaived().count()));
    register(&mut registry, &list::FINDINGS_BETWEEN_CLUSTERS, between);
    register(&mut registry, &list::VERDICT, verdicts(each()));
    let ages = by_cluster(each(), |seen| {
        Some(i64::try_from(seen.age_seconds()).unwrap_or(i64::MAX))
    });
    register(&mut registry, &list::VERDICT_AGE_SECONDS, ages);
    let expiries = by_cluster(each(), |seen| {
        let at = seen.status.credential_expires_at.as_deref()?;
        Some(clock::seconds() + clock::seconds_until(at)?)
    });
    register(&mut registry, &list::CREDENTIAL_EXPIRY, expiries);
    let requests: Family<Labels, Counter> = Family::default();
    for (cluster, seen) in each() {
        let labels = vec![("cluster", cluster.to_owned())];
        requests.get_or_create(&labels).inc_by(seen.requests);
    }
    register(&mut registry, &list::API_REQUESTS, requests);
    let passes: Family<Labels, Counter> = Family::default();
    for ((cluster, state), number) in fleet.passes() {
        let labels = vec![("cluster", cluster), ("state", state)];
        passes.get_or_create(&labels).inc_by(number);
    }
    register(&mut registry, &list::PASSES, passes);
    let states: Family<Labels, Gauge> = Family::default();
    let members: Family<Labels, Gauge> = Family::default();
    if let Some(rollout) = rollout {
        for (state, told) in ROLLOUTS {
            let labels = vec![("state", told.to_owned())];
            states
                .get_or_create(&labels)
                .set((state == rollout.state).into());
        }
        let clusters = rollout.waves.iter().flat_map(|wave| &wave.clusters);
        for cluster in clusters {
            let state = cluster.state.as_str().to_lowercase();
            members.get_or_create(&vec![("state", state)]).inc();
        }
    }
    register(&mut registry, &list::ROLLOUT, states);
    register(&mut registry, &list::ROLLOUT_CLUSTERS, members);
    let unkept = Gauge::<i64>::default();
    unkept.set(whole(chronicle.unkept()));
    register(&mut registry, &list::HISTORY_UNKEPT, unkept);
    let undelivered: Family<Labels, Gauge> = Family::default();
    for (receiver, alerts) in chronicle.receivers() {
        let labels = vec![("receiver", receiver)];
        undelivered.get_or_create(&labels).set(alerts.into());
    }
    register(&mut registry, &list::ALERTS_UNDELIVERED, undelivered);
    let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
    register(&mut registry, &list::BUILD, build);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn register(registry: &mut Registry, metric: &Metric, value: impl Registered) {
    registry.register(metric.name, metric.help, value);
}

fn findings<'a>(clusters: impl Iterator<Item = (&'a str, &'a Seen)>) -> Family<Labels, Gauge> {
    let findings: Family<Labels, Gauge> = Family::default();
    for (cluster, seen) in clusters {
        for finding in &seen.findings {
            let severity = finding.severity.map_or("unknown", Severity::as_str);
            let zone = finding.zone.as_ref().map(ToString::to_string);
            let labels = vec![
                ("cluster", cluster.to_owned()),
                ("trust_domain", seen.drift.trust_domain.clone()),
                ("zone", zone.unwrap_or_default()),
                ("class", finding.class.as_str().to_owned()),
                ("severity", severity.to_owned()),
                ("effect", finding.effect.as_str().to_owned()),
                ("waived", finding.waiver.is_some().to_string()),
            ];
            findings.get_or_create(&labels).inc();
        }
    }
    findings
}

fn verdicts<'a>(clusters: impl Iterator<Item = (&'a str, &'a Seen)>) -> Family<Labels, Gauge> {
    let verdicts: Family<Labels, Gauge> = Family::default();
    for (cluster, seen) in clusters {
        let verdict = seen.verdict();
        for (one, told) in VERDICTS {
            let labels = vec![
                ("cluster", cluster.to_owned()),
                ("verdict", told.to_owned()),
            ];
            verdicts.get_or_create(&labels).set((one == verdict).into());
        }
    }
    verdicts
}

fn by_cluster<'a>(
    clusters: impl Iterator<Item = (&'a str, &'a Seen)>,
    value: impl Fn(&Seen) -> Option<i64>,
) -> Family<Labels, Gauge> {
    let family: Family<Labels, Gauge> = Family::default();
    for (cluster, seen) in clusters {
        if let Some(value) = value(seen) {
            family
                .get_or_create(&vec![("cluster", cluster.to_owned())])
                .set(value);
        }
    }
    family
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

const VERDICTS: [(Verdict, &str); 3] = [
    (Verdict::InSync, "inSync"),
    (Verdict::Drifted, "drifted"),
    (Verdict::Unknown, "unknown"),
];

const ROLLOUTS: [(RolloutState, &str); 5] = [
    (RolloutState::Running, "running"),
    (RolloutState::Paused, "paused"),
    (RolloutState::Halted, "halted"),
    (RolloutState::Aborted, "aborted"),
    (RolloutState::Done, "done"),
];
