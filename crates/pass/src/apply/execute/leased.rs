//! The lease that a pass writes under.

use std::sync::Arc;

use crate::clock;
use crate::examined::Examined;
use cofferdam_cluster::{Connection, Held, Wait};
use cofferdam_report::wire::apply::ApplyCluster;

use super::writer;
use crate::apply::outcome::{failed, interrupt, interrupted};

/// Takes the lease of a cluster, waiting while somebody else holds it; or the report of a pass that could not
/// begin.
pub(super) async fn leased(
    one: &Examined<'_>,
    connection: &Arc<Connection>,
    say: &(impl Fn(&str) + Send + Sync),
) -> Result<Held, ApplyCluster> {
    let waiting = |wait: Wait<'_>| {
        say(&match wait {
            Wait::Begins(other, lasts) => format!(
                "waiting for `{other}`, who holds the lease of this cluster: {} s, or as long as it is renewed",
                lasts.as_secs()
            ),
            Wait::Ends(other) => format!("waited for `{other}`, and goes on"),
        });
    };
    let holder = holder(one);
    tokio::select! {
        taken = connection.acquire_lease(&holder, waiting) => {
            taken.map_err(|error| failed(one, connection, &error))
        }
        () = interrupt() => Err(interrupted(one, connection)),
    }
}

fn holder(one: &Examined<'_>) -> String {
    format!(
        "{} (process {} since {})",
        writer(one),
        std::process::id(),
        clock::now()
    )
}
