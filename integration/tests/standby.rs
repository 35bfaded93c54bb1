//! Several controllers of which one is active, on a real API server.

use anyhow::{Context as _, Result};
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::controller::Controller;
use cofferdam_integration::shop::{MODEL_FILE, SOMEBODY, Shop};
use serde_json::Value;

/// A shop that was applied and may be watched, and elects the active controller.
fn applied() -> Result<Shop> {
    let shop = Shop::start()?;
    let rights = ["rbac", "--profile", "observe", "--watch", "--standby"];
    let watch = shop.expect(&rights, 0)?;
    shop.cluster.apply_yaml(ADMIN, &watch.stdout)?;
    shop.apply(&[], 0)?;
    let settings = r#"{ "settleSeconds": 1, "standby": { "cluster": "prod" } }"#;
    shop.project.write("controller.yaml", settings)?;
    Ok(shop)
}

/// A controller with a log of its own.
fn start(shop: &Shop, name: &str) -> Result<Controller> {
    let settings = shop.project.path().join("controller.yaml");
    let settings = settings.to_str().context("a path")?;
    Controller::start_named(&shop.project, name, &["--config", settings])
}

fn is_told(controller: &Controller, event: &str) -> Result<bool> {
    Ok(!controller.events(event)?.is_empty())
}

fn heals(shop: &Shop, controller: &Controller) -> Result<()> {
    shop.widen_egress("orders", "cofferdam-default-deny-egress")?;
    controller.wait_until("it heals", |controller| is_told(controller, "healed"))?;
    controller.wait_for_verdict("prod", "inSync")
}

#[test]
fn whoever_waits_takes_over_after_a_kill_and_after_a_good_end() -> Result<()> {
    let shop = applied()?;
    let first = start(&shop, "first")?;
    first.wait_for_verdict("prod", "inSync")?;
    let second = start(&shop, "second")?;
    second.wait_until("it stands by", |second| is_told(second, "standby"))?;
    heals(&shop, &first)?;
    // What came while it stood by counts, and not what it read when it began.
    shop.project.edit(MODEL_FILE, "port: 8080", "port: 8081")?;
    first.wait_until("it rolls out", |first| is_told(first, "rolled out"))?;
    first.kill();
    second.wait_until("it takes over", |second| is_told(second, "active"))?;
    second.wait_for_verdict("prod", "inSync")?;
    heals(&shop, &second)?;
    assert!(!is_told(&second, "rolled out")?);
    let third = start(&shop, "third")?;
    third.wait_until("it stands by", |third| is_told(third, "standby"))?;
    second.terminate()?;
    third.wait_until("it takes over", |third| is_told(third, "active"))?;
    third.wait_for_verdict("prod", "inSync")?;
    third.terminate()
}

#[test]
fn who_was_stopped_for_too_long_ends_and_overwrites_nothing() -> Result<()> {
    let shop = applied()?;
    let first = start(&shop, "first")?;
    first.wait_for_verdict("prod", "inSync")?;
    // The history is still the first one's, who only sleeps.
    let settings = shop.project.path().join("controller.yaml");
    let settings = settings.to_str().context("a path")?;
    let history = shop.project.path().join("second.db");
    let history = history.to_str().context("a path")?;
    let more = ["--config", settings, "--history", history];
    let second = Controller::start_named(&shop.project, "second", &more)?;
    first.signal("STOP")?;
    second.wait_until("it takes over", |second| is_told(second, "active"))?;
    second.wait_for_verdict("prod", "inSync")?;
    shop.cluster.apply_yaml(SOMEBODY, HOLE)?;
    first.signal("CONT")?;
    let writes = shop.cluster.audit_mark()?;
    first.wait_for_end()?;
    let written = shop.cluster.audit_since(writes)?;
    let written: Vec<String> = written
        .by("cofferdam")
        .filter(|entry| matches!(entry.verb.as_str(), "patch" | "delete" | "create"))
        .map(|entry| format!("{} {}", entry.verb, entry.resource))
        .collect();
    assert_eq!(written, Vec::<String>::new());
    let hole: Value = shop.cluster.get_json(&["-n", "orders", "netpol", "hole"])?;
    assert_eq!(
        hole.pointer("/metadata/name").and_then(Value::as_str),
        Some("hole")
    );
    Ok(())
}

const HOLE: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: hole, namespace: orders }
spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{}] }
";
