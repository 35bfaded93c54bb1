//! Comparison of what we want with what the server returns.
//!
//! The server leaves out empty lists and maps, so absent and empty are equal; everything else that
//! differs, unknown fields included, is a difference.

use k8s_openapi::api::networking::v1::NetworkPolicySpec;
use serde_json::Value;

use crate::live_spec::LiveSpec;
use crate::served::is_served_as;

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its path, such as `spec.ingress[0].ports`.
    pub path: String,
    /// What is wanted; `None` where nothing is.
    pub want: Option<Value>,
    /// What is there; `None` where nothing is.
    pub have: Option<Value>,
}

/// The fields in which the live spec of a policy differs from what is wanted.
pub fn spec_differences(want: &NetworkPolicySpec, have: &LiveSpec) -> Vec<Difference> {
    // Thousands are as wanted, and their text alone tells.
    if is_served_as(want, have.text()) {
        return Vec::new();
    }
    let want = serde_json::to_value(want).unwrap_or_default();
    differences("spec", &want, have)
}

/// The fields in which `have` differs from `want`, in the order of their paths.
pub fn differences(path: &str, want: &Value, have: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    // Nearly everything is as wanted, and then no path is put together.
    if !is_equal(Some(want), Some(have)) {
        compare(path, Some(want), Some(have), &mut found);
    }
    found
}

/// Whether nothing differs.
fn is_equal(want: Option<&Value>, have: Option<&Value>) -> bool {
    let (want, have) = (want.filter(|v| !is_empty(v)), have.filter(|v| !is_empty(v)));
    match (want, have) {
        (Some(Value::Object(wanted)), Some(Value::Object(had))) => {
            let surplus =
                |(key, have): (&String, &Value)| !wanted.contains_key(key) && !is_empty(have);
            !had.iter().any(surplus)
                && wanted
                    .iter()
                    .all(|(key, want)| is_equal(Some(want), had.get(key)))
        }
        (Some(Value::Array(wanted)), Some(Value::Array(had))) => {
            let pairs = || wanted.iter().zip(had);
            wanted.len() == had.len()
                && pairs().all(|(want, have)| is_equal(Some(want), Some(have)))
        }
        (want, have) => want == have,
    }
}

fn compare(path: &str, want: Option<&Value>, have: Option<&Value>, found: &mut Vec<Difference>) {
    let (want, have) = (want.filter(|v| !is_empty(v)), have.filter(|v| !is_empty(v)));
    match (want, have) {
        (Some(Value::Object(wanted)), Some(Value::Object(had))) => {
            let keys: std::collections::BTreeSet<&String> =
                wanted.keys().chain(had.keys()).collect();
            for key in keys {
                compare(
                    &format!("{path}.{key}"),
                    wanted.get(key),
                    had.get(key),
                    found,
                );
            }
        }
        (Some(Value::Array(wanted)), Some(Value::Array(had))) if wanted.len() == had.len() => {
            for (i, (want, have)) in wanted.iter().zip(had).enumerate() {
                // An empty rule in a list means "everything" and is not the same as no rule, but at
                // the same index of two lists of one length an empty item can only meet an item.
                compare(&format!("{path}[{i}]"), Some(want), Some(have), found);
            }
        }
        (want, have) if want == have => {}
        (want, have) => found.push(Difference {
            path: path.to_owned(),
            want: want.cloned(),
            have: have.cloned(),
        }),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(want: &Value, have: &Value, paths: &[&str]) {
        let found = differences("spec", want, have);
        let found: Vec<&str> = found
            .iter()
            .map(|difference| difference.path.as_str())
            .collect();
        assert_eq!(found, paths, "{want} against {have}");
        assert_eq!(is_equal(Some(want), Some(have)), paths.is_empty());
    }

    #[test]
    fn absent_and_empty_lists_are_equal_and_nothing_else_is() {
        check(&json!({"ingress": []}), &json!({}), &[]);
        check(&json!({}), &json!({"ingress": []}), &[]);
        check(
            &json!({"ingress": []}),
            &json!({"ingress": [{}]}),
            &["spec.ingress"],
        );
        check(&json!({"ingress": [{}]}), &json!({}), &["spec.ingress"]);
        check(
            &json!({"ingress": [{"from": []}]}),
            &json!({"ingress": [{"from": [{}]}]}),
            &["spec.ingress[0].from"],
        );
        check(
            &json!({"podSelector": {}}),
            &json!({"podSelector": {}}),
            &[],
        );
        check(
            &json!({"a": 1}),
            &json!({"a": 2, "unknown": true}),
            &["spec.a", "spec.unknown"],
        );
    }
}
