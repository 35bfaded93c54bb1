//! Clusters that answer and let nothing be read, and kubeconfigs that stand in for the document's.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::Result;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::SeedOptions;
use cofferdam_integration::shop::{CLUSTER_FILE, Shop, WRITER};
use cofferdam_integration::user::User;
use serde_json::{Value, json};

const NOBODY: &str = "nobody";

/// Runs a command with another kubeconfig; what it wrote to both ends.
fn told(shop: &Shop, file: &str, command: &[&str], code: i32) -> Result<String> {
    let selection = ["--cluster", "prod", "--kubeconfig", file];
    let run = shop.expect(&[command, &selection].concat(), code)?;
    Ok(format!("{}{}", run.stdout, run.stderr))
}

/// Asserts that every part is told.
#[track_caller]
fn check(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{part}\n{told}");
    }
}

/// A copy of a user's kubeconfig with something changed.
fn changed(
    shop: &Shop,
    user: &str,
    name: &str,
    change: impl FnOnce(&mut Value),
) -> Result<PathBuf> {
    let original = shop.cluster.kubeconfig(user)?;
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&original)?)?;
    change(&mut config);
    let path = original.with_file_name(name);
    std::fs::write(&path, config.to_string())?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(path)
}

fn contexts(config: &mut Value, names: &[&str]) {
    if let Some(context) = config.pointer("/contexts/0").cloned() {
        let all = names.iter().map(|name| {
            let mut context = context.clone();
            if let Some(fields) = context.as_object_mut() {
                fields.insert("name".to_owned(), json!(name));
            }
            context
        });
        let all: Vec<Value> = all.collect();
        if let Some(fields) = config.as_object_mut() {
            fields.insert("contexts".to_owned(), json!(all));
            fields.insert("current-context".to_owned(), json!(names.last()));
        }
    }
}

fn start() -> Result<Shop> {
    let options = ClusterOptions::new("prod").user(User::new(NOBODY, &[])?);
    Shop::start_with(options, SeedOptions::default())
}

#[test]
fn who_may_read_nothing_is_told_so_and_what_lacks() -> Result<()> {
    let shop = start()?;
    let file = shop.cluster.kubeconfig(NOBODY)?.display().to_string();
    let lacking = "forbidden: `nobody` may not read record, namespaces, ";
    let rights = format!("cofferdam rbac --profile observe --cluster prod --kubeconfig {file}");
    let plan = told(&shop, &file, &["plan"], 3)?;
    let summary = "Plan: 0 steps on 1 cluster, 1 forbidden.";
    check(
        &plan,
        &["prod (production): FORBIDDEN", lacking, &rights, summary],
    );
    let json = shop.expect(
        &[
            "plan",
            "-o",
            "json",
            "--cluster",
            "prod",
            "--kubeconfig",
            &file,
        ],
        3,
    )?;
    let denied = json.json()?.pointer("/clusters/0/denied").cloned();
    assert_eq!(denied, Some(json!("forbidden")));
    check(
        &told(&shop, &file, &["status"], 3)?,
        &["forbidden ", lacking, &rights],
    );
    check(
        &told(&shop, &file, &["doctor"], 3)?,
        &["yes, but forbidden: `nobody`", &rights],
    );
    check(
        &told(&shop, &file, &["apply", "--yes"], 3)?,
        &[lacking, &rights],
    );
    // What is said helps.
    let rights = [
        "rbac",
        "--profile",
        "observe",
        "--cluster",
        "prod",
        "--kubeconfig",
        &file,
    ];
    let manifests = shop.expect(&rights, 0)?;
    shop.cluster.apply_yaml(ADMIN, &manifests.stdout)?;
    check(&told(&shop, &file, &["plan"], 2)?, &["prod (production): "]);
    Ok(())
}

#[test]
fn a_credential_that_is_not_accepted_is_told_as_that() -> Result<()> {
    let shop = start()?;
    let file = changed(&shop, NOBODY, "stale.json", |config| {
        if let Some(token) = config.pointer_mut("/users/0/user/token") {
            *token = json!("stale");
        }
    })?;
    let file = file.display().to_string();
    let renew = format!("hint: renew the credential in {file}");
    let plan = told(&shop, &file, &["plan"], 3)?;
    check(
        &plan,
        &[
            "prod (production): CREDENTIAL NOT ACCEPTED",
            "(401)",
            &renew,
        ],
    );
    check(
        &told(&shop, &file, &["status"], 3)?,
        &["credential not accepted", &renew],
    );
    Ok(())
}

#[test]
fn a_kubeconfig_without_the_context_of_the_document_is_used_only_where_it_has_one() -> Result<()> {
    let shop = start()?;
    let document = shop.project.read(CLUSTER_FILE)?;
    let line = document.lines().find(|line| line.contains("kubeconfig:"));
    let line = line.unwrap_or_default();
    let named = line.replace(" }", ", context: prod-admin }");
    let named = if line.contains("context:") {
        line.to_owned()
    } else {
        named
    };
    shop.project.edit(CLUSTER_FILE, line, &named)?;
    let one = changed(&shop, WRITER, "one.json", |config| {
        contexts(config, &["mine"]);
    })?;
    let said = told(&shop, &one.display().to_string(), &["plan"], 2)?;
    check(
        &said,
        &[
            "prod: the kubeconfig has no context `",
            "`; its only one, `mine`, is used",
        ],
    );
    let two = changed(&shop, WRITER, "two.json", |config| {
        contexts(config, &["mine", "other"]);
    })?;
    let said = told(&shop, &two.display().to_string(), &["plan"], 3)?;
    check(
        &said,
        &["which the Cluster document names, but mine, other: rename one there"],
    );
    Ok(())
}
