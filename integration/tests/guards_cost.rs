//! The API server gives every expression a budget of work: guard rails stay within it for the largest objects
//! that anybody makes, or nobody could write them any more.

use std::collections::BTreeMap;

use anyhow::Result;
use cofferdam_integration::guarded::Answer::{Done, Refused};
use cofferdam_integration::guarded::{OUTSIDE, TENANT, ask, pod, start_pool};
use cofferdam_integration::{ClusterOptions, Version};
use serde_json::{Value, json};

/// More labels than any object of a real cluster is known to have.
const LABELS: usize = 500;
/// More tolerations, and taints.
const TOLERATIONS: usize = 300;

fn labels() -> BTreeMap<String, String> {
    let pairs = (0..LABELS).map(|number| (format!("example.org/label-{number}"), "x".repeat(60)));
    pairs.collect()
}

fn tolerations(more: &Value) -> Value {
    let many = (0..TOLERATIONS).map(|number| {
        json!({ "key": format!("example.org/taint-{number}"), "operator": "Exists", "effect": "NoSchedule" })
    });
    many.chain([more.clone()]).collect()
}

fn largest_objects(version: Version) -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod").version(version))?;
    // Where nothing pins pods the taint waits, and so does the exit code 0.
    let code = i32::from(version == Version::V1_33);
    shop.apply(&[], code)?;
    let create = |object: &Value, wanted| {
        let words = ["create", "-f", "-"];
        ask(&shop.cluster, TENANT, &words, &object.to_string(), wanted)
    };
    let namespace = |more: &[(&str, &str)]| {
        let mut all = labels();
        all.extend(
            more.iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        );
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "large", "labels": all } })
    };
    create(
        &namespace(&[("cofferdam.io/zone", "back")]),
        Refused("platform team"),
    )?;
    create(&namespace(&[]), Done)?;
    let label = [
        "label",
        "namespace",
        "large",
        "example.org/label-1=y",
        "--overwrite",
    ];
    ask(&shop.cluster, TENANT, &label, "", Done)?;
    let ours = json!({ "key": "cofferdam.io/pool", "operator": "Exists" });
    let foreign = json!({ "key": "example.org/other", "operator": "Exists" });
    let tolerating = |more: &Value| {
        pod(
            OUTSIDE,
            "large",
            &json!({ "tolerations": tolerations(more) }),
        )
    };
    create(&tolerating(&ours), Refused("guests"))?;
    create(&tolerating(&foreign), Done)?;
    let label = ["-n", OUTSIDE, "label", "pod", "large", "example.org/a=b"];
    ask(&shop.cluster, TENANT, &label, "", Done)?;
    // In the zone of a pool, where it is pinned besides.
    let pinned = pod(
        "orders",
        "large",
        &json!({ "tolerations": tolerations(&foreign) }),
    );
    create(&pinned, Done)?;
    large_node(&shop.cluster)
}

fn large_node(cluster: &cofferdam_integration::Cluster) -> Result<()> {
    let list = cluster.get_json(&["nodes", "-l", "disk=fast"])?;
    let name = list
        .pointer("/items/0/metadata/name")
        .and_then(Value::as_str);
    let name = name.unwrap_or_default();
    let taints: Vec<Value> = (0..TOLERATIONS)
        .map(|number| json!({ "key": format!("example.org/taint-{number}"), "effect": "NoSchedule" }))
        .collect();
    let live = list
        .pointer("/items/0/spec/taints")
        .and_then(Value::as_array);
    let all: Vec<Value> = live
        .cloned()
        .unwrap_or_default()
        .into_iter()
        .chain(taints)
        .collect();
    let patch =
        json!({ "metadata": { "labels": labels() }, "spec": { "taints": all } }).to_string();
    let words = ["patch", "node", name, "--type=merge", "-p", &patch];
    ask(cluster, TENANT, &words, "", Done)?;
    let unlabel = [
        "label",
        "node",
        name,
        "cofferdam.node-restriction.kubernetes.io/pool-",
    ];
    ask(
        cluster,
        TENANT,
        &unlabel,
        "",
        Refused("only Cofferdam writes them"),
    )
}

#[test]
fn the_largest_objects_are_judged_within_the_servers_budget() -> Result<()> {
    largest_objects(Version::V1_36)
}

#[test]
fn they_are_on_the_oldest_server_too() -> Result<()> {
    largest_objects(Version::V1_33)
}
