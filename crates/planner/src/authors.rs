//! Users behind findings, from the API server's audit log.

use cofferdam_state::audit::AuditedWrite;
use cofferdam_state::finding::{Author, Finding};
use cofferdam_state::observed::Observed;

/// Names the user of every finding that the audit log explains.
///
/// A claim of `managedFields` is confirmed by the write of that object in that second. Where nothing is
/// claimed, because what was written is gone, the last write of the object since our last apply that
/// was not ours counts.
pub fn name(findings: &mut [Finding], observed: &Observed) {
    let Some(writes) = observed.writes.known() else {
        return;
    };
    for finding in findings {
        let about = || {
            writes
                .iter()
                .rev()
                .filter(|write| write.is_about(&finding.object))
        };
        let author = match &finding.by {
            Some(Author {
                manager,
                at: Some(at),
                ..
            }) => about().find(|write| write.spans(at)).map(|write| Author {
                manager: manager.clone(),
                at: Some(at.clone()),
                user: Some(write.user.clone()),
            }),
            Some(_) => None,
            None => about()
                .find(|write| !is_ours(write, observed))
                .filter(|write| is_later(write, observed))
                .map(|write| Author {
                    manager: write.tool.clone(),
                    at: Some(write.completed.clone()),
                    user: Some(write.user.clone()),
                }),
        };
        if author.is_some() {
            finding.by = author;
        }
    }
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
