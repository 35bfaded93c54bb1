//! Free ports on loopback, outside the range that the kernel gives to clients.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// A port that nobody listens on now and that this process has not given out for long.
pub(crate) fn choose() -> Result<u16> {
    for _ in 0..COUNT {
        let port = next();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port on loopback")
}

/// Processes that run side by side start at different places.
fn next() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(process::id() % 400).unwrap_or_default() * 30;
    let offset = GIVEN.fetch_add(1, Ordering::Relaxed) % COUNT;
    FIRST + (start + offset) % COUNT
}
