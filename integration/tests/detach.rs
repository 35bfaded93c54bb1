//! Leaving: what was before the first apply is there again, whatever happens on the way.

use std::collections::BTreeMap;

use anyhow::Result;
use cofferdam_integration::assets::Version;
use cofferdam_integration::leaving::{OURS, WHOLE, held, is_gone, start};
use cofferdam_integration::shop::{CLUSTER_FILE, MODEL_FILE, SOMEBODY, Shop, WRITER};
use cofferdam_integration::wait::wait_until;
use serde_json::Value;

/// Detaches without waiting for policies to settle.
fn detach(shop: &Shop, more: &[&str], code: i32) -> Result<String> {
    let arguments = [&["detach", "--yes", "--settle", "0s"], more].concat();
    Ok(shop.expect(&arguments, code)?.stdout)
}

fn everything_is_as_before(version: Version) -> Result<()> {
    let shop = start(version)?;
    let before = held(&shop)?;
    shop.apply(&[], 0)?;
    let applied = held(&shop)?;
    assert_ne!(applied, before);
    if version == Version::V1_36 {
        assert!(
            applied.contains_key("mutatingadmissionpolicies//cofferdam-pin-back"),
            "{:?}",
            applied.keys()
        );
    }
    let shown = shop.expect(&[&["detach", "--dry-run"], &WHOLE[..]].concat(), 2)?;
    assert!(
        shown.stdout.contains("unlabel Namespace/web"),
        "{}",
        shown.stdout
    );
    the_order_is_shown(&shop)?;
    assert_eq!(held(&shop)?, applied);

    let mark = shop.cluster.audit_mark()?;
    let told = detach(&shop, &WHOLE, 0)?;
    let after = held(&shop)?;
    assert_eq!(after, before);
    for name in OURS {
        assert!(is_gone(&shop, name)?, "{name}: {told}");
    }
    let audit = shop.cluster.audit_since(mark)?;
    let writes = audit
        .entries
        .iter()
        .filter(|entry| entry.user == WRITER && entry.code < 300);
    let order: Vec<(&str, &str)> = writes
        .filter(|entry| {
            entry.namespace == "books" && ["patch", "delete"].contains(&entry.verb.as_str())
        })
        .map(|entry| (entry.verb.as_str(), entry.name.as_str()))
        .collect();
    let at = |verb: &str, name: &str| {
        let mut writes = order.iter();
        writes.position(|one| *one == (verb, name))
    };
    let opened = at("patch", "cofferdam-open-ingress");
    let closed = at("delete", "cofferdam-open-ingress");
    for name in [
        "cofferdam-default-deny-ingress",
        "cofferdam-flow-web-to-orders-in",
    ] {
        let gone = at("delete", name);
        assert!(
            opened.is_some() && opened < gone && gone < closed,
            "{order:?}"
        );
    }

    if version == Version::V1_36 {
        shop.cluster.start_controllers()?;
        let gone = || -> Result<bool> {
            let list = shop.cluster.kubectl(&["get", "namespaces", "-o", "name"])?;
            Ok(OURS.iter().all(|name| !list.contains(name)))
        };
        wait_until("our namespaces are gone", gone)?;
        let again = detach(&shop, &WHOLE, 0)?;
        assert!(again.contains("detached, 0 steps written"), "{again}");
    }
    Ok(())
}

/// Guard rails are shown as they go, bindings before policies, and our own things last.
fn the_order_is_shown(shop: &Shop) -> Result<()> {
    let shown = [&["detach", "--dry-run", "-o", "json"], &WHOLE[..]].concat();
    let shown = shop.expect(&shown, 2)?.json()?;
    let names = |path: &str| -> Vec<String> {
        let all = shown.pointer(path).and_then(Value::as_array);
        let name = |one: &Value| {
            let object = one.get("object").unwrap_or(one);
            let text = |field: &str| {
                object
                    .get(field)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            format!("{}/{}", text("kind"), text("name"))
        };
        all.into_iter().flatten().map(name).collect()
    };
    let steps = names("/clusters/0/steps");
    let first_policy = steps
        .iter()
        .position(|one| one.contains("AdmissionPolicy/"));
    let last_binding = steps
        .iter()
        .rposition(|one| one.contains("AdmissionPolicyBinding/") && !one.contains("-pin-"));
    assert!(
        last_binding.is_some() && last_binding < first_policy,
        "{steps:?}"
    );
    let last = [
        "ConfigMap/cofferdam",
        "Lease/cofferdam",
        "Namespace/cofferdam-probe",
        "Namespace/cofferdam-system",
    ];
    assert_eq!(names("/clusters/0/last"), last);
    Ok(())
}

#[test]
fn everything_is_as_before_on_1_36() -> Result<()> {
    everything_is_as_before(Version::V1_36)
}

#[test]
fn everything_is_as_before_on_1_33() -> Result<()> {
    everything_is_as_before(Version::V1_33)
}

#[test]
fn what_others_made_or_changed_stays_and_is_named() -> Result<()> {
    let shop = start(Version::V1_36)?;
    shop.apply(&[], 0)?;
    shop.expect(&["guards", "--remove", "--yes"], 0)?;
    let team = [
        "label",
        "namespace",
        "web",
        "cofferdam.io/tier=theirs",
        "--overwrite",
    ];
    shop.cluster.kubectl_as(SOMEBODY, &team)?;
    let allow = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: theirs, namespace: orders }
spec: { podSelector: { matchLabels: { app: theirs } }, policyTypes: [Ingress] }
";
    shop.cluster.apply_yaml(SOMEBODY, allow)?;
    shop.lose_policy("orders", "cofferdam-allow-dns")?;
    shop.cluster.apply_yaml(
        SOMEBODY,
        &allow.replace("name: theirs,", "name: cofferdam-allow-dns,"),
    )?;
    let secret = [
        "-n",
        "cofferdam-system",
        "create",
        "secret",
        "generic",
        "theirs",
    ];
    shop.cluster.kubectl_as(SOMEBODY, &secret)?;

    let told = detach(&shop, &WHOLE, 0)?;
    assert_eq!(shop.policies("orders")?, ["cofferdam-allow-dns", "theirs"]);
    let web = shop.cluster.get_json(&["namespace", "web"])?;
    assert_eq!(web["metadata"]["labels"]["cofferdam.io/tier"], "theirs");
    assert!(web["metadata"]["labels"].get("cofferdam.io/zone").is_none());
    for named in [
        "Namespace/web  (stays: label `cofferdam.io/tier` was written by `kubectl-label` since)",
        "NetworkPolicy/orders/cofferdam-allow-dns  (stays: somebody deleted it and made it again)",
        "Namespace/cofferdam-system  (stays: it holds what is not ours: secrets/theirs)",
    ] {
        assert!(told.contains(named), "{named}\n{told}");
    }
    assert!(!is_gone(&shop, "cofferdam-system")?);
    assert!(is_gone(&shop, "cofferdam-probe")?);
    Ok(())
}

#[test]
fn what_is_left_is_everybodys_to_change() -> Result<()> {
    let shop = start(Version::V1_36)?;
    shop.apply(&[], 0)?;
    let applied = held(&shop)?;
    let told = shop.expect(
        &[
            "detach",
            "--yes",
            "--settle",
            "0s",
            "--cluster",
            "prod",
            "--leave",
        ],
        0,
    )?;
    assert!(
        told.stderr.contains("everybody's to change"),
        "{}",
        told.stderr
    );
    let after = held(&shop)?;
    let mut kept = applied;
    kept.retain(|name, _| !name.contains("admissionpolic"));
    assert_eq!(after, kept);
    assert!(is_gone(&shop, "cofferdam-system")?);
    // Nothing refuses any more.
    shop.lose_policy("books", "cofferdam-allow-dns")?;
    Ok(())
}

#[test]
fn a_zone_that_left_the_model_is_taken_back_and_no_other() -> Result<()> {
    let shop = start(Version::V1_36)?;
    let before = held(&shop)?;
    shop.apply(&[], 0)?;
    let of_zone = ["--zone", "front", "--remove"];
    let refused = detach(&shop, &of_zone, 1)?;
    assert!(
        refused.contains("takes zone `front` further than `observe`"),
        "{refused}"
    );

    let whole = shop.project.read(MODEL_FILE)?;
    let gone = |text: &&str| !text.contains("{ name: front }") && !text.contains("kind: Flow");
    let left: Vec<&str> = whole.split("---\n").filter(gone).collect();
    shop.project.write(MODEL_FILE, &left.join("---\n"))?;
    let applied = held(&shop)?;
    detach(&shop, &of_zone, 0)?;
    let after = held(&shop)?;
    for name in ["web", "orders"] {
        assert_eq!(shop.policies(name)?, Vec::<String>::new());
        let key = format!("namespaces//{name}");
        assert_eq!(after.get(&key), before.get(&key));
    }
    let others = |all: &BTreeMap<String, Value>| {
        let mut all = all.clone();
        all.retain(|name, _| !name.contains("/web") && !name.contains("/orders"));
        all
    };
    assert_eq!(others(&after), others(&applied));
    // The record forgot it, and knows the rest.
    shop.apply(&["--allow-deletions", "5", "--allow-weakening"], 0)?;
    let mut found = shop.drift()?;
    // Who runs on the nodes of the pool is another matter.
    found.retain(|one| !one.starts_with("misplaced-pod"));
    let unassigned = ["orders", "web"].map(|name| format!("unassigned-namespace Namespace/{name}"));
    assert_eq!(found, unassigned);
    Ok(())
}

#[test]
fn a_cluster_whose_document_was_deleted_is_told_and_let_go_of() -> Result<()> {
    let shop = start(Version::V1_36)?;
    let before = held(&shop)?;
    shop.apply(&[], 0)?;
    let document = shop.project.read(CLUSTER_FILE)?;
    let kubeconfig = shop.cluster.kubeconfig(WRITER)?.display().to_string();
    std::fs::remove_file(shop.project.path().join(CLUSTER_FILE))?;
    let other = document.replace("name: prod", "name: other");
    let uid = other.lines().filter(|line| !line.contains("identity"));
    let other: Vec<&str> = uid.collect();
    shop.project
        .write("fleet/clusters/other.yaml", &other.join("\n"))?;
    let checked = shop.expect(&["check"], 0)?;
    assert!(
        checked.stdout.contains("cluster `prod` has no document"),
        "{}",
        checked.stdout
    );
    let drift = shop.project.run(&["drift"])?;
    assert!(drift.stdout.contains("abandoned"), "{}", drift.stdout);
    let status = shop.project.run(&["status"])?;
    assert!(
        status.stdout.contains("prod: its document was deleted"),
        "{}",
        status.stdout
    );
    let missing = shop
        .project
        .run(&[&["detach", "--yes"], &WHOLE[..]].concat())?;
    assert!(
        missing.stderr.contains("--kubeconfig FILE"),
        "{}",
        missing.stderr
    );
    detach(
        &shop,
        &[&WHOLE[..], &["--kubeconfig", &kubeconfig]].concat(),
        0,
    )?;
    assert_eq!(held(&shop)?, before);
    Ok(())
}
