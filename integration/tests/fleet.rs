//! Several clusters: each fails alone, the right one is written to, and clusters that should agree do.

use anyhow::Result;
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::cofferdam::{Project, Run};
use cofferdam_integration::shop_fleet;
use serde_json::Value;

fn start() -> Result<(Vec<Cluster>, Project)> {
    shop_fleet::start(&[
        ("staging", "staging", Version::V1_36),
        ("prod-a", "production", Version::V1_36),
        ("prod-b", "production", Version::V1_33),
    ])
}

fn expect(run: &Run, code: i32) {
    assert_eq!(run.code, code, "{}\n{}", run.stdout, run.stderr);
}

fn states(report: &Value) -> Vec<(String, String)> {
    let text = |cluster: &Value, key| {
        cluster
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let clusters = report
        .get("clusters")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    clusters
        .iter()
        .map(|cluster| (text(cluster, "name"), text(cluster, "state")))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

const APPLY: [&str; 6] = ["apply", "--yes", "--settle", "0s", "-o", "json"];

#[test]
fn clusters_fail_alone_and_agree_in_the_end() -> Result<()> {
    let (clusters, project) = start()?;
    let [staging, prod_a, prod_b] = clusters.as_slice() else {
        anyhow::bail!("three clusters")
    };

    // A hung cluster is unknown; the others are planned and written all the same.
    prod_a.pause()?;
    let plan = project.run(&["plan", "-o", "json", "--timeout", "20s"])?;
    expect(&plan, 2);
    let want = [
        ("staging", "planned"),
        ("prod-a", "unreachable"),
        ("prod-b", "planned"),
    ];
    assert_eq!(states(&plan.json()?), pairs(&want));
    let applied = project.run(&[&APPLY[..], &["--timeout", "20s"]].concat())?;
    expect(&applied, 3);
    let want = [
        ("staging", "converged"),
        ("prod-a", "unknown"),
        ("prod-b", "converged"),
    ];
    assert_eq!(states(&applied.json()?), pairs(&want));
    prod_a.resume()?;

    // The one that was left out differs from its peer, and nothing else does.
    let drift = project.run(&["drift", "-o", "json"])?;
    expect(&drift, 2);
    let report = drift.json()?;
    let between = report
        .get("crossCluster")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let subjects: Vec<&str> = between
        .iter()
        .filter_map(|finding| finding.get("subject")?.as_str())
        .collect();
    assert!(subjects.contains(&"bundle revision"), "{subjects:?}");

    expect(&project.run(&APPLY)?, 0);
    expect(&project.run(&["drift"])?, 0);
    expect(&project.run(&["status"])?, 0);

    let marks = (
        staging.audit_mark()?,
        prod_a.audit_mark()?,
        prod_b.audit_mark()?,
    );
    expect(&project.run(&APPLY)?, 0);
    assert!(
        staging
            .audit_since(marks.0)?
            .writes_by("cofferdam")
            .is_empty()
    );
    assert!(
        prod_a
            .audit_since(marks.1)?
            .writes_by("cofferdam")
            .is_empty()
    );
    assert!(
        prod_b
            .audit_since(marks.2)?
            .writes_by("cofferdam")
            .is_empty()
    );

    no_secret_in(&clusters, &[plan, applied, drift]);
    Ok(())
}

#[test]
fn a_dead_cluster_hides_no_drift_and_is_never_green() -> Result<()> {
    let (clusters, project) = start()?;
    let [.., prod_b] = clusters.as_slice() else {
        anyhow::bail!("three clusters")
    };
    expect(&project.run(&APPLY)?, 0);
    prod_b.stop()?;
    let drift = project.run(&["drift", "-o", "json", "--timeout", "20s"])?;
    expect(&drift, 3);
    let verdicts: Vec<String> = drift
        .json()?
        .get("clusters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|cluster| Some(cluster.get("verdict")?.as_str()?.to_owned()))
        .collect();
    assert_eq!(verdicts, ["inSync", "inSync", "unknown"]);

    no_secret_in(&clusters, &[drift]);
    Ok(())
}

#[test]
fn status_tells_differences_between_clusters_as_drift_does() -> Result<()> {
    let (clusters, project) = start()?;
    let [_, prod_a, prod_b] = clusters.as_slice() else {
        anyhow::bail!("three clusters")
    };
    expect(&project.run(&APPLY)?, 0);
    prod_a.apply_yaml(ADMIN, &TAKEN.replace("cofferdam-allow-dns", "theirs"))?;
    let misspelt = WAIVED_IN_ONE.replace("shop/theirs", "shop/thiers");
    project.write("policies/waivers.yaml", &misspelt)?;
    let drift = project.run(&["drift"])?;
    expect(&drift, 2);
    let last: Vec<&str> = drift.stdout.lines().rev().take(3).collect();
    let unused = "policies/waivers.yaml:6:8: warning[waiver-unused]: the waiver covers no finding (spec.for)";
    let hint = "    hint: did you mean `NetworkPolicy/shop/theirs`?";
    assert_eq!(last, ["", hint, unused], "{}", drift.stdout);
    project.write("policies/waivers.yaml", WAIVED_IN_ONE)?;
    let [drift, status] = [project.run(&["drift"])?, project.run(&["status"])?];
    expect(&drift, 2);
    expect(&status, 2);
    let told = "between clusters of production: 1 medium; `cofferdam drift` names them";
    assert_eq!(status.stdout.lines().last(), Some(told));
    let report = project.run(&["status", "-o", "json"])?;
    expect(&report, 2);
    let report = report.json()?;
    let subject = report.pointer("/crossCluster/0/subject");
    let want = "foreign policy shop/theirs";
    assert_eq!(subject.and_then(Value::as_str), Some(want), "{report}");

    prod_b.stop()?;
    let missed = "not compared: cluster `prod-b` was not reached";
    for (command, line) in [
        ("drift", format!("  {missed}")),
        (
            "status",
            format!("between clusters of production: {missed}"),
        ),
    ] {
        let run = project.run(&[command, "--timeout", "20s"])?;
        expect(&run, 3);
        assert!(run.stdout.lines().any(|one| one == line), "{}", run.stdout);
    }
    Ok(())
}

const WAIVED_IN_ONE: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: Waiver
metadata: { name: theirs }
spec:
  for: { finding: foreign-policy, cluster: prod-a, object: NetworkPolicy/shop/theirs }
  reason: moves soon
  approval: { by: security, at: 2026-01-01 }
  expires: 2999-01-01
";

/// No token, key or certificate of the clusters is in any output.
fn no_secret_in(clusters: &[Cluster], runs: &[Run]) {
    let secrets: Vec<String> = clusters.iter().flat_map(Cluster::secrets).collect();
    assert!(!secrets.is_empty());
    for run in runs {
        for secret in &secrets {
            assert!(!run.stdout.contains(secret.as_str()) && !run.stderr.contains(secret.as_str()));
        }
    }
}

#[test]
fn only_the_right_cluster_is_written_with_the_rights_it_takes() -> Result<()> {
    let (clusters, project) = start()?;
    let [_, prod_a, prod_b] = clusters.as_slice() else {
        anyhow::bail!("three clusters")
    };
    let path = |cluster: &Cluster, user: &str| -> Result<String> {
        Ok(cluster.kubeconfig(user)?.display().to_string())
    };
    let (a, b) = (path(prod_a, "cofferdam")?, path(prod_b, "cofferdam")?);

    // Swapped kubeconfigs lead to the wrong clusters.
    let (doc_a, doc_b) = ("fleet/clusters/prod-a.yaml", "fleet/clusters/prod-b.yaml");
    project.edit(doc_a, &a, &b)?;
    project.edit(doc_b, &b, &a)?;
    let marks = (prod_a.audit_mark()?, prod_b.audit_mark()?);
    let applied = project.run(&APPLY)?;
    expect(&applied, 1);
    assert!(
        applied
            .stdout
            .contains("the kubeconfig leads to a cluster with UID")
    );
    assert!(
        prod_a
            .audit_since(marks.0)?
            .writes_by("cofferdam")
            .is_empty()
    );
    assert!(
        prod_b
            .audit_since(marks.1)?
            .writes_by("cofferdam")
            .is_empty()
    );
    project.edit(doc_b, &a, &b)?;

    // One server listed twice.
    let twice = project.run(&["plan", "-o", "json"])?;
    expect(&twice, 1);
    assert!(
        twice.stdout.contains("it is the same cluster as"),
        "{}",
        twice.stdout
    );
    project.edit(doc_a, &b, &a)?;

    // A reader can plan and see drift; its writes fail without half of anything.
    let reader = path(prod_a, "reader")?;
    let plan = ["plan", "--cluster", "prod-a", "--kubeconfig", &reader];
    expect(&project.run(&plan)?, 2);
    let apply = [
        &APPLY[..],
        &["--cluster", "prod-a", "--kubeconfig", &reader],
    ]
    .concat();
    let refused = project.run(&apply)?;
    expect(&refused, 1);
    assert!(refused.stdout.contains("forbidden"), "{}", refused.stdout);

    // A credential without rights yields unknown, never a plan.
    let nobody = path(prod_a, "nobody")?;
    let blind = ["drift", "--cluster", "prod-a", "--kubeconfig", &nobody];
    expect(&project.run(&blind)?, 3);

    // What everybody can read is refused as a credential.
    let open = project.path().join("open.yaml");
    std::fs::copy(&a, &open)?;
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    let shown = open.display().to_string();
    let unsafe_file = project.run(&["plan", "--cluster", "prod-a", "--kubeconfig", &shown])?;
    expect(&unsafe_file, 3);
    assert!(
        unsafe_file.stdout.contains("chmod 600"),
        "{}",
        unsafe_file.stdout
    );
    Ok(())
}

#[test]
fn what_others_own_is_never_taken_over() -> Result<()> {
    let (clusters, project) = start()?;
    let Some(cluster) = clusters.first() else {
        anyhow::bail!("a cluster")
    };
    cluster.kubectl(&["label", "namespace", "shop", "cofferdam.io/zone=theirs"])?;
    let only = ["--cluster", "staging"];
    let applied = project.run(&[&APPLY[..], &only].concat())?;
    expect(&applied, 1);
    assert!(
        applied.stdout.contains("another zone label"),
        "{}",
        applied.stdout
    );
    let live = cluster.get_json(&["namespace", "shop"])?;
    let zone = live
        .pointer("/metadata/labels/cofferdam.io~1zone")
        .and_then(Value::as_str);
    assert_eq!(zone, Some("theirs"));
    let none = cluster.get_json(&["-n", "shop", "netpol"])?;
    assert_eq!(
        none.pointer("/items")
            .and_then(Value::as_array)
            .map(Vec::len),
        Some(0)
    );
    let drift = project.run(&[&["drift", "-o", "json"][..], &only].concat())?;
    assert!(drift.stdout.contains("\"conflict\""), "{}", drift.stdout);

    cluster.kubectl(&["label", "namespace", "shop", "cofferdam.io/zone-"])?;
    cluster.apply_yaml(ADMIN, TAKEN)?;
    let before = cluster.get_json(&["-n", "shop", "netpol", "cofferdam-allow-dns"])?;
    let applied = project.run(&[&APPLY[..], &only].concat())?;
    expect(&applied, 1);
    assert!(
        applied.stdout.contains("has this name"),
        "{}",
        applied.stdout
    );
    let after = cluster.get_json(&["-n", "shop", "netpol", "cofferdam-allow-dns"])?;
    assert_eq!(before, after);
    let drift = project.run(&[&["drift", "-o", "json"][..], &only].concat())?;
    assert!(drift.stdout.contains("\"name-taken\""), "{}", drift.stdout);
    Ok(())
}

const TAKEN: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: cofferdam-allow-dns, namespace: shop }
spec: { podSelector: { matchLabels: { app: other } }, policyTypes: [Egress], egress: [{}] }
";
