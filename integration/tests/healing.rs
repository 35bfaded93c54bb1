//! What the controller puts back, whom it tells, and what it remembers, on real API servers.

use anyhow::{Context as _, Result};
use cofferdam_integration::alertmanager::Alertmanager;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::controller::Controller;
use cofferdam_integration::receiver::{Receiver, TOKEN};
use cofferdam_integration::shop::{MODEL_FILE, SOMEBODY, Shop};
use cofferdam_integration::wait::wait_until;
use serde_json::{Value, json};

const SETTINGS_FILE: &str = "controller.yaml";

/// A shop that was applied and may be watched, and somebody who is told.
fn applied() -> Result<(Shop, Receiver)> {
    let shop = Shop::start()?;
    let watch = shop.expect(&["rbac", "--profile", "observe", "--watch"], 0)?;
    shop.cluster.apply_yaml(ADMIN, &watch.stdout)?;
    shop.apply(&[], 0)?;
    let receiver = Receiver::start()?;
    shop.project.write("receiver-token", TOKEN)?;
    let token = shop.project.path().join("receiver-token");
    let settings = json!({
        "settleSeconds": 1,
        "alerts": {
            "groupSeconds": 1,
            "receivers": [
                {"name": "pager", "kind": "webhook", "url": receiver.url(), "bearerTokenFile": token},
            ],
        },
    });
    shop.project.write(SETTINGS_FILE, &settings.to_string())?;
    Ok((shop, receiver))
}

fn start(shop: &Shop, more: &[&str]) -> Result<Controller> {
    let settings = shop.project.path().join(SETTINGS_FILE);
    let settings = settings.to_str().context("a path")?;
    let controller =
        Controller::start_with(&shop.project, &[&["--config", settings], more].concat())?;
    controller
        .wait_for_verdict("prod", "inSync")
        .or_else(|_| controller.wait_for_verdict("prod", "drifted"))?;
    Ok(controller)
}

/// The history by the command line.
fn history(shop: &Shop, more: &[&str]) -> Result<Value> {
    shop.expect(&[&["history", "-o", "json"], more].concat(), 0)?
        .json()
}

/// What is told of episodes of a class: `OBJECT by USER, ended by WHOM`, the newest first.
fn episodes(shop: &Shop, class: &str) -> Result<Vec<String>> {
    let report = history(shop, &["--class", class])?;
    let episodes = report.get("episodes").and_then(Value::as_array);
    let episodes = episodes.cloned().unwrap_or_default();
    let told = episodes.iter().map(|one| {
        let text = |field: &str| one[field].as_str().unwrap_or("nobody");
        format!(
            "{} by {}, ended by {}",
            text("object"),
            text("user"),
            text("endedBy")
        )
    });
    Ok(told.collect())
}

const DENY: &str = "NetworkPolicy/orders/cofferdam-default-deny-egress";
const ALLOW: &str = "NetworkPolicy/orders/hole";

fn hole() -> String {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "hole", "namespace": "orders"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
    })
    .to_string()
}

#[test]
fn what_drifts_in_a_sensitive_zone_is_put_back_and_told() -> Result<()> {
    let (shop, receiver) = applied()?;
    let controller = start(&shop, &[])?;
    shop.widen_egress("orders", "cofferdam-default-deny-egress")?;
    controller.wait_until("it is healed", |controller| {
        Ok(!controller.events("healed")?.is_empty())
    })?;
    controller.wait_for_verdict("prod", "inSync")?;
    let live =
        shop.cluster
            .get_json(&["-n", "orders", "netpol", "cofferdam-default-deny-egress"])?;
    assert_eq!(live.pointer("/spec/egress"), None, "{live}");
    controller.wait_until("both are told", |_| Ok(receiver.alerts()?.len() == 2))?;
    let told = [
        format!("began changed {DENY} critical"),
        format!("ended changed {DENY} critical"),
    ];
    assert_eq!(receiver.alerts()?, told);
    assert_eq!(
        episodes(&shop, "changed")?,
        [format!("{DENY} by somebody, ended by cofferdam")]
    );
    let report = history(&shop, &[])?;
    let passes = report["changes"].as_array().context("changes")?;
    let about = |one: &Value| {
        (
            one["state"].clone(),
            one["written"].clone(),
            one["objects"].clone(),
        )
    };
    assert_eq!(
        passes.iter().map(about).collect::<Vec<_>>(),
        [(json!("converged"), json!(1), json!([DENY]))]
    );
    let changed = history(&shop, &["--class", "changed"])?;
    let opened = changed
        .pointer("/episodes/0/opened/0")
        .and_then(Value::as_str);
    assert!(
        opened.is_some_and(|opened| opened.starts_with("zone back -> ")),
        "{report:#}"
    );
    controller.terminate()
}

#[test]
fn elsewhere_it_is_told_and_left_to_people() -> Result<()> {
    let (shop, receiver) = applied()?;
    let controller = start(&shop, &[])?;
    shop.cluster.apply_yaml(SOMEBODY, &hole())?;
    let told = format!("began foreign-policy {ALLOW} critical");
    controller.wait_until("the one is told", |_| {
        Ok(receiver.alerts()?.contains(&told))
    })?;
    shop.widen_egress("web", "cofferdam-default-deny-egress")?;
    let told = "began changed NetworkPolicy/web/cofferdam-default-deny-egress critical";
    controller.wait_until("the other is told", |_| {
        Ok(receiver.alerts()?.iter().any(|one| one == told))
    })?;
    let passes = history(&shop, &[])?["changes"].clone();
    assert_eq!(passes, json!([]));
    assert_eq!(shop.drift()?.len(), 2);
    controller.terminate()
}

#[test]
fn a_foreign_policy_goes_where_the_documents_say_so_and_can_be_put_back() -> Result<()> {
    let (shop, _receiver) = applied()?;
    let healing = "  sensitivity: high\n  healing: { foreign-policy: heal }\n";
    shop.project
        .edit(MODEL_FILE, "  sensitivity: high\n", healing)?;
    shop.apply(&[], 0)?;
    let controller = start(&shop, &[])?;
    shop.cluster.apply_yaml(SOMEBODY, &hole())?;
    controller.wait_until("it is gone", |_| {
        Ok(!shop.policies("orders")?.contains(&"hole".to_owned()))
    })?;
    controller.wait_for_verdict("prod", "inSync")?;
    assert_eq!(
        episodes(&shop, "foreign-policy")?,
        [format!("{ALLOW} by somebody, ended by cofferdam")]
    );
    let report = history(&shop, &[])?;
    let removed = report
        .pointer("/changes/0/removed/0")
        .context("what was removed")?;
    shop.cluster.apply_yaml(SOMEBODY, &removed.to_string())?;
    let is_back = shop.policies("orders")?;
    assert!(is_back.contains(&"hole".to_owned()), "{is_back:?}");
    controller.terminate()
}

#[test]
fn who_changes_it_back_three_times_is_named_and_left_alone() -> Result<()> {
    let (shop, receiver) = applied()?;
    let controller = start(&shop, &[])?;
    for times in 1..=3 {
        shop.widen_egress("orders", "cofferdam-default-deny-egress")?;
        controller.wait_until("it is healed again", |controller| {
            Ok(controller.events("healed")?.len() == times)
        })?;
        controller.wait_for_verdict("prod", "inSync")?;
    }
    shop.widen_egress("orders", "cofferdam-default-deny-egress")?;
    controller.wait_until("it is left to people", |controller| {
        Ok(!controller.events("healing stopped")?.is_empty())
    })?;
    let told = format!("notHealed changed {DENY} critical");
    controller.wait_until("that is told", |_| Ok(receiver.alerts()?.contains(&told)))?;
    let stopped = controller.events("healing stopped")?;
    assert_eq!(stopped.len(), 1, "{stopped:#?}");
    let manager = stopped.first().map(|event| event["manager"].clone());
    assert_eq!(manager, Some(json!("kubectl-patch")));
    // Also by a controller that was started since.
    controller.kill();
    let controller = start(&shop, &[])?;
    controller.wait_for_verdict("prod", "drifted")?;
    assert_eq!(controller.events("healed")?, Vec::<Value>::new());
    assert_eq!(
        history(&shop, &[])?["changes"].as_array().map(Vec::len),
        Some(3)
    );
    controller.terminate()
}

#[test]
fn what_somebody_accepts_is_left_until_its_time_is_over() -> Result<()> {
    let (shop, receiver) = applied()?;
    let controller = start(&shop, &["--dry-run"])?;
    shop.widen_egress("orders", "cofferdam-default-deny-egress")?;
    controller.wait_until("it would be healed", |controller| {
        Ok(!controller.events("would heal")?.is_empty())
    })?;
    let open = history(&shop, &["--open", "--class", "changed"])?;
    let id = open
        .pointer("/episodes/0/id")
        .and_then(Value::as_str)
        .context("an episode")?;
    let accept = [
        "history",
        "acknowledge",
        id,
        "--accept",
        "1m",
        "--by",
        "ann",
        "--ticket",
        "OPS-1",
    ];
    let url = controller.url();
    shop.expect(&[&accept[..], &["--server", &url]].concat(), 0)?;
    controller.kill();
    let controller = start(&shop, &[])?;
    controller.wait_for_verdict("prod", "drifted")?;
    let open = history(&shop, &["--open", "--class", "changed"])?;
    assert_eq!(
        open.pointer("/episodes/0/acknowledged/by"),
        Some(&json!("ann"))
    );
    assert_eq!(controller.events("healed")?, Vec::<Value>::new());
    let is_healed = |controller: &Controller| Ok(!controller.events("healed")?.is_empty());
    let waited = controller.wait_until("its time is over", is_healed);
    waited.or_else(|_| controller.wait_until("its time is over", is_healed))?;
    let told = format!("acceptanceEnded changed {DENY} critical");
    controller.wait_until("that is told", |_| Ok(receiver.alerts()?.contains(&told)))?;
    // A controller that was killed tells nothing twice.
    let began = format!("began changed {DENY} critical");
    let alerts = receiver.alerts()?;
    assert_eq!(
        alerts.iter().filter(|one| **one == began).count(),
        1,
        "{alerts:#?}"
    );
    controller.terminate()
}

#[test]
fn new_documents_wait_for_approval_where_that_is_asked_for() -> Result<()> {
    let (shop, _receiver) = applied()?;
    let settings = json!({"rollout": {"needsApproval": true}});
    shop.project.write(SETTINGS_FILE, &settings.to_string())?;
    let controller = start(&shop, &[])?;
    shop.project.edit(MODEL_FILE, "port: 8080", "port: 8081")?;
    controller.wait_until("they wait", |controller| {
        Ok(!controller.events("rollout began")?.is_empty())
    })?;
    // Until then, what drifts from the documents before is put back.
    shop.widen_egress("orders", "cofferdam-default-deny-egress")?;
    controller.wait_until("it is healed", |controller| {
        Ok(!controller.events("healed")?.is_empty())
    })?;
    let port = |shop: &Shop| -> Result<Option<Value>> {
        let flow = ["-n", "orders", "netpol", "cofferdam-flow-web-to-orders-in"];
        let flow = shop.cluster.get_json(&flow)?;
        Ok(flow.pointer("/spec/ingress/0/ports/0/port").cloned())
    };
    assert_eq!(port(&shop)?, Some(json!(8080)));
    let url = controller.url();
    let approve = ["rollout", "approve", "--by", "ann", "--server", &url];
    shop.expect(&approve, 2)?;
    controller.wait_until("they are rolled out", |_| {
        Ok(port(&shop)? == Some(json!(8081)))
    })?;
    controller.terminate()
}

#[test]
fn alerts_arrive_once_the_receiver_takes_them_also_after_a_kill() -> Result<()> {
    let (shop, receiver) = applied()?;
    receiver.refuse(true);
    let controller = start(&shop, &[])?;
    shop.cluster.apply_yaml(SOMEBODY, &hole())?;
    wait_until("the receiver refuses", || Ok(receiver.refused() > 0))?;
    controller.kill();
    receiver.refuse(false);
    let controller = start(&shop, &[])?;
    let told = [format!("began foreign-policy {ALLOW} critical")];
    controller.wait_until("it is told", |_| Ok(receiver.alerts()? == told))?;
    controller.terminate()
}

#[test]
fn a_controller_that_runs_is_asked_instead_of_clusters() -> Result<()> {
    let (shop, _receiver) = applied()?;
    let controller = start(&shop, &[])?;
    shop.cluster.apply_yaml(SOMEBODY, &hole())?;
    controller.wait_for_verdict("prod", "drifted")?;
    let url = controller.url();
    let server = ["--server", url.as_str()];
    for command in ["drift", "status"] {
        let here = shop.project.run(&[command])?;
        let there = shop.project.run(&[&[command], &server[..]].concat())?;
        assert_eq!(
            (there.code, told_of(&there.stdout)),
            (here.code, told_of(&here.stdout)),
            "{command}"
        );
    }
    let here = history(&shop, &[])?;
    let there = history(&shop, &server)?;
    assert_eq!(there["episodes"], here["episodes"]);
    shop.project
        .write(".cofferdam/token", "some other token, as long")?;
    let refused = shop.expect(&[&["drift"], &server[..]].concat(), 1)?;
    assert!(
        refused.stderr.contains("not the token of this controller"),
        "{}",
        refused.stderr
    );
    controller.terminate()
}

/// A report without what moves from look to look, and blanks that only align.
fn told_of(report: &str) -> Vec<String> {
    let words = report.split_whitespace();
    let moves =
        |word: &&str| word.ends_with('s') && word.starts_with(|first: char| first.is_ascii_digit());
    words
        .filter(|word| !moves(word))
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn an_alertmanager_is_told_what_fires_and_what_does_not_any_more() -> Result<()> {
    let (shop, _receiver) = applied()?;
    let alertmanager = Alertmanager::start(shop.project.path())?;
    let receiver = json!({"name": "pager", "kind": "alertmanager", "url": alertmanager.url()});
    let settings = json!({"alerts": {"groupSeconds": 1, "receivers": [receiver]}});
    shop.project.write(SETTINGS_FILE, &settings.to_string())?;
    let file = shop.project.path().join(SETTINGS_FILE);
    let file = file.to_str().context("a path")?;
    shop.expect(&["controller", "--config", file, "--drill"], 0)?;
    assert_eq!(alertmanager.alerts()?, ["CofferdamDrill drill none info"]);
    let controller = start(&shop, &[])?;
    shop.cluster.apply_yaml(SOMEBODY, &hole())?;
    let fires = format!("CofferdamDrift foreign-policy {ALLOW} critical");
    controller.wait_until("it fires", |_| Ok(alertmanager.alerts()?.contains(&fires)))?;
    shop.lose_policy("orders", "hole")?;
    // It is to be seen there for a minute at least.
    let is_over = |_: &Controller| Ok(!alertmanager.alerts()?.contains(&fires));
    let waited = controller.wait_until("it is resolved", is_over);
    waited.or_else(|_| controller.wait_until("it is resolved", is_over))?;
    controller.terminate()
}
