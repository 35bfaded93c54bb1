//! Clusters are written wave by wave, and a failure keeps what comes after it from being written.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use anyhow::Result;
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::cofferdam::Project;
use cofferdam_integration::shop_fleet;
use serde_json::Value;

const APPLY: [&str; 6] = ["apply", "--yes", "--settle", "0s", "-o", "json"];

fn start(names: [(&str, &str); 3]) -> Result<(Vec<Cluster>, Project)> {
    shop_fleet::start(&names.map(|(name, environment)| (name, environment, Version::V1_36)))
}

/// The state of each cluster in the report of an apply that must end with this code.
fn apply(project: &Project, more: &[&str], code: i32) -> Result<Vec<String>> {
    let run = project.run(&[&APPLY, more].concat())?;
    assert_eq!(run.code, code, "{}\n{}", run.stdout, run.stderr);
    let report = run.json()?;
    let clusters = report["clusters"].as_array().cloned().unwrap_or_default();
    let text = |cluster: &Value, key: &str| cluster[key].as_str().unwrap_or_default().to_owned();
    let states = clusters
        .iter()
        .map(|one| format!("{} {}", text(one, "name"), text(one, "state")));
    Ok(states.collect())
}

#[test]
fn a_failure_stops_the_waves_behind_it_and_nothing_is_forgotten() -> Result<()> {
    let names = [
        ("staging", "staging"),
        ("prod-a", "production"),
        ("prod-b", "production"),
    ];
    let (clusters, project) = start(names)?;
    let [staging, prod_a, _] = clusters.as_slice() else {
        anyhow::bail!("three clusters")
    };
    // Half-way through the namespace: policies may no longer be written.
    let role = "clusterrolebinding/cofferdam-policies";
    staging.kubectl(&["delete", role])?;
    let observe = project.run(&["rbac", "--profile", "observe"])?;
    staging.apply_yaml(ADMIN, &observe.stdout)?;
    let states = apply(&project, &[], 1)?;
    assert_eq!(
        states,
        ["staging partial", "prod-a skipped", "prod-b skipped"]
    );
    let written = prod_a.get_json(&["-n", "shop", "netpol"])?;
    assert_eq!(written["items"].as_array().map(Vec::len), Some(0));

    let states = apply(&project, &["--all-at-once"], 1)?;
    assert_eq!(
        states,
        ["staging failed", "prod-a converged", "prod-b converged"]
    );

    let policies = project.run(&["rbac", "--profile", "policies"])?;
    staging.apply_yaml(ADMIN, &policies.stdout)?;
    let states = apply(&project, &[], 0)?;
    assert_eq!(
        states,
        ["staging converged", "prod-a converged", "prod-b converged"]
    );
    assert_eq!(project.run(&["drift"])?.code, 0);
    Ok(())
}

#[test]
fn within_a_trust_domain_clusters_go_one_after_the_other() -> Result<()> {
    let names = [
        ("prod-a", "production"),
        ("prod-b", "production"),
        ("prod-c", "production"),
    ];
    let (clusters, project) = start(names)?;
    let [a, b, c] = clusters.as_slice() else {
        anyhow::bail!("three clusters")
    };
    // A policy of one cluster's bundle cannot be made: somebody else's has its name.
    b.apply_yaml(ADMIN, "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: cofferdam-default-deny-egress, namespace: shop}, spec: {podSelector: {}}}")?;
    let states = apply(&project, &[], 1)?;
    let count = |cluster: &Cluster| -> Result<usize> {
        let list = cluster.get_json(&["-n", "shop", "netpol"])?;
        Ok(list["items"].as_array().map_or(0, Vec::len))
    };
    assert_eq!(
        states,
        ["prod-a converged", "prod-b partial", "prod-c skipped"]
    );
    assert!(count(a)? > 1);
    assert_eq!(
        count(b)?,
        1,
        "a blocked namespace is not isolated by halves"
    );
    assert_eq!(count(c)?, 0);
    // With nothing left to write it is still not converged.
    let again = apply(&project, &["--cluster", "prod-b"], 1)?;
    assert_eq!(again, ["prod-b failed"]);
    Ok(())
}
