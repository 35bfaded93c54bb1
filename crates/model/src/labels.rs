//! Labels and the selectors over them, with the meaning that Kubernetes gives them.

use std::collections::BTreeMap;

/// Label keys and values of one object.
pub type Labels = BTreeMap<String, String>;

/// A Kubernetes label selector; empty selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    /// Every pair must be present.
    pub match_labels: Labels,
    /// Every expression must hold.
    pub match_expressions: Vec<Expression>,
}

/// One expression of a selector.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expression {
    /// The label key.
    pub key: String,
    /// What must hold of its value.
    pub operator: Operator,
}

/// The four operators, each with its values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// The key is present with one of these values.
    In(Vec<String>),
    /// The key is absent or has none of these values.
    NotIn(Vec<String>),
    /// The key is present.
    Exists,
    /// The key is absent.
    DoesNotExist,
}

impl Selector {
    /// Selects what carries all of `labels`.
    pub fn labels(labels: Labels) -> Self {
        Self {
            match_labels: labels,
            match_expressions: Vec::new(),
        }
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether an object with `labels` is selected.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.match_labels
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
            && self
                .match_expressions
                .iter()
                .all(|expression| expression.holds(labels))
    }

    /// The label keys that decide.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let expressions = self
            .match_expressions
            .iter()
            .map(|expression| expression.key.as_str());
        self.match_labels
            .keys()
            .map(String::as_str)
            .chain(expressions)
    }
}

impl Expression {
    fn holds(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match &self.operator {
            Operator::In(values) => value.is_some_and(|value| values.contains(value)),
            Operator::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}
