//! JSON patches for shared objects: single keys, each tested against its old value.

use cofferdam_state::plan::{LabelPatch, TaintPatch};
use serde_json::{Value, json};

pub(super) fn operations(uid: &str, labels: &LabelPatch, taints: Option<&TaintPatch>) -> Value {
    let mut all = vec![json!({"op": "test", "path": "/metadata/uid", "value": uid})];
    let adds = labels.changes.iter().any(|change| change.new.is_some());
    if !labels.has_labels && adds {
        all.push(json!({"op": "test", "path": "/metadata/labels", "value": null}));
        all.push(json!({"op": "add", "path": "/metadata/labels", "value": {}}));
    }
    for change in &labels.changes {
        let path = format!("/metadata/labels/{}", escape(&change.key));
        if labels.has_labels {
            all.push(json!({"op": "test", "path": path, "value": change.old}));
        }
        match (&change.old, &change.new) {
            (_, Some(new)) => all.push(json!({"op": "add", "path": path, "value": new})),
            (Some(_), None) => all.push(json!({"op": "remove", "path": path})),
            (None, None) => {}
        }
    }
    if let Some(taints) = taints {
        let path = "/spec/taints";
        let old = if taints.old.is_empty() {
            Value::Null
        } else {
            json!(taints.old)
        };
        all.push(json!({"op": "test", "path": path, "value": old}));
        if !taints.new.is_empty() {
            all.push(json!({"op": "add", "path": path, "value": taints.new}));
        } else if !taints.old.is_empty() {
            all.push(json!({"op": "remove", "path": path}));
        }
    }
    Value::Array(all)
}

/// A key as a part of a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use cofferdam_state::plan::KeyChange;

    use super::*;

    #[test]
    fn every_key_is_tested_before_it_is_changed() {
        let change = |key: &str, old: Option<&str>, new: Option<&str>| KeyChange {
            key: key.to_owned(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        };
        let labels = LabelPatch {
            has_labels: true,
            changes: vec![change("a/b", None, Some("x")), change("c", Some("y"), None)],
        };
        let expected = json!([
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "test", "path": "/metadata/labels/a~1b", "value": null},
            {"op": "add", "path": "/metadata/labels/a~1b", "value": "x"},
            {"op": "test", "path": "/metadata/labels/c", "value": "y"},
            {"op": "remove", "path": "/metadata/labels/c"},
        ]);
        assert_eq!(operations("u", &labels, None), expected);
    }
}
