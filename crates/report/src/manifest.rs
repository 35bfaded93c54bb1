//! A bundle as YAML files, for review or for a GitOps controller.

use std::collections::BTreeMap;

use cofferdam_model::cluster::Delivery;
use cofferdam_state::bundle::{Bundle, DesiredNamespace};
use serde_json::{Value, json};

/// The files of a bundle: path `<namespace or _cluster>/<kind>-<name>.yaml`, and object.
///
/// Guard rails are among them for review only: they go in noting first, and that is for `apply` to do. Where
/// a GitOps controller would apply the files, they are left out.
pub fn bundle_files(bundle: &Bundle, delivery: Delivery) -> Vec<(String, Value)> {
    let mut files = Vec::new();
    for (name, namespace) in bundle
        .namespaces
        .iter()
        .filter(|(_, n)| !n.labels.is_empty())
    {
        let path = format!("_cluster/namespace-{name}.yaml");
        let manifest = namespace_manifest(name.as_str(), namespace, delivery);
        files.push((path, manifest));
    }
    let guards = bundle.guards.values();
    for guard in guards.filter(|_| delivery == Delivery::Push) {
        for object in [&guard.policy, guard.binding(guard.level)] {
            let kind = object.kind.as_str().to_lowercase();
            let path = format!("_cluster/{kind}-{}.yaml", object.name);
            files.push((path, object.manifest()));
        }
    }
    for ((namespace, name), policy) in &bundle.policies {
        let path = format!("{namespace}/networkpolicy-{name}.yaml");
        let object = serde_json::to_value(&*policy.object).unwrap_or(Value::Null);
        files.push((path, object));
    }
    files
}

/// Objects as one that `kubectl` takes.
pub fn list(objects: Vec<Value>) -> Value {
    let head = ["apiVersion", "kind"].into_iter().zip(["v1", "List"]);
    let head = head.map(|(key, value)| (key.to_owned(), Value::from(value)));
    let items = ("items".to_owned(), Value::Array(objects));
    Value::Object(head.chain([items]).collect())
}

/// Annotations by which a GitOps controller keeps what is no longer in its manifests: a namespace that leaves
/// the model is not to be deleted with all that is in it (Argo CD, "Sync Options"; Flux, "Kustomization").
const KEPT: [(&str, &str); 2] = [
    ("argocd.argoproj.io/sync-options", "Prune=false"),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
];

fn namespace_manifest(name: &str, namespace: &DesiredNamespace, delivery: Delivery) -> Value {
    let labels: BTreeMap<_, _> = namespace
        .labels_if_absent
        .iter()
        .chain(&namespace.labels)
        .collect();
    let source = (cofferdam_objects::keys::SOURCE, namespace.source.as_str());
    let kept = KEPT.into_iter().filter(|_| delivery == Delivery::Gitops);
    let annotations: BTreeMap<&str, &str> = kept.chain([source]).collect();
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": annotations,
        },
    })
}

/// YAML that readers of version 1.1 and 1.2 understand alike.
///
/// Strings are plain only where no reader could take them for anything else. The others are set aside
/// under a mark and put back double quoted as in JSON, which both versions of YAML read.
pub fn yaml(value: &Value) -> String {
    let mut quoted = Vec::new();
    let marked = set_aside(value, &mut quoted);
    // JSON has no value that YAML cannot write.
    let text = marked.and_then(|marked| serde_yaml::to_string(&marked));
    let text = text.unwrap_or_default();
    let mut parts = text.split(MARK);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    while let (Some(number), Some(plain)) = (parts.next(), parts.next()) {
        let number = number.parse::<usize>().ok();
        let text = number.and_then(|number| quoted.get(number));
        whole.push_str(text.map_or("", String::as_str));
        whole.push_str(plain);
    }
    whole
}

/// Of private use, so that no string of a bundle is plain with it.
const MARK: char = '\u{e000}';

/// The value with a mark and a number in place of each string that has to be quoted.
fn set_aside(
    value: &Value,
    quoted: &mut Vec<String>,
) -> Result<serde_yaml::Value, serde_yaml::Error> {
    Ok(match value {
        Value::String(text) => mark(text, quoted).into(),
        Value::Array(items) => {
            let items = items.iter().map(|item| set_aside(item, quoted));
            serde_yaml::Value::Sequence(items.collect::<Result<_, _>>()?)
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| {
                let key = mark(key, quoted).into();
                Ok((key, set_aside(value, quoted)?))
            });
            serde_yaml::Value::Mapping(entries.collect::<Result<_, serde_yaml::Error>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => serde_yaml::to_value(value)?,
    })
}

fn mark(text: &str, quoted: &mut Vec<String>) -> String {
    if is_plainly_text(text) {
        return text.to_owned();
    }
    quoted.push(Value::from(text).to_string());
    format!("{MARK}{}{MARK}", quoted.len() - 1)
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
