//! Reports of passes that ended before their time, and what ends them from outside.

use crate::examined::Examined;
use cofferdam_cluster::{Connection, Error};
use cofferdam_report::wire::apply::{ApplyCluster, ApplyState};

/// A report of a pass that an error ended before anything else is known of it.
pub(super) fn failed(one: &Examined<'_>, connection: &Connection, error: &Error) -> ApplyCluster {
    let report = outcome(one, ApplyState::Failed, Some(error.reason()));
    let hint = error.hint().map(ToOwned::to_owned);
    ApplyCluster {
        hint,
        requests: connection.requests(),
        ..report
    }
}

/// Why a pass ended that somebody interrupted.
pub const INTERRUPTED: &str = "interrupted; run it again to go on from here";

/// Ctrl-C. What is under way then may or may not be carried out, as with a kill, but the lease is given
/// back.
pub async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A report of a pass that somebody interrupted.
pub(super) fn interrupted(one: &Examined<'_>, connection: &Connection) -> ApplyCluster {
    ApplyCluster {
        requests: connection.requests(),
        ..outcome(one, ApplyState::Failed, Some(INTERRUPTED.to_owned()))
    }
}

/// A report with nothing written.
pub fn outcome(one: &Examined<'_>, state: ApplyState, reason: Option<String>) -> ApplyCluster {
    ApplyCluster {
        name: one.cluster.name.to_string(),
        state,
        reason,
        hint: None,
        written: 0,
        requests: 0,
        failed: Vec::new(),
        sequence: None,
    }
}
