//! What happens, one event per fact.

use cofferdam_state::finding::{CrossClusterFinding, Finding, Severity};

use crate::episodes::Turn;

/// Tells what became of a finding.
pub(crate) fn tell(turn: &Turn) {
    let (Turn::Began(finding) | Turn::Changed(finding) | Turn::Ended(finding)) = turn;
    let Finding {
        class,
        cluster,
        zone,
        object,
        by,
        effect,
        severity,
        message,
        waiver,
        ..
    } = finding;
    let by = by.as_ref();
    let fields = (
        by.and_then(|by| by.manager.as_deref()),
        by.and_then(|by| by.user.as_deref()),
        zone.as_ref().map(ToString::to_string),
    );
    let (manager, user, zone) = fields;
    macro_rules! event {
        ($level:ident, $what:literal) => {
            tracing::$level!(
                finding = finding.id(),
                class = class.as_str(),
                %cluster,
                zone,
                %object,
                effect = effect.as_str(),
                severity = severity.map(Severity::as_str),
                manager,
                user,
                waiver,
                told = message,
                $what
            )
        };
    }
    match turn {
        Turn::Began(_) if finding.counts() => event!(warn, "finding began"),
        Turn::Changed(_) if finding.counts() => event!(warn, "finding changed"),
        Turn::Began(_) => event!(info, "finding began"),
        Turn::Changed(_) => event!(info, "finding changed"),
        Turn::Ended(_) => event!(info, "finding ended"),
    }
}

/// Tells what began and ended between clusters.
pub(crate) fn tell_between(before: &[CrossClusterFinding], now: &[CrossClusterFinding]) {
    let is_in = |all: &[CrossClusterFinding], id: &str| all.iter().any(|one| one.id() == id);
    let new = now.iter().map(|one| (one, one.id()));
    for (one, id) in new.filter(|(_, id)| !is_in(before, id)) {
        let CrossClusterFinding {
            trust_domain,
            subject,
            message,
            waiver,
            ..
        } = one;
        tracing::warn!(finding = id, %trust_domain, subject, told = message, waiver, "finding between clusters began");
    }
    let old = before.iter().map(|one| (one, one.id()));
    for (one, id) in old.filter(|(_, id)| !is_in(now, id)) {
        let CrossClusterFinding {
            trust_domain,
            subject,
            ..
        } = one;
        tracing::info!(finding = id, %trust_domain, subject, "finding between clusters ended");
    }
}
