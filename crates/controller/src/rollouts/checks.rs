//! Questions to Prometheus that have to hold for a wave to pass.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::http::{Access, answer, request};
use crate::rollout::Gate;

/// A question to Prometheus: it holds where its answer has at least one sample, as in
/// `sum(rate(http_errors[5m])) < 0.01`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Where Prometheus is, without the path of its API.
    pub url: String,
    /// What is asked.
    pub query: String,
    /// A file with a token to send along.
    pub bearer_token_file: Option<PathBuf>,
    /// A file with certificates of authorities to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
}

/// How often each is asked while a rollout goes on.
const ASKED_EVERY: Duration = Duration::from_secs(10);

/// An answer holds for so long.
const HOLDS_FOR: Duration = Duration::from_secs(45);

/// What lets a wave pass of which it cannot be told whether it is well.
pub(super) const LETS_PASS: &str = "`cofferdam rollout approve` lets it pass";

/// What the questions were answered last.
#[derive(Debug, Default)]
pub(super) struct Checks(Mutex<BTreeMap<String, (Instant, Gate)>>);

impl Checks {
    /// Asks for as long as the process lives, whenever somebody needs answers.
    pub(super) async fn ask(&self, checks: &[Check], are_needed: impl Fn() -> bool) {
        let mut ticks = tokio::time::interval(ASKED_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for check in checks.iter().filter(|_| are_needed()) {
                let name = &check.name;
                let gate = match ask(check).await {
                    Ok(true) => Gate::Well,
                    Ok(false) => Gate::Broken(format!("check `{name}` does not hold")),
                    Err(error) => Gate::Held(format!(
                        "check `{name}` has no answer ({error:#}); {LETS_PASS}"
                    )),
                };
                let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                answers.insert(name.clone(), (Instant::now(), gate));
            }
        }
    }

    /// Whether every question holds, as far as that is known now.
    pub(super) fn gate(&self, checks: &[Check]) -> Gate {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = None;
        for check in checks {
            let answer = answers.get(&check.name);
            match answer
                .filter(|(at, _)| at.elapsed() < HOLDS_FOR)
                .map(|(_, gate)| gate)
            {
                Some(Gate::Well) => {}
                Some(Gate::Broken(why)) => return Gate::Broken(why.clone()),
                Some(Gate::Held(why)) => held = Some(why.clone()),
                None => {
                    let name = &check.name;
                    held = Some(format!(
                        "check `{name}` was not answered lately; {LETS_PASS}"
                    ));
                }
            }
        }
        held.map_or(Gate::Well, Gate::Held)
    }
}

/// Whether the answer to a question has a sample.
async fn ask(check: &Check) -> Result<bool> {
    let mut url = Url::parse(&check.url).context("its URL is none")?;
    let path = format!("{}/api/v1/query", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.query_pairs_mut().append_pair("query", &check.query);
    let access = Access {
        bearer_token_file: check.bearer_token_file.as_deref(),
        ca_file: check.ca_file.as_deref(),
    };
    let answer = answer(request(Method::GET, url, access).await?).await?;
    let answer: Value = serde_json::from_str(&answer.text().await?)?;
    has_sample(&answer)
}

fn has_sample(answer: &Value) -> Result<bool> {
    let kind = answer.pointer("/data/resultType").and_then(Value::as_str);
    let result = answer.pointer("/data/result").and_then(Value::as_array);
    match (kind, result) {
        (Some("vector"), Some(samples)) => Ok(!samples.is_empty()),
        (Some(other), Some(_)) => bail!("its answer is a {other}, and no vector"),
        _ => bail!("its answer is none of Prometheus"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an answer means: whether the check holds, or why that is not known.
    #[track_caller]
    fn check(answer: &str, expected: Result<bool, &str>) {
        let answer = serde_json::from_str(answer).expect("JSON");
        let told = has_sample(&answer).map_err(|error| error.to_string());
        assert_eq!(told, expected.map_err(ToOwned::to_owned), "{answer}");
    }

    #[test]
    fn a_check_holds_where_there_is_a_sample() {
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0"]}]}}"#;
        check(vector, Ok(true));
        check(r#"{"data":{"resultType":"vector","result":[]}}"#, Ok(false));
        let scalar = r#"{"data":{"resultType":"scalar","result":[1,"1"]}}"#;
        check(scalar, Err("its answer is a scalar, and no vector"));
        check(
            r#"{"status":"error"}"#,
            Err("its answer is none of Prometheus"),
        );
    }

    #[test]
    fn what_was_not_answered_holds_the_wave() {
        let one = Check {
            name: "errors".to_owned(),
            url: "http://127.0.0.1:1".to_owned(),
            query: "up".to_owned(),
            bearer_token_file: None,
            ca_file: None,
        };
        let checks = Checks::default();
        assert_eq!(checks.gate(&[]), Gate::Well);
        let told = checks.gate(std::slice::from_ref(&one));
        assert_eq!(
            told,
            Gate::Held(format!(
                "check `errors` was not answered lately; {LETS_PASS}"
            ))
        );
    }
}
