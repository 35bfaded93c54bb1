//! How new documents reach a fleet by a controller, on real API servers.

use anyhow::{Context as _, Result};
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::cofferdam::Project;
use cofferdam_integration::controller::Controller;
use cofferdam_integration::receiver::Receiver;
use cofferdam_integration::shop_fleet;
use serde_json::{Value, json};

const MODEL_FILE: &str = "policies/model.yaml";

/// One cluster of staging, then two of production, one after the other; soaks of some seconds.
fn fleet(soak: &str) -> Result<(Vec<Cluster>, Project)> {
    let members = [
        ("staging", "staging", Version::V1_36),
        ("prod-a", "production", Version::V1_36),
        ("prod-b", "production", Version::V1_36),
    ];
    let (clusters, project) = shop_fleet::start(&members)?;
    for (order, max) in [(10, 2), (20, 1)] {
        let from = format!("rollout: {{ order: {order} }}");
        let to = format!("rollout: {{ order: {order}, maxConcurrent: {max}, soak: {soak} }}");
        project.edit(MODEL_FILE, &from, &to)?;
    }
    for cluster in &clusters {
        let subject = ["--subject", "user:cofferdam"];
        let profile = ["rbac", "--profile", "observe", "--watch"];
        let watch = project.run(&[&profile[..], &subject].concat())?;
        cluster.apply_yaml(ADMIN, &watch.stdout)?;
    }
    let settings = r#"{ "settleSeconds": 1 }"#;
    project.write("controller.yaml", settings)?;
    Ok((clusters, project))
}

fn start(project: &Project) -> Result<Controller> {
    let settings = project.path().join("controller.yaml");
    let settings = settings.to_str().context("a path")?;
    Controller::start_with(project, &["--config", settings])
}

/// Where the rollout stands, and then each cluster with its wave.
fn told(project: &Project, controller: &Controller) -> Result<String> {
    let url = controller.url();
    let report = project
        .run(&["rollout", "-o", "json", "--server", &url])?
        .json()?;
    let text = |value: &Value, path: &str| {
        let value = value.pointer(path).and_then(Value::as_str);
        value.unwrap_or("-").to_owned()
    };
    let waves = report.pointer("/rollout/waves").and_then(Value::as_array);
    let waves = waves.into_iter().flatten().map(|wave| {
        let clusters = wave.pointer("/clusters").and_then(Value::as_array);
        let clusters = clusters
            .into_iter()
            .flatten()
            .map(|one| format!("{} {}", text(one, "/name"), text(one, "/state")));
        let clusters: Vec<String> = clusters.collect();
        format!("{}: {}", text(wave, "/state"), clusters.join(", "))
    });
    let waves: Vec<String> = waves.collect();
    Ok(format!(
        "{}; {}",
        text(&report, "/rollout/state"),
        waves.join("; ")
    ))
}

/// Waits for minutes, as a rollout over several clusters may take on a busy machine.
fn wait_for(project: &Project, controller: &Controller, expected: &str) -> Result<()> {
    let is_so = |controller: &Controller| Ok(told(project, controller)? == expected);
    let wait = || controller.wait_until(expected, is_so);
    wait()
        .or_else(|_| wait())
        .or_else(|_| wait())
        .with_context(|| told(project, controller).unwrap_or_default())
}

/// What was found to drift so far.
fn drifts(controller: &Controller) -> Result<Vec<String>> {
    let events = controller.events("finding began")?;
    let drifts = events
        .iter()
        .filter(|event| event.get("level").is_some_and(|level| level == "WARN"));
    let told = drifts.map(|event| {
        let text = |field: &str| event.get(field).and_then(Value::as_str).unwrap_or("-");
        format!("{} {} {}", text("cluster"), text("class"), text("object"))
    });
    Ok(told.collect())
}

/// The clusters in the order in which they were rolled out.
fn rolled_out(controller: &Controller) -> Result<Vec<String>> {
    let events = controller.events("rolled out")?;
    let names = events
        .iter()
        .filter_map(|event| event.get("cluster")?.as_str());
    Ok(names.map(ToOwned::to_owned).collect())
}

const ALL_DONE: &str =
    "done; passed: staging converged; passed: prod-a converged; passed: prod-b converged";

#[test]
fn the_first_documents_and_the_next_reach_clusters_wave_by_wave() -> Result<()> {
    let (clusters, project) = fleet("3s")?;
    let controller = start(&project)?;
    wait_for(&project, &controller, ALL_DONE)?;
    assert_eq!(rolled_out(&controller)?, ["staging", "prod-a", "prod-b"]);
    let same = project.run(&["drift"])?;
    assert_eq!(same.code, 0, "{}", same.stdout);
    // Nobody writes beside it.
    let refused = project.run(&["apply", "--yes"])?;
    assert!(
        refused
            .stdout
            .contains("controller `cofferdam-controller` manages this cluster"),
        "{}",
        refused.stdout
    );
    // An unreachable cluster blocks nobody, and is not forgotten.
    let [_, _, last] = clusters.as_slice() else {
        anyhow::bail!("three clusters");
    };
    last.pause()?;
    controller.wait_for_verdict("prod-b", "unknown")?;
    let before = drifts(&controller)?;
    project.edit(
        MODEL_FILE,
        "namespaces: [{ name: shop }]",
        "namespaces: [{ name: shop, team: books }]",
    )?;
    wait_for(
        &project,
        &controller,
        "done; passed: staging converged; passed: prod-a converged; passed: prod-b unreachable",
    )?;
    last.resume()?;
    wait_for(&project, &controller, ALL_DONE)?;
    // What is rolled out is no drift.
    assert_eq!(drifts(&controller)?, before);
    controller.terminate()?;
    // Once it ended, others may write again.
    let applied = project.run(&["apply", "--yes"])?;
    assert_eq!(applied.code, 0, "{}", applied.stdout);
    Ok(())
}

#[test]
fn a_pause_and_a_restart_keep_a_rollout_where_it_is_and_a_rollback_takes_it_back() -> Result<()> {
    let (clusters, project) = fleet("1s")?;
    let controller = start(&project)?;
    wait_for(&project, &controller, ALL_DONE)?;
    // From now on it soaks for long.
    let model = project.read(MODEL_FILE)?.replace("soak: 1s", "soak: 1h");
    let model = model.replace("{ name: shop }]", "{ name: shop, team: books }]");
    project.write(MODEL_FILE, &model)?;
    let soaks =
        "running; soaking: staging converged; waiting: prod-a waiting; waiting: prod-b waiting";
    wait_for(&project, &controller, soaks)?;
    controller.kill();
    let controller = start(&project)?;
    wait_for(&project, &controller, soaks)?;
    assert_eq!(rolled_out(&controller)?, Vec::<String>::new());
    let url = controller.url();
    let say = |what: &str, code: i32| -> Result<()> {
        let run = project.run(&["rollout", what, "--by", "ann", "--server", &url])?;
        anyhow::ensure!(run.code == code, "{what}: {}\n{}", run.stdout, run.stderr);
        Ok(())
    };
    say("pause", 2)?;
    say("pause", 1)?;
    say("resume", 2)?;
    say("rollback", 2)?;
    wait_for(
        &project,
        &controller,
        "done; passed: staging converged; passed: prod-a converged; passed: prod-b converged",
    )?;
    let team = |cluster: &Cluster| -> Result<Option<Value>> {
        let namespace = cluster.get_json(&["namespace", "shop"])?;
        Ok(namespace.pointer("/metadata/labels/team").cloned())
    };
    for cluster in &clusters {
        controller.wait_until("it is as before", |_| Ok(team(cluster)?.is_none()))?;
    }
    controller.terminate()
}

#[test]
fn what_is_refused_halts_it_and_nothing_more_is_written() -> Result<()> {
    let (_clusters, project) = fleet("1s")?;
    let controller = start(&project)?;
    wait_for(&project, &controller, ALL_DONE)?;
    let model = project.read(MODEL_FILE)?;
    // Nobody said that a default-deny may be weakened.
    project.write(
        MODEL_FILE,
        &model.replace("enforcement: enforce", "enforcement: stage"),
    )?;
    let halted =
        "halted; writing: staging failed; waiting: prod-a waiting; waiting: prod-b waiting";
    wait_for(&project, &controller, halted)?;
    let drift = controller.events("not rolled out")?;
    assert!(!drift.is_empty());
    // With other documents, it goes on.
    project.write(
        MODEL_FILE,
        &model.replace("{ name: shop }]", "{ name: shop, team: books }]"),
    )?;
    wait_for(&project, &controller, ALL_DONE)?;
    controller.terminate()
}

#[test]
fn a_wave_passes_only_at_its_time_and_while_checks_hold() -> Result<()> {
    let (_clusters, project) = fleet("5s")?;
    let prometheus = Receiver::start()?;
    let check = json!({"name": "errors", "url": prometheus.prometheus(), "query": "errors < 1"});
    let settings = json!({"settleSeconds": 1, "rollout": {"checks": [check]}});
    project.write("controller.yaml", &settings.to_string())?;
    let controller = start(&project)?;
    wait_for(&project, &controller, ALL_DONE)?;
    // Production is closed at every time but one minute that is not now.
    let model = project.read(MODEL_FILE)?;
    let closed = closed_window(&model);
    project.write(
        MODEL_FILE,
        &closed.replace("{ name: shop }]", "{ name: shop, team: books }]"),
    )?;
    let waits =
        "running; passed: staging converged; waiting: prod-a waiting; waiting: prod-b waiting";
    wait_for(&project, &controller, waits)?;
    // What does not hold stops it.
    prometheus.refuse(true);
    project.write(
        MODEL_FILE,
        &model.replace("{ name: shop }]", "{ name: shop, team: tools }]"),
    )?;
    controller.wait_until("it halts", |_| {
        let told = told(&project, &controller)?;
        Ok(told.starts_with("halted") && told.contains("prod-a waiting"))
    })?;
    controller.terminate()
}

/// The model with windows of production that are not now: both minutes of the day that are half a day away.
fn closed_window(model: &str) -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let minutes = seconds.map_or(0, |since| since.as_secs() / 60 % 1_440);
    let at = |minutes: u64| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
    let (from, to) = (at(minutes + 720), at(minutes + 722));
    let window = format!("windows: [{{ from: \"{from}\", to: \"{to}\" }}]");
    model.replace("order: 20,", &format!("order: 20, {window},"))
}
