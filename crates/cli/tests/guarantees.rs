//! `check` proves what the model guarantees.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::Value;

/// What `check` says of the guarantees of the sample model and these documents, by file and code.
fn told(documents: &str) -> Result<(i32, Vec<(String, String)>)> {
    let directory = tempfile::tempdir()?;
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for part in ["fleet", "policies"] {
        copy(&sample.join(part), &directory.path().join(part))?;
    }
    fs::write(directory.path().join("policies/more.yaml"), documents)?;
    let run = Command::new(env!("CARGO_BIN_EXE_cofferdam"))
        .arg("-C")
        .arg(directory.path())
        .args(["check", "-o", "json"])
        .output()?;
    let report: Value = serde_json::from_slice(&run.stdout)?;
    let all = report.get("diagnostics").and_then(Value::as_array);
    let all = all.into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = all.filter(|one| text(&one["code"]).starts_with("guarantee-"));
    let found = found.map(|one| {
        let place = format!("{}:{}", text(&one["file"]), one["line"]);
        (place, text(&one["message"]))
    });
    Ok((run.status.code().unwrap_or_default(), found.collect()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            fs::copy(&path, &to)?;
        }
    }
    Ok(())
}

const BROKEN: &str = "apiVersion: cofferdam.io/v1alpha1
kind: Guarantee
metadata: { name: orders-never-pay }
spec: { never: { from: { zone: application }, to: { zone: cardholder } } }
";

const WAIVER: &str = "---
apiVersion: cofferdam.io/v1alpha1
kind: Waiver
metadata: { name: orders-pay }
spec: { for: { finding: orders-never-pay }, reason: they do, approval: { by: security, at: 2026-09-01 }, expires: 2036-01-31 }
";

#[test]
fn the_guarantees_of_the_sample_hold_once_all_of_it_is_enforced() -> Result<()> {
    assert_eq!(told("")?, (0, Vec::new()));
    Ok(())
}

#[test]
fn a_guarantee_that_the_flows_break_is_an_error_with_a_witness() -> Result<()> {
    let (code, found) = told(BROKEN)?;
    assert_eq!(code, 1);
    let witness =
        "orders/app=orders[any new pod] -> payments/app=payments-api[any new pod] on TCP 8080";
    let (place, message) = &found[0];
    assert_eq!(place, "policies/more.yaml:4");
    assert!(message.contains(witness), "{message}");
    assert_eq!(told(&format!("{BROKEN}{WAIVER}"))?, (0, Vec::new()));
    Ok(())
}
