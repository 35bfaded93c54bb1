//! The rules of ARCHITECTURE.md that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{root, say};

const MOST_LINES: usize = 400;

/// Names that say nothing about what is inside.
const BANNED_NAMES: [&str; 7] = [
    "utils", "helpers", "common", "misc", "types", "manager", "mod",
];

/// What each crate may use of the others, besides nothing.
const EDGES: [(&str, &[&str]); 16] = [
    ("model", &[]),
    ("objects", &[]),
    ("state", &["model", "objects"]),
    ("documents", &["model", "objects"]),
    ("semantics", &["model", "objects"]),
    ("compiler", &["model", "objects", "state"]),
    (
        "planner",
        &["model", "objects", "state", "compiler", "semantics"],
    ),
    ("judge", &["model", "objects", "semantics", "state"]),
    ("report", &["model", "objects", "state", "semantics"]),
    ("cluster", &["model", "objects", "state"]),
    (
        "pass",
        &[
            "model",
            "objects",
            "state",
            "documents",
            "semantics",
            "compiler",
            "planner",
            "judge",
            "report",
            "cluster",
        ],
    ),
    ("history", &["model", "state", "report"]),
    (
        "controller",
        &[
            "model",
            "objects",
            "documents",
            "semantics",
            "compiler",
            "state",
            "planner",
            "report",
            "cluster",
            "pass",
            "judge",
            "history",
        ],
    ),
    (
        "testkit",
        &["model", "objects", "state", "documents", "compiler"],
    ),
    ("oracle", &["model", "objects"]),
    ("integration", &[]),
];

/// Crates that may use every other.
const FREE: [&str; 3] = ["cli", "fuzz", "xtask"];

/// Crates without async, input, output, clock, randomness and environment.
const PURE: [&str; 9] = [
    "model",
    "objects",
    "state",
    "documents",
    "semantics",
    "compiler",
    "planner",
    "judge",
    "oracle",
];

/// What no pure crate names, and what to do instead.
const IMPURE: [(&str, &str); 10] = [
    ("std::fs", "let the caller read and hand in the text"),
    ("std::env", "take the value as an argument"),
    ("std::net::Tcp", "talk to the network in `cluster`"),
    ("std::{", "write one `use` per module, so that tidy sees it"),
    ("tokio", "do what waits in `cluster` or `pass`"),
    ("SystemTime", "take the time as an argument"),
    ("Instant::now", "take the time as an argument"),
    ("HashMap", "use a BTreeMap: same input, same bytes"),
    ("HashSet", "use a BTreeSet: same input, same bytes"),
    ("rand::", "take the seed or the value as an argument"),
];

/// In two parts, so that this file does not name it.
const CLIENT: &str = concat!("kube", "::");

/// Prints every finding; fails when there is one.
pub(crate) fn run() -> Result<()> {
    let findings = find(&root()?)?;
    for finding in &findings {
        say(finding)?;
    }
    match findings.len() {
        0 => say("tidy: nothing found"),
        count => bail!("tidy: {count} found"),
    }
}

/// Everything that is not tidy, as `file:line: what, and what to do`.
fn find(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for file in sources(root)? {
        let text = fs::read_to_string(root.join(&file))
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        findings.extend(in_source(&file, &text));
    }
    findings.extend(in_lock(&fs::read_to_string(root.join("Cargo.lock"))?));
    for package in packages(root)? {
        let manifest = text_of(&package, "manifest_path");
        let text =
            fs::read_to_string(manifest).with_context(|| format!("cannot read `{manifest}`"))?;
        let file = Path::new(manifest);
        let file = file.strip_prefix(root).unwrap_or(file);
        findings.extend(in_package(file, &text, &package));
    }
    findings.sort();
    Ok(findings)
}

/// The Rust files below `crates/*/src`, `fuzz` and `integration`, relative to the root.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut directories = vec![root.join("fuzz"), root.join("integration")];
    for entry in fs::read_dir(root.join("crates")).context("cannot list `crates`")? {
        directories.push(entry?.path().join("src"));
    }
    let mut files = Vec::new();
    while let Some(directory) = directories.pop() {
        if !directory.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(root)?.to_owned());
            }
        }
    }
    if files.is_empty() {
        bail!("no source below `{}`", root.display());
    }
    files.sort();
    Ok(files)
}

fn packages(root: &Path) -> Result<Vec<Value>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .context("cannot run `cargo metadata`")?;
    if !output.status.success() {
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("`cargo metadata` ended with {}: {talk}", output.status);
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    packages
        .cloned()
        .context("`cargo metadata` names no packages")
}

/// A field that is text; empty where there is none.
fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn in_source(file: &Path, text: &str) -> Vec<String> {
    let lines = without_tests(text);
    let mut findings: Vec<String> = bad_name(file).into_iter().collect();
    if lines.len() > MOST_LINES {
        findings.push(format!(
            "{}:{}: {} lines, at most {MOST_LINES}: split it by subject, or move its tests to their own file",
            file.display(),
            MOST_LINES + 1,
            lines.len(),
        ));
    }
    if is_test(file) {
        return findings;
    }
    let home = crate_of(file);
    for (number, line) in lines.iter().enumerate() {
        let place = format!("{}:{}", file.display(), number + 1);
        let code = without_comment(line);
        if home != "cluster" && names(code, CLIENT) {
            findings.push(format!(
                "{place}: `{CLIENT}` outside `cluster`: ask `cluster` for what is needed"
            ));
        }
        if PURE.contains(&home) {
            let impure = IMPURE.iter().filter(|(word, _)| names(code, word));
            findings.extend(impure.map(|(word, instead)| {
                format!("{place}: `{word}` in the pure crate `{home}`: {instead}")
            }));
        }
    }
    findings
}

fn bad_name(file: &Path) -> Option<String> {
    let banned = file.iter().find_map(|part| {
        let part = Path::new(part).file_stem()?.to_str()?;
        BANNED_NAMES.contains(&part).then_some(part)
    })?;
    let instead = match banned {
        "mod" => "name it `foo.rs` beside `foo/`",
        _ => "name it after what it holds",
    };
    let file = file.display();
    Some(format!("{file}:1: `{banned}` is a banned name: {instead}"))
}

/// The lines before an inline `mod tests` at the end.
fn without_tests(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines.iter().rposition(|line| *line == "mod tests {");
    let Some(module) = tail else { return lines };
    let head = lines.get(..module).unwrap_or_default();
    match head.iter().rposition(|line| !line.starts_with("#[")) {
        Some(last) if head.iter().skip(last).any(|line| *line == "#[cfg(test)]") => {
            head.iter().take(last + 1).copied().collect()
        }
        _ => lines,
    }
}

/// Whether the file holds only tests.
fn is_test(file: &Path) -> bool {
    file.iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

fn without_comment(line: &str) -> &str {
    match line.trim_start() {
        comment if comment.starts_with("//") => "",
        _ => line.split(" // ").next().unwrap_or(line),
    }
}

/// Whether the code has the word, and not as the end of a longer one.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|head| head.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    })
}

/// `model` of `crates/model/src/zone.rs`.
fn crate_of(file: &Path) -> &str {
    let mut parts = file.iter().filter_map(|part| part.to_str());
    match parts.next() {
        Some("crates") => parts.next().unwrap_or_default(),
        other => other.unwrap_or_default(),
    }
}

fn in_lock(lock: &str) -> Vec<String> {
    let lines = lock.lines().enumerate();
    lines
        .filter(|(_, line)| line.starts_with("name = \"aws-lc"))
        .map(|(number, line)| {
            format!(
                "Cargo.lock:{}: {line}: needs a C compiler; choose `ring` in the features of what asks for it (`cargo tree -i`)",
                number + 1
            )
        })
        .collect()
}

fn in_package(file: &Path, manifest: &str, package: &Value) -> Vec<String> {
    let name = text_of(package, "name");
    let home = name.strip_prefix("cofferdam-").unwrap_or(name);
    let row = EDGES.iter().find(|(of, _)| *of == home);
    if row.is_none() && !FREE.contains(&home) {
        return vec![format!(
            "{}:1: `{name}` has no row in the table of crates: add it to ARCHITECTURE.md and to tidy",
            file.display()
        )];
    }
    let dependencies = package.get("dependencies").and_then(Value::as_array);
    let dependencies = dependencies.into_iter().flatten();
    // What only tests use makes no edge.
    let dependencies = dependencies.filter(|dependency| text_of(dependency, "kind") != "dev");
    dependencies
        .map(|dependency| text_of(dependency, "name"))
        .filter_map(|used| Some((used, reason_against(home, row.map(|row| row.1), used)?)))
        .map(|(used, reason)| {
            let line = manifest.lines().position(|line| line.starts_with(used));
            let line = line.map_or(1, |line| line + 1);
            format!("{}:{line}: {reason}", file.display())
        })
        .collect()
}

/// Why a crate may not use another; `allowed` is absent where it may use every other of ours.
fn reason_against(home: &str, allowed: Option<&[&str]>, used: &str) -> Option<String> {
    if let Some(ours) = used.strip_prefix("cofferdam-") {
        let fine = allowed.is_none_or(|allowed| allowed.contains(&ours));
        return (!fine).then(|| {
            format!(
                "`{home}` may not use `{ours}`: arrows point downwards only, see ARCHITECTURE.md"
            )
        });
    }
    if home != "cluster" && (used == "kube" || used.starts_with("kube-")) {
        return Some(format!(
            "`{home}` may not use `{used}`: only `cluster` has a client"
        ));
    }
    let waits = used == "tokio" || used.starts_with("tokio-") || used.starts_with("futures");
    (PURE.contains(&home) && waits)
        .then(|| format!("`{home}` may not use `{used}`: pure crates have no async"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let findings = find(&root().unwrap()).unwrap();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    #[test]
    fn every_finding_of_a_file_is_told() {
        let text =
            "use std::fs;\n// tokio\nlet a = my_tokio; // std::env\nlet b: HashMap<u8, u8>;\n";
        let path = Path::new("crates/planner/src/utils.rs");
        assert_eq!(
            in_source(path, text),
            [
                "crates/planner/src/utils.rs:1: `utils` is a banned name: name it after what it holds",
                "crates/planner/src/utils.rs:1: `std::fs` in the pure crate `planner`: let the caller read and hand in the text",
                "crates/planner/src/utils.rs:4: `HashMap` in the pure crate `planner`: use a BTreeMap: same input, same bytes",
            ]
        );
    }

    #[test]
    fn a_client_is_named_by_cluster_only() {
        let text = format!("use {CLIENT}Client;\n");
        assert_eq!(
            in_source(Path::new("crates/cluster/src/a.rs"), &text).len(),
            0
        );
        assert_eq!(in_source(Path::new("crates/cli/src/a.rs"), &text).len(), 1);
    }

    #[test]
    fn lines_count_up_to_the_inline_tests() {
        let tail = "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        let path = Path::new("crates/model/src/zone.rs");
        let most = "//\n".repeat(MOST_LINES);
        assert_eq!(in_source(path, &format!("{most}{tail}")).len(), 0);
        assert_eq!(in_source(path, &format!("{most}//\n{tail}")).len(), 1);
    }

    #[test]
    fn an_upward_edge_is_found_with_its_line() {
        let package = serde_json::json!({
            "name": "cofferdam-judge",
            "dependencies": [
                { "name": "cofferdam-state", "kind": null },
                { "name": "cofferdam-planner", "kind": null },
                { "name": "tokio", "kind": "dev" },
            ],
        });
        let manifest = "[dependencies]\ncofferdam-state = 1\ncofferdam-planner = 1\n";
        assert_eq!(
            in_package(Path::new("crates/judge/Cargo.toml"), manifest, &package),
            [
                "crates/judge/Cargo.toml:3: `judge` may not use `planner`: arrows point downwards only, see ARCHITECTURE.md"
            ]
        );
    }

    #[test]
    fn a_library_that_needs_a_c_compiler_is_found() {
        assert_eq!(in_lock("name = \"ring\"\nname = \"aws-lc-sys\"\n").len(), 1);
    }
}
