//! `cargo xtask fuzz`: input that a fuzzer makes up, led by the code that it reaches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use cofferdam_integration::cofferdam::cargo;

use crate::{root, say};

const USAGE: &str = "usage: cargo xtask fuzz [--seconds N]";

/// What is fed with texts, and where those are kept that reach something new.
const TARGETS: [(&str, &str); 3] = [
    ("documents", "corpus"),
    ("manifests", "corpus-manifests"),
    ("reachability", "corpus-reachability"),
];

/// What counts the branches that an input takes; libFuzzer reads the counters.
const COVERAGE: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Runs what is behind `fuzz`.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        [] => every_target(60),
        ["--seconds", seconds] => every_target(seconds.parse().context(USAGE)?),
        _ => bail!("{USAGE}"),
    }
}

/// Makes up texts for every target, for so many seconds in all, beginning with the documents of the
/// sample and the manifests that are kept. What it finds worth keeping stays in `target/fuzz`, and so does an input that breaks
/// something.
pub(crate) fn every_target(seconds: u32) -> Result<()> {
    let root = root()?;
    let home = root.join("target").join("fuzz");
    let seeds = home.join("seeds");
    fs::create_dir_all(&seeds)?;
    write_seeds(&root, &seeds)?;
    let programs = build(&home)?;
    let share = seconds.div_ceil(u32::try_from(TARGETS.len())?);
    for (target, corpus) in TARGETS {
        make_up(&programs.join(target), &home.join(corpus), share)?;
    }
    Ok(())
}

fn make_up(program: &Path, corpus: &Path, seconds: u32) -> Result<()> {
    let home = corpus.parent().context("a corpus without a directory")?;
    fs::create_dir_all(corpus)?;
    say(&format!("fuzz: {}, for {seconds} s", program.display()))?;
    let status = Command::new(program)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", home.display()))
        .args(["-timeout=60", "-rss_limit_mb=4096", "-max_len=65536"])
        .args(["-print_final_stats=1", "-verbosity=0"])
        .args([corpus, &home.join("seeds")])
        .status()
        .context("cannot run the fuzzer")?;
    ensure!(status.success(), "an input broke something: see above");
    Ok(())
}

fn build(home: &Path) -> Result<PathBuf> {
    let host = host()?;
    let status = cargo()
        .args([
            "build",
            "--quiet",
            "--profile",
            "fuzz",
            "--package",
            "cofferdam-fuzz",
        ])
        // With a target, build scripts and macros are built without the counters.
        .args(["--target", &host])
        .env("CARGO_TARGET_DIR", home)
        .env("RUSTFLAGS", COVERAGE.join(" "))
        .status()?;
    ensure!(status.success(), "the fuzz targets do not build");
    Ok(home.join(host).join("fuzz"))
}

fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

/// Every document of the sample and every manifest that is kept, and all of them as one text.
fn write_seeds(root: &Path, seeds: &Path) -> Result<()> {
    let mut all = String::new();
    for directory in ["fleet", "policies", "fuzz/corpus"] {
        let mut directories = vec![root.join(directory)];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory)? {
                let path = entry?.path();
                if path.is_dir() {
                    directories.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path)?;
                all.push_str("---\n");
                all.push_str(&text);
                let name = path.file_name().context("a file without a name")?;
                fs::write(seeds.join(name), text)?;
            }
        }
    }
    fs::write(seeds.join("all.yaml"), all)?;
    Ok(())
}
