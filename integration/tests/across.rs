//! Flows between clusters into a sensitive zone: plans are judged by what the source clusters hold, also
//! where these were not selected, and again at their turn.

use anyhow::{Context as _, Result};
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::cofferdam::Project;
use cofferdam_integration::shop_fleet;
use cofferdam_integration::wait::wait_until;
use serde_json::Value;

/// `shop` in staging reaches `shop` in production, which is sensitive there.
const MODEL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: shop }
spec: { tiers: [application], defaults: { enforcement: enforce } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: staging }
spec:
  clusters: { matchLabels: { environment: staging } }
  rollout: { order: 10 }
  unassignedNamespaces: isolate
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } }, rollout: { order: 20 } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: front }
spec: { tier: application, sensitivity: low, trustDomains: [staging], namespaces: [{ name: shop }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: vault }
spec: { tier: application, sensitivity: high, trustDomains: [production], namespaces: [{ name: shop }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: across }
spec:
  from: { zone: front }
  to: { zone: vault }
  ports: [{ protocol: TCP, port: 8080 }]
  across: { from: staging, to: production, port: 443 }
  justification: orders are tried out
  owner: shop
  approval: { by: security, at: 2026-01-01 }
";

/// Without it, no flow goes from staging into a sensitive zone of production.
const WAIVER: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: Waiver
metadata: { name: tried-out }
spec:
  for: { finding: less-trusted-source, object: Flow/across }
  reason: tried out until the launch
  approval: { by: security, at: 2026-01-01 }
  expires: 2099-01-01
";

fn start() -> Result<(Vec<Cluster>, Project)> {
    let (clusters, project) = shop_fleet::start(&[
        ("staging", "staging", Version::V1_36),
        ("prod", "production", Version::V1_36),
    ])?;
    project.write("policies/model.yaml", MODEL)?;
    project.write("policies/waiver.yaml", WAIVER)?;
    for (name, egress, exposed) in [
        ("staging", "203.0.113.16/28", "198.51.100.23/32"),
        ("prod", "203.0.113.0/28", "198.51.100.7/32"),
    ] {
        let network = format!("network: {{ egressCidrs: [{egress}], exposedCidrs: [{exposed}] }}");
        let file = format!("fleet/clusters/{name}.yaml");
        project.edit(
            &file,
            "  mode: manage\n",
            &format!("  mode: manage\n  {network}\n"),
        )?;
    }
    Ok((clusters, project))
}

/// Runs `plan` or `apply`, which must end with this code; what is said of each cluster: its name and state,
/// and why it is refused and what to do.
fn told(project: &Project, arguments: &[&str], code: i32) -> Result<Vec<String>> {
    let run = project.run(&[arguments, &["-o", "json"]].concat())?;
    assert_eq!(run.code, code, "{}\n{}", run.stdout, run.stderr);
    let report = run.json()?;
    let clusters = report.get("clusters").and_then(Value::as_array);
    let told = clusters.context("no clusters")?.iter().map(|cluster| {
        let text = |key| cluster.get(key).and_then(Value::as_str);
        let parts = ["name", "state", "reason", "hint"]
            .into_iter()
            .filter_map(text);
        parts.collect::<Vec<_>>().join(" | ")
    });
    Ok(told.collect())
}

/// What is said of `prod` while it is refused.
fn refused(why: &str, hint: &str) -> String {
    format!(
        "prod | refused | flow `across` admits whole clusters into a zone of sensitivity high, and {why} | {hint}"
    )
}

const NOT_YET: &str = "namespace `default` in cluster `staging` is not isolated yet";
const OPENED: &str = "namespace `shop` in cluster `staging` is not isolated yet";
const FIRST: &str = "apply to cluster `staging` first, with `--cluster staging`; only with `encryption: mtls` can this be waived";
const APPLY: [&str; 4] = ["apply", "--yes", "--settle", "0s"];

/// Lets a policy be deleted by somebody.
fn delete(cluster: &Cluster, policy: &str) -> Result<()> {
    cluster.kubectl_as(ADMIN, &["-n", "shop", "delete", "netpol", policy])?;
    Ok(())
}

#[test]
fn a_destination_is_judged_by_sources_that_were_not_selected_or_were_just_written() -> Result<()> {
    let (clusters, project) = start()?;
    let [staging, prod] = clusters.as_slice() else {
        anyhow::bail!("two clusters")
    };
    let only_prod = ["plan", "--cluster", "prod"];
    let apply_prod = [&APPLY[..], &["--cluster", "prod"]].concat();

    // The source was read, and nothing isolates it yet. In a run of both it is written first.
    let alone = told(&project, &only_prod, 1)?;
    assert_eq!(alone, [refused(NOT_YET, FIRST)]);
    let again = format!("{FIRST}; `apply` writes `staging` before it, and judges it again then");
    let both = told(&project, &["plan"], 1)?;
    assert_eq!(
        both,
        ["staging | planned".to_owned(), refused(NOT_YET, &again)]
    );
    let applied = told(&project, &APPLY, 0)?;
    assert_eq!(applied, ["staging | converged", "prod | converged"]);

    // The source stands as it should: what is missing is written without selecting it.
    delete(prod, "cofferdam-flow-across-in")?;
    assert_eq!(told(&project, &only_prod, 2)?, ["prod | planned"]);
    // One that does not answer is not known to be isolated; it is no cluster of the report.
    staging.pause()?;
    let hung = told(
        &project,
        &[&only_prod[..], &["--timeout", "3s"]].concat(),
        1,
    )?;
    let why = "source cluster `staging` was not observed wholly: identity of the cluster: no answer within 3 s";
    let read = "see to it that it can be read; only with `encryption: mtls` can this be waived";
    assert_eq!(hung, [refused(why, read)]);
    staging.resume()?;
    delete(staging, "cofferdam-default-deny-egress")?;
    assert_eq!(told(&project, &apply_prod, 1)?, [refused(OPENED, FIRST)]);
    assert_eq!(
        told(&project, &APPLY, 0)?,
        ["staging | converged", "prod | converged"]
    );

    // Where the source comes last, somebody has to apply there first.
    project.edit(
        "policies/model.yaml",
        "rollout: { order: 10 }",
        "rollout: { order: 30 }",
    )?;
    project.write("policies/waiver.yaml", "")?;
    delete(prod, "cofferdam-flow-across-in")?;
    delete(staging, "cofferdam-default-deny-egress")?;
    let skipped = "staging | skipped | not written: `production` had 1 failure before its turn";
    let stopped = told(&project, &APPLY, 1)?;
    assert_eq!(stopped, [refused(OPENED, FIRST), skipped.to_owned()]);
    let source = told(
        &project,
        &[&APPLY[..], &["--cluster", "staging"]].concat(),
        0,
    )?;
    assert_eq!(source, ["staging | converged"]);
    assert_eq!(told(&project, &apply_prod, 0)?, ["prod | converged"]);

    // Where nothing is to be written, nobody asks for the source.
    staging.stop()?;
    assert_eq!(told(&project, &only_prod, 0)?, ["prod | planned"]);
    Ok(())
}

/// The lease of a cluster, which somebody has for longer than the test lasts, or has given back.
fn lease(holder: &str) -> String {
    format!(
        "{{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {{name: cofferdam, namespace: cofferdam-system}}, spec: {{holderIdentity: '{holder}', leaseDurationSeconds: 3600}}}}"
    )
}

#[test]
fn what_let_a_destination_through_must_still_hold_at_its_turn() -> Result<()> {
    let (clusters, project) = start()?;
    let [staging, prod] = clusters.as_slice() else {
        anyhow::bail!("two clusters")
    };
    project.edit(
        "policies/model.yaml",
        "rollout: { order: 10 }",
        "rollout: { order: 10, maxFailures: 1 }",
    )?;
    assert_eq!(
        told(&project, &APPLY, 0)?,
        ["staging | converged", "prod | converged"]
    );
    delete(staging, "cofferdam-flow-across-out")?;
    delete(prod, "cofferdam-flow-across-in")?;
    assert_eq!(
        told(&project, &["plan"], 2)?,
        ["staging | planned", "prod | planned"]
    );

    // The pass of the source waits for somebody, who meanwhile opens it.
    staging.apply_yaml(ADMIN, &lease("somebody"))?;
    let mark = staging.audit_mark()?;
    let mut pass = project.spawn(&APPLY)?;
    wait_until("the source waits for its lease", || {
        let seen = staging.audit_glance(mark)?;
        Ok(seen.count(|one| one.resource == "leases" && one.user == "cofferdam") > 1)
    })?;
    delete(staging, "cofferdam-default-deny-egress")?;
    staging.apply_yaml(ADMIN, &lease(""))?;
    assert_eq!(pass.wait()?.code(), Some(1));
    let flows = |cluster: &Cluster, policy: &str| -> Result<usize> {
        let list = cluster.get_json(&["-n", "shop", "netpol"])?;
        let items = list["items"].as_array().into_iter().flatten();
        Ok(items
            .filter(|one| one["metadata"]["name"] == policy)
            .count())
    };
    assert_eq!(flows(staging, "cofferdam-flow-across-out")?, 1);
    assert_eq!(flows(prod, "cofferdam-flow-across-in")?, 0);
    assert_eq!(
        told(&project, &APPLY, 0)?,
        ["staging | converged", "prod | converged"]
    );
    assert_eq!(flows(prod, "cofferdam-flow-across-in")?, 1);
    Ok(())
}
