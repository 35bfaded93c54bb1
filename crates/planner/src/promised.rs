//! What a bundle promises: a cluster that holds its namespaces and policies, and nothing else that decides.

use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::labels::Labels;
use cofferdam_semantics::Reader;
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::policy::Source;
use cofferdam_state::bundle::Bundle;
use serde_json::{Value, json};

/// The facts of a cluster that holds its bundle; `seen` tells which other namespaces there are, and their labels.
pub fn promised(bundle: &Bundle, seen: Option<&Capabilities>) -> Facts {
    let mut reader = Reader::default();
    let mut number = 0;
    let mut read = |object: &Value| {
        reader.read(object, Source(number));
        number += 1;
    };
    let known = seen.into_iter().flat_map(|seen| &seen.namespaces);
    for (name, labels) in known.filter(|(name, _)| !bundle.namespaces.contains_key(*name)) {
        read(&namespace(name.as_str(), labels));
    }
    for (name, wanted) in &bundle.namespaces {
        let live = seen.and_then(|seen| seen.namespaces.get(name));
        let mut labels = wanted.labels_if_absent.clone();
        labels.extend(live.cloned().unwrap_or_default());
        labels.extend(wanted.labels.clone());
        read(&namespace(name.as_str(), &labels));
    }
    for wanted in bundle.policies.values() {
        let mut policy = serde_json::to_value(&*wanted.object).unwrap_or_default();
        if let Some(fields) = policy.as_object_mut() {
            fields.insert("apiVersion".to_owned(), json!("networking.k8s.io/v1"));
            fields.insert("kind".to_owned(), json!("NetworkPolicy"));
        }
        read(&policy);
    }
    reader.finish()
}

fn namespace(name: &str, labels: &Labels) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}
