//! What is watched of the watcher: a dashboard for Grafana and alert rules for Prometheus, made from the list of metrics.

use serde_json::{Value, json};

use crate::metrics::{ALL, Metric};

/// What can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Monitoring {
    /// A dashboard, as Grafana imports it.
    Dashboard,
    /// Alert rules, as Prometheus reads them (JSON is YAML).
    Rules,
    /// The metrics, as a table.
    Metrics,
}

/// A text of a sort.
pub fn monitoring(what: Monitoring) -> String {
    match what {
        Monitoring::Dashboard => pretty(&dashboard()),
        Monitoring::Rules => pretty(&rules()),
        Monitoring::Metrics => metrics(),
    }
}

/// A rule: its name, what it asks, how long that has to hold, its severity, and what it means.
struct Rule {
    name: &'static str,
    expression: &'static str,
    holds_for: &'static str,
    severity: &'static str,
    summary: &'static str,
}

const RULES: [Rule; 9] = [
    Rule {
        name: "CofferdamUrgentDrift",
        expression: r#"sum by (cluster, zone, class, severity, effect) (cofferdam_findings{waived="false",severity=~"critical|high"}) > 0"#,
        holds_for: "0m",
        severity: "critical",
        summary: "{{ $labels.cluster }}: {{ $labels.class }} in zone {{ $labels.zone }} ({{ $labels.effect }})",
    },
    Rule {
        name: "CofferdamDriftBetweenClusters",
        expression: "cofferdam_findings_between_clusters > 0",
        holds_for: "10m",
        severity: "warning",
        summary: "clusters of one trust domain differ",
    },
    Rule {
        name: "CofferdamClusterUnknown",
        expression: r#"cofferdam_verdict{verdict="unknown"} == 1"#,
        holds_for: "10m",
        severity: "critical",
        summary: "{{ $labels.cluster }}: nothing can be said of it",
    },
    Rule {
        name: "CofferdamVerdictStale",
        expression: "cofferdam_verdict_age_seconds > 120",
        holds_for: "5m",
        severity: "critical",
        summary: "{{ $labels.cluster }}: what is said of it is old",
    },
    Rule {
        name: "CofferdamNotHealed",
        expression: r#"increase(cofferdam_passes_total{state!="converged"}[15m]) > 0"#,
        holds_for: "0m",
        severity: "critical",
        summary: "{{ $labels.cluster }}: what drifted could not be put back ({{ $labels.state }})",
    },
    Rule {
        name: "CofferdamRolloutHalted",
        expression: r#"cofferdam_rollout{state="halted"} == 1"#,
        holds_for: "0m",
        severity: "critical",
        summary: "new documents do not reach the fleet: `cofferdam rollout` says why",
    },
    Rule {
        name: "CofferdamCredentialExpires",
        expression: "cofferdam_credential_expiry_timestamp_seconds - time() < 86400",
        holds_for: "1h",
        severity: "warning",
        summary: "{{ $labels.cluster }}: its credential expires within a day",
    },
    Rule {
        name: "CofferdamTellsNobody",
        expression: "cofferdam_alerts_undelivered > 0 or cofferdam_history_unkept > 0",
        holds_for: "10m",
        severity: "critical",
        summary: "alerts do not arrive, or history cannot be kept",
    },
    Rule {
        name: "CofferdamAbsent",
        expression: "absent(cofferdam_build_info)",
        holds_for: "5m",
        severity: "critical",
        summary: "no controller watches",
    },
];

fn rules() -> Value {
    let rules = RULES.iter().map(|rule| {
        json!({
            "alert": rule.name,
            "expr": rule.expression,
            "for": rule.holds_for,
            "labels": {"severity": rule.severity},
            "annotations": {"summary": rule.summary},
        })
    });
    json!({"groups": [{"name": "cofferdam", "rules": rules.collect::<Vec<_>>()}]})
}

/// How a metric is drawn: its title, and what is asked of it; nothing where it is only of use to others.
fn drawn(metric: &Metric) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match metric.name {
        "findings" => (
            "Open findings by severity",
            r#"sum by (severity) (cofferdam_findings{waived="false"})"#,
            "{{severity}}",
        ),
        "findings_between_clusters" => (
            "Findings between clusters",
            "cofferdam_findings_between_clusters",
            "",
        ),
        "verdict" => (
            "Clusters by verdict",
            "sum by (verdict) (cofferdam_verdict)",
            "{{verdict}}",
        ),
        "verdict_age_seconds" => (
            "Oldest verdicts",
            "topk(10, cofferdam_verdict_age_seconds)",
            "{{cluster}}",
        ),
        "credential_expiry_timestamp_seconds" => (
            "Seconds until credentials expire",
            "bottomk(10, cofferdam_credential_expiry_timestamp_seconds - time())",
            "{{cluster}}",
        ),
        "api_requests" => (
            "Requests per second by cluster",
            "topk(10, rate(cofferdam_api_requests_total[5m]))",
            "{{cluster}}",
        ),
        "passes" => (
            "Passes by what became of them",
            "sum by (state) (increase(cofferdam_passes_total[1h]))",
            "{{state}}",
        ),
        "rollout" => ("The last rollout", "cofferdam_rollout == 1", "{{state}}"),
        "rollout_clusters" => (
            "Clusters of the last rollout",
            "cofferdam_rollout_clusters",
            "{{state}}",
        ),
        "history_unkept" => ("Facts not kept yet", "cofferdam_history_unkept", ""),
        "alerts_undelivered" => (
            "Alerts not delivered yet",
            "sum by (receiver) (cofferdam_alerts_undelivered)",
            "{{receiver}}",
        ),
        "build" => (
            "Versions that run",
            "count by (version) (cofferdam_build_info)",
            "{{version}}",
        ),
        _ => return None,
    })
}

fn dashboard() -> Value {
    let drawn = ALL
        .iter()
        .filter_map(|metric| Some((metric, drawn(metric)?)));
    let panels = drawn
        .enumerate()
        .map(|(index, (metric, (title, expression, legend)))| {
            json!({
                "id": index + 1,
                "type": "timeseries",
                "title": title,
                "description": metric.help,
                "datasource": {"type": "prometheus", "uid": "${datasource}"},
                "gridPos": {"h": 8, "w": 12, "x": 12 * (index % 2), "y": 8 * (index / 2)},
                "targets": [{"refId": "A", "expr": expression, "legendFormat": legend}],
            })
        });
    json!({
        "title": "Cofferdam",
        "uid": "cofferdam",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": panels.collect::<Vec<_>>(),
    })
}

fn metrics() -> String {
    let rows = ALL.iter().map(|metric| {
        let labels = metric.labels.join(", ");
        format!("{}{{{labels}}}\n    {}", metric.full_name(), metric.help)
    });
    rows.collect::<Vec<_>>().join("\n") + "\n"
}

fn pretty(value: &Value) -> String {
    // Values without a map of other keys than strings always have a text.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Everything in texts that begins like a metric.
    fn named(texts: &[&str]) -> BTreeSet<String> {
        let words = texts
            .iter()
            .flat_map(|text| text.split(|one: char| !(one.is_ascii_alphanumeric() || one == '_')));
        words
            .filter(|word| word.starts_with("cofferdam_"))
            .map(ToOwned::to_owned)
            .collect()
    }

    #[test]
    fn dashboard_and_rules_name_metrics_that_there_are_and_every_metric_is_drawn() {
        let all: BTreeSet<String> = ALL.iter().map(Metric::full_name).collect();
        let drawn: Vec<_> = ALL.iter().filter_map(drawn).collect();
        let drawn: Vec<&str> = drawn.iter().map(|(_, expression, _)| *expression).collect();
        assert_eq!(named(&drawn), all);
        let rules: Vec<&str> = RULES.iter().map(|rule| rule.expression).collect();
        assert!(named(&rules).is_subset(&all), "{:?}", named(&rules));
    }

    #[test]
    fn labels_that_are_asked_by_are_there() {
        let labels: BTreeSet<&str> = ALL
            .iter()
            .flat_map(|metric| metric.labels)
            .copied()
            .collect();
        for rule in &RULES {
            let summary = rule.summary.split("$labels.").skip(1);
            for word in summary.filter_map(|rest| rest.split(' ').next()) {
                assert!(labels.contains(word), "{}: {word}", rule.name);
            }
        }
    }
}
