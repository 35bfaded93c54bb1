//! What is answered over HTTP: metrics, health, and whoever shows the token.

use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cofferdam_model::names::ClusterName;
use tokio::net::TcpListener;

use crate::api::{self, Api};
use crate::metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers for as long as the process lives.
pub(crate) async fn serve(listener: TcpListener, api: Api) -> Result<()> {
    let routes = Router::new()
        // Whatever else does not go on ends the process.
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(api.clone())
        .merge(api::routes(api));
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

/// Answers for as long as another controller is active: that this one stands by, and nothing of the fleet.
pub(crate) async fn serve_standby(listener: TcpListener) -> Result<()> {
    let routes = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(|| async { "ok: stands by" }))
        .fallback(|| async {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "another controller is active",
            )
        });
    Ok(axum::serve(listener, routes).await?)
}

/// Whether every cluster was looked at, or found to be out of reach.
async fn ready(State(api): State<Api>) -> (StatusCode, String) {
    match api.fleet.not_looked_at() {
        Some(missing) if missing.is_empty() => (StatusCode::OK, "ok".to_owned()),
        Some(missing) => {
            let missing: Vec<&str> = missing.iter().map(ClusterName::as_str).collect();
            let told = format!("not looked at yet: {}", missing.join(", "));
            (StatusCode::SERVICE_UNAVAILABLE, told)
        }
        None => (StatusCode::SERVICE_UNAVAILABLE, "starting".to_owned()),
    }
}

async fn metrics(State(api): State<Api>) -> Response {
    match tokio::task::block_in_place(|| {
        metrics::told(&api.fleet, &api.chronicle, api.rollouts.current().as_ref())
    }) {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
