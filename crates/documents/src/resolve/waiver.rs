//! Waiver documents.

use cofferdam_model::names::{ClusterName, WaiverName};
use cofferdam_model::waiver::{Covers, Waiver};

use crate::finding::Reporter;
use crate::nearest::did_you_mean;
use crate::raw::waiver as raw;
use crate::raw::{Document, KINDS, Metadata};
use crate::resolve::names::Names;
use crate::resolve::optional::optional;
use crate::resolve::time::{approval, date};

/// Reads a waiver.
pub(crate) fn waiver(
    reporter: &mut Reporter<'_>,
    document: &Document<Metadata, raw::WaiverSpec>,
    names: &Names,
) -> Option<Waiver> {
    let name = reporter.name("metadata.name", &document.metadata.name, WaiverName::parse);
    let raw::WaiverSpec {
        covers,
        reason,
        compensating_control,
        approval: raw_approval,
        expires,
    } = &document.spec;
    for (path, text) in [
        ("spec.reason", reason),
        ("spec.for.finding", &covers.finding),
    ] {
        if text.trim().is_empty() {
            reporter.error(path, "empty-text", format!("`{path}` says nothing"));
        }
    }
    let cluster = optional(covers.cluster.as_ref(), |cluster| {
        let reference = ("Cluster", cluster.as_str());
        names.reference(reporter, "spec.for.cluster", reference, ClusterName::parse)
    });
    if let Some(object) = &covers.object {
        check_object(reporter, object, names);
    }
    let approval = approval(reporter, "spec.approval", raw_approval);
    let expires = date(reporter, "spec.expires", expires);
    if let (Some(approval), Some(expires)) = (&approval, &expires)
        && *expires < approval.at
    {
        let message = "the waiver expires before it was approved";
        reporter.error("spec.expires", "date-order", message);
    }
    Some(Waiver {
        name: name?,
        covers: Covers {
            finding: covers.finding.clone(),
            cluster: cluster?,
            object: covers.object.clone(),
        },
        reason: reason.clone(),
        compensating_control: compensating_control.clone(),
        approval: approval?,
        expires: expires?,
    })
}

fn check_object(reporter: &mut Reporter<'_>, object: &str, names: &Names) {
    let path = "spec.for.object";
    let mut parts = object.split('/');
    let kind = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let whole = kind.starts_with(|c: char| c.is_ascii_uppercase())
        && (1..=2).contains(&rest.len())
        && rest.iter().all(|part| !part.is_empty());
    if !whole {
        let message = format!("`{object}` is not of the form `Kind/name` or `Kind/namespace/name`");
        reporter.error(path, "invalid-object", message);
        return;
    }
    let Some(kind) = KINDS.iter().find(|known| **known == kind) else {
        return;
    };
    let known = names.by_kind.get(kind);
    let name = rest.concat();
    if !names.incomplete && !known.is_some_and(|known| known.contains(&name)) {
        let hint = did_you_mean(&name, known.into_iter().flatten().map(String::as_str));
        let message = format!("there is no {kind} `{name}`");
        reporter
            .error(path, "dangling-reference", message)
            .maybe(hint);
    }
}
