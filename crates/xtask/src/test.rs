//! Everything that has to hold before a change goes in.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use cofferdam_integration::assets::ASSETS_VARIABLE;
use cofferdam_integration::cofferdam::cargo;

use crate::test_totals::Totals;
use crate::{assets, fuzz, say, tidy};

/// The checks that come before the tests; each runs even when one before it failed.
const CHECKS: [(&str, &[&str]); 3] = [
    ("fmt", &["fmt", "--all", "--check"]),
    (
        "clippy",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    ),
    (
        "doc",
        &[
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ],
    ),
];

/// Enough to see that the fuzzer works; whoever looks for faults runs it for hours.
const FUZZ_SECONDS: u32 = 20;

/// The cases of each property in a long run, where 256 are usual.
const LONG_CASES: &str = "1024";

/// How much is asked of what is made up at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// What every change has to pass.
    Usual,
    /// Four times that: more than a million and a half questions to the engine beside the oracle alone.
    Long,
}

/// Runs all checks and all tests, and prints the totals last.
pub(crate) fn run(length: Length) -> Result<()> {
    let mut failed = Vec::new();
    for (name, arguments) in CHECKS {
        say(&format!("== {name}"))?;
        let status = cargo()
            .args(arguments)
            .env("RUSTDOCFLAGS", "-D warnings")
            .status()?;
        if !status.success() {
            failed.push(name);
        }
    }
    say("== tidy")?;
    if let Err(error) = tidy::run() {
        say(&format!("error: {error:#}"))?;
        failed.push("tidy");
    }
    say("== fuzz")?;
    if let Err(error) = fuzz::every_target(FUZZ_SECONDS) {
        say(&format!("error: {error:#}"))?;
        failed.push("fuzz");
    }
    say("== test")?;
    let (totals, passed) = run_tests(length)?;
    if !passed {
        failed.push("test");
    }
    if !failed.is_empty() {
        say(&format!("failed: {}", failed.join(", ")))?;
    }
    writeln!(io::stdout(), "{totals}")?;
    if !failed.is_empty() || totals.failed > 0 {
        bail!("not everything passed");
    }
    if totals.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

fn run_tests(length: Length) -> Result<(Totals, bool)> {
    let assets = assets::ensure()?;
    let mut tests = cargo();
    if length == Length::Long {
        tests.env("PROPTEST_CASES", LONG_CASES);
    }
    let mut child = tests
        .args(["test", "--workspace", "--no-fail-fast"])
        .env(ASSETS_VARIABLE, assets)
        .env_remove("KUBECONFIG")
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child
        .stdout
        .take()
        .context("cargo has no standard output")?;
    let totals = pass_through(output)?;
    Ok((totals, child.wait()?.success()))
}

fn pass_through(output: impl io::Read) -> Result<Totals> {
    let mut totals = Totals::default();
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        io::stdout().write_all(&line)?;
        totals.add(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(totals)
}
