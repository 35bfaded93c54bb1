//! Every cluster of the fleet, reached and observed at once; each fails alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use cofferdam_cluster::{ConnectOptions, Connection, Error, audit_log, connect};
use cofferdam_documents::Loaded;
use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::diagnostic::{Diagnostic, Severity};
use cofferdam_model::names::ClusterName;
use cofferdam_planner::reach::{Ground, weigh};
use cofferdam_planner::view::View;
use cofferdam_report::output;
use cofferdam_state::audit::AuditedWrite;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::finding::Finding;
use cofferdam_state::observed::{Observed, Reading};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::abandoned::Abandoned;
use crate::args::{Format, Selection};
use crate::selected::select;
use crate::unreachable::{Unreachable, why_unread};
use crate::{clock, enforceable, warnings};

/// A cluster as it was found.
#[derive(Debug)]
pub(crate) struct Examined<'a> {
    /// Its document.
    pub(crate) cluster: &'a Cluster,
    /// How to reach it again; none where it could not be reached.
    pub(crate) connection: Option<Arc<Connection>>,
    /// Why it could not be reached.
    pub(crate) unreachable: Option<Unreachable>,
    /// What it was seen to hold.
    pub(crate) observed: Observed,
    /// What it must hold, compiled from what was read live.
    pub(crate) bundle: Bundle,
    /// Errors of the model that only its capabilities show.
    pub(crate) errors: Vec<Diagnostic>,
    /// Another cluster of the fleet that turned out to be the same one.
    pub(crate) twin: Option<ClusterName>,
}

impl Examined<'_> {
    /// Bundle beside observation.
    pub(crate) fn view(&self) -> View<'_> {
        View::new(&self.bundle, &self.observed, self.cluster.delivery)
    }

    /// That another cluster of the fleet turned out to be this one, where it did.
    pub(crate) fn told_twin(&self) -> Option<String> {
        let twin = self.twin.as_ref()?;
        Some(format!(
            "it is the same cluster as `{twin}`: both have one UID"
        ))
    }

    /// The findings, with waivers applied.
    pub(crate) fn findings(&self, model: &Model) -> Vec<Finding> {
        let stored = model.capabilities.get(&self.cluster.name);
        let view = self.view();
        let mut findings = cofferdam_planner::find(&view, self.cluster, stored);
        let twin = self.told_twin();
        findings.extend(twin.map(|told| cofferdam_planner::findings::wrong_cluster(&view, told)));
        if let Some(why) = &self.unreachable {
            for finding in &mut findings {
                finding.hint = finding.hint.take().or_else(|| why.hint.clone());
            }
        }
        let ground = Ground {
            view: &view,
            model,
            cluster: self.cluster,
        };
        weigh(&mut findings, ground);
        cofferdam_planner::authors::name(&mut findings, &self.observed);
        cofferdam_planner::waivers::apply(&mut findings, model, &clock::today());
        findings
    }
}

/// Whether the authors of findings are named: their users take long audit logs to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authors {
    /// By tool, and by user where the cluster names its audit log.
    Named,
    /// Nobody gets to see them.
    Unnamed,
}

impl Authors {
    /// In a plan, findings are for programs only.
    pub(crate) fn of_plan(format: Format) -> Self {
        if format == Format::Json {
            Self::Named
        } else {
            Self::Unnamed
        }
    }
}

/// Observes the selected clusters, in the order of their trust domains' rollout and of their names.
pub(crate) async fn examine<'a>(
    loaded: &Loaded,
    model: &'a Model,
    directory: &Path,
    selection: &Selection,
    authors: Authors,
) -> Result<Vec<Examined<'a>>> {
    let selected = select(model, selection)?;
    let options = || connect_options(directory, selection);
    let outcomes = reach_all(&selected, selection, authors, options).await?;
    let mut examined = assemble_all(loaded, model, selected, outcomes);
    enforceable::ask(&mut examined, selection.max_in_flight).await;
    mark_twins(&mut examined);
    warnings::say(&examined)?;
    Ok(examined)
}

/// Observes clusters that are needed to judge others, whether or not they are selected. Each is reached as
/// its own document says, and only what it holds is asked for.
pub(crate) async fn observe<'a>(
    loaded: &Loaded,
    model: &'a Model,
    directory: &Path,
    selection: &Selection,
    names: &BTreeSet<ClusterName>,
) -> Result<Vec<Examined<'a>>> {
    let clusters = names.iter().filter_map(|name| model.clusters.get(name));
    let clusters: Vec<&Cluster> = clusters.collect();
    let options = || ConnectOptions {
        kubeconfig: None,
        ..connect_options(directory, selection)
    };
    let outcomes = reach_all(&clusters, selection, Authors::Unnamed, options).await?;
    Ok(assemble_all(loaded, model, clusters, outcomes))
}

/// Observes a cluster that has no document: of it, the model asks for nothing.
pub(crate) async fn examine_abandoned<'a>(
    model: &Model,
    gone: &'a Abandoned,
    directory: &Path,
    selection: &Selection,
) -> Result<Examined<'a>> {
    let cluster = gone.cluster();
    let options = || connect_options(directory, selection);
    let mut outcomes = reach_all(&[cluster], selection, Authors::Unnamed, options).await?;
    let (at, outcome) = outcomes.remove(&cluster.name).unwrap_or_else(|| {
        let reason = "it was not looked at".to_owned();
        (clock::now(), Err(Unreachable::silent(reason)))
    });
    let (connection, observed, unreachable) = observed_of(cluster, at, outcome);
    Ok(Examined {
        bundle: Bundle::nothing(cluster.name.clone(), model.instance.clone())?,
        cluster,
        connection,
        unreachable,
        observed,
        errors: Vec::new(),
        twin: model
            .clusters
            .values()
            .find(|other| other.uid == cluster.uid)
            .map(|other| other.name.clone()),
    })
}

/// When each cluster was looked at, and what came of it.
type Outcomes = BTreeMap<ClusterName, (String, Result<(Connection, Observed), Unreachable>)>;

/// Reaches clusters at once, as many as the process may.
async fn reach_all(
    clusters: &[&Cluster],
    selection: &Selection,
    authors: Authors,
    options: impl Fn() -> ConnectOptions,
) -> Result<Outcomes> {
    let at_once = usize::try_from(selection.max_in_flight).unwrap_or(1);
    let cap = Arc::new(Semaphore::new(at_once));
    let mut running = JoinSet::new();
    for cluster in clusters {
        let cluster: Cluster = (*cluster).clone();
        let options = options();
        let (cap, timeout) = (Arc::clone(&cap), selection.timeout);
        let permits = cluster.limits.in_flight.max(1);
        let permits = permits.min(selection.max_in_flight);
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

fn assemble_all<'a>(
    loaded: &Loaded,
    model: &'a Model,
    clusters: Vec<&'a Cluster>,
    mut outcomes: Outcomes,
) -> Vec<Examined<'a>> {
    let examined = clusters.into_iter().filter_map(|cluster| {
        let (at, outcome) = outcomes.remove(&cluster.name)?;
        assemble(loaded, model, cluster, at, outcome)
    });
    examined.collect()
}

/// How a selection connects.
pub(crate) fn connect_options(directory: &Path, selection: &Selection) -> ConnectOptions {
    ConnectOptions {
        home: std::env::home_dir(),
        path_env: std::env::var("PATH").ok(),
        kubeconfig: selection.kubeconfig.clone(),
        ..ConnectOptions::new(directory.to_path_buf())
    }
}

/// Connects, and says so where a kubeconfig is used otherwise than the document says.
pub(crate) async fn connected(
    cluster: &Cluster,
    options: &ConnectOptions,
) -> Result<Connection, Error> {
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
    let log = cluster.audit_file.as_ref();
    let log = log.filter(|_| authors == Authors::Named);
    let log = log.map(|file| options.resolve(file));
    let (mut observed, writes) = tokio::join!(connection.observe(at), audited(log));
    observed.writes = writes;
    match why_unread(cluster, options, &connection, &observed) {
        Some(why) => Err(why),
        None => Ok((connection, observed)),
    }
}

/// What an audit log says, where one is to be read.
async fn audited(log: Option<PathBuf>) -> Reading<Vec<AuditedWrite>> {
    match log {
        Some(file) => audit_log::read(&file).await,
        None => Reading::Known(Vec::new()),
    }
}

fn assemble<'a>(
    loaded: &Loaded,
    model: &'a Model,
    cluster: &'a Cluster,
    at: String,
    outcome: Result<(Connection, Observed), Unreachable>,
) -> Option<Examined<'a>> {
    let (connection, observed, unreachable) = observed_of(cluster, at, outcome);
    let known = observed
        .capabilities
        .known()
        .or_else(|| model.capabilities.get(&cluster.name));
    let compiled = cofferdam_compiler::compile(model, cluster, known)?;
    let errors = compiled
        .remarks
        .iter()
        .map(|remark| loaded.locate(remark))
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .collect();
    let bundle = compiled.bundle;
    Some(Examined {
        cluster,
        connection,
        unreachable,
        observed,
        bundle,
        errors,
        twin: None,
    })
}

/// What a cluster was seen to hold, with the way to it, or why there is none.
fn observed_of(
    cluster: &Cluster,
    at: String,
    outcome: Result<(Connection, Observed), Unreachable>,
) -> (Option<Arc<Connection>>, Observed, Option<Unreachable>) {
    match outcome {
        Ok((connection, observed)) => (Some(Arc::new(connection)), observed, None),
        Err(why) => (
            None,
            Observed::unreachable(cluster.name.clone(), at, &why.reason),
            Some(why),
        ),
    }
}

fn mark_twins(examined: &mut [Examined<'_>]) {
    let mut by_uid: BTreeMap<String, Vec<ClusterName>> = BTreeMap::new();
    for one in examined.iter() {
        if let Some(uid) = one.observed.uid.known() {
            by_uid
                .entry(uid.clone())
                .or_default()
                .push(one.cluster.name.clone());
        }
    }
    for one in examined.iter_mut() {
        let Some(uid) = one.observed.uid.known() else {
            continue;
        };
        let mut names = by_uid.get(uid).into_iter().flatten();
        one.twin = names.find(|name| **name != one.cluster.name).cloned();
    }
}
