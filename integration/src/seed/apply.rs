//! Many objects in one call, and the uids they have got.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cluster::{ADMIN, Cluster};

/// The uids of applied objects, by kind, namespace and name.
#[derive(Debug, Default)]
pub(super) struct Applied {
    uids: BTreeMap<[String; 3], String>,
}

impl Applied {
    pub(super) fn uid(&self, kind: &str, namespace: &str, name: &str) -> Result<&str> {
        let key = [kind, namespace, name].map(str::to_owned);
        let uid = self.uids.get(&key);
        uid.map(String::as_str)
            .with_context(|| format!("{kind} `{namespace}/{name}` has no uid"))
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.uids.extend(other.uids);
        self
    }
}

pub(super) fn apply(cluster: &Cluster, objects: &[Value]) -> Result<Applied> {
    if objects.is_empty() {
        return Ok(Applied::default());
    }
    let answer = run(cluster, objects, &["--field-manager=seed"])?;
    let items = answer.pointer("/items").and_then(Value::as_array);
    let items = items.map_or_else(|| std::slice::from_ref(&answer), Vec::as_slice);
    let text = |item: &Value, pointer: &str| {
        item.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let uids = items.iter().map(|item| {
        let key = ["/kind", "/metadata/namespace", "/metadata/name"].map(|part| text(item, part));
        (key, text(item, "/metadata/uid"))
    });
    Ok(Applied {
        uids: uids.collect(),
    })
}

pub(super) fn apply_statuses(cluster: &Cluster, objects: &[Value]) -> Result<()> {
    run(
        cluster,
        objects,
        &["--field-manager=kubelet", "--subresource=status"],
    )
    .map(drop)
}

fn run(cluster: &Cluster, objects: &[Value], more: &[&str]) -> Result<Value> {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let arguments = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--output=json",
        "-f",
        "-",
    ];
    let output = cluster.kubectl_input(ADMIN, &[&arguments[..], more].concat(), &list.to_string());
    serde_json::from_str(&output.context("cannot seed")?).context("`kubectl` printed no JSON")
}
