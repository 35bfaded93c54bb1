//! Requests to others than API servers.

use reqwest::{Client, ClientBuilder};

/// Begins a client. The one provider of cryptography of this program is made known where that did not happen yet.
pub(crate) fn client() -> ClientBuilder {
    // Whoever was first chose the same.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    Client::builder()
}
