//! Selectors beside each other.

use std::collections::BTreeSet;

use cofferdam_model::labels::{Expression, Operator, Selector};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Map, Value, json};

/// A selector as Kubernetes writes it; `None` where it uses what we do not know.
pub(super) fn read(raw: &LabelSelector) -> Option<Selector> {
    let expressions = raw.match_expressions.iter().flatten().map(|one| {
        let values = one.values.clone().unwrap_or_default();
        let operator = match (one.operator.as_str(), values.is_empty()) {
            ("In", false) => Operator::In(values),
            ("NotIn", false) => Operator::NotIn(values),
            ("Exists", true) => Operator::Exists,
            ("DoesNotExist", true) => Operator::DoesNotExist,
            _ => return None,
        };
        Some(Expression {
            key: one.key.clone(),
            operator,
        })
    });
    Some(Selector {
        match_labels: raw.match_labels.clone().unwrap_or_default(),
        match_expressions: expressions.collect::<Option<_>>()?,
    })
}

/// As documents write it.
pub(super) fn written(selector: &Selector) -> Value {
    let mut fields = Map::new();
    if !selector.match_labels.is_empty() {
        fields.insert("matchLabels".to_owned(), json!(selector.match_labels));
    }
    let expressions = selector.match_expressions.iter().map(|one| {
        let (operator, values) = match &one.operator {
            Operator::In(values) => ("In", Some(values)),
            Operator::NotIn(values) => ("NotIn", Some(values)),
            Operator::Exists => ("Exists", None),
            Operator::DoesNotExist => ("DoesNotExist", None),
        };
        let mut fields = Map::new();
        fields.insert("key".to_owned(), json!(one.key));
        fields.insert("operator".to_owned(), json!(operator));
        if let Some(values) = values {
            fields.insert("values".to_owned(), json!(values));
        }
        Value::Object(fields)
    });
    let expressions: Vec<Value> = expressions.collect();
    if !expressions.is_empty() {
        fields.insert("matchExpressions".to_owned(), json!(expressions));
    }
    Value::Object(fields)
}

/// What both select; `None` where that is surely nothing.
pub(super) fn both(a: &Selector, b: &Selector) -> Option<Selector> {
    if disjoint(a, b) {
        return None;
    }
    let mut both = a.clone();
    let labels = b.match_labels.iter();
    both.match_labels
        .extend(labels.map(|(key, value)| (key.clone(), value.clone())));
    both.match_expressions
        .extend(b.match_expressions.iter().cloned());
    both.match_expressions.sort();
    both.match_expressions.dedup();
    Some(both)
}

/// Whether surely nothing is selected by both.
pub(super) fn disjoint(a: &Selector, b: &Selector) -> bool {
    let all = |selector: &Selector| {
        let labels = selector.match_labels.iter().map(|(key, value)| Expression {
            key: key.clone(),
            operator: Operator::In(vec![value.clone()]),
        });
        let expressions = selector.match_expressions.iter().cloned();
        labels.chain(expressions).collect::<Vec<Expression>>()
    };
    let others = all(b);
    all(a).iter().any(|one| {
        let mut same = others.iter().filter(|other| other.key == one.key);
        same.any(|other| {
            excludes(&one.operator, &other.operator) || excludes(&other.operator, &one.operator)
        })
    })
}

fn excludes(one: &Operator, other: &Operator) -> bool {
    match (one, other) {
        (Operator::In(some), Operator::In(others)) => !some.iter().any(|one| others.contains(one)),
        (Operator::In(some), Operator::NotIn(others)) => {
            let others: BTreeSet<&String> = others.iter().collect();
            some.iter().all(|one| others.contains(one))
        }
        (Operator::In(_) | Operator::Exists, Operator::DoesNotExist) => true,
        (Operator::In(_) | Operator::Exists, Operator::Exists)
        | (Operator::Exists, Operator::In(_) | Operator::NotIn(_))
        | (Operator::NotIn(_) | Operator::DoesNotExist, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(value: &Value) -> Selector {
        read(&serde_json::from_value(value.clone()).unwrap()).unwrap()
    }

    fn check(a: &Value, b: &Value, want: bool) {
        let (one, other) = (selector(a), selector(b));
        assert_eq!(disjoint(&one, &other), want, "{a} and {b}");
        assert_eq!(disjoint(&other, &one), want, "{b} and {a}");
        assert_eq!(both(&one, &other).is_none(), want, "{a} and {b}");
    }

    #[test]
    fn selectors_are_disjoint_where_one_key_cannot_have_both_values() {
        let is = |value: &str| json!({ "matchLabels": { "app": value } });
        let says = |operator: &str, values: &[&str]| json!({ "matchExpressions": [{ "key": "app", "operator": operator, "values": values }] });
        check(&is("a"), &is("a"), false);
        check(&is("a"), &is("b"), true);
        check(&is("a"), &json!({ "matchLabels": { "tier": "b" } }), false);
        check(&is("a"), &says("In", &["b", "c"]), true);
        check(&is("a"), &says("NotIn", &["a"]), true);
        check(&is("a"), &says("NotIn", &["b"]), false);
        check(&is("a"), &says("DoesNotExist", &[]), true);
        check(&says("Exists", &[]), &says("DoesNotExist", &[]), true);
        check(&says("Exists", &[]), &says("NotIn", &["a"]), false);
        check(&says("DoesNotExist", &[]), &says("NotIn", &["a"]), false);
        check(&json!({}), &is("a"), false);
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let value = json!({
            "matchLabels": { "a": "1" },
            "matchExpressions": [{ "key": "b", "operator": "Exists" }, { "key": "c", "operator": "NotIn", "values": ["2"] }],
        });
        assert_eq!(written(&selector(&value)), value);
        let odd =
            json!({ "matchExpressions": [{ "key": "b", "operator": "Gt", "values": ["1"] }] });
        assert_eq!(read(&serde_json::from_value(odd).unwrap()), None);
    }
}
