//! Wall time, CPU and memory of a process with all its children.
//!
//! A process of its own stands between, so that what the system sums up over ended children is that of
//! one command, and so that the memory of who asked does not show.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde_json::{Value, json};

/// What a process cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// From start to end.
    pub(super) wall: Duration,
    /// In user and kernel mode.
    pub(super) cpu: Duration,
    /// The most memory that it held at once, in KiB.
    pub(super) memory_kib: u64,
}

/// A command that is measured.
#[derive(Debug)]
pub(super) struct Measured<'a> {
    /// The program.
    pub(super) program: &'a Path,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Its home, and where its output goes; it gets no other environment but `PATH`.
    pub(super) home: &'a Path,
}

impl Measured<'_> {
    /// Runs the command and returns what it cost; a failure of the command is one here.
    pub(super) fn run(&self) -> Result<Cost> {
        let log = self.home.join("output.log");
        let output = Command::new(std::env::current_exe()?)
            .args(["bench", "measure"])
            .arg(&log)
            .arg(self.program)
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home)
            .env("KUBECTL_KUBERC", "false")
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run the measuring process")?;
        let read = || -> Option<(i64, Cost)> {
            let value: Value = serde_json::from_slice(&output.stdout).ok()?;
            let number = |key: &str| value.get(key)?.as_u64();
            let cost = Cost {
                wall: Duration::from_micros(number("wallMicros")?),
                cpu: Duration::from_micros(number("cpuMicros")?),
                memory_kib: number("memoryKib")?,
            };
            Some((value.get("code")?.as_i64()?, cost))
        };
        let (code, cost) = read().context("the measuring process told nothing")?;
        if code != 0 {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            let start = log.len().saturating_sub(2000);
            let tail = log.get(start..).unwrap_or_default();
            bail!(
                "`{} {}` ended with {code}:\n{tail}",
                self.program.display(),
                self.arguments.join(" ")
            );
        }
        Ok(cost)
    }
}

/// The measuring process: runs a command and prints what it cost.
pub(super) fn measure(log: &str, program: &str, arguments: &[&str]) -> Result<()> {
    let log = File::create(log)?;
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .status()
        .with_context(|| format!("cannot run `{program}`"))?;
    let wall = start.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cost = json!({
        "code": status.code().unwrap_or(-1),
        "wallMicros": u64::try_from(wall.as_micros())?,
        "cpuMicros": micros(usage.user_time())? + micros(usage.system_time())?,
        "memoryKib": u64::try_from(usage.max_rss())?,
    });
    crate::print(&cost.to_string())
}

fn micros(time: TimeVal) -> Result<u64> {
    Ok(u64::try_from(time.tv_sec())? * 1_000_000 + u64::try_from(time.tv_usec())?)
}
