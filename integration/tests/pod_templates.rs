//! Pod Security levels, and workloads of which no pod runs.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use anyhow::{Context as _, Result, ensure};
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::SeedOptions;
use cofferdam_integration::shop::Shop;
use serde_json::Value;

/// Workloads of which no pod runs, and a `Job` that has run.
const IDLE: &str = r#"
{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: web}, spec: {schedule: "0 3 * * *", suspend: true, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, hostPID: true, containers: [{name: c, image: i}]}}}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: resting, namespace: web}, spec: {replicas: 0, selector: {matchLabels: {app: resting}}, template: {metadata: {labels: {app: resting}}, spec: {containers: [{name: c, image: i, securityContext: {privileged: true}}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: harmless, namespace: web}, spec: {replicas: 0, selector: {matchLabels: {app: harmless}}, template: {metadata: {labels: {app: harmless}}, spec: {containers: [{name: c, image: i}]}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: later, namespace: web}, spec: {suspend: true, template: {spec: {restartPolicy: Never, volumes: [{name: v, hostPath: {path: /}}], containers: [{name: c, image: i}]}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: done, namespace: web}, spec: {template: {spec: {restartPolicy: Never, hostIPC: true, containers: [{name: c, image: i}]}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: orders}, spec: {selector: {matchLabels: {app: agent}}, template: {metadata: {labels: {app: agent}}, spec: {hostNetwork: true, containers: [{name: c, image: i}]}}}}
"#;

const DONE: &str = r#"{"status":{"startTime":"2026-01-01T00:00:00Z","completionTime":"2026-01-01T00:01:00Z","succeeded":1,"conditions":[{"type":"SuccessCriteriaMet","status":"True"},{"type":"Complete","status":"True"}]}}"#;

fn level(shop: &Shop, namespace: &str) -> Result<Value> {
    let live = shop.cluster.get_json(&["namespace", namespace])?;
    Ok(live["metadata"]["labels"]["pod-security.kubernetes.io/enforce"].clone())
}

#[test]
fn a_level_waits_for_workloads_of_which_no_pod_runs_and_names_them() -> Result<()> {
    for version in [Version::V1_36, Version::V1_33] {
        let options = ClusterOptions::new("prod").version(version);
        let shop = Shop::start_with(options, SeedOptions::default())?;
        shop.cluster.apply_yaml(ADMIN, IDLE)?;
        let status = ["--subresource=status", "--type=merge", "-p", DONE];
        let job = ["-n", "web", "patch", "job", "done"];
        shop.cluster.kubectl(&[&job[..], &status].concat())?;

        let plan = shop.expect(&["plan", "-o", "json"], 2)?.json()?;
        let held = plan["clusters"][0]["heldBack"]
            .as_array()
            .context("a list")?;
        let told: Vec<String> = held
            .iter()
            .map(|one| format!("{} {}", one["object"]["name"], one["reason"]))
            .collect();
        let enforced = "enforced, Pod Security level `baseline` (latest) would refuse the next pods of workloads: ";
        let of_web = "Deployment/resting: privileged; Job/later: hostPath volumes; CronJob/nightly: host namespaces";
        let want = [
            format!("\"orders\" \"{enforced}DaemonSet/agent: host namespaces\""),
            format!("\"web\" \"{enforced}{of_web}\""),
        ];
        assert_eq!(told, want, "{version:?}");

        shop.apply(&[], 1)?;
        for namespace in ["web", "orders"] {
            assert_eq!(level(&shop, namespace)?, Value::Null);
        }
        let classes = shop.drift()?;
        for namespace in ["web", "orders"] {
            let finding = format!("pod-security-would-break Namespace/{namespace}");
            ensure!(classes.contains(&finding), "{classes:?}");
        }

        let delete = ["cronjob/nightly", "deployment/resting", "job/later"];
        let delete = [&["-n", "web", "delete"], &delete[..]].concat();
        shop.cluster.kubectl(&delete)?;
        shop.apply(&[], 1)?;
        assert_eq!(level(&shop, "web")?, "baseline");
        assert_eq!(level(&shop, "orders")?, Value::Null);
        shop.cluster
            .kubectl(&["-n", "orders", "delete", "daemonset", "agent"])?;
        shop.apply(&[], 0)?;
        assert_eq!(level(&shop, "orders")?, "baseline");
    }
    Ok(())
}
