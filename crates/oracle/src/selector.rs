//! Label selectors.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fields::{field, items, text};

pub(crate) type Labels<'a> = BTreeMap<&'a str, &'a str>;

/// The labels of an object.
pub(crate) fn labels(object: &Value) -> Labels<'_> {
    let pairs = field(object, "/metadata/labels").and_then(Value::as_object);
    let pairs = pairs.into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .collect()
}

/// Whether all of the selector's requirements hold. A selector that is absent or empty has none.
pub(crate) fn selects(selector: Option<&Value>, labels: &Labels) -> bool {
    let Some(selector) = selector else {
        return true;
    };
    let wanted = field(selector, "/matchLabels").and_then(Value::as_object);
    let mut wanted = wanted.into_iter().flatten();
    wanted.all(|(key, value)| labels.get(key.as_str()).copied() == value.as_str())
        && items(selector, "/matchExpressions")
            .iter()
            .all(|expression| holds(expression, labels))
}

fn holds(expression: &Value, labels: &Labels) -> bool {
    let actual = labels.get(text(expression, "/key")).copied();
    let among = |actual: &str| {
        let values = items(expression, "/values");
        values.iter().any(|value| value.as_str() == Some(actual))
    };
    match text(expression, "/operator") {
        "In" => actual.is_some_and(among),
        "NotIn" => !actual.is_some_and(among),
        "Exists" => actual.is_some(),
        "DoesNotExist" => actual.is_none(),
        _ => false,
    }
}
