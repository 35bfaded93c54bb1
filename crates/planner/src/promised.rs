//! What a bundle promises: a cluster that holds its namespaces and policies, and nothing else that decides.

use cofferdam_model::capabilities::Capabilities;
use cofferdam_semantics::Reader;
use cofferdam_semantics::facts::Facts;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::segmentation::Segmentation;

/// The facts of a cluster that holds its bundle; `seen` tells which other namespaces there are, and their labels.
pub fn promised(bundle: &Bundle, seen: Option<&Capabilities>) -> Facts {
    let mut promised = Segmentation::default();
    let known = seen.into_iter().flat_map(|seen| &seen.namespaces);
    for (name, labels) in known {
        promised.namespaces.insert(name.to_string(), labels.clone());
    }
    for (name, wanted) in &bundle.namespaces {
        let labels = promised.namespaces.entry(name.to_string()).or_default();
        let live = std::mem::replace(labels, wanted.labels_if_absent.clone());
        labels.extend(live);
        labels.extend(wanted.labels.clone());
    }
    for wanted in bundle.policies.values() {
        promised.put(&wanted.object);
    }
    Reader::reading(promised.labelled().chain(promised.objects())).finish()
}
