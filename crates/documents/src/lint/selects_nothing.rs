//! Selectors of namespaces that match none.

use std::collections::BTreeSet;

use cofferdam_model::Model;
use cofferdam_model::diagnostic::Remark;
use cofferdam_model::labels::{Labels, Operator, Selector};
use cofferdam_model::lint::Lint;
use cofferdam_model::zone::{NamespaceChoice, Zone};

use super::no_such_namespace::seen_by;
use super::{clusters_named, warning};
use crate::nearest::nearest;

pub(super) fn find(model: &Model) -> Vec<Remark> {
    let zones = model.zones.values();
    zones.flat_map(|zone| in_zone(model, zone)).collect()
}

fn in_zone(model: &Model, zone: &Zone) -> Vec<Remark> {
    let rules = zone.namespaces.iter().enumerate();
    let found = rules.filter_map(|(place, rule)| {
        let NamespaceChoice::Selector(selector) = &rule.choice else {
            return None;
        };
        let seen = seen_by(model, zone, place)?;
        let all = seen.iter().flat_map(|seen| {
            let all = seen.namespaces.iter();
            all.map(move |(name, labels)| {
                let is_system = model.is_system_namespace(name.as_str(), Some(seen));
                (is_system, labels)
            })
        });
        let (system, others): (Vec<_>, Vec<_>) = all.partition(|(is_system, _)| *is_system);
                let there: Vec<&Labels> = others.into_iter().map(|(_, labels)| labels).collect();
        if there.is_empty() || there.iter().any(|labels| selector.matches(labels)) {
            return None;
        }
        let clusters = clusters_named(seen.iter().map(|seen| seen.cluster.as_str()));
        let path = format!("spec.namespaces[{place}].selector");
        let told = if system.iter().any(|(_, labels)| selector.matches(labels)) {
            let message =
                format!("in {clusters} only system namespaces have these labels, and selectors leave them out");
            let hint = "name the namespace, with `system: true`".to_owned();
            (message, Some(hint))
        } else {
            let message = format!("no namespace of {clusters} has these labels");
            (message, near(selector, &there))
        };
        Some(warning(
            Lint::SelectsNothing,
            ("Zone", &zone.name),
            path,
            told,
        ))
    });
    found.collect()
}

/// The label nearest to one that nothing has.
fn near(selector: &Selector, there: &[&Labels]) -> Option<String> {
    let labels = selector.match_labels.iter();
    let labels = labels.map(|(key, value)| (key, std::slice::from_ref(value)));
    let expressions = selector.match_expressions.iter();
    let expressions = expressions.filter_map(|one| match &one.operator {
        Operator::In(values) => Some((&one.key, values.as_slice())),
        Operator::NotIn(_) | Operator::Exists | Operator::DoesNotExist => None,
    });
    let mut wanted = labels.chain(expressions);
    wanted.find_map(|(key, values)| {
        let with_key = there.iter().filter_map(|labels| labels.get(key));
        let known: BTreeSet<&str> = with_key.map(String::as_str).collect();
        if values.iter().any(|value| known.contains(value.as_str())) {
            return None;
        }
        let mut values = values.iter();
        if let Some(value) = values.find_map(|value| nearest(value, known.iter().copied())) {
            return Some(format!("did you mean `{key}: {value}`?"));
        }
        let keys: BTreeSet<&str> = there
            .iter()
            .flat_map(|labels| labels.keys().map(String::as_str))
            .collect();
        let other = nearest(key, keys).filter(|other| *other != key)?;
        Some(format!("did you mean the label `{other}`?"))
    })
}
