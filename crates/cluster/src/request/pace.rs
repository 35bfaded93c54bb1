//! Requests spaced evenly, with a small burst.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Spaces requests evenly, with a small burst.
pub(super) struct Pace {
    next: Mutex<Instant>,
    interval: Duration,
    burst: Duration,
}

impl Pace {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let interval = Duration::from_secs(1) / per_second;
        let burst = interval * (per_second / 2).clamp(1, 32);
        Self {
            // The first requests are a burst: nothing went before them.
            next: Mutex::new(now.checked_sub(burst).unwrap_or(now)),
            interval,
            burst,
        }
    }

    pub(super) async fn wait(&self) {
        let slot = self.slot(Instant::now());
        tokio::time::sleep_until(slot).await;
    }

    /// When the next request may go; in the past where it may go at once.
    fn slot(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = (*next).max(now.checked_sub(self.burst).unwrap_or(now));
        *next = slot + self.interval;
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_evenly() {
        let now = Instant::now() + Duration::from_mins(1);
        let pace = Pace::new(100, now);
        let waits: Vec<Duration> = (0..132)
            .map(|_| pace.slot(now).saturating_duration_since(now))
            .collect();
        let (burst, rest) = waits.split_at(33);
        assert!(burst.iter().all(Duration::is_zero));
        let evenly = (1..=99).map(|number| Duration::from_millis(10) * number);
        assert!(rest.iter().copied().eq(evenly), "{rest:?}");
    }
}
