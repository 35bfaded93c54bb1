//! Node pools on real nodes: labels and taints of ours, and those of others.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use anyhow::Result;
use cofferdam_integration::assets::Version;
use cofferdam_integration::guarded::{LABEL, POOL, POOL_FILE, TAINT};
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::{SeedOptions, Workload};
use cofferdam_integration::shop::{MODEL_FILE, SOMEBODY, Shop};
use serde_json::{Value, json};

/// A shop of three nodes, the second with a fast disk; one more workload in the pool's zone.
fn start(books: Workload) -> Result<Shop> {
    start_version(Version::V1_36, books)
}

fn start_version(version: Version, books: Workload) -> Result<Shop> {
    let fast = [("disk".to_owned(), "fast".to_owned())].into();
    let seed = SeedOptions {
        node_labels: vec![[].into(), fast],
        workloads: vec![books],
        ..SeedOptions::default()
    };
    let shop = Shop::start_with(ClusterOptions::new("prod").version(version), seed)?;
    shop.project.edit(
        MODEL_FILE,
        "[{ name: web }]",
        "[{ name: web }, { name: orders }]",
    )?;
    // `orders` of the shop tolerates nothing, so `books` takes its place in the zone of the pool.
    shop.project.edit(
        MODEL_FILE,
        "[{ name: orders }, { name: ledger",
        "[{ name: books }, { name: ledger",
    )?;
    shop.project.edit(
        MODEL_FILE,
        "namespaces: [orders], workload: { matchLabels: { app: orders } }",
        "namespaces: [books]",
    )?;
    shop.project.write(POOL_FILE, POOL)?;
    shop.grant()?;
    Ok(shop)
}

fn tolerant() -> Workload {
    Workload::new("books", &[], "books", 8080).tolerating(TAINT, "back")
}

fn node(shop: &Shop) -> Result<(String, Value)> {
    let list = shop.cluster.get_json(&["nodes", "-l", "disk=fast"])?;
    let node = list["items"][0].clone();
    Ok((
        node["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        node,
    ))
}

/// The taints of the pool's node as `key=value:effect`, those of Kubernetes itself aside.
fn taints(shop: &Shop) -> Result<Vec<String>> {
    let (_, node) = node(shop)?;
    let text = |taint: &Value, key: &str| taint[key].as_str().unwrap_or_default().to_owned();
    let taints = node["spec"]["taints"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut all: Vec<String> = taints
        .iter()
        .map(|taint| {
            format!(
                "{}={}:{}",
                text(taint, "key"),
                text(taint, "value"),
                text(taint, "effect")
            )
        })
        .filter(|taint| !taint.starts_with("node.kubernetes.io/"))
        .collect();
    all.sort();
    Ok(all)
}

/// The findings but those of pods that run elsewhere: nothing schedules those of the shop.
fn drift(shop: &Shop) -> Result<Vec<String>> {
    let mut found = shop.drift()?;
    found.retain(|one| !one.starts_with("misplaced-pod "));
    Ok(found)
}

#[test]
fn labels_and_taints_of_others_stay_and_ours_are_healed() -> Result<()> {
    let shop = start(tolerant())?;
    let (name, _) = node(&shop)?;
    let foreign = [
        "dedicated=gpu:NoSchedule",
        // Our key with another effect is another taint, and not ours.
        "cofferdam.io/pool=mine:PreferNoSchedule",
    ];
    shop.cluster
        .kubectl_as(SOMEBODY, &["taint", "node", &name, foreign[0], foreign[1]])?;
    shop.apply(&[], 0)?;
    let ours = "cofferdam.io/pool=back:NoSchedule";
    let mut all = vec![
        foreign[0].to_owned(),
        foreign[1].to_owned(),
        ours.to_owned(),
    ];
    all.sort();
    assert_eq!(taints(&shop)?, all);
    let (_, live) = node(&shop)?;
    assert_eq!(live["metadata"]["labels"][LABEL], "back");
    assert_eq!(live["metadata"]["labels"]["disk"], "fast");
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    shop.expect(&["plan"], 0)?;

    let label = format!("{LABEL}=other");
    shop.cluster
        .kubectl_as(SOMEBODY, &["label", "node", &name, &label, "--overwrite"])?;
    shop.cluster.kubectl_as(
        SOMEBODY,
        &["taint", "node", &name, "cofferdam.io/pool=back:NoSchedule-"],
    )?;
    let changed = format!("changed Node/{name}");
    assert_eq!(drift(&shop)?, [changed.clone(), changed]);
    let findings = shop.findings()?;
    assert!(
        findings
            .iter()
            .filter(|finding| finding["class"] == "changed")
            .all(|finding| finding["by"]["user"] == SOMEBODY),
        "{}",
        json!(findings)
    );
    shop.apply(&[], 0)?;
    assert_eq!(taints(&shop)?, all);
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_pool_that_goes_or_changes_its_keys_leaves_nothing_of_ours_behind() -> Result<()> {
    let shop = start(tolerant())?;
    shop.apply(&[], 0)?;
    let (name, _) = node(&shop)?;
    shop.project.write(
        POOL_FILE,
        &POOL.replace(
            "zones: [back]",
            "zones: [back]\n  label: { key: example.org/pool, value: back }",
        ),
    )?;
    assert!(drift(&shop)?.contains(&format!("node-pool Node/{name}")));
    shop.apply(&["--allow-weakening"], 0)?;
    let (_, live) = node(&shop)?;
    assert_eq!(live["metadata"]["labels"].get(LABEL), None, "{live}");
    assert_eq!(live["metadata"]["labels"]["example.org/pool"], "back");

    std::fs::remove_file(shop.project.path().join(POOL_FILE))?;
    assert!(drift(&shop)?.contains(&format!("node-pool Node/{name}")));
    let refused = shop.apply(&[], 1)?;
    assert!(
        refused.stdout.contains("--allow-weakening"),
        "{}",
        refused.stdout
    );
    shop.apply(&["--allow-weakening"], 0)?;
    let (_, live) = node(&shop)?;
    assert_eq!(
        live["metadata"]["labels"].get("example.org/pool"),
        None,
        "{live}"
    );
    assert_eq!(taints(&shop)?, Vec::<String>::new());
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn where_nothing_pins_pods_a_taint_waits_for_everybody_who_would_not_tolerate_it() -> Result<()> {
    let shop = start_version(Version::V1_33, Workload::new("books", &[], "books", 8080))?;
    // Not all of the bundle is in place.
    shop.apply(&[], 1)?;
    assert_eq!(taints(&shop)?, Vec::<String>::new());
    let drift = shop.expect(&["drift"], 2)?;
    assert!(
        drift.stdout.contains("Deployment/books/books"),
        "{}",
        drift.stdout
    );
    assert!(
        drift.stdout.contains("cofferdam.io/pool=back:NoSchedule"),
        "{}",
        drift.stdout
    );
    Ok(())
}
