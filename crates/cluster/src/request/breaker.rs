//! A server that has stopped answering is not asked by everybody who waits in line.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::retry::Fault;
use crate::error::Category;

/// How many requests in a row get no answer before the rest is spared.
const FAILURES: u32 = 8;
/// How long the rest is spared, until one is let through to see.
const PAUSE: Duration = Duration::from_secs(10);

/// Counts requests in a row that got no answer.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    closed_until: Option<Instant>,
}

impl Breaker {
    /// Whether a request may be sent now; while the pause lasts, none may.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.closed_until {
            Some(until) if now < until => {
                let why = format!(
                    "not asked: {} requests in a row got no answer",
                    state.failures
                );
                Err(Fault::Final(Category::Other, why))
            }
            // One is let through to see; the others wait for what becomes of it.
            Some(_) => {
                state.closed_until = Some(now + PAUSE);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Notes whether a request got any answer.
    pub(super) fn note(&self, answered: bool, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            *state = State::default();
        } else {
            state.failures = state.failures.saturating_add(1);
            if state.failures >= FAILURES {
                state.closed_until = Some(now + PAUSE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_failures_in_a_row_one_request_at_a_time_is_let_through() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for _ in 0..FAILURES {
            assert!(breaker.admit(start).is_ok());
            breaker.note(false, start);
        }
        assert!(breaker.admit(start).is_err());
        let later = start + PAUSE;
        assert!(breaker.admit(later).is_ok());
        assert!(breaker.admit(later).is_err());
        breaker.note(true, later);
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn an_answer_between_failures_starts_the_count_anew() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..FAILURES * 2 {
            breaker.note(false, now);
            breaker.note(true, now);
        }
        assert!(breaker.admit(now).is_ok());
    }
}
