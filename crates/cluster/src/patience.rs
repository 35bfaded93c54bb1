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

    fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The outcome of the work, or none once nothing came for as long as `patience`.
    pub async fn within<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        self.note();
        let mut work = Box::pin(work);
        loop {
            let deadline = self.last() + patience;
            if let Ok(done) = tokio::time::timeout_at(deadline, &mut work).await {
                return Some(done);
            }
            if self.last() + patience <= Instant::now() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_goes_on_is_waited_for_and_silence_is_not() {
        let progress = Progress::default();
        let second = Duration::from_secs(1);
        let slow = async {
            for _ in 0..10 {
                tokio::time::sleep(second).await;
                progress.note();
            }
        };
        assert_eq!(progress.within(second * 2, slow).await, Some(()));
        let start = Instant::now();
        let silent = tokio::time::sleep(second * 10);
        assert_eq!(progress.within(second * 2, silent).await, None);
        assert_eq!(start.elapsed(), second * 2);
    }
}
