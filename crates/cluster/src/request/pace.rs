//! Requests spaced evenly, with a small burst.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Spaces requests evenly, with a small burst.
pub(super) struct Pace {
    next: Mutex<Instant>,
    interval: Duration,
    burst: Duration,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second;
        let burst = interval * (per_second / 2).clamp(1, 32);
        let now = Instant::now();
        Self {
            // The first requests are a burst: nothing went before them.
            next: Mutex::new(now.checked_sub(burst).unwrap_or(now)),
            interval,
            burst,
        }
    }

    pub(super) async fn wait(&self) {
        let slot = {
            let mut next = self.next.lock().await;
            let now = Instant::now();
            let slot = (*next).max(now.checked_sub(self.burst).unwrap_or(now));
            *next = slot + self.interval;
            slot
        };
        tokio::time::sleep_until(slot).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_evenly() {
        // Time has to have passed for credit to exist.
        tokio::time::advance(Duration::from_secs(10)).await;
        let pace = Pace::new(100);
        let start = Instant::now();
        for _ in 0..32 {
            pace.wait().await;
        }
        assert_eq!(start.elapsed().as_millis(), 0);
        for _ in 0..100 {
            pace.wait().await;
        }
        assert!((900..=1_100).contains(&start.elapsed().as_millis()));
    }
}
