//! One cluster, followed: looked at whenever something changes there or in the documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use cofferdam_cluster::{ConnectOptions, Connection};
use cofferdam_model::cluster::Cluster;
use cofferdam_model::healing::Response;
use cofferdam_model::names::ClusterName;
use cofferdam_pass::clock;
use cofferdam_pass::reach::{Authors, connected, look};
use cofferdam_pass::unreachable::Unreachable;
use cofferdam_report::wire::denied::Denied;
use cofferdam_state::pod_security::EnforceAnswers;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::wrappers::{IntervalStream, WatchStream};
use tokio_stream::{Stream, StreamExt as _};

use crate::chronicle::Chronicle;
use crate::credentials::{Fingerprint, fingerprint};
use crate::episodes::Episodes;
use crate::fleet::{Fleet, Turned};
use crate::remedy::{REMEMBERED_SECONDS, Struggles};
use crate::settings::Settings;
use crate::target::Target;

/// The first pause before a cluster is connected to again; each further one in a row is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A look that takes longer than this found nothing.
pub(crate) const LONGEST_LOOK: Duration = Duration::from_mins(1);

/// Another credential is looked for when one has so many seconds left.
const RENEWED_BEFORE_SECONDS: i64 = 60;

/// What a cluster would refuse is asked again after this long.
pub(crate) const ANSWERS_HOLD: Duration = Duration::from_mins(5);

/// Follows one cluster.
#[derive(Clone)]
pub(crate) struct Follower {
    pub(crate) name: ClusterName,
    pub(crate) target: watch::Receiver<Target>,
    pub(crate) options: ConnectOptions,
    pub(crate) settings: Arc<Settings>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) chronicle: Chronicle,
}

/// What is remembered from look to look.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) episodes: Episodes,
    /// When everything was last seen.
    pub(crate) whole_at: Option<String>,
    /// What was done about findings that are open, by their ids.
    pub(crate) responses: BTreeMap<String, Response>,
    /// Episodes that somebody accepts for now.
    pub(crate) accepted: BTreeSet<String>,
    /// Objects that were written, and when.
    pub(crate) healed: BTreeMap<String, Instant>,
    pub(crate) struggles: Struggles,
    /// Episodes of which it was told that they are left to people.
    pub(crate) given_up: BTreeSet<String>,
    /// What became of the turn in a rollout, and the findings that were there before it.
    pub(crate) turned: Option<Turned>,
    pub(crate) before_turn: BTreeSet<String>,
    /// Since when something is open or closed that should not be.
    pub(crate) disturbed_since: Option<Instant>,
    /// When the cluster is to be looked at again, whatever happens.
    pub(crate) looks_at: Option<Instant>,
    /// Passes in a row that did not put everything back.
    pub(crate) failures: u32,
    /// Why the last one wrote nothing.
    pub(crate) refusal: Option<String>,
    /// Whether the cluster is to be looked at again at once.
    pub(crate) looks_again: bool,
    /// When a pause ends that somebody asked for.
    pub(crate) pause_ends: Option<Instant>,
    /// Nothing is written before this.
    pub(crate) not_before: Option<Instant>,
    /// What the cluster said that it would refuse, and when.
    pub(crate) answers: Option<(Instant, EnforceAnswers)>,
    /// Requests over connections that are no more, and over the one that is.
    pub(crate) requests: (u64, u64),
    /// The expiry of a credential for which another was looked for already.
    renewed: Option<String>,
}

/// A cluster over one connection.
struct Session<'a> {
    cluster: &'a Cluster,
    /// What the kubeconfig looked like from which it was made.
    credential: &'a Fingerprint,
    connection: Connection,
    /// When everything was last listed.
    listed_at: Instant,
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
        let (mut memory, mut failures) = (self.remembered(), 0);
        while let Some(cluster) = self.document() {
            let credential = fingerprint(&cluster, &self.options).await;
            let Err(why) = self.session(&cluster, &credential, &mut memory).await else {
                failures = 0;
                continue;
            };
            let outcome = Err(why);
            self.examine(&cluster, &mut memory, (clock::now(), outcome))
                .await;
            failures += 1;
            let doubled = FIRST_PAUSE * 2_u32.saturating_pow(failures.min(10) - 1);
            let until = Instant::now() + doubled.min(LONGEST_PAUSE);
            // A new kubeconfig or a new document may be what was missing.
            while Instant::now() < until && !self.target.has_changed().unwrap_or(true) {
                tokio::time::sleep(self.settings.documents_every.min(doubled)).await;
                if fingerprint(&cluster, &self.options).await != credential {
                    break;
                }
            }
        }
        self.leave(&mut memory);
        self.fleet.forget(&self.name);
    }

    /// What is on record of the cluster.
    fn remembered(&self) -> Memory {
        let open = self.chronicle.open_episodes(Some(&self.name));
        let mut struggles = Struggles::default();
        for passed in self.chronicle.passes_since(&self.name, REMEMBERED_SECONDS) {
            if let Some(age) = clock::seconds_until(&passed.at).filter(|_| passed.written > 0) {
                struggles.note(&passed.fields, clock::seconds() + age);
            }
        }
        let accepted = open.iter().filter(|one| self.acceptance(one).is_some());
        Memory {
            accepted: accepted.map(|one| one.id.clone()).collect(),
            episodes: Episodes::open(open),
            whole_at: self.chronicle.whole_at(&self.name),
            struggles,
            ..Memory::default()
        }
    }

    /// Tells that nothing is known of the cluster, as this program has a fault.
    pub(crate) async fn give_up(mut self) {
        if let Some(cluster) = self.document() {
            let reason = "this program has a fault, which is told on standard error".to_owned();
            let outcome = Err(Unreachable::silent(reason));
            let memory = &mut self.remembered();
            self.examine(&cluster, memory, (clock::now(), outcome))
                .await;
        }
    }

    /// The document of the cluster; none once there is none.
    fn document(&mut self) -> Option<Cluster> {
        let target = self.target.borrow_and_update();
        let mut clusters = target.revision.clusters();
        clusters.find(|cluster| cluster.name == self.name).cloned()
    }

    /// Follows the cluster over one connection, until it is to be reached in another way.
    async fn session(
        &mut self,
        cluster: &Cluster,
        credential: &Fingerprint,
        memory: &mut Memory,
    ) -> Result<(), Unreachable> {
        let connection = connected(cluster, &self.options).await?.following().await?;
        let mut wakes = self.wakes(&connection);
        let mut session = Session {
            cluster,
            credential,
            connection,
            listed_at: Instant::now(),
        };
        memory.answers = None;
        let ended = loop {
            let began = Instant::now();
            if let Err(why) = self.look(&session, memory).await {
                break Err(why);
            }
            if std::mem::take(&mut memory.looks_again) {
                continue;
            }
            // Whoever changes a cluster without end is not looked at without end.
            tokio::time::sleep(began.elapsed()).await;
            if !self.is_to_look(&mut wakes, &mut session, memory).await {
                break Ok(());
            }
        };
        memory.requests = (memory.requests.0 + session.connection.requests(), 0);
        ended
    }

    /// Looks at the cluster, and tells what came of it; an error where another credential is needed.
    async fn look(&self, session: &Session<'_>, memory: &mut Memory) -> Result<(), Unreachable> {
        let Session {
            cluster,
            connection,
            ..
        } = session;
        let at = clock::now();
        let looked = look(
            cluster,
            &self.options,
            connection,
            at.clone(),
            Authors::Named,
        );
        let observed = tokio::time::timeout(LONGEST_LOOK, looked).await;
        let observed = observed.unwrap_or_else(|_| {
            let reason = format!("no answer within {} s", LONGEST_LOOK.as_secs());
            Err(Unreachable::silent(reason))
        });
        memory.requests.1 = connection.requests();
        let outcome = match observed {
            Err(why) if why.denied == Some(Denied::Unauthorized) => return Err(why),
            observed => observed.map(|observed| (connection.clone(), observed)),
        };
        self.examine(cluster, memory, (at, outcome)).await;
        Ok(())
    }

    /// Waits for a reason to look again; `false` where the cluster is to be reached in another way.
    async fn is_to_look(
        &mut self,
        wakes: &mut (impl Stream<Item = Why> + Unpin),
        session: &mut Session<'_>,
        memory: &mut Memory,
    ) -> bool {
        while let Some(why) = wakes.next().await {
            match why {
                Why::Cluster => return true,
                Why::Documents => return self.document().as_ref() == Some(session.cluster),
                Why::Time => {}
            }
            let is_due = |at: &mut Instant| *at <= Instant::now();
            let is_over = memory.not_before.take_if(is_due).is_some()
                || memory.pause_ends.take_if(is_due).is_some()
                || memory.looks_at.take_if(is_due).is_some();
            if is_over || self.has_expired(memory) {
                return true;
            }
            // A connection that is silent makes what it told unknown, and that is a change.
            self.fleet.still(&self.name);
            if fingerprint(session.cluster, &self.options).await != *session.credential {
                tracing::info!(cluster = %self.name, "the kubeconfig was replaced");
                return false;
            }
            if expires(&session.connection, memory) {
                tracing::info!(cluster = %self.name, "the credential expires; another is looked for");
                return false;
            }
            if session.listed_at.elapsed() >= self.settings.observe_every {
                session.listed_at = Instant::now();
                session.connection.refresh();
            }
        }
        false
    }

    /// Whether something is not accepted any longer.
    fn has_expired(&self, memory: &Memory) -> bool {
        let mut open = memory.episodes.all();
        open.any(|one| memory.accepted.contains(&one.id) && self.acceptance(one).is_none())
    }

    /// Everything that may be a reason to look again.
    fn wakes(&self, connection: &Connection) -> impl Stream<Item = Why> + use<> {
        let cluster = connection.changes().map(|()| Why::Cluster);
        let twins = WatchStream::from_changes(self.fleet.identities());
        let said = WatchStream::from_changes(self.chronicle.acknowledgements());
        let documents = WatchStream::from_changes(self.target.clone());
        let mut ticks = tokio::time::interval(self.settings.documents_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        cluster
            .merge(twins.map(|_| Why::Cluster))
            .merge(said.map(|_| Why::Cluster))
            .merge(documents.map(|_| Why::Documents))
            .merge(IntervalStream::new(ticks).map(|_| Why::Time))
    }
}

/// Whether the credential of a connection is about to expire, and no other was looked for because of that.
fn expires(connection: &Connection, memory: &mut Memory) -> bool {
    let at = connection.credential_expires_at();
    let left = at.as_deref().and_then(clock::seconds_until);
    let is_soon = left.is_some_and(|seconds| seconds < RENEWED_BEFORE_SECONDS);
    let is_new = memory.renewed != at;
    if is_soon {
        memory.renewed = at;
    }
    is_soon && is_new
}
