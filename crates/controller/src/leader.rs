//! One active controller among several: the holder of a Lease in a cluster of the fleet.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use cofferdam_cluster::{Held, Wait};
use cofferdam_pass::clock;
use cofferdam_pass::reach::{connect_options, connected};

use crate::documents::Revision;
use crate::settings::Settings;

/// How often it is looked whether the lease is still held.
const LOOKED_EVERY: Duration = Duration::from_millis(500);
/// The pause after the cluster that elects could not be asked.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Waits until this controller is the active one.
pub(crate) async fn lead(
    directory: &Path,
    revision: &Revision,
    (settings, cluster): (&Settings, &str),
) -> Result<Held> {
    let mut clusters = revision.clusters();
    let document = clusters.find(|one| one.name.as_str() == cluster);
    let document = document.with_context(|| {
        format!(
            "`standby.cluster` names `{cluster}`, and there is no such cluster in a trust domain"
        )
    })?;
    let options = connect_options(directory, settings.kubeconfig.clone());
    let holder = format!(
        "{} (process {} since {})",
        settings.name,
        std::process::id(),
        clock::now()
    );
    let waiting = |wait: Wait<'_>| match wait {
        Wait::Begins(other, _) => tracing::info!(active = other, "standby"),
        Wait::Ends(other) => tracing::info!(before = other, "takes over"),
    };
    loop {
        let elected = async {
            let connection = connected(document, &options).await?;
            connection.acquire_leadership(&holder, waiting).await
        };
        match elected.await {
            Ok(held) => {
                tracing::info!(cluster, "active");
                return Ok(held);
            }
            Err(error) => {
                let reason = error.reason();
                tracing::warn!(cluster, reason, "nobody is elected; tried again");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Ends with an error once another controller may be the active one.
pub(crate) async fn until_lost(held: Option<&Held>) -> Result<()> {
    let Some(held) = held else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(LOOKED_EVERY).await;
        if held.remaining().await.is_err() {
            bail!(anyhow!(
                "another controller may be active now: the lease could not be renewed in time"
            ));
        }
    }
}
