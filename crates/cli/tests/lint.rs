//! What `lint` says of manifests: whole runs.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

const SHOP: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: frontend}}
";

const TYPO: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: frontend
  namespace: shop
spec:
  podSelector:
    matchLabels: {app: fontend}
  ingress:
  - from:
    - namespaceSelector: {}
    ports: [{port: 80}]
";

const OTHERS: &str = "
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: shop, name: extra}
";

const BROKEN: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: from-tomorrow}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}], via: mesh}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: refused}
spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: []}]}}
---
kind: Deployment
metadata: [
";

const MODEL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: model }
spec: { tiers: [only] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Waiver
metadata: { name: typo }
spec:
  for: { finding: selects-nothing, object: NetworkPolicy/shop/frontend }
  reason: the pods come next week
  approval: { by: security@example.com, at: 2020-01-01 }
  expires: 2999-01-01
";

const DOCUMENTS: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: model }
spec: { tiers: [only], defaults: { reviewEvery: 36500d } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: lab }
spec: { clusters: {}, rollout: { order: 1 } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: shop }
spec: { tier: only, sensitivity: low, trustDomains: [lab], withinZone: allow, podSecurity: { enforce: baseline, version: v1.36 }, namespaces: [{ name: shop }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: voice }
spec: { tier: only, sensitivity: low, trustDomains: [lab], podSecurity: { enforce: baseline, version: v1.36 }, namespaces: [{ name: voice }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: inside }
spec:
  from: { zone: shop }
  to: { zone: shop }
  ports: [{ port: 80 }]
  justification: the shop is one
  owner: shop
  approval: { by: security, at: 2026-09-01 }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: media }
spec:
  from: { zone: shop }
  to: { zone: voice }
  ports: [{ port: 80 }, { protocol: UDP, port: 10000-20000 }]
  justification: calls
  owner: voice
  approval: { by: security, at: 2026-09-01 }
---
apiVersion: cofferdam.io/v1alpha1
kind: Waiver
metadata: { name: media-ports }
spec:
  for: { finding: over-broad, object: Flow/media }
  reason: every call has a port
  approval: { by: security, at: 2020-01-01 }
  expires: 2999-01-01
";

/// Runs commands below a directory with these files; a snapshot holds what they say and how they end.
#[track_caller]
fn check(name: &str, files: &[(&str, &str)], commands: &[&str]) -> Result<()> {
    let directory = tempfile::tempdir()?;
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().context("a parent")?)?;
        std::fs::write(path, text)?;
    }
    let runs: Result<Vec<String>> = commands
        .iter()
        .map(|one| run(directory.path(), one))
        .collect();
    insta::assert_snapshot!(name, runs?.join("\n"));
    Ok(())
}

fn run(directory: &Path, command: &str) -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_cofferdam"))
        .current_dir(directory)
        .args(command.split(' '))
        .output()?;
    let mut told = format!("$ cofferdam {command}\n");
    for stream in [&output.stdout, &output.stderr] {
        told.push_str(&String::from_utf8_lossy(stream));
    }
    writeln!(
        told,
        "exit {:?}",
        output.status.code().context("an exit code")?
    )?;
    Ok(told)
}

#[test]
fn faults_are_told_with_their_places() -> Result<()> {
    check(
        "faults",
        &[("shop.yaml", SHOP), ("policies.yaml", TYPO)],
        &[
            "lint .",
            "lint shop.yaml",
            "lint policies.yaml -o json",
            "lint policies.yaml -o sarif",
            "lint policies.yaml -o csv",
        ],
    )
}

#[test]
fn what_is_not_understood_is_a_finding_or_unknown() -> Result<()> {
    check(
        "not_understood",
        &[
            ("shop.yaml", SHOP),
            ("others.yaml", OTHERS),
            ("broken.yaml", BROKEN),
        ],
        &["lint shop.yaml others.yaml", "lint .", "lint missing"],
    )
}

#[test]
fn a_waiver_turns_a_fault_into_a_notice() -> Result<()> {
    check(
        "waived",
        &[
            ("m/shop.yaml", SHOP),
            ("m/policies.yaml", TYPO),
            ("policies/model.yaml", MODEL),
            ("wrong/policies/model.yaml", "kind: ["),
        ],
        &["lint m", "-C wrong lint m"],
    )
}

#[test]
fn faults_of_documents_are_warnings_of_check_unless_they_are_waived() -> Result<()> {
    check(
        "documents",
        &[("policies/model.yaml", DOCUMENTS)],
        &["check", "check -o json", "check -o sarif"],
    )
}

/// Policies that are compiled are to be read, too: what is said of each of them hides what is wrong.
#[test]
fn no_fault_is_told_of_the_bundles_of_the_samples() -> Result<()> {
    let crate_directory = Path::new(env!("CARGO_MANIFEST_DIR"));
    for sample in ["../..", "tests/platforms"] {
        let bundles = tempfile::tempdir()?;
        let out = bundles.path().display();
        run(
            &crate_directory.join(sample),
            &format!("compile --out {out}"),
        )?;
        let mut linted = 0;
        for cluster in std::fs::read_dir(bundles.path())? {
            let cluster = cluster?.path();
            let said = run(bundles.path(), &format!("lint {}", cluster.display()))?;
            let shown = cluster.display();
            let expected = format!(
                "$ cofferdam lint {shown}\n0 errors, 0 warnings, 0 notices\n\
                 note: there is no pod and no workload in `{shown}`: what only these show was not looked for\nexit 0\n"
            );
            assert_eq!(said, expected);
            linted += 1;
        }
        assert!(linted > 1, "{linted} clusters below {sample}");
    }
    Ok(())
}

#[test]
fn every_lint_is_listed() -> Result<()> {
    check("list", &[], &["lint --list"])
}
