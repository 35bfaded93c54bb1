//! A bundle as YAML files, for review or for a GitOps controller.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cofferdam_state::bundle::{Bundle, DesiredNamespace};
use serde_json::{Value, json};

/// The files of a bundle: path `<cluster>/<namespace or _cluster>/<kind>-<name>.yaml`, and text.
pub fn bundle_files(bundle: &Bundle) -> Vec<(String, String)> {
    let cluster = &bundle.cluster;
    let mut files = Vec::new();
    for (name, namespace) in bundle
        .namespaces
        .iter()
        .filter(|(_, n)| !n.labels.is_empty())
    {
        let path = format!("{cluster}/_cluster/namespace-{name}.yaml");
        files.push((path, yaml(&namespace_manifest(name.as_str(), namespace))));
    }
    for ((namespace, name), policy) in &bundle.policies {
        let path = format!("{cluster}/{namespace}/networkpolicy-{name}.yaml");
        let object = serde_json::to_value(&policy.object).unwrap_or(Value::Null);
        files.push((path, yaml(&object)));
    }
    files
}

fn namespace_manifest(name: &str, namespace: &DesiredNamespace) -> Value {
    let labels: BTreeMap<_, _> = namespace
        .labels_if_absent
        .iter()
        .chain(&namespace.labels)
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": { cofferdam_objects::keys::SOURCE: namespace.source },
        },
    })
}

/// YAML that readers of version 1.1 and 1.2 understand alike.
pub fn yaml(value: &Value) -> String {
    let mut text = String::new();
    write_node(value, 0, &mut text);
    text
}

/// Writes a block node at an indentation; the cursor is at the start of a line.
fn write_node(value: &Value, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    // Writing to a String cannot fail.
    if let Some(map) = value.as_object().filter(|map| !map.is_empty()) {
        for (key, value) in map {
            write!(text, "{pad}{}:", scalar(&Value::String(key.clone()))).ok();
            write_value(value, indent, text);
        }
    } else if let Some(items) = value.as_array().filter(|items| !items.is_empty()) {
        for item in items {
            let mut inner = String::new();
            write_node(item, indent + 2, &mut inner);
            let inner = inner.strip_prefix(&format!("{pad}  ")).unwrap_or(&inner);
            write!(text, "{pad}- {inner}").ok();
        }
    } else {
        writeln!(text, "{pad}{}", scalar(value)).ok();
    }
}

fn write_value(value: &Value, indent: usize, text: &mut String) {
    let nested = value.as_object().is_some_and(|map| !map.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty());
    if nested {
        text.push('\n');
        let deeper = if value.is_array() { indent } else { indent + 2 };
        write_node(value, deeper, text);
    } else {
        writeln!(text, " {}", scalar(value)).ok();
    }
}

/// A scalar or empty collection. Strings are plain only where no reader could take them for anything
/// else, else double quoted as in JSON, which both versions of YAML read.
fn scalar(value: &Value) -> String {
    match value.as_str() {
        Some(text) if is_plainly_text(text) => text.to_owned(),
        Some(_) | None => value.to_string(),
    }
}

fn is_plainly_text(text: &str) -> bool {
    const AMBIGUOUS: [&str; 10] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan",
    ];
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(safe)
        && !AMBIGUOUS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &Value, want: &str) {
        let text = yaml(value);
        assert_eq!(text, want);
        let read: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(read, *value);
    }

    #[test]
    fn every_reader_sees_the_same_strings() {
        check(
            &json!({"a": "on", "y": "1_000"}),
            "a: \"on\"\n\"y\": \"1_000\"\n",
        );
        check(&json!({"a": {"b": [], "c": {}}}), "a:\n  b: []\n  c: {}\n");
        check(
            &json!({"a": [{"b": 1, "c": [true]}, "x"]}),
            "a:\n- b: 1\n  c:\n  - true\n- x\n",
        );
        check(
            &json!({"a": [{}], "b": "10.0.0.0/8"}),
            "a:\n- {}\nb: \"10.0.0.0/8\"\n",
        );
    }
}
