//! Users behind findings, from the API server's audit log.

use std::collections::BTreeSet;

use cofferdam_state::audit::AuditedWrite;
use cofferdam_state::finding::{Author, Class, Finding};
use cofferdam_state::observed::Observed;

/// Names the user of every finding that the audit log explains.
///
/// A claim of `managedFields` is confirmed by the one user whose writes of that object in that second
/// go by that tool. Where nothing is claimed, because what was written is gone, the last write of the
/// object since our last apply that was not ours counts: a deletion where the object is missing.
pub fn name(findings: &mut [Finding], observed: &Observed) {
    let Some(writes) = observed.writes.known() else {
        return;
    };
    for finding in findings {
        let author = match &finding.by {
            Some(Author {
                manager: Some(manager),
                at: Some(at),
                ..
            }) => confirmed(writes, finding, manager, at),
            Some(_) => None,
            None => gone(writes, finding, observed),
        };
        if author.is_some() {
            finding.by = author;
        }
    }
}

fn confirmed(
    writes: &[AuditedWrite],
    finding: &Finding,
    manager: &str,
    at: &str,
) -> Option<Author> {
    let users: BTreeSet<&str> = writes
        .iter()
        .filter(|write| write.is_about(&finding.object) && write.spans(at))
        .filter(|write| write.tool.as_deref() == Some(manager))
        .map(|write| write.user.as_str())
        .collect();
    let mut users = users.into_iter();
    // Of two who did the same in one second, neither is named.
    let (Some(user), None) = (users.next(), users.next()) else {
        return None;
    };
    Some(Author {
        manager: Some(manager.to_owned()),
        at: Some(at.to_owned()),
        user: Some(user.to_owned()),
    })
}

fn gone(writes: &[AuditedWrite], finding: &Finding, observed: &Observed) -> Option<Author> {
    let somebody_took_it = matches!(
        finding.class,
        Class::Missing | Class::MissingNamespace | Class::Changed | Class::GuardMissing
    );
    // An object is missing as a whole, or fields of one that is there.
    let deleted = finding.fields.is_empty();
    let write = writes
        .iter()
        .rev()
        .filter(|write| write.is_about(&finding.object) && write.deletes == deleted)
        .find(|write| !is_ours(write, observed))
        .filter(|write| somebody_took_it && is_later(write, observed))?;
    Some(Author {
        manager: write.tool.clone(),
        at: Some(write.completed.clone()),
        user: Some(write.user.clone()),
    })
}

/// Whether we wrote it: in our name and as our user.
fn is_ours(write: &AuditedWrite, observed: &Observed) -> bool {
    let user = observed.identity.known().map(|us| us.user.as_str());
    let tool = Some(cofferdam_objects::keys::FIELD_MANAGER);
    Some(write.user.as_str()) == user && write.tool.as_deref() == tool
}

/// Whether it came after our last apply; with no apply, any write did.
fn is_later(write: &AuditedWrite, observed: &Observed) -> bool {
    let applies = observed.our_record().map(|record| &record.applies);
    let last = applies.and_then(|applies| applies.last());
    last.is_none_or(|last| write.is_since(&last.at))
}
