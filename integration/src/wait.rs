//! Waiting for what another process does.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Looks again and again; an error when it does not come to this within a minute.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let patience = Instant::now() + Duration::from_mins(1);
    while Instant::now() < patience {
        if holds()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("it never came to this: {what}")
}
