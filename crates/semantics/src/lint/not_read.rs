//! What the reader did not understand of policies.

use cofferdam_model::diagnostic::Severity;
use cofferdam_model::lint::Lint;

use super::Fault;
use super::scene::Scene;
use crate::facts::{Gap, GapKind};

/// The gaps that one of the lints about reading tells.
pub(super) fn find(lint: Lint, scene: &Scene<'_>) -> Vec<Fault> {
    let gaps = scene.facts().gaps.iter();
    gaps.filter_map(fault)
        .filter(|fault| fault.lint == lint)
        .collect()
}

fn fault(gap: &Gap) -> Option<Fault> {
    let Gap {
        object,
        reason,
        source,
        kind,
    } = gap;
    let (lint, severity, path) = match kind {
        GapKind::Refused { path } => (Lint::InvalidPolicy, Severity::Error, path.as_str()),
        GapKind::NotUnderstood { path } => (Lint::NotUnderstood, Severity::Warning, path.as_str()),
        GapKind::NotModelled | GapKind::MakesPods => (Lint::NotModelled, Severity::Notice, ""),
        GapKind::NotRead => return None,
    };
    Some(Fault {
        source: *source,
        path: path.to_owned(),
        lint,
        object: object.clone(),
        severity,
        message: reason.clone(),
        hint: None,
    })
}
