//! Finding out by dry runs whether guard rails are in force: the API server knows a new policy only some
//! seconds after it was written, and each of several servers by itself.

mod tally;

use std::time::{Duration, Instant};

use cofferdam_objects::keys::PROBE_NAMESPACE;
use cofferdam_state::guard::{Attempt, Probe};
use futures_util::future::join_all;
use http::Method;
use serde_json::json;

use crate::error::{Category, Error};
use crate::lease::Held;
use crate::request::{Call, Connection, JSON, MERGE_PATCH};
use tally::{Answer, Conclusion, Tally};

/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(750);
/// How much of an answer is told, in characters.
const TOLD: usize = 300;
/// What the names of our own policies begin with, as the server quotes them.
const OURS: &str = "'cofferdam-";

impl Connection {
    /// Waits until guard rails are in force, in rounds that are each on a connection of its own; nothing is
    /// ever kept of what is tried. Returns those that are not, and why.
    ///
    /// # Errors
    ///
    /// The lease was lost.
    pub async fn wait_for_guards<'a>(
        &self,
        probes: &[&'a Probe],
        lease: &Held,
    ) -> Result<Vec<(&'a Probe, Error)>, Error> {
        let began = Instant::now();
        let mut failed = Vec::new();
        let mut open: Vec<(&Probe, Tally)> = Vec::new();
        open.extend(probes.iter().map(|&probe| (probe, Tally::default())));
        while !open.is_empty() {
            lease.remaining().await?;
            let answers = self.round(&open).await;
            let mut next = Vec::new();
            for ((probe, mut tally), answer) in open.into_iter().zip(answers) {
                let conclusion = answer.map(|answer| tally.note(answer, began.elapsed()));
                match conclusion {
                    Ok(None) => next.push((probe, tally)),
                    Ok(Some(Conclusion::InForce)) => self.tell(probe, &tally, began),
                    Ok(Some(Conclusion::Not(what, why))) => {
                        failed.push((probe, self.error(Category::Differs, what, why)));
                    }
                    Err(error) => failed.push((probe, error)),
                }
            }
            open = next;
            if !open.is_empty() {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(failed)
    }

    /// What is answered to each probe, all of one server where several share the address.
    async fn round(&self, open: &[(&Probe, Tally)]) -> Vec<Result<Answer, Error>> {
        let fresh = match self.anew().await {
            Ok(fresh) => fresh,
            Err(error) => return open.iter().map(|_| Err(error.clone())).collect(),
        };
        join_all(open.iter().map(|(probe, _)| fresh.try_out(probe))).await
    }

    async fn try_out(&self, probe: &Probe) -> Result<Answer, Error> {
        let result = self.send(call(probe)).await;
        if result.as_ref().is_err_and(|one| one.is(Category::NotFound)) {
            self.ensure_namespace(PROBE_NAMESPACE).await?;
        }
        answer(probe, result)
    }

    fn tell(&self, probe: &Probe, tally: &Tally, began: Instant) {
        let milliseconds = began.elapsed().as_millis();
        let before = tally.last();
        tracing::info!(cluster = %self.cluster(), rail = %probe.policy, before, milliseconds, "in force");
    }
}

/// What an answer says of the rail; an error where waiting changes nothing and nothing is said of dry runs.
fn answer(probe: &Probe, result: Result<Vec<u8>, Error>) -> Result<Answer, Error> {
    let text = match &result {
        Ok(body) => &*String::from_utf8_lossy(body),
        Err(error) => error.why(),
    };
    if text.contains(&probe.mark) {
        return Ok(Answer::InForce);
    }
    let told: String = text.chars().take(TOLD).collect();
    // One of ours with another text, which the server knows still.
    let is_ours = text.contains(OURS);
    let Err(error) = result else {
        return Ok(Answer::NotYet(told));
    };
    match error.category() {
        Category::NotFound => Ok(Answer::NotYet(told)),
        Category::Forbidden | Category::Invalid if is_ours => Ok(Answer::NotYet(told)),
        Category::Forbidden | Category::Invalid | Category::UnsupportedKind => {
            Ok(Answer::Refused(told))
        }
        Category::Unreachable
        | Category::Timeout
        | Category::Conflict
        | Category::Busy
        | Category::Other => Ok(Answer::Disturbed(told)),
        Category::Unauthorized
        | Category::WrongCa
        | Category::Credential
        | Category::Differs
        | Category::LeaseLost => Err(error),
    }
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
