//! Label selectors of raw objects.

use cofferdam_model::labels::{Expression, Labels, Operator, Selector};

use super::cursor::Cursor;

/// A selector; what an API server would refuse is a fault, never "selects everything".
pub(super) fn selector(at: &Cursor<'_>) -> Selector {
    at.knows(&["matchLabels", "matchExpressions"]);
    let match_labels = at.get("matchLabels").map(|labels| pairs(&labels));
    let expressions = at.list("matchExpressions").unwrap_or_default();
    Selector {
        match_labels: match_labels.unwrap_or_default(),
        match_expressions: expressions.iter().filter_map(expression).collect(),
    }
}

fn pairs(at: &Cursor<'_>) -> Labels {
    let Some(map) = at.value.as_object() else {
        at.fault("is no mapping");
        return Labels::new();
    };
    let pairs = map.iter().filter_map(|(key, value)| {
        let value = value.as_str();
        if value.is_none() {
            at.fault(&format!("gives `{key}` a value that is no text"));
        }
        Some((key.clone(), value?.to_owned()))
    });
    pairs.collect()
}

fn expression(at: &Cursor<'_>) -> Option<Expression> {
    at.knows(&["key", "operator", "values"]);
    let Some(key) = at.get("key") else {
        at.fault("has no key");
        return None;
    };
    let values = at.list("values").unwrap_or_default();
    let values: Vec<String> = values
        .iter()
        .filter_map(|value| value.text().map(str::to_owned))
        .collect();
    let word = at.get("operator").and_then(|word| word.text());
    let operator = match (word.unwrap_or_default(), values.is_empty()) {
        ("In", false) => Operator::In(values),
        ("NotIn", false) => Operator::NotIn(values),
        ("Exists", true) => Operator::Exists,
        ("DoesNotExist", true) => Operator::DoesNotExist,
        ("In" | "NotIn", true) => {
            at.fault("needs values");
            return None;
        }
        ("Exists" | "DoesNotExist", false) => {
            at.fault("takes no values");
            return None;
        }
        (other, _) => {
            at.fault(&format!(
                "has operator `{other}`, which is none of In, NotIn, Exists and DoesNotExist"
            ));
            return None;
        }
    };
    let key = key.text()?.to_owned();
    Some(Expression { key, operator })
}
