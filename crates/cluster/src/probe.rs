//! Finding out by dry runs whether a guard rail is in force: the API server knows a new policy only some
//! seconds after it was written, and each of several servers by itself.

use std::time::{Duration, Instant};

use cofferdam_objects::keys::PROBE_NAMESPACE;
use cofferdam_state::guard::{Attempt, Probe};
use http::Method;
use serde_json::json;

use crate::error::{Category, Error};
use crate::lease::Held;
use crate::request::{Call, Connection, JSON, MERGE_PATCH};

/// How long a guard rail may take to be in force.
const PATIENCE: Duration = Duration::from_secs(45);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);
/// How often in a row, on a connection of its own each time, a rail must be found in force.
const CONFIRMED: u32 = 2;

impl Connection {
    /// Waits until a guard rail is in force; nothing is ever kept of what is tried.
    pub async fn wait_for_guard(&self, probe: &Probe, lease: &Held) -> Result<(), Error> {
        let began = Instant::now();
        let mut confirmed = 0;
        let mut last = String::new();
        while confirmed < CONFIRMED {
            lease.remaining().await?;
            match self.try_out(probe).await? {
                Answer::InForce => confirmed += 1,
                Answer::NotYet(why) => {
                    confirmed = 0;
                    last = why;
                    if began.elapsed() > PATIENCE {
                        let what = format!("{} is not in force", probe.policy);
                        let seconds = PATIENCE.as_secs();
                        let why = format!("after {seconds} s the server still answers: {last}");
                        return Err(self.error(Category::Differs, what, why));
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        let milliseconds = began.elapsed().as_millis();
        tracing::info!(cluster = %self.cluster(), rail = %probe.policy, last, milliseconds, "in force");
        Ok(())
    }

    async fn try_out(&self, probe: &Probe) -> Result<Answer, Error> {
        let fresh = self.anew().await?;
        match fresh.send(call(probe)).await {
            Ok(body) => Ok(answer(probe, &String::from_utf8_lossy(&body))),
            Err(error) if error.is(Category::NotFound) => {
                self.ensure_namespace(PROBE_NAMESPACE).await?;
                Ok(Answer::NotYet(error.reason()))
            }
            Err(error) if is_of_admission(&error) => Ok(answer(probe, &error.reason())),
            Err(error) => Err(error),
        }
    }
}

enum Answer {
    InForce,
    NotYet(String),
}

fn answer(probe: &Probe, text: &str) -> Answer {
    if text.contains(&probe.mark) {
        Answer::InForce
    } else {
        let start: String = text.chars().take(200).collect();
        Answer::NotYet(start)
    }
}

/// What admission refuses is answered by 422 or 403; a right that lacks by 403 too, which says nothing of
/// the rail and does not change by waiting.
fn is_of_admission(error: &Error) -> bool {
    let forbidden = error.is(Category::Forbidden) && error.reason().contains("AdmissionPolicy");
    error.is(Category::Invalid) || forbidden
}

fn call(probe: &Probe) -> Call {
    let what = format!("try out {}", probe.policy);
    match &probe.attempt {
        Attempt::Create { path, object } => Call::with_body(
            Method::POST,
            format!("{path}?dryRun=All"),
            JSON,
            object,
            what,
        ),
        Attempt::LabelNamespace { key, value } => {
            let url = format!("/api/v1/namespaces/{PROBE_NAMESPACE}?dryRun=All");
            let body = json!({ "metadata": { "labels": { key: value } } });
            Call::with_body(Method::PATCH, url, MERGE_PATCH, &body, what)
        }
    }
}
