//! The controller, on real API servers: what it tells, what it survives, and what it asks for.

use anyhow::Result;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::controller::Controller;
use cofferdam_integration::shop::{CLUSTER_FILE, MODEL_FILE, SOMEBODY, Shop, WRITER};
use cofferdam_integration::wait::wait_until;
use serde_json::json;

/// A shop that was applied, and may be watched.
fn applied() -> Result<Shop> {
    let shop = Shop::start()?;
    let watch = shop.expect(&["rbac", "--profile", "observe", "--watch"], 0)?;
    shop.cluster.apply_yaml(ADMIN, &watch.stdout)?;
    shop.apply(&[], 0)?;
    Ok(shop)
}

fn hole() -> String {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "hole", "namespace": "orders"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
    })
    .to_string()
}

const HOLE: &str = "foreign-policy NetworkPolicy/orders/hole widens critical";

#[test]
fn a_foreign_policy_is_told_once_when_it_comes_and_once_when_it_goes() -> Result<()> {
    let shop = applied()?;
    let controller = Controller::start(&shop.project)?;
    controller.wait_for_verdict("prod", "inSync")?;
    shop.cluster.apply_yaml(SOMEBODY, &hole())?;
    controller.wait_for_event("finding began", HOLE)?;
    controller.wait_for_verdict("prod", "drifted")?;
    shop.cluster
        .kubectl_as(SOMEBODY, &["-n", "orders", "delete", "netpol", "hole"])?;
    controller.wait_for_event("finding ended", HOLE)?;
    controller.wait_for_verdict("prod", "inSync")?;
    for kind in ["finding began", "finding ended"] {
        let events = controller.events(kind)?;
        let told = events
            .iter()
            .filter(|event| event["class"] == "foreign-policy");
        assert_eq!(told.count(), 1, "{events:#?}");
    }
    controller.terminate()
}

#[test]
fn without_the_right_to_watch_a_cluster_is_unknown() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    let controller = Controller::start(&shop.project)?;
    controller.wait_for_verdict("prod", "unknown")?;
    let events = controller.events("finding began")?;
    let told = events.iter().filter_map(|event| event["told"].as_str());
    assert!(
        told.into_iter().any(|told| told.contains("may not read")),
        "{events:#?}"
    );
    let watch = shop.expect(&["rbac", "--profile", "observe", "--watch"], 0)?;
    shop.cluster.apply_yaml(ADMIN, &watch.stdout)?;
    controller.wait_for_verdict("prod", "inSync")?;
    controller.terminate()
}

#[test]
fn what_is_followed_is_listed_no_more() -> Result<()> {
    let shop = applied()?;
    let controller = Controller::start(&shop.project)?;
    controller.wait_for_verdict("prod", "inSync")?;
    let mark = shop.cluster.audit_mark()?;
    shop.cluster.apply_yaml(SOMEBODY, &hole())?;
    controller.wait_for_event("finding began", HOLE)?;
    let audit = shop.cluster.audit_since(mark)?;
    let asked: Vec<String> = audit
        .by(WRITER)
        .map(|entry| format!("{} {}", entry.verb, entry.resource))
        .collect();
    assert!(asked.is_empty(), "{asked:#?}");
    controller.terminate()
}

#[test]
fn a_hung_server_is_unknown_and_what_happened_meanwhile_is_found() -> Result<()> {
    let shop = applied()?;
    let controller = Controller::start(&shop.project)?;
    controller.wait_for_verdict("prod", "inSync")?;
    shop.cluster.pause()?;
    controller.wait_for_verdict("prod", "unknown")?;
    shop.cluster.resume()?;
    controller.wait_for_verdict("prod", "inSync")?;
    shop.cluster.apply_yaml(SOMEBODY, &hole())?;
    controller.wait_for_verdict("prod", "drifted")?;
    shop.cluster.stop()?;
    controller.wait_for_verdict("prod", "unknown")?;
    assert!(
        controller
            .events("finding ended")?
            .iter()
            .all(|event| event["class"] == "unknown")
    );
    shop.cluster.restart()?;
    controller.wait_for_verdict("prod", "drifted")?;
    shop.cluster
        .kubectl_as(SOMEBODY, &["-n", "orders", "delete", "netpol", "hole"])?;
    controller.wait_for_event("finding ended", HOLE)?;
    controller.terminate()
}

#[test]
fn new_documents_count_and_broken_ones_do_not() -> Result<()> {
    let shop = applied()?;
    let controller = Controller::start(&shop.project)?;
    controller.wait_for_verdict("prod", "inSync")?;
    let model = shop.project.read(MODEL_FILE)?;
    shop.project
        .write(MODEL_FILE, &format!("{model}\n  nonsense: true\n"))?;
    controller.wait_until("the documents are refused", |controller| {
        Ok(controller.told()?.contains("those before stay in force"))
    })?;
    controller.wait_for_verdict("prod", "inSync")?;
    let (without, _) = model
        .split_once("---\napiVersion: cofferdam.io/v1alpha1\nkind: Flow\n")
        .unwrap_or_default();
    shop.project.write(MODEL_FILE, without)?;
    controller.wait_until("they are rolled out", |controller| {
        Ok(!controller.events("rolled out")?.is_empty())
    })?;
    controller.wait_for_verdict("prod", "inSync")?;
    shop.project.write(CLUSTER_FILE, "")?;
    controller.wait_until("the cluster is forgotten", |controller| {
        Ok(!controller.metrics()?.contains("cluster=\"prod\""))
    })?;
    controller.terminate()
}

#[test]
fn kinds_that_come_later_are_looked_at_too() -> Result<()> {
    let shop = applied()?;
    let controller = Controller::start(&shop.project)?;
    controller.wait_for_verdict("prod", "inSync")?;
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ciliumnetworkpolicies.cilium.io"},
        "spec": {
            "group": "cilium.io", "scope": "Namespaced",
            "names": {"kind": "CiliumNetworkPolicy", "plural": "ciliumnetworkpolicies"},
            "versions": [{"name": "v2", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    });
    shop.cluster.apply_yaml(ADMIN, &definition.to_string())?;
    let policy = json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "open", "namespace": "orders"}, "spec": {"endpointSelector": {}},
    });
    wait_until("the kind is served", || {
        Ok(shop
            .cluster
            .apply_yaml(SOMEBODY, &policy.to_string())
            .is_ok())
    })?;
    controller.wait_until("the policy is found", |controller| {
        let events = controller.events("finding began")?;
        let objects = events.iter().filter_map(|event| event["object"].as_str());
        Ok(objects
            .into_iter()
            .any(|object| object == "CiliumNetworkPolicy.cilium.io/orders/open"))
    })?;
    controller.terminate()
}

#[test]
fn a_credential_that_is_replaced_is_read_anew() -> Result<()> {
    let shop = applied()?;
    let used = shop.cluster.kubeconfig(WRITER)?;
    let good = std::fs::read_to_string(&used)?;
    std::fs::write(&used, good.replace("\"token\": \"", "\"token\": \"not-"))?;
    let controller = Controller::start(&shop.project)?;
    controller.wait_for_verdict("prod", "unknown")?;
    std::fs::write(&used, good)?;
    controller.wait_for_verdict("prod", "inSync")?;
    controller.terminate()
}
