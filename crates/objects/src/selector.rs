//! Label selectors of live objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Whether `selector` selects an object with `labels`; `None` where it uses an operator or a
/// combination that we do not know, so that the caller decides what is safe.
pub fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> Option<bool> {
    let mut all = true;
    for (key, value) in selector.match_labels.iter().flatten() {
        all &= labels.get(key) == Some(value);
    }
    for expression in selector.match_expressions.iter().flatten() {
        let value = labels.get(&expression.key);
        let values = expression.values.as_deref().unwrap_or_default();
        all &= match (expression.operator.as_str(), values.is_empty()) {
            ("In", false) => value.is_some_and(|value| values.contains(value)),
            ("NotIn", false) => value.is_none_or(|value| !values.contains(value)),
            ("Exists", true) => value.is_some(),
            ("DoesNotExist", true) => value.is_none(),
            _ => return None,
        };
    }
    Some(all)
}

/// Whether the selector selects everything.
pub fn is_empty(selector: &LabelSelector) -> bool {
    selector
        .match_labels
        .as_ref()
        .is_none_or(BTreeMap::is_empty)
        && selector
            .match_expressions
            .as_ref()
            .is_none_or(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(selector: &serde_json::Value, want: [Option<bool>; 3]) {
        let selector: LabelSelector = serde_json::from_value(selector.clone()).unwrap();
        let pods = [vec![("app", "a")], vec![("app", "b")], vec![]];
        for (labels, want) in pods.into_iter().zip(want) {
            let labels = labels
                .iter()
                .map(|(k, v)| ((*k).into(), (*v).into()))
                .collect();
            assert_eq!(
                selects(&selector, &labels),
                want,
                "{selector:?} on {labels:?}"
            );
        }
    }

    #[test]
    fn operators_mean_what_kubernetes_says() {
        let expression = |operator: &str, values: &[&str]| serde_json::json!({"matchExpressions": [{"key": "app", "operator": operator, "values": values}]});
        let (yes, no) = (Some(true), Some(false));
        check(&serde_json::json!({}), [yes, yes, yes]);
        check(
            &serde_json::json!({"matchLabels": {"app": "a"}}),
            [yes, no, no],
        );
        check(&expression("In", &["a"]), [yes, no, no]);
        check(&expression("NotIn", &["a"]), [no, yes, yes]);
        check(&expression("Exists", &[]), [yes, yes, no]);
        check(&expression("DoesNotExist", &[]), [no, no, yes]);
        check(&expression("In", &[]), [None, None, None]);
        check(&expression("Gt", &["1"]), [None, None, None]);
    }
}
