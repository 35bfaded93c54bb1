//! Namespaces that come, change and go.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::labels::Labels;
use cofferdam_objects::keys::NAMESPACE_NAME;
use roaring::RoaringBitmap;

use super::{Change, Solution};
use crate::facts::Namespace;
use crate::rows::Compiled;
use crate::sets::index;

impl Solution {
    pub(super) fn set_namespace(&mut self, name: Arc<str>, namespace: Namespace) -> Change {
        let labels = Arc::clone(&namespace.labels);
        let old = self
            .facts_mut()
            .namespaces
            .insert(Arc::clone(&name), namespace);
        let before = old.as_ref().map(|old| Arc::clone(&old.labels));
        self.relabel(&name, before.as_ref(), &labels);
        match old {
            Some(old) => Change::SetNamespace(name, old),
            None => Change::RemoveNamespace(name),
        }
    }

    pub(super) fn remove_namespace(&mut self, name: &Arc<str>) -> Option<Change> {
        let old = self.facts().namespaces.get(name)?.clone();
        let unlabelled = only_name(name);
        self.relabel(name, Some(&old.labels), &unlabelled.labels);
        self.facts_mut()
            .namespaces
            .insert(Arc::clone(name), unlabelled);
        Some(Change::SetNamespace(Arc::clone(name), old))
    }

    /// Adds a namespace of which nothing but the name is known, where it is new.
    pub(super) fn know_namespace(&mut self, name: &Arc<str>) {
        if !self.facts().namespaces.contains_key(name) {
            self.set_namespace(Arc::clone(name), only_name(name));
        }
    }

    fn relabel(&mut self, name: &Arc<str>, old: Option<&Arc<Labels>>, new: &Arc<Labels>) {
        let old = old.map(|old| &**old);
        self.classes_mut().relabel(name, old, new);
        let nothing = Labels::new();
        let changed = differing(old.unwrap_or(&nothing), new);
        let policies: BTreeSet<u32> = changed
            .flat_map(|key| self.namings.of_namespace_key(key))
            .collect();
        let mut named_by = RoaringBitmap::new();
        let mut named = RoaringBitmap::new();
        let mut governed: Vec<(u32, RoaringBitmap)> = Vec::new();
        for id in policies {
            let Some(before) = self.compile_anew(id) else {
                continue;
            };
            let Some(after) = self.connectivity.policies.get(index(id)) else {
                continue;
            };
            let of_peers = before.named_otherwise(after);
            if !of_peers.is_empty() {
                named_by.insert(id);
                named |= of_peers;
            }
            governed.push((id, &before.subject ^ &after.subject));
        }
        self.answer_anew(&named_by, &named);
        for (policy, classes) in governed {
            for class in classes {
                self.govern_by(policy, class);
            }
        }
    }

    /// Looks up anew what a policy names; what it named before.
    fn compile_anew(&mut self, id: u32) -> Option<Compiled> {
        let dialect = self.connectivity.dialect();
        let classes = Arc::clone(&self.connectivity.classes);
        let known = self.connectivity.policies.get_mut(index(id))?;
        let policy = classes.facts().policies.get(index(known.place))?;
        let anew = Compiled::of((known.place, policy), &classes, dialect);
        Some(std::mem::replace(known, anew))
    }

    /// Lets a policy govern a class, or not any more.
    fn govern_by(&mut self, policy: u32, class: u32) {
        let Some(compiled) = self.connectivity.policies.get(index(policy)) else {
            return;
        };
        let mut governing = self.governing(class);
        governing.ingress.retain(|one| *one != policy);
        governing.egress.retain(|one| *one != policy);
        governing.add(policy, compiled, class);
        self.govern(class, governing);
    }
}

fn only_name(name: &Arc<str>) -> Namespace {
    let labels = [(NAMESPACE_NAME.to_owned(), name.to_string())];
    Namespace {
        labels: Arc::new(labels.into()),
        source: None,
    }
}

/// The keys of labels that are not the same in both.
fn differing<'a>(one: &'a Labels, other: &'a Labels) -> impl Iterator<Item = &'a str> {
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let keys = keys.into_iter();
    keys.filter(|key| one.get(*key) != other.get(*key))
        .map(String::as_str)
}
