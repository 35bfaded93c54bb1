//! Every cluster of the fleet, reached and observed at once; each fails alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use cofferdam_cluster::{ConnectOptions, Connection, Error, audit_log, connect};
use cofferdam_documents::Loaded;
use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::names::ClusterName;
use cofferdam_report::output;
use cofferdam_state::audit::AuditedWrite;
use cofferdam_state::observed::{Observed, Reading};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::examined::{Examined, Outcome, mark_twins};
use crate::unreachable::{Unreachable, why_unread};
use crate::{clock, enforceable};

/// Whether the authors of findings are named: their users take long audit logs to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authors {
    /// By tool, and by user where the cluster names its audit log.
    Named,
    /// Nobody gets to see them.
    Unnamed,
}

/// How clusters are reached.
#[derive(Debug, Clone)]
pub struct Reaching {
    /// The directory that relative paths are resolved against.
    pub directory: PathBuf,
    /// A kubeconfig to use in place of the documents'.
    pub kubeconfig: Option<PathBuf>,
    /// A cluster is given up when nothing came from it for this long.
    pub timeout: Duration,
    /// Requests under way at once, over all clusters.
    pub max_in_flight: u32,
}

impl Reaching {
    /// How a connection is made.
    pub fn options(&self) -> ConnectOptions {
        connect_options(&self.directory, self.kubeconfig.clone())
    }
}

/// How a connection is made to a cluster of which the documents are in a directory, with a kubeconfig in place of theirs.
pub fn connect_options(directory: &Path, kubeconfig: Option<PathBuf>) -> ConnectOptions {
    ConnectOptions {
        home: std::env::home_dir(),
        path_env: std::env::var("PATH").ok(),
        kubeconfig,
        ..ConnectOptions::new(directory.to_owned())
    }
}

/// Observes clusters, in the order in which they are given, and has each say what it would refuse.
pub async fn examine<'a>(
    loaded: &Loaded,
    model: &'a Model,
    clusters: &[&'a Cluster],
    reaching: &Reaching,
    authors: Authors,
) -> Result<Vec<Examined<'a>>> {
    let mut examined = observe(loaded, model, clusters, reaching, authors).await?;
    enforceable::ask(&mut examined, reaching.max_in_flight).await;
    mark_twins(&mut examined);
    Ok(examined)
}

/// Observes clusters, in the order in which they are given; only what they hold is asked for.
pub async fn observe<'a>(
    loaded: &Loaded,
    model: &'a Model,
    clusters: &[&'a Cluster],
    reaching: &Reaching,
    authors: Authors,
) -> Result<Vec<Examined<'a>>> {
    let mut outcomes = reach_all(clusters, reaching, authors).await?;
    let examined = clusters.iter().filter_map(|cluster| {
        let (at, outcome) = outcomes.remove(&cluster.name)?;
        Examined::assemble(loaded, model, cluster, at, outcome)
    });
    Ok(examined.collect())
}

/// Observes a cluster that has no document of its own: of it, the model asks for nothing.
pub async fn examine_abandoned<'a>(
    model: &Model,
    cluster: &'a Cluster,
    reaching: &Reaching,
) -> Result<Examined<'a>> {
    let mut outcomes = reach_all(&[cluster], reaching, Authors::Unnamed).await?;
    let (at, outcome) = outcomes.remove(&cluster.name).unwrap_or_else(|| {
        let reason = "it was not looked at".to_owned();
        (clock::now(), Err(Unreachable::silent(reason)))
    });
    Ok(Examined::without_document(model, cluster, at, outcome)?)
}

/// When each cluster was looked at, and what came of it.
type Outcomes = BTreeMap<ClusterName, (String, Outcome)>;

/// Reaches clusters at once, as many as the process may.
async fn reach_all(
    clusters: &[&Cluster],
    reaching: &Reaching,
    authors: Authors,
) -> Result<Outcomes> {
    let at_once = usize::try_from(reaching.max_in_flight).unwrap_or(1);
    let cap = Arc::new(Semaphore::new(at_once));
    let mut running = JoinSet::new();
    for cluster in clusters {
        let cluster: Cluster = (*cluster).clone();
        let options = reaching.options();
        let (cap, timeout) = (Arc::clone(&cap), reaching.timeout);
        let permits = cluster.limits.in_flight.max(1);
        let permits = permits.min(reaching.max_in_flight);
        running.spawn(async move {
            // The semaphore is never closed.
            let _permits = cap.acquire_many(permits).await.ok();
            let at = clock::now();
            let reached = reach(&cluster, &options, at.clone(), authors);
            let reached = options.progress.within(timeout, reached).await;
            let outcome = reached.unwrap_or_else(|| {
                let reason = format!("no answer within {} s", timeout.as_secs());
                Err(Unreachable::silent(reason))
            });
            (cluster.name, at, outcome)
        });
    }
    let mut outcomes = Outcomes::new();
    while let Some(joined) = running.join_next().await {
        let (name, at, outcome) = joined?;
        outcomes.insert(name, (at, outcome));
    }
    Ok(outcomes)
}

/// Connects, and says so where a kubeconfig is used otherwise than the document says.
pub async fn connected(cluster: &Cluster, options: &ConnectOptions) -> Result<Connection, Error> {
    let connection = connect(cluster, options).await?;
    if let (Some(used), Some(wanted)) = (connection.context_instead(), &cluster.access.context) {
        let name = &cluster.name;
        // What cannot be said stops nothing.
        output::talk(&format!(
            "{name}: the kubeconfig has no context `{wanted}`; its only one, `{used}`, is used"
        ))
        .ok();
    }
    Ok(connection)
}

async fn reach(
    cluster: &Cluster,
    options: &ConnectOptions,
    at: String,
    authors: Authors,
) -> Result<(Connection, Observed), Unreachable> {
    let connection = connected(cluster, options).await?;
    let observed = look(cluster, options, &connection, at, authors).await?;
    Ok((connection, observed))
}

/// Looks at a cluster over a connection; why nothing was seen, where nothing was.
pub async fn look(
    cluster: &Cluster,
    options: &ConnectOptions,
    connection: &Connection,
    at: String,
    authors: Authors,
) -> Result<Observed, Unreachable> {
    let log = cluster.audit_file.as_ref();
    let log = log.filter(|_| authors == Authors::Named);
    let log = log.map(|file| options.resolve(file));
    let (mut observed, writes) = tokio::join!(connection.observe(at), audited(log));
    observed.writes = writes;
    why_unread(cluster, options, connection, &observed).map_or(Ok(observed), Err)
}

/// What an audit log says, where one is to be read.
async fn audited(log: Option<PathBuf>) -> Reading<Vec<AuditedWrite>> {
    match log {
        Some(file) => audit_log::read(&file).await,
        None => Reading::Known(Vec::new()),
    }
}
