//! Taking over what exists: the record holds it from now on, and nothing else is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::examined::Examined;
use cofferdam_cluster::{Connection, Error};
use cofferdam_report::wire::apply::{ApplyCluster, ApplyState};
use cofferdam_state::record::Record;

use super::leased::leased;
use super::writer;
use crate::apply::outcome::{failed, interrupt, interrupted, outcome};

/// Adds entries to the record of a cluster, bound to the record that was seen.
pub async fn adopt(
    one: &Examined<'_>,
    entries: BTreeMap<String, String>,
    say: impl Fn(&str) + Send + Sync,
) -> ApplyCluster {
    let Some(connection) = &one.connection else {
        return outcome(one, ApplyState::Unknown, None);
    };
    let lease = match leased(one, connection, &say).await {
        Ok(lease) => lease,
        Err(report) => return report,
    };
    let report = tokio::select! {
        written = write(one, connection, entries) => match written {
            Ok(sequence) => ApplyCluster {
                sequence: Some(sequence),
                ..outcome(one, ApplyState::Converged, None)
            },
            Err(error) => failed(one, connection, &error),
        },
        () = interrupt() => interrupted(one, connection),
    };
    if let Err(error) = lease.release().await {
        say(&format!("the lease runs out by itself: {}", error.reason()));
    }
    report
}

async fn write(
    one: &Examined<'_>,
    connection: &Arc<Connection>,
    entries: BTreeMap<String, String>,
) -> Result<u64, Error> {
    let live = one.observed.record.known().and_then(Option::as_ref);
    let mut record = live.map_or_else(
        || Record {
            instance: one.bundle.instance.to_string(),
            cluster: one.cluster.name.to_string(),
            cluster_uid: one.cluster.uid.clone().unwrap_or_default(),
            ..Record::default()
        },
        |live| live.record.clone(),
    );
    record.sequence += 1;
    record.writer = writer(one);
    record.entries.extend(entries);
    let expected = live.map(|live| (live.uid.as_str(), live.resource_version.as_str()));
    connection.write_record(expected, &record).await?;
    Ok(record.sequence)
}
