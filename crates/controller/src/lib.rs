//! The daemon that keeps watching: documents, clusters, and what is found between both.
//!
//! One task reads the documents, one each follows a cluster and puts back what drifts there, one compares clusters, and
//! one tells people. All they share is the fleet, what was last found of every cluster, and the chronicle, what was seen
//! and done. Whoever asks over HTTP is answered from there.

mod alerts;
mod api;
mod chronicle;
mod credentials;
mod documents;
mod episodes;
mod examine;
mod fleet;
mod follow;
mod http;
mod journal;
mod leader;
mod metrics;
mod monitoring;
mod remedy;
mod reports;
mod retire;
mod rollout;
mod rollouts;
mod server;
mod settings;
mod supervise;
mod target;
mod work;
mod write;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

pub use alerts::{AlertSettings, drill};
pub use api::{Answer, Client, Said};
pub use monitoring::{Monitoring, monitoring};
pub use reports::{history_query, history_report};
pub use rollouts::{Check, RolloutCommand};
pub use settings::{Flags, Kept, RolloutSettings, Settings, Standby};

use crate::api::{Api, Token};
use crate::chronicle::Chronicle;
use crate::documents::Documents;
use crate::fleet::Fleet;
use crate::rollouts::Rollouts;

/// Where history is kept, below the directory of the documents, where nothing else is said.
pub const HISTORY: &str = ".cofferdam/history.db";

/// Where the token of its API lies, below the directory of the documents, where nothing else is said.
pub const TOKEN: &str = ".cofferdam/token";

/// Watches the fleet of a directory until it is told to end (SIGTERM or SIGINT).
pub async fn run(directory: &Path, settings: Settings) -> Result<()> {
    let settings = Arc::new(settings);
    let documents = Documents::read(directory, &settings).await?;
    let mut listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen at {}", settings.listen))?;
    let fleet = Arc::new(Fleet::default());
    let address = listener.local_addr()?;
    tracing::info!(%address, clusters = documents.current().clusters().count(), "started");
    let held = match &settings.standby {
        Some(standby) => {
            // The address stays ours from before the election until after it.
            let (twin, mine) = twins(listener)?;
            listener = mine;
            let revision = documents.current();
            let terms = (&*settings, standby.cluster.as_str());
            tokio::select! {
                held = leader::lead(directory, &revision, terms) => Some(held?),
                ended = server::serve_standby(twin) => return ended,
                ended = asked_to_end(&fleet, &settings.name) => return ended,
            }
        }
        None => None,
    };
    // Those of before the election may be of long ago.
    let documents = match &held {
        Some(_) => Documents::read(directory, &settings).await?,
        None => documents,
    };
    let history = settings.history.clone();
    let history = history.unwrap_or_else(|| directory.join(HISTORY));
    let chronicle = Chronicle::open(&history)?;
    let rollouts = Rollouts::new(documents.subscribe(), (&fleet, &chronicle), &settings);
    let token = settings.token_file.clone();
    let token = token.unwrap_or_else(|| directory.join(TOKEN));
    let api = Api {
        fleet: Arc::clone(&fleet),
        chronicle: chronicle.clone(),
        documents: documents.subscribe(),
        rollouts: rollouts.clone(),
        token: Arc::new(Token::of_file(&token)?),
    };
    let alerts = Arc::new(settings.alerts.clone());
    let ended = tokio::select! {
        ended = leader::until_lost(held.as_ref()) => ended,
        ended = supervise::fleet(directory, (&fleet, &chronicle, &rollouts), &documents, &settings) => ended,
        ended = documents.watch() => ended,
        ended = server::serve(listener, api) => ended,
        ended = chronicle.clone().note(Arc::clone(&fleet), settings.retain.clone()) => ended,
        ended = rollouts.clone().run() => ended,
        ended = alerts::deliver(chronicle.clone(), alerts) => ended,
        ended = asked_to_end(&fleet, &settings.name) => ended,
    };
    // Whoever waits takes over at once, and nothing is left behind.
    if let Some(held) = held.filter(|_| ended.is_ok())
        && let Err(error) = held.abolish().await
    {
        tracing::warn!(reason = error.reason(), "the lease runs out by itself");
    }
    ended
}

/// Two listeners of one address.
fn twins(listener: TcpListener) -> Result<(TcpListener, TcpListener)> {
    let listener = listener.into_std()?;
    let twin = listener.try_clone()?;
    Ok((
        TcpListener::from_std(twin)?,
        TcpListener::from_std(listener)?,
    ))
}

async fn asked_to_end(fleet: &Fleet, name: &str) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    // What is written is written to its end; whoever is in a hurry kills.
    fleet.end_writing().await;
    retire::retire(fleet, name).await;
    tracing::info!("ended");
    Ok(())
}
