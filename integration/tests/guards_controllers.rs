//! Guard rails stop nothing that controllers do: they run here with their usual rights.

use anyhow::{Context, Result};
use cofferdam_integration::ClusterOptions;
use cofferdam_integration::guarded::Answer::{Done, Refused};
use cofferdam_integration::guarded::{
    LABEL, OUTSIDE, TAINT, TENANT, ask, drift, pod, pods_of, start_pool, workload,
};
use cofferdam_integration::shop::{SOMEBODY, Shop};
use cofferdam_integration::wait::wait_until;
use serde_json::{Value, json};

fn start() -> Result<Shop> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    shop.cluster.start_controllers()?;
    Ok(shop)
}

fn make(shop: &Shop, object: &Value) -> Result<()> {
    ask(
        &shop.cluster,
        TENANT,
        &["create", "-f", "-"],
        &object.to_string(),
        Done,
    )
}

fn everywhere() -> Value {
    json!({ "tolerations": [{ "operator": "Exists" }] })
}

/// Whether a pod selects the pool's nodes and tolerates their taint.
fn is_pinned(pod: &Value) -> bool {
    let selects = pod
        .pointer("/spec/nodeSelector")
        .and_then(|all| all.get(LABEL));
    let tolerations = pod.pointer("/spec/tolerations").and_then(Value::as_array);
    let mut tolerations = tolerations.into_iter().flatten();
    selects == Some(&json!("back"))
        && tolerations.any(|one| {
            one.get("key") == Some(&json!(TAINT)) && one.get("value") == Some(&json!("back"))
        })
}

#[test]
fn the_namespace_of_a_zone_goes_with_everything_in_it() -> Result<()> {
    let shop = start()?;
    make(
        &shop,
        &workload("Deployment", "ledger", "books", &json!({})),
    )?;
    wait_until("the namespace has pods", || {
        Ok(pods_of(&shop.cluster, "ledger", "books")?.len() == 2)
    })?;
    assert!(!shop.policies("ledger")?.is_empty());
    shop.cluster
        .kubectl_as(TENANT, &["delete", "namespace", "ledger", "--wait=false"])?;
    wait_until("the namespace is gone", || {
        let all = shop
            .cluster
            .kubectl(&["get", "namespaces", "--output=name"])?;
        Ok(!all.contains("namespace/ledger"))
    })?;
    assert_eq!(drift(&shop)?, ["missing Namespace/ledger"]);
    shop.apply(&[], 0)?;
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn agents_of_the_system_and_guests_of_a_pool_run_on_every_node() -> Result<()> {
    let shop = start()?;
    let cluster = &shop.cluster;
    make(
        &shop,
        &workload("DaemonSet", "kube-system", "proxy", &everywhere()),
    )?;
    make(
        &shop,
        &workload("DaemonSet", "monitoring", "exporter", &everywhere()),
    )?;
    make(
        &shop,
        &workload("Deployment", "monitoring", "forger", &everywhere()),
    )?;
    make(&shop, &workload("DaemonSet", OUTSIDE, "agent", &json!({})))?;
    for (namespace, app) in [
        ("kube-system", "proxy"),
        ("monitoring", "exporter"),
        (OUTSIDE, "agent"),
    ] {
        // The controller counts nodes whose taints its pods tolerate.
        let nodes = if namespace == OUTSIDE { 2 } else { 3 };
        wait_until(&format!("{app} runs everywhere"), || {
            Ok(pods_of(cluster, namespace, app)?.len() == nodes)
        })
        .with_context(|| events(&shop, namespace))?;
    }
    wait_until("the template of a guest is refused to a Deployment", || {
        let deployment = cluster.get_json(&["-n", "monitoring", "deployment", "forger"])?;
        Ok(deployment
            .to_string()
            .contains("list the DaemonSet under `guests`"))
    })?;
    assert_eq!(pods_of(cluster, "monitoring", "forger")?.len(), 0);
    Ok(())
}

#[test]
fn a_rollout_in_a_pools_zone_ends_on_its_nodes() -> Result<()> {
    let shop = start()?;
    let cluster = &shop.cluster;
    let own = json!({ "nodeSelector": { "disk": "fast" }, "tolerations": [{ "key": "theirs", "operator": "Exists" }] });
    make(&shop, &workload("Deployment", "orders", "carts", &own))?;
    wait_until("carts has pods", || {
        Ok(pods_of(cluster, "orders", "carts")?.len() == 2)
    })?;
    let first = pods_of(cluster, "orders", "carts")?;
    assert!(first.iter().all(is_pinned), "{}", json!(first));
    for pod in &first {
        let selector = pod.pointer("/spec/nodeSelector/disk");
        assert_eq!(selector, Some(&json!("fast")));
        assert!(pod.to_string().contains("theirs"), "{pod}");
    }
    cluster.kubectl_as(
        TENANT,
        &["-n", "orders", "rollout", "restart", "deployment", "carts"],
    )?;
    let is_new = |pod: &Value| pod.to_string().contains("restartedAt");
    wait_until("a pod of the new template", || {
        Ok(pods_of(cluster, "orders", "carts")?.iter().any(is_new))
    })?;
    let pods = pods_of(cluster, "orders", "carts")?;
    assert!(pods.iter().all(is_pinned), "{}", json!(pods));

    // A pod that was deleted is replaced, and all go with their owner.
    cluster.kubectl_as(
        TENANT,
        &["-n", "orders", "delete", "pods", "-l", "app=carts"],
    )?;
    wait_until("pods are replaced", || {
        Ok(pods_of(cluster, "orders", "carts")?.len() >= 2)
    })?;
    cluster.kubectl_as(TENANT, &["-n", "orders", "delete", "deployment", "carts"])?;
    wait_until("pods are collected", || {
        Ok(pods_of(cluster, "orders", "carts")?.is_empty())
    })?;

    // Whoever makes them, and whatever they say.
    let elsewhere = json!({ "nodeSelector": { LABEL: "other" } });
    make(&shop, &pod("orders", "stray", &elsewhere))?;
    let stray = cluster.get_json(&["-n", "orders", "pod", "stray"])?;
    assert!(is_pinned(&stray), "{stray}");
    Ok(())
}

#[test]
fn a_daemon_set_of_a_pools_zone_asks_for_its_nodes() -> Result<()> {
    let shop = start()?;
    let cluster = &shop.cluster;
    let create = ["create", "-f", "-"];
    let unbound = workload("DaemonSet", "orders", "cache", &json!({}));
    let refused = Refused("pods of this namespace run on pool back only");
    ask(cluster, TENANT, &create, &unbound.to_string(), refused)?;
    let bound = workload(
        "DaemonSet",
        "orders",
        "cache",
        &json!({ "nodeSelector": { LABEL: "back" }, "tolerations": [{ "key": TAINT, "operator": "Exists" }] }),
    );
    make(&shop, &bound)?;
    wait_until("cache runs on the pool", || {
        Ok(pods_of(cluster, "orders", "cache")?.len() == 1)
    })?;
    let pods = pods_of(cluster, "orders", "cache")?;
    assert!(
        pods.iter()
            .all(|pod| pod.to_string().contains("prod-node-1")),
        "{}",
        json!(pods)
    );
    let unbind = r#"[{"op":"remove","path":"/spec/template/spec/nodeSelector"}]"#;
    let patch = [
        "-n",
        "orders",
        "patch",
        "daemonset",
        "cache",
        "--type=json",
        "-p",
        unbind,
    ];
    ask(cluster, TENANT, &patch, "", refused)?;
    ask(
        cluster,
        TENANT,
        &["-n", "orders", "label", "daemonset", "cache", "note=x"],
        "",
        Done,
    )?;
    ask(
        cluster,
        TENANT,
        &["-n", "orders", "delete", "daemonset", "cache"],
        "",
        Done,
    )?;
    wait_until("cache is gone", || {
        Ok(pods_of(cluster, "orders", "cache")?.is_empty())
    })?;
    Ok(())
}

#[test]
fn the_garbage_collector_ends_what_break_glass_deletes() -> Result<()> {
    let shop = start()?;
    let policy = ["-n", "web", "netpol", "cofferdam-default-deny-ingress"];
    let delete = [
        &policy[..2],
        &["delete"],
        &policy[2..],
        &["--cascade=foreground", "--wait=false"],
    ];
    shop.cluster.kubectl_as(SOMEBODY, &delete.concat())?;
    wait_until("the policy is gone", || {
        Ok(shop.cluster.get_json(&policy).is_err())
    })?;
    let owner = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "namespace": "web", "name": "owner" } });
    make(&shop, &owner)?;
    let owner = shop
        .cluster
        .get_json(&["-n", "web", "configmap", "owner"])?;
    let of = |name: &str, uid: &Value| json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid });
    let owners = json!([
        of(
            "owner",
            owner.pointer("/metadata/uid").unwrap_or(&Value::Null)
        ),
        of("gone", &json!("1"))
    ]);
    let patch = json!({ "metadata": { "ownerReferences": owners } }).to_string();
    let other = ["-n", "web", "netpol", "cofferdam-allow-dns"];
    let words = [
        &other[..2],
        &["patch"],
        &other[2..],
        &["--type=merge", "-p", &patch],
    ];
    shop.cluster.kubectl_as(SOMEBODY, &words.concat())?;
    wait_until("the owner that does not exist is taken away", || {
        let live = shop.cluster.get_json(&other)?;
        let owners = live.pointer("/metadata/ownerReferences");
        Ok(owners
            .and_then(Value::as_array)
            .is_some_and(|all| all.len() == 1))
    })?;
    shop.apply(&[], 0)?;
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn the_server_finds_no_fault_in_the_types_of_any_rail() -> Result<()> {
    let shop = start()?;
    let checked = || -> Result<Vec<Value>> {
        let all = shop.cluster.get_json(&["validatingadmissionpolicies"])?;
        let items = all.pointer("/items").and_then(Value::as_array);
        let items = items.into_iter().flatten();
        let checks = items.filter_map(|one| one.pointer("/status/typeChecking").cloned());
        Ok(checks.collect())
    };
    wait_until("every rail was checked", || Ok(checked()?.len() == 8))?;
    assert_eq!(checked()?, vec![json!({}); 8]);
    Ok(())
}

fn events(shop: &Shop, namespace: &str) -> String {
    let events = shop.cluster.kubectl(&["-n", namespace, "get", "events"]);
    events.unwrap_or_default()
}
