//! Namespaces that do not exist yet.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::labels::{Labels, Operator, Selector};
use cofferdam_objects::keys::NAMESPACE_NAME;

use super::world::World;
use super::{Future, TooMany, selected, told, worlds};
use crate::facts::Namespace;
use crate::policy::{NamespaceChoice, Policy};

/// How namespaces are called that do not exist yet.
const NEW: &str = "any new namespace";

impl Future<'_> {
    /// One namespace for each way in which policies could tell a new one from others, by a name that is not taken.
    pub fn namespaces(&self) -> Result<Vec<(Arc<str>, Namespace)>, TooMany> {
        let choices = self.facts.policies.iter().flat_map(Policy::choices);
        let selectors = choices.filter_map(|choice| match &choice.namespaces {
            NamespaceChoice::Selected(selector) if !selector.is_empty() => Some(selector),
            NamespaceChoice::Selected(_) | NamespaceChoice::Named(_) => None,
        });
        // What asks for names that are taken selects no new namespace.
        let selectors = selectors.filter(|selector| !self.asks_for_known(selector));
        let selectors: BTreeSet<&Selector> = selectors.collect();
        let worlds = worlds(&selectors).ok_or_else(|| TooMany {
            namespace: NEW.into(),
        })?;
        let mut seen: BTreeSet<Vec<bool>> = BTreeSet::new();
        let all = worlds.iter().map(World::labels);
        let all = all.map(|labels| named(&selectors, labels));
        let new = all.filter(|(name, labels)| {
            !self.facts.namespaces.contains_key(name) && seen.insert(selected(&selectors, labels))
        });
        let namespaces = new.map(|(name, labels)| {
            let (labels, source) = (Arc::new(labels), None);
            (name, Namespace { labels, source })
        });
        Ok(namespaces.collect())
    }
}

impl Future<'_> {
    fn asks_for_known(&self, selector: &Selector) -> bool {
        let is_known = |name: &String| self.facts.namespaces.contains_key(name.as_str());
        let mut expressions = selector.match_expressions.iter();
        let listed = expressions.any(|one| match &one.operator {
            Operator::In(names) => one.key == NAMESPACE_NAME && names.iter().all(is_known),
            Operator::NotIn(_) | Operator::Exists | Operator::DoesNotExist => false,
        });
        let named = selector.match_labels.get(NAMESPACE_NAME);
        listed || named.is_some_and(is_known)
    }
}

/// The name of a namespace of these labels, and the labels with that name: one that policies mention only where it
/// matters to them.
fn named(selectors: &BTreeSet<&Selector>, mut labels: Labels) -> (Arc<str>, Labels) {
    let before = selected(selectors, &labels);
    let wanted = labels.remove(NAMESPACE_NAME);
    let name = if labels.is_empty() {
        NEW.to_owned()
    } else {
        format!("{NEW} {}", told(&labels))
    };
    labels.insert(NAMESPACE_NAME.to_owned(), name.clone());
    match wanted {
        Some(wanted) if selected(selectors, &labels) != before => {
            labels.insert(NAMESPACE_NAME.to_owned(), wanted.clone());
            (wanted.into(), labels)
        }
        Some(_) | None => (name.into(), labels),
    }
}
