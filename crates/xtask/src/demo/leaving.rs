//! The last chapter: Cofferdam goes, and the clusters are as it found them.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use cofferdam_integration::Cluster;
use serde_json::Value;

use super::terminal::{Show, Terminal};

/// Everything that Cofferdam touches, namespaces of its own aside.
const KINDS: &str = "namespaces,nodes,networkpolicies,validatingadmissionpolicies,\
                     validatingadmissionpolicybindings,mutatingadmissionpolicies,mutatingadmissionpolicybindings";

/// What of metadata changes with every write.
const PASSING: [&str; 3] = ["resourceVersion", "managedFields", "generation"];

/// The objects of a cluster by `Kind/namespace/name`.
type Objects = BTreeMap<String, Value>;

/// What every cluster holds, by its name.
pub(super) type Snapshot = BTreeMap<String, Objects>;

/// Looks at everything that Cofferdam will touch.
pub(super) fn snapshot(clusters: &[Cluster]) -> Result<Snapshot> {
    let all = clusters.iter();
    all.map(|cluster| Ok((cluster.name().to_owned(), objects(cluster)?)))
        .collect()
}

fn objects(cluster: &Cluster) -> Result<Objects> {
    let list = cluster.get_json(&["--all-namespaces", KINDS])?;
    let items = list.get("items").and_then(Value::as_array);
    let text = |object: &Value, path: &str| {
        let text = object.pointer(path).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    // No controller runs here that would finish deleting a namespace.
    let stays = |object: &Value| object.pointer("/metadata/deletionTimestamp").is_none();
    let found = items
        .cloned()
        .unwrap_or_default()
        .into_iter()
        .filter(stays)
        .map(|mut object| {
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.retain(|key, _| !PASSING.contains(&key.as_str()));
            }
            let parts = ["/kind", "/metadata/namespace", "/metadata/name"];
            (parts.map(|path| text(&object, path)).join("/"), object)
        });
    Ok(found.collect())
}

/// Takes everything back, and compares with what was found on the first day.
pub(super) fn leave(terminal: &Terminal, clusters: &[Cluster], found: &Snapshot) -> Result<()> {
    Terminal::chapter("Leaving")?;
    Terminal::say(
        "Acme is bought, and its new owner uses something else. Cofferdam takes back what it wrote: rails, policies, \
         taints, pins and labels, its own namespaces last.",
    )?;
    for cluster in clusters {
        terminal.grant("detach", cluster.name(), cluster.name() == "prod")?;
    }
    let names = clusters
        .iter()
        .flat_map(|cluster| ["--cluster", cluster.name()]);
    let detach: Vec<&str> = ["detach", "--remove", "--yes"]
        .into_iter()
        .chain(names)
        .collect();
    terminal.cofferdam(&detach, 0, Show::Ends(6, 12))?;
    for (name, left) in &snapshot(clusters)? {
        let before = found.get(name).cloned().unwrap_or_default();
        for (key, object) in &before {
            if left.get(key) != Some(object) {
                bail!("{name}: {key} is not as it was found: {:?}", left.get(key));
            }
        }
        let ours = |object: &Value| object.to_string().contains("cofferdam");
        if let Some((key, _)) = left.iter().find(|(_, object)| ours(object)) {
            bail!("{name}: something of ours is left in {key}");
        }
        let new: Vec<&str> = left
            .keys()
            .map(String::as_str)
            .filter(|key| !before.contains_key(*key))
            .collect();
        Terminal::list(&[format!(
            "{name}: {} namespaces, nodes and policies are as they were, byte for byte; new, and not taken away: {}",
            before.len(),
            if new.is_empty() {
                "nothing".to_owned()
            } else {
                new.join(", ")
            }
        )])?;
    }
    Ok(())
}
