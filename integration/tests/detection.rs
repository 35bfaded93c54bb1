//! What a cluster is told to be: from what its owners run, not from what tenants name alike; and
//! nothing is taken away because something was not found.

use anyhow::{Context, Result, ensure};
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::shop::{SOMEBODY, Shop};
use serde_json::json;

/// A workload that a tenant makes in a namespace of his own; no pod of it ever runs.
fn workload(kind: &str, name: &str, image: &str, args: &[&str]) -> String {
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "evil"},
        "spec": {"selector": {"matchLabels": {"app": "attacker"}},
            "template": {"metadata": {"labels": {"app": "attacker"}},
                "spec": {"nodeSelector": {"no": "such"},
                    "containers": [{"name": "c", "image": image, "args": args}]}}}})
    .to_string()
}

fn pod(namespace: &str) -> String {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace},
        "spec": {"serviceAccountName": "default", "automountServiceAccountToken": false,
                 "containers": [{"name": "c", "image": "busybox"}]}})
    .to_string()
}

fn shop() -> Result<Shop> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    shop.cluster.kubectl_as(ADMIN, &["create", "ns", "evil"])?;
    Ok(shop)
}

fn egress(shop: &Shop) -> Result<String> {
    let live = shop
        .cluster
        .get_json(&["-n", "orders", "netpol", "cofferdam-allow-dns"])?;
    let spec = live.get("spec").context("no spec")?;
    Ok(spec.to_string())
}

#[test]
fn a_tenants_daemon_set_opens_no_egress_of_other_zones() -> Result<()> {
    let shop = shop()?;
    std::fs::remove_dir_all(shop.project.path().join("fleet/capabilities"))?;
    let set = workload(
        "DaemonSet",
        "my-node-local-dns",
        "busybox",
        &["-localip", "203.0.113.66"],
    );
    shop.cluster.apply_yaml(SOMEBODY, &set)?;
    shop.apply(&["--rollback"], 0)?;
    let drift = shop.project.run(&["drift"])?;
    let spec = egress(&shop)?;
    ensure!(
        !spec.contains("203.0.113.66"),
        "drift ends with {} and says\n{}\n{spec}",
        drift.code,
        drift.stdout
    );
    Ok(())
}

#[test]
fn a_tenants_deployment_gets_no_ingress_as_control_plane() -> Result<()> {
    let shop = shop()?;
    shop.cluster.apply_yaml(ADMIN, &json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "wh"}, "webhooks": [{"name": "a.b.c", "admissionReviewVersions": ["v1"],
            "sideEffects": "None", "failurePolicy": "Ignore",
            "clientConfig": {"service": {"namespace": "orders", "name": "orders", "port": 8080}},
            "rules": [{"apiGroups": ["x.y"], "apiVersions": ["v1"], "resources": ["z"], "operations": ["CREATE"]}]}],
    }).to_string())?;
    shop.cluster.apply_yaml(
        SOMEBODY,
        &workload("Deployment", "konnectivity-agent", "busybox", &[]),
    )?;
    std::fs::remove_dir_all(shop.project.path().join("fleet/capabilities"))?;
    shop.project
        .run(&["apply", "--yes", "--settle", "0s", "--rollback"])?;
    let drift = shop.project.run(&["drift"])?;
    let all = shop
        .cluster
        .get_json(&["-n", "orders", "netpol"])?
        .to_string();
    ensure!(
        !all.contains("\"evil\""),
        "drift ends with {} and says\n{}\n{all}",
        drift.code,
        drift.stdout
    );
    Ok(())
}

#[test]
fn a_tenant_cannot_make_his_namespace_a_system_namespace() -> Result<()> {
    let shop = shop()?;
    shop.cluster
        .kubectl_as(ADMIN, &["-n", "evil", "create", "sa", "default"])?;
    shop.cluster.apply_yaml(ADMIN, &pod("evil"))?;
    shop.expect(&["drift"], 2)?;
    shop.cluster.apply_yaml(
        SOMEBODY,
        &workload("Deployment", "app", "x.example/csi-anything", &[]),
    )?;
    shop.expect(&["drift"], 2)?;
    Ok(())
}

#[test]
fn a_tenants_daemon_set_proves_no_enforcement() -> Result<()> {
    let shop = shop()?;
    shop.cluster
        .kubectl_as(ADMIN, &["-n", "kube-system", "delete", "ds", "calico-node"])?;
    let flannel = workload("DaemonSet", "kube-flannel-ds", "flannel/flannel:v0.26", &[])
        .replace("evil", "kube-system");
    shop.cluster.apply_yaml(ADMIN, &flannel)?;
    shop.expect(&["drift"], 2)?;
    shop.cluster.apply_yaml(
        SOMEBODY,
        &workload("DaemonSet", "calico-node", "busybox", &[]),
    )?;
    let drift = shop.project.run(&["drift"])?;
    ensure!(drift.code == 2, "{}", drift.stdout);
    Ok(())
}

#[test]
fn a_plugin_without_a_ready_pod_is_not_said_to_enforce() -> Result<()> {
    let shop = shop()?;
    let none = r#"{"status":{"numberReady":0,"numberAvailable":0,"desiredNumberScheduled":3,"currentNumberScheduled":3,"numberMisscheduled":0}}"#;
    let patch = [
        "-n",
        "kube-system",
        "patch",
        "ds",
        "calico-node",
        "--subresource=status",
        "--type=merge",
        "-p",
        none,
    ];
    shop.cluster.kubectl_as(ADMIN, &patch)?;
    let status = shop.project.run(&["status", "-o", "json"])?;
    ensure!(
        status.json()?["clusters"][0]["cni"]["enforces"] != "yes",
        "{}",
        status.stdout
    );
    Ok(())
}

#[test]
fn dns_that_is_not_found_is_not_taken_away() -> Result<()> {
    let shop = shop()?;
    let delete = ["-n", "kube-system", "delete", "svc", "kube-dns"];
    shop.cluster.kubectl_as(ADMIN, &delete)?;
    let apply = shop.project.run(&["apply", "--yes", "--settle", "0s"])?;
    let said = format!("{}{}", apply.stdout, apply.stderr);
    ensure!(apply.code != 0, "{said}");
    ensure!(said.contains("no server for DNS"), "{said}");
    let spec = egress(&shop)?;
    ensure!(spec.contains("kube-dns"), "{said}\n{spec}");

    shop.project.run(&["doctor", "--write"])?;
    let check = shop.expect(&["check"], 1)?;
    let said = format!("{}{}", check.stdout, check.stderr);
    ensure!(said.contains("dns-not-found"), "{said}");
    Ok(())
}

#[test]
fn a_service_beside_dns_does_not_open_every_port() -> Result<()> {
    let shop = shop()?;
    let before = egress(&shop)?;
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "dns-metrics", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "spec": {"selector": {"k8s-app": "other"}, "ports": [{"port": 9153}]},
    });
    shop.cluster.apply_yaml(ADMIN, &service.to_string())?;
    shop.apply(&[], 0)?;
    let after = egress(&shop)?;
    ensure!(before == after, "{before}\n{after}");
    Ok(())
}
