//! Findings: what somebody did to the shop, and what is found, side by side.

use std::fmt::Write as _;

use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::cluster::Delivery;
use cofferdam_objects::compare::Difference;
use cofferdam_state::finding::{Effect, Finding, Severity};
use cofferdam_state::observed::Observed;
use cofferdam_testkit::{Act, SHOP, Trial};
use serde_json::{Value, json};

use super::planner;
use crate::view::View;

mod admitted;
mod authors;
mod cluster;
mod cross_cluster;
mod held;
mod hints;
mod left;
mod left_changed;
mod misplaced;
mod namespaces;
mod nodes;
mod policies;
mod unpinned;
mod waivers;

/// The findings about the cluster of a trial.
fn find(trial: &Trial) -> Vec<Finding> {
    find_in(trial, &trial.cluster.observe(), None)
}

/// The findings about what was seen, beside what is stored of the cluster.
fn find_in(trial: &Trial, observed: &Observed, stored: Option<&Capabilities>) -> Vec<Finding> {
    let bundle = trial.bundle();
    let view = View::new(&bundle, observed, Delivery::Push);
    crate::find(&view, trial.document(), stored)
}

/// A finding in a line: severity, class, object, message, effect where it has one, and fields as
/// `path: want -> have`.
fn shown(finding: &Finding) -> String {
    let severity = finding.severity.map_or("-", Severity::as_str);
    let class = finding.class.as_str();
    let mut line = format!("{severity} {class} {}: {}", finding.object, finding.message);
    if finding.effect != Effect::Unknown {
        write!(line, " [{}]", finding.effect.as_str()).ok();
    }
    for Difference { path, want, have } in &finding.fields {
        let text =
            |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), text_of);
        write!(line, "; {path}: {} -> {}", text(want), text(have)).ok();
    }
    line
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The findings about an object, given as `Kind/[namespace/]name`.
fn about(trial: &Trial, object: &str) -> Vec<String> {
    let mut found = lines(&find(trial));
    found.retain(|line| line.contains(&format!(" {object}: ")));
    found
}

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(shown).collect()
}

/// The shop after a first apply.
fn applied() -> Trial {
    let mut trial = Trial::shop(SHOP, planner);
    trial.apply();
    assert_eq!(
        lines(&find(&trial)),
        ["info unassigned-namespace Namespace/default: no zone holds it; it has no pods"]
    );
    trial
}

/// Lets somebody act on the applied shop, and compares the findings but that about `default`.
#[track_caller]
fn check(acts: &[Act], want: &[&str]) {
    let mut trial = applied();
    for act in acts {
        trial.cluster.act(act);
    }
    check_trial(&trial, want);
}

/// The same for a trial. That the bundle is another is found whenever the model is.
#[track_caller]
fn check_trial(trial: &Trial, want: &[&str]) {
    let mut found = lines(&find(trial));
    found.retain(|line| !line.contains("Namespace/default") && !line.contains(" bundle-skew "));
    assert_eq!(found, want);
}

/// A policy of the shop by `namespace/name`.
fn key(object: &str) -> (String, String) {
    let (namespace, name) = object.split_once('/').unwrap();
    (namespace.to_owned(), name.to_owned())
}

fn write(object: &str, spec: Value) -> Act {
    let (namespace, name) = key(object);
    Act::WritePolicy {
        namespace,
        name,
        spec,
    }
}

fn delete(object: &str) -> Act {
    let (namespace, name) = key(object);
    Act::DeletePolicy { namespace, name }
}

fn label(namespace: &str, key: &str, value: Option<&str>) -> Act {
    Act::Label {
        namespace: namespace.to_owned(),
        key: key.to_owned(),
        value: value.map(str::to_owned),
    }
}

/// Selects every pod and allows nothing in a direction.
fn denies(direction: &str) -> Value {
    json!({"podSelector": {}, "policyTypes": [direction]})
}

/// Selects every pod and allows everything to come in.
fn lets_in() -> Value {
    json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]})
}
