//! The client itself: one HTTP/2 connection per cluster where the server speaks it.
//!
//! The client that comes with the library speaks HTTP/1.1 only, so that every request under way at
//! once costs a connection and a TLS handshake, on both sides.

use std::time::Duration;

use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt as _};
use kube::{Client, Config, Error};
use tower::{BoxError, ServiceBuilder};

/// A connection on which nothing is heard for this long is asked whether it lives, and given up when
/// it does not answer for as long again.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// A client by the configuration. Reads files.
pub(super) fn client(config: Config) -> Result<Client, Error> {
    // The library's own client knows proxies; it speaks HTTP/1.1 through them.
    if config.proxy_url.is_some() {
        return Client::try_from(config);
    }
    let mut tls = HttpsConnectorBuilder::new()
        .with_tls_config(config.rustls_client_config()?)
        .https_or_http();
    if let Some(name) = &config.tls_server_name {
        let Ok(name) = name.clone().try_into() else {
            return Client::try_from(config);
        };
        tls = tls.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // The server chooses; some stand behind what speaks HTTP/1.1 only.
    let tls = tls.enable_http1().enable_http2().wrap_connector(tcp);
    let mut connector = TimeoutConnector::new(tls);
    connector.set_connect_timeout(config.connect_timeout);
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(KEEP_ALIVE)
        .build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(Client::new(service, config.default_namespace))
}
