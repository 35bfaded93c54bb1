//! Nothing is called in sync, converged or somebody's doing that is not.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use anyhow::{Result, ensure};
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::shop::{CLUSTER_FILE, MODEL_FILE, SOMEBODY, Shop};
use serde_json::{Value, json};

fn shop() -> Result<Shop> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    Ok(shop)
}

fn pod(namespace: &str) -> String {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace},
        "spec": {"serviceAccountName": "default", "automountServiceAccountToken": false,
                 "containers": [{"name": "c", "image": "busybox"}]}})
    .to_string()
}

fn record_version(shop: &Shop) -> Result<Value> {
    Ok(shop
        .cluster
        .get_json(&["-n", "cofferdam-system", "cm", "cofferdam"])?["metadata"]["resourceVersion"]
        .clone())
}

#[test]
fn two_documents_for_one_cluster_are_not_in_sync() -> Result<()> {
    let shop = shop()?;
    let text = shop
        .project
        .read(CLUSTER_FILE)?
        .replace("name: prod\n", "name: prod2\n");
    let unpinned: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("identity:"))
        .collect();
    shop.project
        .write("fleet/clusters/prod2.yaml", &unpinned.join("\n"))?;
    let status = shop.project.run(&["status"])?;
    ensure!(status.code != 0, "{}", status.stdout);
    Ok(())
}

#[test]
fn a_wrong_cluster_is_never_in_sync() -> Result<()> {
    let shop = shop()?;
    let text = shop.project.read(CLUSTER_FILE)?;
    let uid = text
        .split("uid: ")
        .nth(1)
        .and_then(|rest| rest.split([' ', '}', '\n']).next())
        .unwrap_or_default()
        .to_owned();
    shop.project
        .edit(CLUSTER_FILE, &uid, "00000000-0000-0000-0000-000000000000")?;
    shop.cluster
        .kubectl_as(ADMIN, &["-n", "orders", "delete", "netpol", "--all"])?;
    let drift = shop.project.run(&["drift"])?;
    ensure!(drift.code != 0, "{}", drift.stdout);
    Ok(())
}

#[test]
fn apply_writes_nothing_to_a_read_only_cluster() -> Result<()> {
    let shop = shop()?;
    let before = record_version(&shop)?;
    shop.project
        .edit(CLUSTER_FILE, "mode: manage", "mode: readOnly")?;
    let apply = shop.project.run(&["apply", "--yes"])?;
    ensure!(
        before == record_version(&shop)?,
        "it wrote the record: {}",
        apply.stdout
    );
    Ok(())
}

#[test]
fn apply_calls_no_gitops_cluster_converged_that_lacks_a_deny() -> Result<()> {
    let shop = shop()?;
    shop.project.edit(
        CLUSTER_FILE,
        "mode: manage",
        "delivery: gitops\n  mode: manage",
    )?;
    shop.lose_policy("orders", "cofferdam-default-deny-ingress")?;
    shop.expect(&["drift"], 2)?;
    let apply = shop.project.run(&["apply", "--yes"])?;
    ensure!(apply.code != 0, "{}", apply.stdout);
    Ok(())
}

#[test]
fn nobody_is_blamed_for_what_another_deleted() -> Result<()> {
    let shop = shop()?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    shop.lose_policy("orders", "cofferdam-default-deny-ingress")?;
    std::thread::sleep(std::time::Duration::from_millis(1200));
    let innocent =
        "/apis/networking.k8s.io/v1/namespaces/orders/networkpolicies?labelSelector=app%3Dnothing";
    shop.cluster
        .kubectl_as(ADMIN, &["delete", "--raw", innocent])?;
    let findings = shop.findings()?;
    let by = findings
        .iter()
        .find(|f| f["class"] == "missing")
        .map(|f| f["by"]["user"].clone());
    ensure!(by == Some(json!(SOMEBODY)), "{by:?}");
    Ok(())
}

#[test]
fn pods_on_the_nodes_network_and_policies_for_pods_to_come_are_told() -> Result<()> {
    let shop = shop()?;
    // At any other level such a pod is refused.
    let high = "  sensitivity: high\n";
    let free = format!("{high}  podSecurity: privileged\n");
    shop.project.edit(MODEL_FILE, high, &free)?;
    shop.apply(&["--allow-weakening"], 0)?;
    let mut host: Value = serde_json::from_str(&pod("orders"))?;
    host["spec"]["hostNetwork"] = json!(true);
    shop.cluster
        .kubectl_as(ADMIN, &["-n", "orders", "create", "sa", "default"])?;
    shop.cluster.apply_yaml(ADMIN, &host.to_string())?;
    let first = shop.project.run(&["drift"])?;
    shop.cluster.apply_yaml(SOMEBODY, &json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "open", "namespace": "ledger"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}}).to_string())?;
    let second = shop.project.run(&["drift"])?;
    ensure!(
        first.code != 0 && second.code != 0,
        "host network: {}\nallow-all in an empty namespace: {}\n{}",
        first.code,
        second.code,
        second.stdout
    );
    Ok(())
}

#[test]
fn the_audit_log_is_read_only_where_somebody_gets_to_see_the_users() -> Result<()> {
    let shop = shop()?;
    let log = shop.cluster.audit_log().display().to_string();
    shop.project.edit(CLUSTER_FILE, &log, "missing.log")?;
    for (arguments, read) in [
        (&["drift"][..], true),
        (&["plan", "-o", "json"], true),
        (&["plan"], false),
        (&["apply", "--yes"], false),
        (&["status"], false),
        (&["doctor"], false),
    ] {
        let run = shop.project.run(arguments)?;
        let warned = run.stderr.contains("users are not named");
        ensure!(warned == read, "{arguments:?}: {}", run.stderr);
    }
    Ok(())
}

#[test]
fn a_deny_that_a_finalizer_holds_after_its_deletion_is_not_in_sync() -> Result<()> {
    let shop = shop()?;
    let deny = "netpol/cofferdam-default-deny-ingress";
    let set_finalizers = |list: &str| {
        let change = format!(r#"{{"metadata":{{"finalizers":{list}}}}}"#);
        let patch = ["-n", "orders", "patch", deny, "--type=merge", "-p", &change];
        shop.cluster.kubectl_as(ADMIN, &patch)
    };
    set_finalizers(r#"["example.com/hold"]"#)?;
    shop.cluster
        .kubectl_as(ADMIN, &["-n", "orders", "delete", deny, "--wait=false"])?;
    shop.expect(&["drift"], 2)?;
    let apply = shop.project.run(&["apply", "--yes"])?;
    ensure!(apply.code == 1, "{}", apply.stdout);
    set_finalizers("null")?;
    shop.apply(&[], 0)?;
    shop.expect(&["drift"], 0)?;
    Ok(())
}

#[test]
fn a_finalizer_on_an_allow_keeps_no_enforced_namespace_open() -> Result<()> {
    let shop = shop()?;
    let as_tenant = |arguments: &[&str]| {
        let arguments = [&["-n", "orders"], arguments].concat();
        shop.cluster.kubectl_as(ADMIN, &arguments)
    };
    let set_finalizers = |list: &str| {
        let change = format!(r#"{{"metadata":{{"finalizers":{list}}}}}"#);
        let allow = "netpol/cofferdam-allow-dns";
        as_tenant(&["patch", allow, "--type=merge", "-p", &change])
    };
    set_finalizers(r#"["example.com/hold"]"#)?;
    as_tenant(&["delete", "netpol", "--all", "--wait=false"])?;
    let names = || -> Result<Vec<String>> {
        let live = shop.cluster.get_json(&["-n", "orders", "netpol"])?;
        let items = live["items"].as_array().cloned().unwrap_or_default();
        let names = items.iter().map(|one| one["metadata"]["name"].as_str());
        Ok(names.flatten().map(str::to_owned).collect())
    };
    assert_eq!(names()?, ["cofferdam-allow-dns"]);
    // What is being deleted is in the way, of itself alone.
    let told = shop.project.run(&["apply", "--yes", "-o", "json"])?;
    let failed = told.json()?["clusters"][0]["failed"].clone();
    let objects = failed.as_array().cloned().unwrap_or_default();
    let objects: Vec<&str> = objects
        .iter()
        .filter_map(|one| one["object"]["name"].as_str())
        .collect();
    assert_eq!(objects, ["cofferdam-allow-dns"], "{failed}");
    let healed = names()?;
    for direction in ["ingress", "egress"] {
        let deny = format!("cofferdam-default-deny-{direction}");
        ensure!(healed.contains(&deny), "{healed:?}");
        let open = format!("cofferdam-open-{direction}");
        ensure!(!healed.contains(&open), "{healed:?}");
    }
    set_finalizers("null")?;
    shop.apply(&[], 0)?;
    shop.expect(&["drift"], 0)?;
    Ok(())
}
