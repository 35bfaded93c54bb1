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

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

fn the_finding(shop: &Shop) -> Result<Value> {
    let findings = shop.findings()?.into_iter();
    let mut foreign = findings.filter(|finding| at(finding, "/class") == "foreign-policy");
    foreign.next().context("no foreign policy")
}

#[test]
fn a_hole_that_somebody_opens_is_weighed_explained_and_stops_plans() -> Result<()> {
    let shop = Shop::start()?;
    closing_is_planned(&shop)?;
    shop.apply(&[], 0)?;
    what_changes_nothing_is_worth_knowing_only(&shop)?;
    let open = "{ podSelector: {}, policyTypes: [Ingress], ingress: [{}] }";
    shop.cluster.apply_yaml(ADMIN, &foreign(open))?;
    a_hole_is_critical(&shop)?;
    it_is_explained(&shop)?;
    it_stops_plans(&shop)?;
    // It keeps nobody from mending what is ours.
    shop.lose_policy("web", "cofferdam-allow-dns")?;
    shop.apply(&[], 0)?;
    Ok(())
}

fn closing_is_planned(shop: &Shop) -> Result<()> {
    let plan = json(shop, &["plan"], 2)?;
    let cluster = at(&plan, "/clusters/0");
    let closes = at(cluster, "/closes").as_array().context("closes")?;
    let mut closes = closes.iter();
    let from_outside =
        closes.any(|one| at(one, "/from") == "the internet" && at(one, "/toZone") == "back");
    assert!(from_outside, "{cluster:#}");
    assert_eq!(*at(cluster, "/opens"), json!([]));
    Ok(())
}

fn what_changes_nothing_is_worth_knowing_only(shop: &Shop) -> Result<()> {
    let deny = "{ podSelector: {}, policyTypes: [Ingress] }";
    shop.cluster.apply_yaml(ADMIN, &foreign(deny))?;
    let finding = the_finding(shop)?;
    let told = [
        at(&finding, "/severity"),
        at(&finding, "/effect"),
        at(&finding, "/opens"),
    ];
    let want = [&json!("info"), &json!("none"), &json!([])];
    assert_eq!(told, want, "{finding:#}");
    shop.expect(&["drift"], 0)?;
    shop.expect(&["plan"], 0)?;
    Ok(())
}

fn a_hole_is_critical(shop: &Shop) -> Result<()> {
    let finding = the_finding(shop)?;
    let told = [at(&finding, "/severity"), at(&finding, "/effect")];
    assert_eq!(told, [&json!("critical"), &json!("widens")], "{finding:#}");
    let opens = at(&finding, "/opens").as_array().context("opens")?;
    let mut pairs = opens
        .iter()
        .map(|one| (at(one, "/from"), at(one, "/toZone")));
    let from_outside = (&json!("the internet"), &json!("back"));
    assert!(pairs.any(|pair| pair == from_outside), "{opens:#?}");
    let witness = opens.first().map(|one| at(one, "/witness/to"));
    let witness = witness.and_then(Value::as_str).unwrap_or_default();
    assert!(witness.starts_with("orders/"), "{opens:#?}");
    let drift = shop.expect(&["drift"], 2)?.stdout;
    assert!(
        drift.contains("opens the internet -> zone back: all"),
        "{drift}"
    );
    Ok(())
}

fn it_is_explained(shop: &Shop) -> Result<()> {
    let first = "jsonpath={.items[0].metadata.name}";
    let get = ["-n", "orders", "get", "pods", "-o", first];
    let to = format!("orders/{}", shop.cluster.kubectl(&get)?.trim());
    let ends = ["--from", "198.51.100.1", "--to", &to, "--port", "5432/TCP"];
    let explain = [&["explain", "--cluster", "prod"][..], &ends].concat();
    let told = shop.expect(&explain, 0)?.stdout;
    assert!(told.contains("NetworkPolicy/orders/temporary"), "{told}");
    Ok(())
}

fn it_stops_plans(shop: &Shop) -> Result<()> {
    let plan = json(shop, &["plan"], 1)?;
    let cluster = at(&plan, "/clusters/0");
    assert_eq!(*at(cluster, "/state"), "refused", "{cluster:#}");
    let reason = at(cluster, "/reason").as_str().unwrap_or_default();
    let beyond = "zone `back` of sensitivity high would stay reachable beyond its flows";
    assert!(reason.contains(beyond), "{reason}");
    let hint = at(cluster, "/hint").as_str().unwrap_or_default();
    assert!(hint.contains("NetworkPolicy/orders/temporary"), "{hint}");
    Ok(())
}

/// What the model declares beside what is possible, and how far who is compromised gets.
#[test]
fn zones_and_blast_are_told_of_a_real_cluster() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    let zones = ["reach", "--cluster", "prod", "--zones"];
    let row = |from: &str, to: &str| -> Result<Option<Value>> {
        let report = json(&shop, &zones, 0)?;
        let rows = at(&report, "/zones").as_array().context("zones")?;
        let mut rows = rows.iter();
        let row = rows.find(|row| at(row, "/from") == from && at(row, "/to") == to);
        Ok(row.cloned())
    };
    let flow = row("front", "back")?.context("no flow")?;
    let told = [at(&flow, "/effective"), at(&flow, "/beyond")];
    assert_eq!(told, [&json!("TCP 8080"), &json!("")], "{flow:#}");
    assert_eq!(*at(&flow, "/declared"), json!(["web-to-orders"]));
    assert_eq!(row("the internet", "back")?, None);
    let open = "{ podSelector: {}, policyTypes: [Ingress], ingress: [{}] }";
    shop.cluster.apply_yaml(ADMIN, &foreign(open))?;
    let hole = row("the internet", "back")?.context("no hole")?;
    assert_eq!(*at(&hole, "/beyond"), "all", "{hole:#}");

    let blast = shop.expect(&["blast", "--from", "zone/front"], 0)?.stdout;
    let direct = "1     web/web[Deployment]  orders/orders[Deployment]           back  TCP 8080";
    assert!(blast.contains(direct), "{blast}");
    assert!(
        blast.contains("zone/front reaches 3 workloads, 2 of them directly"),
        "{blast}"
    );
    let worst = json(&shop, &["blast"], 0)?;
    assert_eq!(*at(&worst, "/kind"), "BlastReport");
    Ok(())
}
