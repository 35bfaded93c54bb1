//! A server that has stopped answering is not asked by everybody who waits in line.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::retry::Fault;
use crate::error::Category;

/// After how many incidents in a row the rest is spared; more than one request is tried again.
const INCIDENTS: u32 = 4;
/// How long the rest is spared, until one is let through to see.
const PAUSE: Duration = Duration::from_secs(10);

/// Counts incidents in a row: requests that were under way together and got no answer are one, for they
/// share a connection.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    incidents: u32,
    /// When the last incident was noted, and what it was.
    last: Option<(Instant, String)>,
    spared_until: Option<Instant>,
}

impl Breaker {
    /// Whether a request may be sent now; while the pause lasts, none may.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.spared_until {
            Some(until) if now < until => {
                let last = state.last.as_ref().map_or("", |(_, why)| why);
                let why = format!("{last}; not asked again for {} s", PAUSE.as_secs());
                Err(Fault::Final(Category::Unreachable, why))
            }
            // One is let through to see; the others wait for what becomes of it.
            Some(_) => {
                state.spared_until = Some(now + PAUSE);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Notes what became of a request that was sent at `started`: any answer, or why there was none.
    pub(super) fn note(&self, started: Instant, silence: Option<&str>, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(why) = silence else {
            *state = State::default();
            return;
        };
        if state.last.as_ref().is_some_and(|(at, _)| started < *at) {
            return;
        }
        state.incidents = state.incidents.saturating_add(1);
        state.last = Some((now, why.to_owned()));
        if state.incidents >= INCIDENTS {
            state.spared_until = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESET: Option<&str> = Some("connection reset");

    #[test]
    fn after_incidents_in_a_row_one_request_at_a_time_is_let_through() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..INCIDENTS {
            assert!(breaker.admit(now).is_ok());
            breaker.note(now, RESET, now);
            now += Duration::from_millis(1);
        }
        let spared = breaker.admit(now).map_err(Fault::into_words);
        assert!(spared.is_err_and(|why| why.starts_with("connection reset")));
        now += PAUSE;
        assert!(breaker.admit(now).is_ok());
        assert!(breaker.admit(now).is_err());
        breaker.note(now, None, now);
        assert!(breaker.admit(now).is_ok());
    }

    #[test]
    fn one_connection_that_breaks_under_many_requests_is_one_incident() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        let end = start + Duration::from_secs(1);
        for _ in 0..INCIDENTS * 10 {
            breaker.note(start, RESET, end);
        }
        assert!(breaker.admit(end).is_ok());
    }

    #[test]
    fn an_answer_between_incidents_starts_the_count_anew() {
        let (breaker, mut now) = (Breaker::default(), Instant::now());
        for _ in 0..INCIDENTS * 2 {
            breaker.note(now, RESET, now);
            now += Duration::from_secs(1);
            breaker.note(now, None, now);
        }
        assert!(breaker.admit(now).is_ok());
    }
}
