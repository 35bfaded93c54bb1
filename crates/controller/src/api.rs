//! What a running controller answers: the reports of `drift`, `status` and `history`, and taking note of what people say
//! of episodes.
//!
//! Whoever asks shows a token that lies in a file on the controller's machine, and asks from there.

mod access;
mod client;
mod reports;

pub use client::{Answer, Client, Said};

pub(crate) use access::Token;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cofferdam_pass::clock;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::history::Acknowledgement;
use cofferdam_report::wire::rollout::RolloutReport;
use serde::{Deserialize, Serialize};

use self::access::Refused;
use self::reports::{Selected, Unanswered};
use crate::chronicle::Chronicle;
use crate::documents::Revision;
use crate::fleet::Fleet;
use crate::rollouts::{RolloutCommand, Rollouts};

/// What answers are made of.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) chronicle: Chronicle,
    pub(crate) documents: tokio::sync::watch::Receiver<Arc<Revision>>,
    pub(crate) rollouts: Rollouts,
    pub(crate) token: Arc<Token>,
}

/// The paths below which everything is.
pub(crate) const BASE: &str = "/api/v1alpha1";

/// Everything below [`BASE`].
pub(crate) fn routes(api: Api) -> Router {
    let below = Router::new()
        .route("/drift", get(drift))
        .route("/status", get(status))
        .route("/history", get(history))
        .route("/rollout", get(rollout).post(command))
        .route("/episodes/{id}/acknowledgement", post(acknowledge))
        .with_state(api);
    Router::new().nest(BASE, below)
}

/// For longer than a week, a waiver says so with a reason.
const LONGEST_ACCEPTANCE_SECONDS: u64 = 7 * 24 * 3_600;

type Peer = ConnectInfo<SocketAddr>;

async fn drift(
    State(api): State<Api>,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    Query(selected): Query<Selected>,
) -> Response {
    answer(&api, peer, &headers, || {
        reports::check(&api, &selected)?;
        Ok(reports::drift(&api, &selected))
    })
}

async fn status(
    State(api): State<Api>,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    Query(selected): Query<Selected>,
) -> Response {
    answer(&api, peer, &headers, || {
        reports::check(&api, &selected)?;
        Ok(reports::status(&api, &selected))
    })
}

async fn history(
    State(api): State<Api>,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    Query(query): Query<cofferdam_history::Query>,
) -> Response {
    answer(&api, peer, &headers, || {
        let (episodes, passes, coverage) =
            api.chronicle.ask(&crate::reports::history_query(&query))?;
        let report =
            crate::reports::history_report(&query, (episodes, passes, coverage), &clock::now());
        Ok((cofferdam_report::text::history(&report), report))
    })
}

async fn acknowledge(
    State(api): State<Api>,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    if let Err(refused) = api.token.check(peer, &headers) {
        return refused.into_response();
    }
    let said: Said = match serde_json::from_slice(&body) {
        Ok(said) => said,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let Said {
        by,
        cause,
        ticket,
        accept_seconds,
    } = said;
    if accept_seconds.is_some_and(|seconds| seconds > LONGEST_ACCEPTANCE_SECONDS) {
        let told = "nothing is accepted for longer than a week";
        return (StatusCode::BAD_REQUEST, told).into_response();
    }
    let accepted_until =
        accept_seconds.map(|seconds| clock::after(std::time::Duration::from_secs(seconds)));
    let acknowledgement = Acknowledgement {
        at: clock::now(),
        by: by.clone(),
        cause: cause.clone(),
        ticket: ticket.clone(),
        accepted_until: accepted_until.clone(),
    };
    let noted = tokio::task::block_in_place(|| api.chronicle.acknowledge(&id, acknowledgement));
    match noted {
        Ok(true) => {
            tracing::info!(
                episode = id,
                by,
                cause,
                ticket,
                accepted_until,
                "episode acknowledged"
            );
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(false) => {
            let told =
                format!("there is no open episode `{id}`; `cofferdam history --open` names them");
            (StatusCode::NOT_FOUND, told).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn rollout(State(api): State<Api>, ConnectInfo(peer): Peer, headers: HeaderMap) -> Response {
    answer(&api, peer, &headers, || {
        let report = RolloutReport {
            api_version: API_VERSION,
            kind: "RolloutReport",
            rollout: api.rollouts.current(),
        };
        Ok((cofferdam_report::text::rollout(&report), report))
    })
}

/// What somebody says to a rollout.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Commanded {
    pub(crate) command: RolloutCommand,
    /// Who, as they say.
    pub(crate) by: String,
}

async fn command(
    State(api): State<Api>,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refused) = api.token.check(peer, &headers) {
        return refused.into_response();
    }
    let Commanded { command, by } = match serde_json::from_slice(&body) {
        Ok(commanded) => commanded,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    match tokio::task::block_in_place(|| api.rollouts.command(command, &by)) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::CONFLICT, error.to_string()).into_response(),
    }
}

/// A report for programs and for people, to whoever may have it.
fn answer<R: Serialize>(
    api: &Api,
    peer: SocketAddr,
    headers: &HeaderMap,
    report: impl FnOnce() -> Result<(String, R)>,
) -> Response {
    if let Err(refused) = api.token.check(peer, headers) {
        return refused.into_response();
    }
    match tokio::task::block_in_place(report) {
        Ok((text, report)) => {
            let body = serde_json::json!({"report": report, "text": text});
            ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
        }
        Err(error) => {
            let status = match error.downcast_ref() {
                Some(Unanswered::NoSuch(..)) => StatusCode::NOT_FOUND,
                Some(Unanswered::NotYet(_)) => StatusCode::SERVICE_UNAVAILABLE,
                None => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (status, error.to_string()).into_response()
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Far => StatusCode::FORBIDDEN,
            Self::NoToken | Self::OtherToken => StatusCode::UNAUTHORIZED,
        };
        (status, self.to_string()).into_response()
    }
}
