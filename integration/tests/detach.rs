//! Leaving: what was before the first apply is there again, whatever happens on the way.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::{SeedOptions, Workload};
use cofferdam_integration::shop::{CLUSTER_FILE, MODEL_FILE, SOMEBODY, Shop, WRITER};
use cofferdam_integration::wait::wait_until;
use serde_json::Value;

const POOL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: NodePool
metadata: { name: back }
spec:
  trustDomains: [production]
  nodes: [{ selector: { matchLabels: { disk: fast } } }]
  zones: [back]
";

const OURS: [&str; 2] = ["cofferdam-system", "cofferdam-probe"];

/// A shop with a node pool, whose writer may detach too; `ledger` is there already.
fn start(version: Version) -> Result<Shop> {
    let fast = [("disk".to_owned(), "fast".to_owned())].into();
    let seed = SeedOptions {
        node_labels: vec![[].into(), fast],
        workloads: vec![
            Workload::new("books", &[], "books", 8080).tolerating("cofferdam.io/pool", "back"),
        ],
        ..SeedOptions::default()
    };
    let shop = Shop::start_with(ClusterOptions::new("prod").version(version), seed)?;
    let edits = [
        ("[{ name: web }]", "[{ name: web }, { name: orders }]"),
        (
            "[{ name: orders }, { name: ledger",
            "[{ name: books }, { name: ledger",
        ),
        (
            "namespaces: [orders], workload: { matchLabels: { app: orders } }",
            "namespaces: [books]",
        ),
    ];
    for (from, to) in edits {
        shop.project.edit(MODEL_FILE, from, to)?;
    }
    shop.project.write("fleet/pools.yaml", POOL)?;
    for profile in ["guards", "detach"] {
        let rights = shop.expect(&["rbac", "--profile", profile], 0)?;
        shop.cluster.apply_yaml(ADMIN, &rights.stdout)?;
    }
    shop.cluster.kubectl(&["create", "namespace", "ledger"])?;
    Ok(shop)
}

/// Every object of the kinds that we touch, outside our namespaces, without what every write changes.
fn held(shop: &Shop) -> Result<BTreeMap<String, Value>> {
    let mut kinds = vec![
        "namespaces",
        "nodes",
        "networkpolicies",
        "configmaps",
        "leases.coordination.k8s.io",
        "pods",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
    ];
    if shop.cluster.options().version == Version::V1_36 {
        kinds.extend([
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
        ]);
    }
    let mut found = BTreeMap::new();
    for kind in kinds {
        let list = shop.cluster.get_json(&[kind, "--all-namespaces"])?;
        for item in list["items"].as_array().into_iter().flatten() {
            let mut item = item.clone();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (name, namespace) = (
                text(&item["metadata"]["name"]),
                text(&item["metadata"]["namespace"]),
            );
            // The API server renews leases of its own.
            if OURS.contains(&name.as_str())
                || OURS.contains(&namespace.as_str())
                || (namespace == "kube-system" && kind.starts_with("leases"))
            {
                continue;
            }
            let metadata = item["metadata"].as_object_mut().context("no metadata")?;
            for field in ["resourceVersion", "managedFields", "generation"] {
                metadata.remove(field);
            }
            found.insert(format!("{kind}/{namespace}/{name}"), item);
        }
    }
    Ok(found)
}

/// Detaches without waiting for policies to settle.
fn detach(shop: &Shop, more: &[&str], code: i32) -> Result<String> {
    let arguments = [&["detach", "--yes", "--settle", "0s"], more].concat();
    Ok(shop.expect(&arguments, code)?.stdout)
}

const WHOLE: [&str; 3] = ["--cluster", "prod", "--remove"];

/// Whether our namespaces are gone, or only wait for the controllers that these tests do not run.
fn is_gone(shop: &Shop, name: &str) -> Result<bool> {
    let list = shop.cluster.get_json(&["namespaces"])?;
    let mut items = list["items"].as_array().into_iter().flatten();
    let live = items.find(|item| item["metadata"]["name"] == name);
    Ok(live.is_none_or(|live| live["metadata"].get("deletionTimestamp").is_some()))
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

#[test]
fn everything_is_as_before_on_1_36() -> Result<()> {
    everything_is_as_before(Version::V1_36)
}

#[test]
fn everything_is_as_before_on_1_33() -> Result<()> {
    everything_is_as_before(Version::V1_33)
}

#[test]
fn a_detachment_that_is_killed_is_taken_up_by_the_next() -> Result<()> {
    let shop = start(Version::V1_36)?;
    let before = held(&shop)?;
    shop.apply(&[], 0)?;
    for delay_ms in [40, 90, 140, 200, 260, 320] {
        let arguments = [&["detach", "--yes", "--settle", "0s"], &WHOLE[..]].concat();
        let mut child = shop.project.spawn(&arguments)?;
        std::thread::sleep(Duration::from_millis(delay_ms));
        child.kill()?;
        child.wait()?;
        let names = shop.policies("books")?;
        let has = |name: &str| names.iter().any(|one| one == name);
        let whole = has("cofferdam-default-deny-ingress") && has("cofferdam-flow-web-to-orders-in");
        assert!(
            names.is_empty() || has("cofferdam-open-ingress") || whole,
            "after {delay_ms} ms: {names:?}"
        );
    }
    detach(&shop, &WHOLE, 0)?;
    assert_eq!(held(&shop)?, before);
    for name in OURS {
        assert!(is_gone(&shop, name)?, "{name}");
    }
    Ok(())
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
