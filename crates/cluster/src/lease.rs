//! One writer at a time: Lease `cofferdam-system/cofferdam`; and one active controller: `cofferdam-system/cofferdam-controller`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cofferdam_objects::keys::{CONTROLLER_LEASE, RECORD_NAME, SYSTEM_NAMESPACE};
use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::{Category, Error};
use crate::record::{Identified, guard};
use crate::request::{APPLY, Call, Connection, JSON};

/// Which lease is meant, and how it is held.
#[derive(Debug, Clone, Copy)]
struct Terms {
    name: &'static str,
    /// How long it holds without renewal.
    duration: Duration,
    renew_every: Duration,
}

/// Of whoever writes to a cluster.
const WRITER: Terms = Terms {
    name: RECORD_NAME,
    duration: Duration::from_secs(15),
    renew_every: Duration::from_secs(5),
};

/// Of the one active among several controllers: another takes over within 15 s of its end.
const LEADER: Terms = Terms {
    name: CONTROLLER_LEASE,
    duration: Duration::from_secs(10),
    renew_every: Duration::from_secs(3),
};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const COLLECTION: &str = "/apis/coordination.k8s.io/v1/namespaces";

#[derive(Deserialize)]
struct Lease {
    #[serde(default)]
    metadata: Identified,
    #[serde(default)]
    spec: Spec,
}

#[derive(Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    holder_identity: Option<String>,
    renew_time: Option<String>,
    lease_duration_seconds: Option<u64>,
    lease_transitions: Option<u64>,
}

/// A lease that we hold. It is renewed until it is released or dropped.
#[derive(Debug)]
pub struct Held {
    shared: Arc<Shared>,
    renewal: JoinHandle<()>,
    waited_for: Option<String>,
}

/// What becomes of waiting for somebody else's lease; told once each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait<'a> {
    /// It begins, for this holder; it ends after so long at the latest, unless the holder is alive and renews.
    Begins(&'a str, Duration),
    /// It is over: this holder gave the lease back, or let it expire.
    Ends(&'a str),
}

#[derive(Debug)]
struct Shared {
    terms: Terms,
    connection: Connection,
    holder: String,
    lost: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
struct State {
    uid: String,
    resource_version: String,
    transitions: u64,
    renewed: Instant,
}

impl Held {
    /// Whether a renewal failed, so that nothing more may be written.
    pub fn is_lost(&self) -> bool {
        self.shared.lost.load(Ordering::Acquire)
    }

    /// Who held the lease before us, where we had to wait.
    pub fn waited_for(&self) -> Option<&str> {
        self.waited_for.as_deref()
    }

    /// How long the lease still holds; an error when it is lost.
    pub async fn remaining(&self) -> Result<Duration, Error> {
        let age = self.shared.state.lock().await.renewed.elapsed();
        let left = self.shared.terms.duration.saturating_sub(age);
        if self.is_lost() || left.is_zero() {
            let error = self.shared.connection.error(
                Category::LeaseLost,
                "cannot write",
                "the lease could not be renewed in time; somebody else may take it",
            );
            return Err(error.with_hint("apply again: the next pass goes on from here"));
        }
        Ok(left)
    }

    /// Gives the lease back.
    pub async fn release(self) -> Result<(), Error> {
        self.renewal.abort();
        if self.is_lost() {
            return Ok(());
        }
        let state = self.shared.state.lock().await.clone();
        let Shared {
            terms, connection, ..
        } = &*self.shared;
        let body = body(*terms, "", &state);
        connection.put(*terms, &body, "release").await.map(drop)
    }
}

impl Held {
    /// Deletes the lease instead of giving it back: nobody is to write here any more. It stays where somebody
    /// else was quicker to take it.
    pub async fn abolish(self) -> Result<(), Error> {
        self.renewal.abort();
        let state = self.shared.state.lock().await.clone();
        let name = self.shared.terms.name;
        let what = format!("delete Lease {SYSTEM_NAMESPACE}/{name}");
        let target = (state.uid.as_str(), state.resource_version.as_str());
        self.shared
            .connection
            .delete(&path(name), target, what)
            .await
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Connection {
    /// Takes the lease of whoever writes here, waiting while somebody else holds it; `waiting` is told for whom.
    pub async fn acquire_lease(
        &self,
        holder: &str,
        waiting: impl Fn(Wait<'_>) + Send + Sync,
    ) -> Result<Held, Error> {
        self.acquire(WRITER, holder, waiting).await
    }

    /// Takes the lease of the active controller in the same way.
    pub async fn acquire_leadership(
        &self,
        holder: &str,
        waiting: impl Fn(Wait<'_>) + Send + Sync,
    ) -> Result<Held, Error> {
        self.acquire(LEADER, holder, waiting).await
    }

    /// Takes a lease. Somebody else's expires by our own clock: when it has not changed for as long as it says it holds.
    async fn acquire(
        &self,
        terms: Terms,
        holder: &str,
        waiting: impl Fn(Wait<'_>) + Send + Sync,
    ) -> Result<Held, Error> {
        let mut seen: Option<(Spec, Instant)> = None;
        let mut waited_for: Option<String> = None;
        let hold = |state, waited_for: Option<String>| {
            if let Some(other) = &waited_for {
                waiting(Wait::Ends(other));
            }
            self.hold(terms, holder, (state, waited_for))
        };
        loop {
            let started = Instant::now();
            let Some(lease) = self.read_lease(terms).await? else {
                if let Some(state) = self.create_lease(terms, holder, started).await? {
                    return Ok(hold(state, waited_for));
                }
                continue;
            };
            let other = lease.spec.holder_identity.clone().unwrap_or_default();
            let lasts = lease.spec.lease_duration_seconds.unwrap_or(15).min(3600);
            let expired = match &seen {
                Some((spec, since)) if *spec == lease.spec => {
                    since.elapsed() >= Duration::from_secs(lasts)
                }
                _ => {
                    seen = Some((lease.spec.clone(), Instant::now()));
                    false
                }
            };
            if (other.is_empty() || expired)
                && let Some(state) = self.take_lease(terms, (holder, &lease), started).await?
            {
                return Ok(hold(state, waited_for));
            }
            if !other.is_empty() && !expired {
                if waited_for.as_ref() != Some(&other) {
                    waiting(Wait::Begins(&other, Duration::from_secs(lasts)));
                    waited_for = Some(other);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    async fn read_lease(&self, Terms { name, .. }: Terms) -> Result<Option<Lease>, Error> {
        let call = Call::get(path(name), format!("read Lease {SYSTEM_NAMESPACE}/{name}"));
        match self.fetch(call).await {
            Ok(lease) => Ok(Some(lease)),
            Err(error) if error.is(Category::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create_lease(
        &self,
        terms: Terms,
        holder: &str,
        started: Instant,
    ) -> Result<Option<State>, Error> {
        let fresh = State {
            uid: String::new(),
            resource_version: String::new(),
            transitions: 0,
            renewed: started,
        };
        let mut body = body(terms, holder, &fresh);
        // An apply names its object, so that rights on this one name are enough; with this version
        // it creates and never takes over.
        if let Some(metadata) = body.get_mut("metadata") {
            guard(metadata, None);
        }
        let url = format!("{}?fieldManager=cofferdam", path(terms.name));
        let what = format!("create Lease {SYSTEM_NAMESPACE}/{}", terms.name);
        let call = || Call::with_body(Method::PATCH, url.clone(), APPLY, &body, what.clone());
        let mut answer = self.fetch::<Lease>(call()).await;
        if answer.as_ref().is_err_and(|e| e.is(Category::NotFound)) {
            self.ensure_namespace(SYSTEM_NAMESPACE).await?;
            answer = self.fetch(call()).await;
        }
        taken(answer, started)
    }

    async fn take_lease(
        &self,
        terms: Terms,
        (holder, lease): (&str, &Lease),
        started: Instant,
    ) -> Result<Option<State>, Error> {
        let state = State {
            uid: lease.metadata.uid.clone(),
            resource_version: lease.metadata.resource_version.clone(),
            transitions: lease.spec.lease_transitions.unwrap_or(0) + 1,
            renewed: started,
        };
        let body = body(terms, holder, &state);
        taken(self.put(terms, &body, "take").await, started)
    }

    async fn put(
        &self,
        Terms { name, .. }: Terms,
        body: &Value,
        verb: &str,
    ) -> Result<Lease, Error> {
        let what = format!("{verb} Lease {SYSTEM_NAMESPACE}/{name}");
        let url = format!("{}?fieldManager=cofferdam", path(name));
        let mut call = Call::with_body(Method::PUT, url, JSON, body, what);
        call.urgent = true;
        self.fetch(call).await
    }

    fn hold(
        &self,
        terms: Terms,
        holder: &str,
        (state, waited_for): (State, Option<String>),
    ) -> Held {
        let shared = Arc::new(Shared {
            terms,
            connection: self.clone(),
            holder: holder.to_owned(),
            lost: AtomicBool::new(false),
            state: Mutex::new(state),
        });
        let renewal = tokio::spawn(renew(Arc::clone(&shared)));
        Held {
            shared,
            renewal,
            waited_for,
        }
    }
}

async fn renew(shared: Arc<Shared>) {
    let terms = shared.terms;
    loop {
        tokio::time::sleep(terms.renew_every).await;
        let started = Instant::now();
        let state = shared.state.lock().await.clone();
        let body = body(terms, &shared.holder, &state);
        let call = shared.connection.put(terms, &body, "renew");
        if let Ok(Ok(lease)) = tokio::time::timeout(terms.renew_every, call).await {
            let mut state = shared.state.lock().await;
            state.resource_version = lease.metadata.resource_version;
            state.renewed = started;
        } else {
            shared.lost.store(true, Ordering::Release);
            return;
        }
    }
}

fn path(name: &str) -> String {
    format!("{COLLECTION}/{SYSTEM_NAMESPACE}/leases/{name}")
}

/// The state of a lease that was taken; none where somebody else was quicker.
fn taken(answer: Result<Lease, Error>, started: Instant) -> Result<Option<State>, Error> {
    match answer {
        Ok(lease) => Ok(Some(State {
            uid: lease.metadata.uid,
            resource_version: lease.metadata.resource_version,
            transitions: lease.spec.lease_transitions.unwrap_or(0),
            renewed: started,
        })),
        Err(error) if error.is(Category::Conflict) => Ok(None),
        Err(error) => Err(error),
    }
}

fn body(terms: Terms, holder: &str, state: &State) -> Value {
    let now = Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        .to_string();
    let mut metadata = json!({"name": terms.name, "namespace": SYSTEM_NAMESPACE});
    if !state.uid.is_empty()
        && let Some(metadata) = metadata.as_object_mut()
    {
        metadata.insert("uid".to_owned(), json!(state.uid));
        metadata.insert("resourceVersion".to_owned(), json!(state.resource_version));
    }
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata,
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": terms.duration.as_secs(),
            "renewTime": now,
            "leaseTransitions": state.transitions,
        },
    })
}
