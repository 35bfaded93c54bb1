//! The end of a controller: clusters are told that nobody manages them any more.

use std::time::Duration;

use cofferdam_cluster::{Connection, Error};
use cofferdam_state::record::Record;
use futures_util::future::join_all;

use crate::fleet::Fleet;

/// Who does not answer within this time keeps what its record says; `apply --take-over` gets past that.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes the name of this controller out of the records that have it.
pub(crate) async fn retire(fleet: &Fleet, name: &str) {
    let all = fleet.all().into_iter().filter_map(|(cluster, seen)| {
        let record = seen.observed.our_record()?;
        let connection = seen.connection.clone()?;
        (record.controller.as_deref() == Some(name)).then_some((cluster, connection))
    });
    let retired = all.map(|(cluster, connection)| async move {
        let taken = tokio::time::timeout(PATIENCE, take_out(&connection, name)).await;
        match taken {
            Ok(Ok(())) => tracing::info!(%cluster, "managed no longer"),
            Ok(Err(error)) => {
                let reason = error.reason();
                tracing::warn!(%cluster, reason, "its record still names this controller");
            }
            Err(_) => tracing::warn!(%cluster, "its record still names this controller: no answer"),
        }
    });
    join_all(retired).await;
}

async fn take_out(connection: &Connection, name: &str) -> Result<(), Error> {
    let connection = connection.unfollowed();
    let Some(live) = connection.read_record().await? else {
        return Ok(());
    };
    if live.record.controller.as_deref() != Some(name) {
        return Ok(());
    }
    let record = Record {
        controller: None,
        ..live.record
    };
    let expected = Some((live.uid.as_str(), live.resource_version.as_str()));
    connection.write_record(expected, &record).await.map(drop)
}
