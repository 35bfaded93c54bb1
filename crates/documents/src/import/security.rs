//! Pod Security of zones, from the labels of their namespaces.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Scene;
use super::notes::Notes;

/// The levels, from loose to strict.
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];
const MODES: [&str; 3] = ["enforce", "warn", "audit"];

/// The most lenient level of each mode that the namespaces have; what is stricter is told, since the zone
/// would be wider there.
pub(super) fn of_zone(
    scene: &Scene<'_>,
    zone: &str,
    namespaces: &BTreeSet<String>,
    notes: &mut Notes,
) -> Value {
    let mut modes = serde_json::Map::new();
    for mode in MODES {
        let levels = namespaces
            .iter()
            .map(|name| (name, level(scene, name, mode)));
        let levels: Vec<(&String, usize)> = levels.collect();
        let lenient = levels.iter().map(|(_, level)| *level).min().unwrap_or(0);
        for (name, level) in levels.iter().filter(|(_, level)| *level > lenient) {
            let reason = format!(
                "its Pod Security `{mode}` is {}, that of zone `{zone}` {}: the most lenient one of the zone",
                word(*level),
                word(lenient)
            );
            notes.unmapped(format!("Namespace/{name}"), reason);
        }
        modes.insert(mode.to_owned(), json!(word(lenient)));
    }
    for (name, label) in pinned(scene, namespaces) {
        let reason =
            format!("its label `{label}` pins a version of Pod Security, and the zone says latest");
        notes.unmapped(format!("Namespace/{name}"), reason);
    }
    Value::Object(modes)
}

/// What a namespace without a label has by default, an admission configuration tells that nobody can read.
fn level(scene: &Scene<'_>, namespace: &str, mode: &str) -> usize {
    let seen = scene.live.namespaces.get(namespace);
    let label = seen.and_then(|seen| {
        seen.labels
            .get(&format!("pod-security.kubernetes.io/{mode}"))
    });
    let known = label.and_then(|label| LEVELS.iter().position(|word| word == label));
    known.unwrap_or(0)
}

fn word(level: usize) -> &'static str {
    LEVELS.get(level).copied().unwrap_or("privileged")
}

/// Namespaces with a version label that is not the latest.
fn pinned<'a>(scene: &Scene<'_>, namespaces: &'a BTreeSet<String>) -> Vec<(&'a String, String)> {
    let labels = MODES.map(|mode| format!("pod-security.kubernetes.io/{mode}-version"));
    let mut pinned = Vec::new();
    for name in namespaces {
        let seen = scene.live.namespaces.get(name);
        let value = |label: &String| seen.and_then(|seen| seen.labels.get(label));
        let old = labels
            .iter()
            .filter(|label| value(label).is_some_and(|value| value != "latest"));
        pinned.extend(old.map(|label| (name, label.clone())));
    }
    pinned
}
