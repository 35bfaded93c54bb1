//! The shop before it is left, and what is compared then.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::assets::Version;
use crate::cluster::ADMIN;
use crate::guarded::{POOL, POOL_FILE};
use crate::options::ClusterOptions;
use crate::seed::{SeedOptions, Workload};
use crate::shop::{MODEL_FILE, Shop};

/// Our own namespaces.
pub const OURS: [&str; 2] = ["cofferdam-system", "cofferdam-probe"];

/// A shop with a node pool, whose writer may detach too; `ledger` is there already.
pub fn start(version: Version) -> Result<Shop> {
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
    shop.project.write(POOL_FILE, POOL)?;
    for profile in ["guards", "detach"] {
        let rights = shop.expect(&["rbac", "--profile", profile], 0)?;
        shop.cluster.apply_yaml(ADMIN, &rights.stdout)?;
    }
    shop.cluster.kubectl(&["create", "namespace", "ledger"])?;
    Ok(shop)
}

/// Every object of the kinds that we touch, outside our namespaces, without what every write changes.
pub fn held(shop: &Shop) -> Result<BTreeMap<String, Value>> {
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

/// The arguments of `detach` that take everything back.
pub const WHOLE: [&str; 3] = ["--cluster", "prod", "--remove"];

/// Whether our namespaces are gone, or only wait for the controllers that these tests do not run.
pub fn is_gone(shop: &Shop, name: &str) -> Result<bool> {
    let list = shop.cluster.get_json(&["namespaces"])?;
    let mut items = list["items"].as_array().into_iter().flatten();
    let live = items.find(|item| item["metadata"]["name"] == name);
    Ok(live.is_none_or(|live| live["metadata"].get("deletionTimestamp").is_some()))
}
