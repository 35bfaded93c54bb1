//! One task per cluster that has a document, and one that compares them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use cofferdam_pass::between::Between;
use cofferdam_pass::clock;
use cofferdam_pass::reach::connect_options;
use cofferdam_planner::view::View;
use cofferdam_state::finding::CrossClusterFinding;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::documents::{Documents, Revision};
use crate::fleet::Fleet;
use crate::follow::Follower;
use crate::journal;
use crate::settings::Settings;

/// A cluster that showed a fault of this program is followed anew after this long.
const AFTER_FAULT: Duration = Duration::from_secs(10);

/// Clusters are compared at most this often.
const COMPARE_EVERY: Duration = Duration::from_millis(250);

/// Follows every cluster, and compares them, for as long as the process lives.
pub(crate) async fn fleet(
    directory: &Path,
    fleet: &Arc<Fleet>,
    documents: &Documents,
    settings: &Arc<Settings>,
) -> Result<()> {
    let mut revisions = documents.subscribe();
    let mut tasks = JoinSet::new();
    let mut by_cluster = BTreeMap::new();
    tasks.spawn(compare(Arc::clone(fleet), documents.subscribe()));
    loop {
        let revision = Arc::clone(&revisions.borrow_and_update());
        let names = revision.clusters().map(|cluster| cluster.name.clone());
        fleet.expect(names.collect());
        for cluster in revision.clusters() {
            let task = by_cluster.get(&cluster.name);
            if task.is_some_and(|task: &tokio::task::AbortHandle| !task.is_finished()) {
                continue;
            }
            let task = tasks.spawn(follow(Follower {
                name: cluster.name.clone(),
                documents: documents.subscribe(),
                options: connect_options(directory, settings.kubeconfig.clone()),
                settings: Arc::clone(settings),
                fleet: Arc::clone(fleet),
            }));
            by_cluster.insert(cluster.name.clone(), task);
        }
        tokio::select! {
            changed = revisions.changed() => changed?,
            // A task ends when its cluster has no document, and must not end otherwise.
            Some(ended) = tasks.join_next() => ended?,
        }
    }
}

/// Follows a cluster; a fault of the program that one cluster shows leaves the others alone.
async fn follow(follower: Follower) {
    while let Err(fault) = tokio::spawn(follower.clone().follow()).await {
        let cluster = &follower.name;
        tracing::error!(%cluster, %fault, "a fault of this program; the cluster is unknown, and followed anew");
        if let Err(fault) = tokio::spawn(follower.clone().give_up()).await {
            tracing::error!(%cluster, %fault, "and nothing can be told of it");
            follower.fleet.forget(cluster);
        }
        tokio::time::sleep(AFTER_FAULT).await;
    }
}

/// Compares the clusters of each trust domain, whenever one of them was looked at.
async fn compare(fleet: Arc<Fleet>, documents: watch::Receiver<Arc<Revision>>) {
    let mut changes = fleet.changes();
    while changes.changed().await.is_ok() {
        tokio::time::sleep(COMPARE_EVERY).await;
        changes.mark_unchanged();
        let revision = Arc::clone(&documents.borrow());
        let model = revision.model();
        let all = fleet.all();
        let views = all.iter().filter_map(|(name, seen)| {
            let delivery = model.clusters.get(name)?.delivery;
            Some(View::new(&seen.bundle, &seen.observed, delivery))
        });
        let views: Vec<View<'_>> = views.collect();
        // One alone is compared with nobody.
        let several = if views.len() > 1 {
            views.as_slice()
        } else {
            &[]
        };
        let today = clock::today();
        let found = tokio::task::block_in_place(|| Between::of_views(several, model, &today));
        let open = still_open(found, &fleet.between());
        let before = fleet.put_between(open.clone());
        journal::tell_between(&before, &open);
    }
}

/// What was found between clusters, and what was before and is not known to have ended: where clusters of a trust domain
/// could not be compared.
fn still_open(found: Between, before: &[CrossClusterFinding]) -> Vec<CrossClusterFinding> {
    let Between {
        mut findings,
        not_compared,
    } = found;
    let is_found: BTreeSet<String> = findings.iter().map(CrossClusterFinding::id).collect();
    let kept = before.iter().filter(|one| {
        let mut unknown = not_compared.iter();
        !is_found.contains(&one.id())
            && unknown.any(|unknown| unknown.trust_domain == one.trust_domain)
    });
    findings.extend(kept.cloned());
    findings
}
