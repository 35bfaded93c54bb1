//! One cluster, followed: looked at whenever something changes there or in the documents.

use std::sync::Arc;
use std::time::Duration;

use cofferdam_cluster::{ConnectOptions, Connection};
use cofferdam_model::cluster::Cluster;
use cofferdam_model::names::ClusterName;
use cofferdam_pass::examined::{Examined, Outcome};
use cofferdam_pass::reach::{Authors, connected, look};
use cofferdam_pass::unreachable::Unreachable;
use cofferdam_pass::{clock, enforceable};
use cofferdam_state::pod_security::EnforceAnswers;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_stream::wrappers::{IntervalStream, WatchStream};
use tokio_stream::{Stream, StreamExt as _};

use crate::credentials::fingerprint;
use crate::documents::Revision;
use crate::episodes::Episodes;
use crate::fleet::{Fleet, Seen};
use crate::journal;
use crate::settings::Settings;

/// The first pause before a cluster is connected to again; each further one in a row is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What a cluster would refuse is asked again after this long.
const ANSWERS_HOLD: Duration = Duration::from_mins(5);

/// Follows one cluster.
#[derive(Clone)]
pub(crate) struct Follower {
    pub(crate) name: ClusterName,
    pub(crate) documents: watch::Receiver<Arc<Revision>>,
    pub(crate) options: ConnectOptions,
    pub(crate) settings: Arc<Settings>,
    pub(crate) fleet: Arc<Fleet>,
}

/// What is remembered from look to look.
#[derive(Default)]
struct Memory {
    episodes: Episodes,
    answers: Option<(Instant, EnforceAnswers)>,
}

/// Why a cluster is looked at again.
enum Why {
    /// Something changed there.
    Cluster,
    /// The documents changed.
    Documents,
    /// Time passed.
    Time,
}

impl Follower {
    /// Follows the cluster for as long as it has a document.
    pub(crate) async fn follow(mut self) {
        let (mut memory, mut failures) = (Memory::default(), 0);
        while let Some(cluster) = self.document() {
            let Err(why) = self.session(&cluster, &mut memory).await else {
                failures = 0;
                continue;
            };
            self.examine(&mut memory, clock::now(), Err(why)).await;
            failures += 1;
            let doubled = FIRST_PAUSE * 2_u32.saturating_pow(failures.min(10) - 1);
            let before = fingerprint(&cluster, &self.options).await;
            let mut waited = Duration::ZERO;
            // A new kubeconfig or a new document may be what was missing.
            while waited < doubled.min(LONGEST_PAUSE) {
                let step = self.settings.documents_every.min(LONGEST_PAUSE);
                tokio::time::sleep(step).await;
                waited += step;
                let is_same = fingerprint(&cluster, &self.options).await == before;
                if !is_same || self.documents.has_changed().unwrap_or(true) {
                    break;
                }
            }
        }
        self.fleet.forget(&self.name);
    }

    /// The document of the cluster; none once there is none.
    fn document(&mut self) -> Option<Cluster> {
        let revision = self.documents.borrow_and_update();
        let mut clusters = revision.clusters();
        clusters.find(|cluster| cluster.name == self.name).cloned()
    }

    /// Follows the cluster over one connection, until it is to be reached in another way.
    async fn session(&mut self, cluster: &Cluster, memory: &mut Memory) -> Result<(), Unreachable> {
        let credential = fingerprint(cluster, &self.options).await;
        let connection = connected(cluster, &self.options).await?.following().await?;
        let mut wakes = self.wakes(&connection);
        let mut observed_at = Instant::now();
        loop {
            let began = Instant::now();
            let at = clock::now();
            let authors = Authors::Named;
            let observed = look(cluster, &self.options, &connection, at.clone(), authors).await;
            let outcome = observed.map(|observed| (connection.clone(), observed));
            self.examine(memory, at, outcome).await;
            // Whoever changes a cluster without end is not looked at without end.
            tokio::time::sleep(began.elapsed()).await;
            loop {
                match wakes.next().await {
                    Some(Why::Cluster) => break,
                    Some(Why::Documents) => match self.document() {
                        Some(now) if now == *cluster => break,
                        Some(_) | None => return Ok(()),
                    },
                    Some(Why::Time) => {
                        if fingerprint(cluster, &self.options).await != credential {
                            tracing::info!(cluster = %self.name, "the kubeconfig was replaced");
                            return Ok(());
                        }
                        if observed_at.elapsed() >= self.settings.observe_every {
                            observed_at = Instant::now();
                            connection.refresh();
                        }
                    }
                    None => return Ok(()),
                }
            }
        }
    }

    /// Everything that may be a reason to look again.
    fn wakes(&self, connection: &Connection) -> impl Stream<Item = Why> + use<> {
        let cluster = connection.changes().map(|()| Why::Cluster);
        let documents = WatchStream::from_changes(self.documents.clone());
        let time = IntervalStream::new(tokio::time::interval(self.settings.documents_every));
        cluster
            .merge(documents.map(|_| Why::Documents))
            .merge(time.map(|_| Why::Time))
    }

    /// Tells what came of a look at the cluster.
    async fn examine(&self, memory: &mut Memory, at: String, outcome: Outcome) {
        let revision = Arc::clone(&self.documents.borrow());
        let (model, loaded) = (revision.model(), revision.loaded());
        let Some(cluster) = model.clusters.get(&self.name) else {
            return;
        };
        let requests = outcome
            .as_ref()
            .map_or(0, |(connection, _)| connection.requests());
        let assembled = || Examined::assemble(loaded, model, cluster, at, outcome);
        let Some(mut one) = tokio::task::block_in_place(assembled) else {
            return;
        };
        let uid = one.observed.uid.known();
        one.twin = uid.and_then(|uid| self.fleet.twin(&self.name, uid));
        self.ask(memory, &mut one).await;
        let findings = tokio::task::block_in_place(|| one.findings(model, &clock::today()));
        for turn in memory.episodes.take(&findings) {
            journal::tell(&turn);
        }
        self.fleet.put(
            &self.name,
            Seen {
                observed: one.observed,
                bundle: one.bundle,
                findings,
                requests,
            },
        );
    }

    /// Has the cluster say what it would refuse, where that is not known from before.
    async fn ask(&self, memory: &mut Memory, one: &mut Examined<'_>) {
        let questions = cofferdam_planner::enforce_questions(&one.view());
        if let Some((at, known)) = &memory.answers
            && at.elapsed() < ANSWERS_HOLD
            && questions
                .iter()
                .all(|question| known.contains_key(question))
        {
            one.observed.enforce_answers.clone_from(known);
            return;
        }
        enforceable::ask(std::slice::from_mut(one), self.settings.max_in_flight).await;
        memory.answers = Some((Instant::now(), one.observed.enforce_answers.clone()));
    }
}
