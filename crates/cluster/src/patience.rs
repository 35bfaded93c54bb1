//! Deadlines that only silence runs into: a slow answer that keeps coming is no hung server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// When something last came from a cluster. Clones share it.
#[derive(Debug, Clone)]
pub struct Progress {
    last: Arc<Mutex<Instant>>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            last: Arc::new(Mutex::new(Instant::now())),
        }
    }
}

impl Progress {
    /// Notes that something came just now.
    pub(crate) fn note(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// When patience ends unless something comes before.
    fn deadline(&self, patience: Duration) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) + patience
    }

    /// The outcome of the work, or none once nothing came for as long as `patience`.
    pub async fn within<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        self.note();
        let mut work = Box::pin(work);
        loop {
            let deadline = self.deadline(patience);
            if let Ok(done) = tokio::time::timeout_at(deadline, &mut work).await {
                return Some(done);
            }
            if self.deadline(patience) <= deadline {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn silence_is_given_up_and_what_is_done_is_returned() {
        let progress = Progress::default();
        let done = progress.within(Duration::ZERO, async { 1 }).await;
        assert_eq!(done, Some(1));
        let never = std::future::pending::<()>();
        assert_eq!(progress.within(Duration::from_millis(1), never).await, None);
    }

    #[tokio::test]
    async fn what_comes_moves_the_deadline() {
        let progress = Progress::default();
        let before = progress.deadline(Duration::from_secs(1));
        // The clock may not have ticked in between.
        while progress.deadline(Duration::from_secs(1)) <= before {
            progress.note();
            tokio::task::yield_now().await;
        }
    }
}
