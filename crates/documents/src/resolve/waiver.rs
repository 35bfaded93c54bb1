//! Waiver documents.

use cofferdam_model::class::Class;
use cofferdam_model::lint::Lint;
use cofferdam_model::names::{ClusterName, WaiverName};
use cofferdam_model::waiver::{Covers, Waiver};

use crate::finding::Reporter;
use crate::nearest::did_you_mean;
use crate::raw::waiver as raw;
use crate::raw::{Document, KINDS, Metadata};
use crate::resolve::names::Names;
use crate::resolve::optional::optional;
use crate::resolve::time::{approval, date};
use crate::waive::WAIVABLE;

/// Classes that nothing finds yet, and errors that only a proof of guarantees will give.
const NOT_FOUND_YET: [&str; 3] = ["guard-missing", "guarantee-broken", "misplaced-pod"];

/// Kinds of objects in findings, and of those that guard rails will be found by, with how many parts
/// their names have. Findings about documents name their kinds; policies that are not modelled are named
/// with their group, as `CiliumNetworkPolicy.cilium.io`.
const OBJECT_KINDS: [(&str, usize); 13] = [
    ("AdminNetworkPolicy", 1),
    ("BaselineAdminNetworkPolicy", 1),
    ("ClusterNetworkPolicy", 1),
    ("ConfigMap", 2),
    ("MutatingAdmissionPolicy", 1),
    ("MutatingAdmissionPolicyBinding", 1),
    ("Namespace", 1),
    ("NetworkPolicy", 2),
    ("Node", 1),
    ("Pod", 2),
    ("Service", 2),
    ("ValidatingAdmissionPolicy", 1),
    ("ValidatingAdmissionPolicyBinding", 1),
];

/// How many hexadecimal digits an id ends with.
const ID_DIGITS: usize = 16;

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
    check_finding(reporter, &covers.finding, names);
    let cluster = optional(covers.cluster.as_ref(), |cluster| {
        let reference = ("Cluster", cluster.as_str());
        names.reference(reporter, "spec.for.cluster", reference, ClusterName::parse)
    });
    if covers.cluster.is_some() && is_of_documents(&covers.finding) {
        let message = format!(
            "`{}` is found in documents, not in a cluster: with `cluster` this waives nothing",
            covers.finding
        );
        reporter
            .error("spec.for.cluster", "waives-nothing", message)
            .hint("leave `cluster` out");
    }
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

/// Whether a word is that of a class or of an error that can be waived, so that no guarantee may have it
/// as its name: a waiver would cover both.
pub(crate) fn is_taken(word: &str) -> bool {
    let mut classes = Class::ALL.iter();
    classes.any(|class| class.as_str() == word)
        || NOT_FOUND_YET.contains(&word)
        || WAIVABLE.contains(&word)
        || is_lint(word)
}

fn is_lint(word: &str) -> bool {
    Lint::ALL.iter().any(|lint| lint.id() == word)
}

fn is_of_documents(finding: &str) -> bool {
    WAIVABLE.contains(&finding) || finding == "guarantee-broken"
}

/// A word that names nothing would waive nothing, and nobody would notice.
fn check_finding(reporter: &mut Reporter<'_>, finding: &str, names: &Names) {
    let path = "spec.for.finding";
    let guarantees = names.by_kind.get("Guarantee").into_iter().flatten();
    let guarantees = guarantees.map(String::as_str);
    let classes = || Class::ALL.iter().filter(|class| class.is_waivable());
    let words = classes().map(|class| class.as_str()).chain(NOT_FOUND_YET);
    let words = words.chain(WAIVABLE).chain(Lint::ALL.map(Lint::id));
    let known: Vec<&str> = words.chain(guarantees).collect();
    if finding.trim().is_empty() || names.incomplete || known.contains(&finding) {
        return;
    }
    let is_id = |class: &Class| {
        let rest = finding.strip_prefix(class.as_str());
        let digest = rest.and_then(|rest| rest.strip_prefix('-'));
        digest.is_some_and(|digest| {
            digest.len() == ID_DIGITS
                && digest
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    if classes().any(is_id) {
        return;
    }
    if Class::ALL.iter().any(|class| class.as_str() == finding) {
        let message = format!("`{finding}` cannot be waived");
        reporter.error(path, "not-waivable", message);
        return;
    }
    let hint = did_you_mean(finding, known);
    let message = format!(
        "`{finding}` is no class or id of findings, lint or guarantee that a waiver can cover"
    );
    reporter.error(path, "unknown-finding", message).maybe(hint);
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
    let parts = rest.len();
    if KINDS.contains(&kind) && parts == 1 {
        check_document(reporter, (kind, &rest.concat()), names);
        return;
    }
    // Which policies that are not modelled there are is for the clusters to tell.
    let is_policy = kind.contains('.');
    let mut shapes = OBJECT_KINDS.iter();
    if is_policy || shapes.any(|shape| *shape == (kind, parts)) {
        return;
    }
    let shape = OBJECT_KINDS.iter().find(|(known, _)| *known == kind);
    let (message, hint) = if shape.is_some() || KINDS.contains(&kind) {
        let parts = if shape.is_some_and(|(_, parts)| *parts == 2) {
            format!("{kind}/namespace/name")
        } else {
            format!("{kind}/name")
        };
        (format!("`{object}` is not of the form `{parts}`"), None)
    } else {
        let known = OBJECT_KINDS.iter().map(|(known, _)| *known);
        let hint = if kind.ends_with("NetworkPolicy") {
            let hint = "policies that are not modelled are named with their group, as `CiliumNetworkPolicy.cilium.io`";
            Some(hint.to_owned())
        } else {
            did_you_mean(kind, known.chain(KINDS))
        };
        (
            format!("no finding is about an object of kind `{kind}`"),
            hint,
        )
    };
    reporter.error(path, "invalid-object", message).maybe(hint);
}

fn check_document(reporter: &mut Reporter<'_>, (kind, name): (&str, &String), names: &Names) {
    let known = names.by_kind.get(kind);
    if !names.incomplete && !known.is_some_and(|known| known.contains(name)) {
        let hint = did_you_mean(name, known.into_iter().flatten().map(String::as_str));
        let message = format!("there is no {kind} `{name}`");
        reporter
            .error("spec.for.object", "dangling-reference", message)
            .maybe(hint);
    }
}
