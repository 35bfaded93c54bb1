//! What somebody else opens in a real cluster: weighed by what it opens, explained, and a reason to refuse plans.

use anyhow::{Context as _, Result};
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::shop::Shop;
use serde_json::{Value, json};

fn foreign(spec: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: temporary, namespace: orders }}
spec: {spec}
"
    )
}

fn json(shop: &Shop, arguments: &[&str], code: i32) -> Result<Value> {
    let run = shop.expect(&[arguments, &["-o", "json"]].concat(), code)?;
    Ok(serde_json::from_str(&run.stdout)?)
}

fn the_finding(shop: &Shop) -> Result<Value> {
    let findings = shop.findings()?.into_iter();
    let mut foreign = findings.filter(|finding| finding["class"] == "foreign-policy");
    foreign.next().context("no foreign policy")
}

#[test]
fn a_hole_that_somebody_opens_is_weighed_explained_and_stops_plans() -> Result<()> {
    let shop = Shop::start()?;
    let plan = json(&shop, &["plan"], 2)?;
    let closes = plan["clusters"][0]["closes"].as_array().context("closes")?;
    let from_outside = closes
        .iter()
        .find(|one| one["from"] == "the internet" && one["toZone"] == "back");
    assert!(from_outside.is_some(), "{closes:#?}");
    assert_eq!(plan["clusters"][0]["opens"], json!([]));
    shop.apply(&[], 0)?;

    // What is allowed anyway is worth knowing, and no drift.
    let same = "{ podSelector: {}, policyTypes: [Ingress], ingress: [{ from: [{ namespaceSelector: { matchLabels: { nobody: has } } }] }] }";
    shop.cluster.apply_yaml(ADMIN, &foreign(same))?;
    let finding = the_finding(&shop)?;
    let told = [&finding["severity"], &finding["effect"], &finding["opens"]];
    assert_eq!(
        told,
        [&json!("info"), &json!("none"), &json!([])],
        "{finding:#}"
    );
    shop.expect(&["drift"], 0)?;
    shop.expect(&["plan"], 0)?;

    shop.cluster.apply_yaml(
        ADMIN,
        &foreign("{ podSelector: {}, policyTypes: [Ingress], ingress: [{}] }"),
    )?;
    let finding = the_finding(&shop)?;
    let told = [&finding["severity"], &finding["effect"]];
    assert_eq!(told, [&json!("critical"), &json!("widens")], "{finding:#}");
    let opens = finding["opens"].as_array().context("opens")?;
    let pairs: Vec<(&Value, &Value)> = opens
        .iter()
        .map(|one| (&one["from"], &one["toZone"]))
        .collect();
    assert!(
        pairs.contains(&(&json!("the internet"), &json!("back"))),
        "{opens:#?}"
    );
    let witness = opens[0]["witness"]["to"].as_str().unwrap_or_default();
    assert!(witness.starts_with("orders/"), "{opens:#?}");
    let drift = shop.expect(&["drift"], 2)?;
    assert!(
        drift
            .stdout
            .contains("opens the internet -> zone back: all"),
        "{}",
        drift.stdout
    );

    let pods = shop.cluster.kubectl(&[
        "-n",
        "orders",
        "get",
        "pods",
        "-o",
        "jsonpath={.items[0].metadata.name}",
    ])?;
    let to = format!("orders/{}", pods.trim());
    let explained = shop.expect(
        &[
            "explain",
            "--cluster",
            "prod",
            "--from",
            "198.51.100.1",
            "--to",
            &to,
            "--port",
            "5432/TCP",
        ],
        0,
    )?;
    assert!(
        explained.stdout.contains("NetworkPolicy/orders/temporary"),
        "{}",
        explained.stdout
    );

    let plan = json(&shop, &["plan"], 1)?;
    let cluster = &plan["clusters"][0];
    assert_eq!(cluster["state"], "refused", "{cluster:#}");
    let (reason, hint) = (cluster["reason"].as_str(), cluster["hint"].as_str());
    assert!(
        reason.is_some_and(|told| told
            .contains("zone `back` of sensitivity high would be reachable beyond its flows")),
        "{reason:?}"
    );
    assert!(
        hint.is_some_and(|told| told.contains("NetworkPolicy/orders/temporary")),
        "{hint:?}"
    );

    // It keeps nobody from mending what is ours.
    shop.lose_policy("web", "cofferdam-allow-dns")?;
    shop.apply(&[], 0)?;
    Ok(())
}
