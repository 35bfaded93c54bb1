//! A pass that finds the cluster written by somebody else since its plan was made.

use crate::examined::Examined;
use cofferdam_cluster::Connection;
use cofferdam_report::wire::apply::{ApplyCluster, ApplyState};
use cofferdam_state::record::Record;

use super::outcome::outcome;

/// The report of such a pass: who wrote, and what to do. `waited_for` held the lease before us.
pub(super) async fn overtaken(
    one: &Examined<'_>,
    connection: &Connection,
    waited_for: Option<&str>,
) -> ApplyCluster {
    // What cannot be read is not told; that somebody wrote is known all the same.
    let live = connection.read_record().await.ok().flatten();
    let reason = told(waited_for, live.map(|live| live.record).as_ref());
    let hint = "look with `cofferdam plan` at what is left to do, then apply again";
    ApplyCluster {
        hint: Some(hint.to_owned()),
        ..outcome(one, ApplyState::Failed, Some(reason))
    }
}

fn told(waited_for: Option<&str>, record: Option<&Record>) -> String {
    let writer = record.map(|record| record.writer.as_str());
    let who = waited_for
        .or(writer)
        .map_or_else(|| "somebody else".to_owned(), |who| format!("`{who}`"));
    let held = if waited_for.is_some() {
        " held the lease and"
    } else {
        ""
    };
    let what = match record.map(|record| (record.applies.last(), record.pending.is_empty())) {
        Some((Some(last), true)) => format!(" (apply {}, at {})", last.sequence, last.at),
        Some((_, false)) => " (its pass is not finished)".to_owned(),
        Some((None, true)) | None => String::new(),
    };
    format!(
        "{who}{held} wrote here first{what}; this plan was made before that, and nothing of it was written"
    )
}

#[cfg(test)]
mod tests {
    use cofferdam_state::record::Apply;

    use super::Record;
    use super::told;

    #[test]
    fn who_wrote_first_is_named_as_far_as_known() {
        let apply = Apply {
            sequence: 4,
            revision: String::new(),
            at: "2026-11-21T10:00:00Z".to_owned(),
            writer: "bob".to_owned(),
            written: 1,
            complete: true,
        };
        let done = Record {
            writer: "bob".to_owned(),
            applies: vec![apply],
            ..Record::default()
        };
        let pending = Record {
            pending: ["x".to_owned()].into(),
            ..done.clone()
        };
        let end = "this plan was made before that, and nothing of it was written";
        for (waited_for, record, want) in [
            (None, None, "somebody else wrote here first"),
            (
                None,
                Some(&done),
                "`bob` wrote here first (apply 4, at 2026-11-21T10:00:00Z)",
            ),
            (
                Some("bob (process 7 since T)"),
                Some(&done),
                "`bob (process 7 since T)` held the lease and wrote here first (apply 4, at 2026-11-21T10:00:00Z)",
            ),
            (
                None,
                Some(&pending),
                "`bob` wrote here first (its pass is not finished)",
            ),
        ] {
            assert_eq!(told(waited_for, record), format!("{want}; {end}"));
        }
    }
}
