//! What users are told of what waits, of what is unknown, and of others who write.

use anyhow::Result;
use cofferdam_integration::shop::Shop;
use serde_json::Value;

/// A part of each item of a list in a report, as text.
fn texts(report: &Value, list: &str, part: &str) -> Vec<String> {
    let items = report.pointer(list).and_then(Value::as_array);
    let text = |item: &Value| Some(item.pointer(part)?.as_str()?.to_owned());
    items.into_iter().flatten().filter_map(text).collect()
}

#[test]
fn policies_of_a_namespace_that_is_left_out_are_held_back() -> Result<()> {
    let shop = Shop::start()?;
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
    shop.apply(&only, 0)?;
    assert!(!shop.policies("orders")?.is_empty());
    let text = shop.expect(&[&["plan"][..], &only].concat(), 0)?.stdout;
    let want = format!("Nothing to do on 1 cluster, {} held back.", held.len());
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
