//! What the server returned, against what was wanted. Each function names the differences.

use cofferdam_model::labels::Labels;
use cofferdam_objects::compare::differences;
use cofferdam_state::plan::KeyChange;
use k8s_openapi::api::core::v1::Taint;
use serde_json::{Value, json};

fn live_label<'a>(field: &str, key: &str, live: &'a Value) -> Option<&'a str> {
    live.get("metadata")?.get(field)?.get(key)?.as_str()
}

pub(super) fn labels(wanted: &Labels, live: &Value) -> Vec<String> {
    wanted
        .iter()
        .filter(|(key, value)| live_label("labels", key, live) != Some(value.as_str()))
        .map(|(key, _)| format!("label {key}"))
        .collect()
}

pub(super) fn changes(wanted: &[KeyChange], live: &Value) -> Vec<String> {
    wanted
        .iter()
        .filter(|change| live_label("labels", &change.key, live) != change.new.as_deref())
        .map(|change| format!("label {}", change.key))
        .collect()
}

pub(super) fn taints(wanted: &[Taint], live: &Value) -> Option<String> {
    let have = live.pointer("/spec/taints").unwrap_or(&Value::Null);
    let different = !differences("spec.taints", &json!(wanted), have).is_empty();
    different.then(|| "spec.taints".to_owned())
}
