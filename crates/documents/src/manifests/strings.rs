//! Where Kubernetes wants text and a manifest has something else: `yes`, `1.10`, `true`.

use serde_json::{Map, Value};

use crate::tree::segment;

/// Groups whose objects are followed down to their last label. In others such words may mean
/// anything, as in the schema of a custom resource.
const GROUPS: [&str; 14] = [
    "",
    "apps",
    "batch",
    "cilium.io",
    "crd.antrea.io",
    "crd.projectcalico.org",
    "extensions",
    "gateway.networking.k8s.io",
    "networking.k8s.io",
    "policy",
    "policy.networking.k8s.io",
    "projectcalico.org",
    "rbac.authorization.k8s.io",
    "security.istio.io",
];

/// A value that should be text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoText {
    pub(super) path: String,
    /// What it is, as "the boolean", and which one.
    pub(super) what: String,
}

/// Every value of an object that should be text and is not.
pub(super) fn no_text(object: &Value, group: &str, kind: &str) -> Vec<NoText> {
    let mut search = Search {
        has_selector: group.is_empty() && matches!(kind, "Service" | "ReplicationController"),
        ..Search::default()
    };
    if GROUPS.contains(&group) {
        search.value(object);
    } else if let Some(metadata) = object.get("metadata").and_then(Value::as_object) {
        search.path.push_str(".metadata");
        search.metadata(metadata);
    }
    search.found
}

#[derive(Default)]
struct Search {
    has_selector: bool,
    path: String,
    found: Vec<NoText>,
}

impl Search {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    self.at(&segment(key), |search| search.entry(key, value));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.at(&format!("[{index}]"), |search| search.value(item));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn at(&mut self, step: &str, go: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        self.path.push_str(step);
        go(self);
        self.path.truncate(length);
    }

    fn entry(&mut self, key: &str, value: &Value) {
        match (key, value) {
            ("labels" | "annotations" | "matchLabels", Value::Object(map)) => self.texts(map),
            ("nodeSelector", Value::Object(map)) if !is_label_selector(map) => self.texts(map),
            ("selector", Value::Object(map)) if self.has_selector => self.texts(map),
            ("metadata", Value::Object(map)) => self.metadata(map),
            ("matchExpressions", Value::Array(terms)) => {
                for (index, term) in terms.iter().enumerate() {
                    self.at(&format!("[{index}]"), |search| search.term(term));
                }
            }
            _ => self.value(value),
        }
    }

    fn metadata(&mut self, metadata: &Map<String, Value>) {
        for (key, value) in metadata {
            match (key.as_str(), value) {
                ("labels" | "annotations", Value::Object(map)) => {
                    self.at(&segment(key), |search| search.texts(map));
                }
                ("name" | "namespace" | "generateName", value) => {
                    self.at(&segment(key), |search| search.text(value));
                }
                _ => {}
            }
        }
    }

    fn term(&mut self, term: &Value) {
        for key in ["key", "operator"] {
            let value = term.get(key).unwrap_or(&Value::Null);
            self.at(&segment(key), |search| search.text(value));
        }
        let values = term.get("values").and_then(Value::as_array);
        for (index, value) in values.into_iter().flatten().enumerate() {
            self.at(&format!(".values[{index}]"), |search| search.text(value));
        }
    }

    fn texts(&mut self, map: &Map<String, Value>) {
        for (key, value) in map {
            self.at(&segment(key), |search| search.text(value));
        }
    }

    /// Nothing is taken for an empty text by the API server.
    fn text(&mut self, value: &Value) {
        let what = match value {
            Value::String(_) | Value::Null => return,
            Value::Bool(value) => format!("the boolean `{value}`"),
            Value::Number(value) => format!("the number `{value}`"),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "a mapping".to_owned(),
        };
        let path = self.path.trim_start_matches('.').to_owned();
        self.found.push(NoText { path, what });
    }
}

/// The `nodeSelector` of a Cilium policy is one, that of a pod is not.
fn is_label_selector(map: &Map<String, Value>) -> bool {
    map.contains_key("matchLabels") || map.contains_key("matchExpressions")
}
