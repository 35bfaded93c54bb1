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
        Self {
            next: Mutex::new(Instant::now()),
            interval,
            burst: interval * (per_second / 2).clamp(1, 32),
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
