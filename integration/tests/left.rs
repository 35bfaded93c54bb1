//! What stands although nobody asks for it any more: a zone that was left, guard rails of a model that asks for none.

use anyhow::{Result, ensure};
use cofferdam_integration::guarded::Answer::{Done, Refused};
use cofferdam_integration::guarded::{TENANT, ask, start_pool};
use cofferdam_integration::shop::{MODEL_FILE, Shop};
use cofferdam_integration::{ClusterOptions, Version};
use serde_json::Value;

const POLICIES: &str = "ask your platform team for a Flow";
const ZONE_LABELS: &str = "ask your platform team to put the namespace into a zone";

fn tenant(shop: &Shop, words: &str) -> Result<()> {
    let words: Vec<&str> = words.split(' ').collect();
    ask(&shop.cluster, TENANT, &words, "", Done)
}

/// The shop with rails in force and a pool.
fn applied() -> Result<Shop> {
    let shop = start_pool(ClusterOptions::new("prod").version(Version::V1_36))?;
    shop.apply(&[], 0)?;
    Ok(shop)
}

/// The classes of findings about a namespace and what is in it, and the kinds of what they are about.
fn about(shop: &Shop, namespace: &str) -> Result<Vec<String>> {
    let all = shop.findings()?;
    let text = |one: &Value, path: &str| {
        let value = one.pointer(path).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let found = all.iter().filter(|one| {
        let place = [text(one, "/object/namespace"), text(one, "/object/name")];
        // Who runs on the nodes of the pool is another matter.
        place.iter().any(|name| name == namespace) && one["class"] != "misplaced-pod"
    });
    Ok(found
        .map(|one| format!("{} {}", text(one, "/class"), text(one, "/object/kind")))
        .collect())
}

#[test]
fn a_zone_that_was_left_is_everybodys_while_rails_protect_the_others() -> Result<()> {
    let shop = applied()?;
    let whole = shop.project.read(MODEL_FILE)?;
    let gone = |text: &&str| !text.contains("{ name: front }") && !text.contains("kind: Flow");
    let left: Vec<&str> = whole.split("---\n").filter(gone).collect();
    shop.project.write(MODEL_FILE, &left.join("---\n"))?;
    let specs = |shop: &Shop| -> Result<Vec<Value>> {
        let list = shop
            .cluster
            .get_json(&["networkpolicies", "--namespace=web"])?;
        let items = list["items"].as_array().into_iter().flatten();
        Ok(items
            .map(|one| {
                serde_json::json!([one["metadata"]["name"], one["metadata"]["uid"], one["spec"]])
            })
            .collect())
    };
    let before = specs(&shop)?;
    let arguments = [
        "detach", "--yes", "--settle", "0s", "--zone", "front", "--leave",
    ];
    let told = shop.expect(&arguments, 0)?;
    ensure!(told.stderr.contains("everybody's to change"), "{told:?}");
    assert_eq!(specs(&shop)?, before);
    assert_eq!(about(&shop, "web")?, ["unassigned-namespace Namespace"]);
    shop.apply(&["--allow-deletions", "5", "--allow-weakening"], 0)?;
    assert_eq!(specs(&shop)?, before);
    assert_eq!(about(&shop, "web")?, ["unassigned-namespace Namespace"]);
    tenant(
        &shop,
        "label networkpolicy -n web cofferdam-allow-dns team=x",
    )?;
    tenant(
        &shop,
        "delete networkpolicy -n web cofferdam-default-deny-egress",
    )?;
    tenant(
        &shop,
        "label namespace web pod-security.kubernetes.io/enforce=privileged --overwrite",
    )?;
    for (words, refused) in [
        (
            "delete networkpolicy -n orders cofferdam-default-deny-egress",
            POLICIES,
        ),
        ("label namespace orders cofferdam.io/zone-", ZONE_LABELS),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        ask(&shop.cluster, TENANT, &words, "", Refused(refused))?;
    }
    assert_eq!(about(&shop, "web")?, ["unassigned-namespace Namespace"]);
    let again = shop.expect(&arguments, 0)?;
    ensure!(again.stdout.contains("0 steps written"), "{again:?}");
    Ok(())
}

#[test]
fn rails_that_nobody_asks_for_are_shown_until_they_are_gone() -> Result<()> {
    let shop = applied()?;
    // Whoever may create namespaces chooses their names.
    tenant(&shop, "create namespace openshift-x")?;
    shop.apply(&[], 0)?;
    assert_eq!(
        about(&shop, "openshift-x")?,
        ["unassigned-namespace Namespace"]
    );

    let model = shop.project.read(MODEL_FILE)?;
    let model = model.replace("enforcement: enforce", "enforcement: observe");
    shop.project.write(MODEL_FILE, &model)?;
    let shown = shop.expect(&["guards"], 2)?.stdout;
    let row = shown
        .lines()
        .find(|line| line.contains("cofferdam-policies "));
    let words: Vec<&str> = row.unwrap_or_default().split_whitespace().collect();
    ensure!(
        words.starts_with(&["cofferdam-policies", "not", "wanted", "deny"]),
        "{shown}"
    );
    let report = shop.expect(&["guards", "-o", "json"], 2)?.json()?;
    let guards = report["clusters"][0]["guards"].as_array();
    let pods = guards
        .into_iter()
        .flatten()
        .find(|one| one["name"] == "cofferdam-pods-back");
    let pods = pods.cloned().unwrap_or_default();
    assert_eq!(
        (&pods["wanted"], &pods["inForce"], &pods["pool"]),
        (&"none".into(), &"deny".into(), &"back".into())
    );
    let orphans = |shop: &Shop| -> Result<Vec<String>> {
        let mut found = shop.drift()?;
        found.retain(|one| one.starts_with("orphan") && one.contains("AdmissionPolicy"));
        Ok(found)
    };
    let told = orphans(&shop)?;
    for kind in [
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ] {
        let one = format!("orphan {kind}/cofferdam-policies");
        ensure!(told.contains(&one), "{told:#?}");
    }
    shop.apply(&["--allow-weakening", "--allow-deletions", "50"], 0)?;
    assert_eq!(orphans(&shop)?, Vec::<String>::new());
    let shown = shop.expect(&["guards"], 0)?.stdout;
    ensure!(shown.contains("no guard rails: no zone"), "{shown}");
    Ok(())
}
