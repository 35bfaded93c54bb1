//! The daemon that keeps watching: documents, clusters, and what is found between both.
//!
//! One task reads the documents, one each follows a cluster, and one compares them. All they share is the fleet:
//! what was last found of every cluster. Whoever asks over HTTP is answered from there.

mod credentials;
mod documents;
mod episodes;
mod fleet;
mod follow;
mod journal;
mod metrics;
mod server;
mod settings;
mod supervise;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

pub use settings::{Flags, Settings};

use crate::documents::Documents;
use crate::fleet::Fleet;

/// Watches the fleet of a directory until it is told to end (SIGTERM or SIGINT).
pub async fn run(directory: &Path, settings: Settings) -> Result<()> {
    let settings = Arc::new(settings);
    let documents = Documents::read(directory, &settings).await?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen at {}", settings.listen))?;
    let fleet = Arc::new(Fleet::default());
    let address = listener.local_addr()?;
    tracing::info!(%address, clusters = documents.current().clusters().count(), "started");
    tokio::select! {
        ended = supervise::fleet(directory, &fleet, &documents, &settings) => ended,
        ended = documents.watch() => ended,
        ended = server::serve(listener, Arc::clone(&fleet)) => ended,
        ended = asked_to_end() => ended,
    }
}

async fn asked_to_end() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    tracing::info!("ended");
    Ok(())
}
