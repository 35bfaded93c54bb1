//! What becomes of a claim, in words.

use cofferdam_model::Model;
use cofferdam_semantics::Reader;
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::guarantee::{Ground, Outcome, prove, told, told_reasons};
use cofferdam_semantics::policy::Source;
use serde_json::Value;

/// A guarantee with this spec, as one more document.
pub(super) fn guarantee(spec: &str) -> String {
    format!(
        "---\napiVersion: cofferdam.io/v1alpha1\nkind: Guarantee\nmetadata: {{ name: claim }}\nspec: {spec}\n"
    )
}

/// Adds namespaces, nodes, pods, Services, policies and what is not understood to what is there.
pub(super) fn add<'a>(facts: &mut Facts, objects: impl IntoIterator<Item = &'a Value>) {
    let mut reader = Reader::default();
    for object in objects {
        reader.read(object, Source(0));
    }
    let added = reader.finish();
    for (name, namespace) in added.namespaces {
        facts.namespaces.entry(name).or_insert(namespace);
    }
    facts.policies.extend(added.policies);
    facts.gaps.extend(added.gaps);
    facts.pods.extend(added.pods);
    facts.services.extend(added.services);
    facts.nodes.extend(added.nodes);
    facts.slices.extend(added.slices);
    facts.entrance_gaps.extend(added.entrance_gaps);
}

/// What becomes of the only guarantee in the first of some clusters.
pub(super) fn outcome(model: &Model, grounds: Vec<Ground<'_>>) -> String {
    match prove(model, grounds).remove(0).remove(0).outcome {
        Outcome::Proved => "proved".to_owned(),
        Outcome::Broken {
            dialect: _,
            witness,
        } => format!("broken: {}", told(&witness)),
        Outcome::Unknown { because, hint: _ } => {
            format!("unknown: {}", told_reasons(&because))
        }
    }
}
