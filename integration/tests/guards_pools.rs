//! Pools that change behind guard rails, and pods that go on finding their nodes.

use anyhow::Result;
use cofferdam_integration::ClusterOptions;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::guarded::Answer::Done;
use cofferdam_integration::guarded::{LABEL, POOL, POOL_FILE, TAINT, TENANT, ask, pod, start_pool};
use cofferdam_integration::shop::Shop;
use serde_json::{Value, json};

#[test]
fn pods_keep_the_pin_that_lets_them_onto_nodes_which_their_owner_taints() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.project.edit(
        POOL_FILE,
        "zones: [back]",
        "zones: [back]\n  manage: report",
    )?;
    let rights = shop.expect(&["rbac", "--profile", "detach"], 0)?;
    shop.cluster.apply_yaml(ADMIN, &rights.stdout)?;
    let owners = |word: &str| format!("{TAINT}{word}");
    let taint = |word: &str| {
        shop.cluster
            .kubectl(&["taint", "node", "prod-node-1", &owners(word)])
    };
    taint("=back:NoSchedule")?;
    shop.apply(&[], 0)?;
    let left = || -> Result<Vec<String>> {
        let kinds =
            "mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies";
        let names = shop.cluster.kubectl(&["get", kinds, "-o", "name"])?;
        let names = names
            .lines()
            .filter_map(|line| Some(line.split_once('/')?.1.to_owned()));
        Ok(names.collect())
    };
    let told = shop.expect(&["guards", "--remove", "--yes"], 2)?.stdout;
    assert!(
        told.contains("cofferdam-pin-back stays: new pods of Deployment/orders/orders need it"),
        "{told}"
    );
    assert_eq!(left()?, ["cofferdam-pin-back", "cofferdam-pin-back"]);
    shop.apply(&[], 0)?;

    let detach = [
        "detach",
        "--cluster",
        "prod",
        "--remove",
        "--yes",
        "--settle",
        "0s",
    ];
    let told = shop.expect(&detach, 1)?.stdout;
    assert!(
        told.contains("or add a toleration for it to them; then detach again"),
        "{told}"
    );
    assert_eq!(left()?, ["cofferdam-pin-back", "cofferdam-pin-back"]);
    let node = shop.cluster.get_json(&["node", "prod-node-1"])?;
    assert!(node.to_string().contains(LABEL), "{node}");
    taint("-")?;
    shop.expect(&detach, 0)?;
    assert_eq!(left()?, Vec::<String>::new());
    let node = shop.cluster.get_json(&["node", "prod-node-1"])?;
    assert!(
        !node
            .pointer("/metadata/labels")
            .is_some_and(|labels| labels.to_string().contains(LABEL)),
        "{node}"
    );
    Ok(())
}

#[test]
fn a_pool_can_be_renamed_while_its_zone_runs() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    shop.project
        .edit(POOL_FILE, "name: back }", "name: cards }")?;
    let rights = ["rbac", "--profile", "guards", "--former-pool", "back"];
    let rights = shop.expect(&rights, 0)?;
    shop.cluster.apply_yaml(ADMIN, &rights.stdout)?;
    let of_nodes = shop.expect(&["rbac", "--profile", "nodes"], 0)?;
    let binding = ["delete", "clusterrolebinding", "cofferdam-nodes"];
    shop.cluster.kubectl(&binding)?;
    let refused = shop.apply(&["--allow-weakening"], 1)?;
    assert!(
        refused.stdout.contains("Node/prod-node-1"),
        "{}",
        refused.stdout
    );
    assert_eq!(bound_to(&shop, "kept")?, "back");
    shop.cluster.apply_yaml(ADMIN, &of_nodes.stdout)?;
    shop.apply(&["--allow-weakening"], 0)?;
    let node = shop.cluster.get_json(&["node", "prod-node-1"])?;
    let label = node
        .pointer("/metadata/labels")
        .and_then(|labels| labels.get(LABEL));
    assert_eq!(label, Some(&json!("cards")), "{node}");
    let taints = node.pointer("/spec/taints").map(Value::to_string);
    assert!(
        taints.is_some_and(|taints| taints.contains("cards") && !taints.contains("back")),
        "{node}"
    );
    let pins = ["get", "mutatingadmissionpolicies", "-o", "name"];
    assert!(!shop.cluster.kubectl(&pins)?.contains("-back"));
    assert_eq!(bound_to(&shop, "new")?, "cards");
    Ok(())
}

/// To which pool a new pod of the pool's zone is bound.
fn bound_to(shop: &Shop, name: &str) -> Result<String> {
    let create = ["create", "--validate=false", "-f", "-"];
    let wanted = pod("orders", name, &json!({})).to_string();
    ask(&shop.cluster, TENANT, &create, &wanted, Done)?;
    let made = shop.cluster.get_json(&["pod", name, "-n", "orders"])?;
    let selector = made.pointer("/spec/nodeSelector");
    let value = selector.and_then(|labels| labels.get(LABEL)?.as_str());
    Ok(value.unwrap_or_default().to_owned())
}

#[test]
fn pools_can_swap_their_nodes() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    let pools = |front: &str, back: &str| {
        let second = POOL.replace("name: back }", "name: front }");
        let second = second.replace("zones: [back]", "zones: [front]");
        let by_name = |text: &str, node: &str| {
            let chosen = format!("nodes: [{{ names: [{node}] }}]");
            text.replace(
                "nodes: [{ selector: { matchLabels: { disk: fast } } }]",
                &chosen,
            )
        };
        format!("{}---{}", by_name(POOL, back), by_name(&second, front))
    };
    let (one, two) = ("prod-node-1", "prod-node-2");
    shop.project.write(POOL_FILE, &pools(two, one))?;
    shop.grant()?;
    shop.apply(&[], 0)?;
    assert_eq!(of_pool(&shop, one)?, ["back", "back"]);
    assert_eq!(of_pool(&shop, two)?, ["front", "front"]);
    shop.project.write(POOL_FILE, &pools(one, two))?;
    shop.apply(&[], 0)?;
    assert_eq!(of_pool(&shop, one)?, ["front", "front"]);
    assert_eq!(of_pool(&shop, two)?, ["back", "back"]);
    shop.expect(&["plan"], 0)?;
    Ok(())
}

/// The values of label and taint of a node's pool.
fn of_pool(shop: &Shop, node: &str) -> Result<[String; 2]> {
    let node = shop.cluster.get_json(&["node", node])?;
    let label = node.pointer("/metadata/labels");
    let label = label.and_then(|labels| labels.get(LABEL)?.as_str());
    let taints = node.pointer("/spec/taints").and_then(Value::as_array);
    let mut ours = taints
        .into_iter()
        .flatten()
        .filter(|one| one.get("key") == Some(&json!(TAINT)));
    let taint = ours.next().and_then(|taint| taint.get("value")?.as_str());
    Ok([label, taint].map(|value| value.unwrap_or_default().to_owned()))
}
