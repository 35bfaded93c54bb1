//! What labels may be, as far as it was decided.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::labels::{Labels, Operator, Selector};

/// Labels of which some is decided: by key, what it may be. A key that is not among these may be anything.
#[derive(Debug, Clone, Default)]
pub(super) struct World(BTreeMap<String, Allowed>);

/// What the label of a key may be.
#[derive(Debug, Clone)]
struct Allowed {
    absent: bool,
    values: Values,
}

/// Which values a label may have where it is present.
#[derive(Debug, Clone)]
enum Values {
    OneOf(BTreeSet<String>),
    NoneOf(BTreeSet<String>),
}

/// What a label must be: one requirement of a selector.
#[derive(Debug, Clone, Copy)]
enum Requirement<'a> {
    In(&'a [String]),
    NotIn(&'a [String]),
    Present,
    Absent,
}

impl Requirement<'_> {
    fn negated(self) -> Self {
        match self {
            Self::In(values) => Self::NotIn(values),
            Self::NotIn(values) => Self::In(values),
            Self::Present => Self::Absent,
            Self::Absent => Self::Present,
        }
    }
}

impl World {
    /// The parts in which the selector selects, and in which it does not; parts that nothing can be in are left out.
    pub(super) fn split(&self, selector: &Selector) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = Some(self.clone());
        for (key, requirement) in &requirements(selector) {
            let Some(so_far) = rest else {
                break;
            };
            parts.extend(so_far.with(key, requirement.negated()));
            rest = so_far.with(key, *requirement);
        }
        parts.extend(rest);
        parts
    }

    fn with(&self, key: &str, requirement: Requirement<'_>) -> Option<Self> {
        let mut world = self.clone();
        let allowed = world.0.entry(key.to_owned()).or_default();
        allowed.narrow(requirement);
        allowed.is_possible().then_some(world)
    }

    /// Labels that are possible here, as few as can be.
    pub(super) fn labels(&self) -> Labels {
        let present = self.0.iter().filter(|(_, allowed)| !allowed.absent);
        present
            .filter_map(|(key, allowed)| Some((key.clone(), allowed.values.example()?)))
            .collect()
    }
}

impl Default for Allowed {
    fn default() -> Self {
        Self {
            absent: true,
            values: Values::NoneOf(BTreeSet::new()),
        }
    }
}

impl Allowed {
    fn narrow(&mut self, requirement: Requirement<'_>) {
        match requirement {
            Requirement::In(values) => {
                self.absent = false;
                self.values.keep(values);
            }
            Requirement::NotIn(values) => self.values.drop(values),
            Requirement::Present => self.absent = false,
            Requirement::Absent => self.values = Values::OneOf(BTreeSet::new()),
        }
    }

    fn is_possible(&self) -> bool {
        self.absent || self.values.example().is_some()
    }
}

impl Values {
    fn keep(&mut self, kept: &[String]) {
        let kept = kept.iter().filter(|value| self.holds(value)).cloned();
        *self = Self::OneOf(kept.collect());
    }

    fn drop(&mut self, dropped: &[String]) {
        match self {
            Self::OneOf(values) => values.retain(|value| !dropped.contains(value)),
            Self::NoneOf(values) => values.extend(dropped.iter().cloned()),
        }
    }

    fn holds(&self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.contains(value),
            Self::NoneOf(values) => !values.contains(value),
        }
    }

    /// A value that is possible.
    fn example(&self) -> Option<String> {
        match self {
            Self::OneOf(values) => values.first().cloned(),
            Self::NoneOf(values) => {
                let mut fresh = (0..).map(|number| format!("other{number}"));
                fresh.find(|value| !values.contains(value))
            }
        }
    }
}

/// What a selector requires, key by key.
fn requirements(selector: &Selector) -> Vec<(&str, Requirement<'_>)> {
    let equal = selector.match_labels.iter();
    let equal =
        equal.map(|(key, value)| (key.as_str(), Requirement::In(std::slice::from_ref(value))));
    let expressed = selector.match_expressions.iter().map(|expression| {
        let requirement = match &expression.operator {
            Operator::In(values) => Requirement::In(values),
            Operator::NotIn(values) => Requirement::NotIn(values),
            Operator::Exists => Requirement::Present,
            Operator::DoesNotExist => Requirement::Absent,
        };
        (expression.key.as_str(), requirement)
    });
    equal.chain(expressed).collect()
}
