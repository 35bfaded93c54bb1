//! What users are told of what waits, of what is unknown, and of others who write.

use anyhow::Result;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::shop::{CLUSTER_FILE, SOMEBODY, Shop, WRITER};
use serde_json::Value;

/// A part of each item of a list in a report, as text.
fn texts(report: &Value, list: &str, part: &str) -> Vec<String> {
    let items = report.pointer(list).and_then(Value::as_array);
    let text = |item: &Value| Some(item.pointer(part)?.as_str()?.to_owned());
    items.into_iter().flatten().filter_map(text).collect()
}

#[test]
fn what_waits_is_shown_and_nobody_is_asked_about_what_is_not() -> Result<()> {
    let shop = Shop::start()?;
    let asked = shop.expect(&["apply", "-o", "json"], 1)?;
    assert_eq!(asked.stdout, "");
    let talk: Vec<&str> = asked.stderr.lines().rev().take(2).collect();
    let refusal =
        "error: standard input is no terminal to ask on: review with `plan`, then say `--yes`";
    assert_eq!(talk.first(), Some(&refusal));
    assert!(
        talk.last().is_some_and(|line| line.starts_with("Plan: ")),
        "{talk:?}"
    );

    let only = ["--only", "policies"];
    let plan = shop.expect(&[&["plan", "-o", "json"][..], &only].concat(), 2)?;
    let plan = plan.json()?;
    let held = texts(&plan, "/clusters/0/heldBack", "/object/namespace");
    assert!(
        held.len() > 4 && held.iter().all(|name| name == "ledger"),
        "{held:?}"
    );
    let planned = texts(&plan, "/clusters/0/steps", "/object/namespace");
    assert!(!planned.iter().any(|name| name == "ledger"), "{planned:?}");
    let told = shop.apply(&only, 1)?.stdout;
    assert!(told.contains(" PARTIAL "), "{told}");
    let waits = format!(
        "prod: {} held back; `cofferdam plan` says for what",
        held.len()
    );
    assert_eq!(told.lines().last(), Some(waits.as_str()));
    assert!(!shop.policies("orders")?.is_empty());
    let text = shop.expect(&[&["plan"][..], &only].concat(), 2)?.stdout;
    let want = format!("Plan: 0 steps on 1 cluster, {} held back.", held.len());
    assert_eq!(text.lines().last(), Some(want.as_str()));
    let why = "    namespace `ledger` does not exist, and `--only` leaves it out";
    assert_eq!(
        text.lines().filter(|line| *line == why).count(),
        1,
        "{text}"
    );
    shop.apply(&[], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

/// The checks of `doctor` that ended so, with their messages.
fn checks(report: &Value, status: &str) -> Vec<String> {
    let checks = report
        .pointer("/clusters/0/checks")
        .and_then(Value::as_array);
    let found = checks
        .into_iter()
        .flatten()
        .filter(|check| check["status"] == status);
    found
        .map(|check| format!("{}: {}", check["check"], check["message"]).replace(['"', '\\'], ""))
        .collect()
}

#[test]
fn what_is_unknown_is_said_once_and_is_never_fine() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    assert_eq!(
        checks(
            &shop.expect(&["doctor", "-o", "json"], 0)?.json()?,
            "unknown"
        ),
        [""; 0]
    );

    // Rights that are missing make some of it unknown.
    shop.cluster
        .kubectl(&["delete", "clusterrolebinding", "cofferdam-nodes"])?;
    for profile in ["policies", "guards"] {
        let rights = shop.expect(&["rbac", "--profile", profile], 0)?.stdout;
        let less = rights
            .replace("  - nodes\n", "")
            .replace("  - services\n", "");
        shop.cluster.apply_yaml(ADMIN, &less)?;
    }
    let drift = shop.expect(&["drift", "-o", "json"], 3)?.json()?;
    let messages = texts(&drift, "/clusters/0/findings", "/message");
    let about: Vec<&str> = messages
        .iter()
        .filter_map(|told| Some(told.split_once(": forbidden")?.0))
        .collect();
    assert_eq!(
        about,
        [
            "capabilities and nodes: cannot list nodes",
            "services: cannot list services"
        ]
    );
    let doctor = shop.expect(&["doctor", "-o", "json"], 3)?.json()?;
    let unread = messages.iter().filter(|told| told.contains(": forbidden"));
    let unread: Vec<String> = unread
        .map(|told| format!("not read: {}", told.replace('"', "")))
        .collect();
    assert_eq!(checks(&doctor, "unknown"), unread);
    shop.expect(&["plan"], 1)?;

    // A cluster that cannot be reached is one finding, with what helps.
    let path = shop.cluster.kubeconfig(WRITER)?.display().to_string();
    shop.project.edit(CLUSTER_FILE, &path, "nowhere.yaml")?;
    let drift = shop.expect(&["drift", "-o", "json"], 3)?.json()?;
    let why = format!(
        "cannot use kubeconfig {}: there is no such file",
        shop.project
            .path()
            .join("fleet/clusters/nowhere.yaml")
            .display()
    );
    let parts = "identity of the cluster, capabilities, record, namespaces, NetworkPolicies, nodes, pods, workloads, \
                 services, admission policies, ingresses and policies of kinds that are not modelled";
    assert_eq!(
        texts(&drift, "/clusters/0/findings", "/message"),
        [format!("{parts}: {why}")]
    );
    let hint = "see `access.kubeconfig` of the Cluster document; relative paths begin at its file";
    assert_eq!(texts(&drift, "/clusters/0/findings", "/hint"), [hint]);
    let doctor = shop.expect(&["doctor", "-o", "json"], 3)?.json()?;
    assert_eq!(checks(&doctor, "unknown"), [format!("reached: no: {why}")]);
    for command in [&["plan"][..], &["status"], &["apply", "--yes"]] {
        let told = shop.expect(command, 3)?.stdout;
        let shown = format!("    hint: {hint}");
        assert!(told.lines().any(|line| line == shown), "{told}");
    }
    Ok(())
}

/// By the commands that README gives, before the next apply and after it.
#[test]
fn a_record_that_was_lost_comes_back_from_a_backup() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    let record = ["-n", "cofferdam-system", "configmap", "cofferdam"];
    let kubectl = |command: &[&str]| shop.cluster.kubectl(&[command, &record].concat());
    let backup = kubectl(&["get", "-o", "yaml"])?;
    for applies in [false, true] {
        kubectl(&["delete"])?;
        assert_ne!(shop.drift()?, Vec::<String>::new());
        if applies {
            shop.apply(&[], 1)?;
        }
        let replace = ["replace", "--force", "-f", "-"];
        shop.cluster.kubectl_input(ADMIN, &replace, &backup)?;
        assert_eq!(shop.drift()?, Vec::<String>::new(), "{applies}");
        shop.apply(&[], 0)?;
    }
    Ok(())
}

#[test]
fn rights_are_by_default_for_who_the_clusters_say_that_we_are() -> Result<()> {
    let shop = Shop::start()?;
    let rbac = ["rbac", "--profile", "observe"];
    let subject_of = |cluster: &str| -> Result<Vec<String>> {
        let list = shop.expect(
            &[&rbac[..], &["-o", "json", "--cluster", cluster]].concat(),
            0,
        )?;
        Ok(texts(&list.json()?, "/items", "/subjects/0/name"))
    };
    let other = shop.cluster.kubeconfig(SOMEBODY)?.display().to_string();
    let document = shop.project.read(CLUSTER_FILE)?;
    let mine = shop.cluster.kubeconfig(WRITER)?.display().to_string();
    let document = document
        .replace(&mine, &other)
        .replace("name: prod", "name: other");
    let unpinned: Vec<&str> = document
        .lines()
        .filter(|line| !line.contains("uid"))
        .collect();
    shop.project
        .write("fleet/other.yaml", &unpinned.join("\n"))?;
    assert_eq!(subject_of("prod")?, [WRITER; 2]);
    assert_eq!(subject_of("other")?, [SOMEBODY; 2]);
    let told = shop.expect(&rbac, 1)?.stderr;
    let why = format!(
        "they are `{WRITER}` in cluster `prod`, `{SOMEBODY}` in cluster `other`; choose with `--cluster`"
    );
    assert!(told.contains(&why), "{told}");
    Ok(())
}
