//! One task per cluster that has a document, and one that compares them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use cofferdam_history::Entry;
use cofferdam_model::class::Class;
use cofferdam_model::healing::{Response, response};
use cofferdam_model::names::TrustDomainName;
use cofferdam_pass::between::Between;
use cofferdam_pass::clock;
use cofferdam_pass::reach::connect_options;
use cofferdam_planner::view::View;
use cofferdam_report::wire::history::Episode;
use cofferdam_state::finding::CrossClusterFinding;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::alerts::{Reason, due};
use crate::chronicle::Chronicle;
use crate::documents::{Documents, Revision};
use crate::episodes::{Episodes, Look, Turn, told_between};
use crate::fleet::Fleet;
use crate::follow::Follower;
use crate::journal;
use crate::rollouts::Rollouts;
use crate::settings::Settings;

/// A cluster that showed a fault of this program is followed anew after this long.
const AFTER_FAULT: Duration = Duration::from_secs(10);

/// Clusters are compared at most this often.
const COMPARE_EVERY: Duration = Duration::from_millis(250);

/// Follows every cluster, and compares them, for as long as the process lives.
pub(crate) async fn fleet(
    directory: &Path,
    (fleet, chronicle, rollouts): (&Arc<Fleet>, &Chronicle, &Rollouts),
    documents: &Documents,
    settings: &Arc<Settings>,
) -> Result<()> {
    let mut revisions = documents.subscribe();
    let mut tasks = JoinSet::new();
    let mut by_cluster = BTreeMap::new();
    end_those_that_left(&documents.current(), chronicle);
    let comparison = Comparison {
        fleet: Arc::clone(fleet),
        documents: documents.subscribe(),
        chronicle: chronicle.clone(),
        settings: Arc::clone(settings),
    };
    tasks.spawn(comparison.run());
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
                target: rollouts.targets().subscribe(&cluster.name, &revision),
                options: connect_options(directory, settings.kubeconfig.clone()),
                settings: Arc::clone(settings),
                fleet: Arc::clone(fleet),
                chronicle: chronicle.clone(),
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

/// Ends episodes of clusters that have no document any more.
fn end_those_that_left(revision: &Revision, chronicle: &Chronicle) {
    let clusters: BTreeSet<&str> = revision.clusters().map(|one| one.name.as_str()).collect();
    let open = chronicle.open_episodes(None);
    let left = open.into_iter().filter(|one| {
        let cluster = one.cluster.as_deref();
        cluster.is_some_and(|cluster| !clusters.contains(cluster))
    });
    let turns = Episodes::open(left.collect()).leave(&clock::now());
    for turn in &turns {
        journal::tell(turn);
    }
    chronicle.keep(Entry {
        episodes: by_id(turns),
        ..Entry::default()
    });
}

fn by_id(turns: Vec<Turn>) -> BTreeMap<String, Episode> {
    let episodes = turns.into_iter().map(|turn| turn.episode);
    episodes.map(|one| (one.id.clone(), one)).collect()
}

/// Compares the clusters of each trust domain, whenever one of them was looked at.
struct Comparison {
    fleet: Arc<Fleet>,
    documents: watch::Receiver<Arc<Revision>>,
    chronicle: Chronicle,
    settings: Arc<Settings>,
}

impl Comparison {
    async fn run(self) {
        let open = self.chronicle.open_episodes(None).into_iter();
        let mut episodes = Episodes::open(open.filter(|one| one.cluster.is_none()).collect());
        let mut changes = self.fleet.changes();
        while changes.changed().await.is_ok() {
            tokio::time::sleep(COMPARE_EVERY).await;
            changes.mark_unchanged();
            // What nobody looked at yet may be what an episode is about.
            if self
                .fleet
                .not_looked_at()
                .is_some_and(|missing| missing.is_empty())
            {
                tokio::task::block_in_place(|| self.compare(&mut episodes));
            }
        }
    }

    fn compare(&self, episodes: &mut Episodes) {
        let revision = Arc::clone(&self.documents.borrow());
        let model = revision.model();
        let all = self.fleet.all();
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
        let found = Between::of_views(several, model, &clock::today());
        let found = still_open(found, &self.fleet.between().findings);
        let (at, healed) = (clock::now(), BTreeSet::new());
        let look = Look {
            at: &at,
            before: None,
            found: found.findings.iter().map(told_between).collect(),
            healed: &healed,
        };
        let turns = episodes.take(look, |one| {
            let mut unknown = found.not_compared.iter();
            unknown.any(|unknown| unknown.trust_domain.as_str() == one.trust_domain)
        });
        self.fleet.put_between(found);
        let mut alerts = Vec::new();
        for turn in &turns {
            journal::tell(turn);
            let domain = TrustDomainName::parse(&turn.episode.trust_domain).ok();
            let domain = domain.and_then(|name| model.trust_domains.get(&name));
            let reason = turn.what.occasion().map(|occasion| Reason {
                occasion,
                episode: &turn.episode,
                response: domain.map_or(Response::Alert, |domain| {
                    response(None, domain, Class::CrossCluster)
                }),
                at: &at,
            });
            alerts.extend(
                reason
                    .into_iter()
                    .flat_map(|reason| due(reason, &self.settings.alerts)),
            );
        }
        self.chronicle.keep(Entry {
            episodes: by_id(turns),
            alerts,
            ..Entry::default()
        });
    }
}

/// What was found between clusters, and what was before and is not known to have ended: where clusters of a trust domain
/// could not be compared.
fn still_open(found: Between, before: &[CrossClusterFinding]) -> Between {
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
    Between {
        findings,
        not_compared,
    }
}
