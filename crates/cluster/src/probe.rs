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
        self.wait(probes, Until::InForce, Some(lease)).await
    }

    /// Waits until guard rails that were removed refuse and change nothing any more, in the same rounds. Returns
    /// those of which that was not seen, and why; the namespace of probes is not made for it.
    pub async fn wait_until_gone<'a>(&self, probes: &[&'a Probe]) -> Vec<(&'a Probe, Error)> {
        match self.wait(probes, Until::Gone, None).await {
            Ok(failed) => failed,
            Err(error) => probes.iter().map(|&one| (one, error.clone())).collect(),
        }
    }

    async fn wait<'a>(
        &self,
        probes: &[&'a Probe],
        until: Until,
        lease: Option<&Held>,
    ) -> Result<Vec<(&'a Probe, Error)>, Error> {
        let began = Instant::now();
        let mut failed = Vec::new();
        let mut open: Vec<(&Probe, Tally)> = Vec::new();
        open.extend(probes.iter().map(|&probe| (probe, Tally::default())));
        while !open.is_empty() {
            if let Some(lease) = lease {
                lease.remaining().await?;
            }
            let answers = self.round(&open, until).await;
            let mut next = Vec::new();
            for ((probe, mut tally), answer) in open.into_iter().zip(answers) {
                let conclusion = answer.map(|answer| tally.note(answer, began.elapsed()));
                match conclusion {
                    Ok(None) => next.push((probe, tally)),
                    Ok(Some(Conclusion::Seen)) => self.tell(probe, &tally, (until, began)),
                    Ok(Some(Conclusion::NotYet(why))) => {
                        let what = until.not_yet();
                        failed.push((probe, self.error(Category::Differs, what, why)));
                    }
                    Ok(Some(Conclusion::Untried(why))) => {
                        let what = "it cannot be tried out";
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
    async fn round(&self, open: &[(&Probe, Tally)], until: Until) -> Vec<Result<Answer, Error>> {
        let fresh = match self.anew().await {
            Ok(fresh) => fresh,
            Err(error) => return open.iter().map(|_| Err(error.clone())).collect(),
        };
        join_all(open.iter().map(|(probe, _)| fresh.try_out(probe, until))).await
    }

    async fn try_out(&self, probe: &Probe, until: Until) -> Result<Answer, Error> {
        let result = self.send(call(probe)).await;
        match until {
            Until::InForce => {
                if result.as_ref().is_err_and(|one| one.is(Category::NotFound)) {
                    self.ensure_namespace(PROBE_NAMESPACE).await?;
                }
                answer(probe, result)
            }
            Until::Gone => answer_when_gone(probe, result),
        }
    }

    fn tell(&self, probe: &Probe, tally: &Tally, (until, began): (Until, Instant)) {
        let milliseconds = began.elapsed().as_millis();
        let before = tally.last();
        tracing::info!(cluster = %self.cluster(), rail = %probe.policy, before, milliseconds, ?until, "seen");
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// That a rail is in force.
    InForce,
    /// That a rail that was removed is not in force any more.
    Gone,
}

impl Until {
    fn not_yet(self) -> &'static str {
        match self {
            Self::InForce => "it is not in force",
            Self::Gone => "it is in force still",
        }
    }
}

/// What is said where the trial passed: the object that came back is of no use to anybody.
const PASSED: &str = "it lets the trial pass";

/// What an answer says of a rail that was removed, whichever text it had. What is refused by somebody else, or for
/// want of rights, does not come before the rail and tells nothing.
fn answer_when_gone(probe: &Probe, result: Result<Vec<u8>, Error>) -> Result<Answer, Error> {
    let named = format!("'{}'", probe.policy.name);
    let error = match result {
        Ok(body) if !String::from_utf8_lossy(&body).contains(&probe.mark) => {
            return Ok(Answer::Seen);
        }
        Ok(_) => return Ok(Answer::NotYet("it still changes what is tried".to_owned())),
        Err(error) => error,
    };
    let told: String = error.why().chars().take(TOLD).collect();
    if error.why().contains(&named) || error.why().contains(&probe.mark) {
        return Ok(Answer::NotYet(told));
    }
    refused_or_disturbed(error, told)
}

/// What an answer says of the rail; an error where waiting changes nothing and nothing is said of dry runs.
fn answer(probe: &Probe, result: Result<Vec<u8>, Error>) -> Result<Answer, Error> {
    let text = match &result {
        Ok(body) => &*String::from_utf8_lossy(body),
        Err(error) => error.why(),
    };
    if text.contains(&probe.mark) {
        return Ok(Answer::Seen);
    }
    let told = match &result {
        Ok(_) => PASSED.to_owned(),
        Err(_) => text.chars().take(TOLD).collect(),
    };
    // One of ours with another text, which the server knows still.
    let is_ours = text.contains(OURS);
    let Err(error) = result else {
        return Ok(Answer::NotYet(told));
    };
    let is_refused = error.is(Category::Forbidden) || error.is(Category::Invalid);
    if error.is(Category::NotFound) || (is_ours && is_refused) {
        return Ok(Answer::NotYet(told));
    }
    refused_or_disturbed(error, told)
}

/// What an error that does not come from the rail says of it.
fn refused_or_disturbed(error: Error, told: String) -> Result<Answer, Error> {
    match error.category() {
        Category::Forbidden
        | Category::Invalid
        | Category::NotFound
        | Category::UnsupportedKind => Ok(Answer::Refused(told)),
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

#[cfg(test)]
mod tests {
    use cofferdam_objects::admission::AdmissionKind;
    use cofferdam_objects::key::ObjectKey;

    use super::*;

    fn probe() -> Probe {
        let key = String::new();
        Probe {
            policy: ObjectKey::admission(AdmissionKind::ValidatingPolicy, "cofferdam-nodes"),
            attempt: Attempt::LabelNamespace {
                value: key.clone(),
                key,
            },
            mark: "abc123".to_owned(),
        }
    }

    fn refused(category: Category, why: &str) -> Result<Vec<u8>, Error> {
        Err(Error::new("prod", category, "try", why))
    }

    const OTHERS: &str = "denied the request: no pods here";
    const OLDER: &str = "ValidatingAdmissionPolicy 'cofferdam-nodes' with binding 'cofferdam-nodes' denied request: older";

    #[test]
    fn a_rail_is_gone_only_where_the_trial_passes_without_it() {
        let still = "it still changes what is tried".to_owned();
        for (result, want) in [
            (Ok(b"{}".to_vec()), Answer::Seen),
            (Ok(b"{abc123}".to_vec()), Answer::NotYet(still)),
            (
                refused(Category::Invalid, OLDER),
                Answer::NotYet(OLDER.to_owned()),
            ),
            (
                refused(Category::Forbidden, OTHERS),
                Answer::Refused(OTHERS.to_owned()),
            ),
            (
                refused(Category::NotFound, "none"),
                Answer::Refused("none".to_owned()),
            ),
            (
                refused(Category::Busy, "busy"),
                Answer::Disturbed("busy".to_owned()),
            ),
        ] {
            assert_eq!(answer_when_gone(&probe(), result), Ok(want));
        }
    }

    #[test]
    fn of_a_trial_that_passes_the_object_is_not_told() {
        let object = br#"{"kind":"Pod","apiVersion":"v1"}"#.to_vec();
        let passed = answer(&probe(), Ok(object));
        assert_eq!(
            passed,
            Ok(Answer::NotYet("it lets the trial pass".to_owned()))
        );
        let refused = refused(Category::Invalid, OLDER);
        assert_eq!(
            answer(&probe(), refused),
            Ok(Answer::NotYet(OLDER.to_owned()))
        );
    }
}
