//! Labels and selectors.

use std::collections::BTreeMap;

use cofferdam_model::labels::{Expression, Labels, Operator, Selector};

use crate::finding::Reporter;
use crate::raw::selector::{LabelExpression, LabelOperator, LabelSelector};
use crate::shape::join;

/// Reads labels.
pub(crate) fn labels(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &BTreeMap<String, String>,
) -> Option<Labels> {
    let mut good = true;
    // Paths are spelt for those that are wrong only: labels are in every flow.
    let wrong = raw
        .iter()
        .filter(|(key, value)| !is_key(key) || !is_value(value));
    for (key, value) in wrong {
        let path = join(path, key);
        good &= check_key(reporter, &path, key);
        good &= check_value(reporter, &path, value);
    }
    good.then(|| raw.clone())
}

/// Reads a selector.
pub(crate) fn selector(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &LabelSelector,
) -> Option<Selector> {
    let match_labels = labels(reporter, &join(path, "matchLabels"), &raw.match_labels);
    let expressions: Vec<Option<Expression>> = raw
        .match_expressions
        .iter()
        .enumerate()
        .map(|(index, raw)| expression(reporter, &format!("{path}.matchExpressions[{index}]"), raw))
        .collect();
    Some(Selector {
        match_labels: match_labels?,
        match_expressions: expressions.into_iter().collect::<Option<_>>()?,
    })
}

fn expression(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &LabelExpression,
) -> Option<Expression> {
    let mut good = check_key(reporter, &format!("{path}.key"), &raw.key);
    let values_path = format!("{path}.values");
    for (index, value) in raw.values.iter().enumerate() {
        good &= check_value(reporter, &format!("{values_path}[{index}]"), value);
    }
    let takes_values = matches!(raw.operator, LabelOperator::In | LabelOperator::NotIn);
    let operator = match raw.operator {
        LabelOperator::In => Operator::In(raw.values.clone()),
        LabelOperator::NotIn => Operator::NotIn(raw.values.clone()),
        LabelOperator::Exists => Operator::Exists,
        LabelOperator::DoesNotExist => Operator::DoesNotExist,
    };
    if takes_values == raw.values.is_empty() {
        let message = if takes_values {
            format!("`{:?}` needs values", raw.operator)
        } else {
            format!("`{:?}` takes no values", raw.operator)
        };
        reporter.error(&values_path, "invalid-selector", message);
        good = false;
    }
    good.then(|| Expression {
        key: raw.key.clone(),
        operator,
    })
}

/// Reports a key that Kubernetes would refuse.
pub(crate) fn check_key(reporter: &mut Reporter<'_>, path: &str, key: &str) -> bool {
    let good = is_key(key);
    if !good {
        reporter.error(
            path,
            "invalid-label",
            format!("`{key}` is not a valid label key"),
        );
    }
    good
}

/// Reports a value that Kubernetes would refuse.
pub(crate) fn check_value(reporter: &mut Reporter<'_>, path: &str, value: &str) -> bool {
    let good = is_value(value);
    if !good {
        reporter.error(
            path,
            "invalid-label",
            format!("`{value}` is not a valid label value"),
        );
    }
    good
}

fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_word(name) && is_subdomain(prefix),
        None => is_word(key),
    }
}

fn is_value(value: &str) -> bool {
    value.is_empty() || is_word(value)
}

fn is_word(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| edge(c) || matches!(c, '-' | '_' | '.');
    text.len() <= 63 && text.starts_with(edge) && text.ends_with(edge) && text.chars().all(inner)
}

/// Whether a text is a DNS name in lower case.
pub(crate) fn is_subdomain(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 253
        && text.split('.').all(|part| {
            part.len() <= 63
                && part.starts_with(edge)
                && part.ends_with(edge)
                && part.chars().all(|c| edge(c) || c == '-')
        })
}
