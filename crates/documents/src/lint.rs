//! Faults that a model often has and that are no errors: told only where a document can hardly be meant as it is.
//!
//! They have the names of those of raw policies. What a policy may have wrong and a document may not, such as a
//! `namespaceSelector: {}`, is no lint here: the documents have no words for it.

mod address_of_node;
mod cover;
mod dns_without_tcp;
mod ignored_by_plugin;
mod no_effect;
mod no_such_namespace;
mod over_broad;
mod selects_nothing;
mod service_port;
mod shadowed;

use cofferdam_model::Model;
use cofferdam_model::count;
use cofferdam_model::diagnostic::{DocumentId, Remark, Severity};
use cofferdam_model::flow::Flow;
use cofferdam_model::lint::Lint;

#[cfg(test)]
mod tests;

/// Every such fault of the documents. Waivers are applied when they are placed.
pub fn lint(model: &Model) -> Vec<Remark> {
    let mut found = no_such_namespace::find(model);
    found.extend(selects_nothing::find(model));
    found.extend(over_broad::find(model));
    found.extend(no_effect::find(model));
    found.extend(shadowed::find(model));
    found.extend(dns_without_tcp::find(model));
    found.extend(service_port::find(model));
    found.extend(address_of_node::find(model));
    found.extend(ignored_by_plugin::find(model));
    found
}

/// A warning about a part of a document.
fn warning(
    lint: Lint,
    (kind, name): (&'static str, &impl ToString),
    path: impl Into<String>,
    (message, hint): (String, Option<String>),
) -> Remark {
    Remark {
        document: DocumentId {
            kind,
            name: name.to_string(),
        },
        path: path.into(),
        severity: Severity::Warning,
        code: lint.id(),
        message,
        hint,
    }
}

/// A warning about a part of a flow.
fn on_flow(
    lint: Lint,
    flow: &Flow,
    path: impl Into<String>,
    (message, hint): (String, &str),
) -> Remark {
    let told = (message, Some(hint.to_owned()));
    warning(lint, ("Flow", &flow.name), path, told)
}

/// Some clusters, in words.
fn clusters_named<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let word = if names.len() == 1 {
        "cluster"
    } else {
        "clusters"
    };
    format!("{word} {}", count::listed(names))
}
