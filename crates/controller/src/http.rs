//! Requests to others than API servers.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use reqwest::header::AUTHORIZATION;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Method, RequestBuilder, Response, Url};

/// Who says nothing for so long is asked again later.
const PATIENCE: Duration = Duration::from_secs(10);

/// How somebody lets himself be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<'a> {
    /// A file with a token to send along.
    pub(crate) bearer_token_file: Option<&'a Path>,
    /// A file with certificates of authorities to trust besides those of the system.
    pub(crate) ca_file: Option<&'a Path>,
}

/// Begins a client. The one provider of cryptography of this program is made known where that did not happen yet.
pub(crate) fn client() -> ClientBuilder {
    // Whoever was first chose the same.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    Client::builder()
}

/// Begins a request; files are read anew for each, for they may be replaced.
pub(crate) async fn request(
    method: Method,
    url: Url,
    access: Access<'_>,
) -> Result<RequestBuilder> {
    let mut client = client().timeout(PATIENCE).redirect(Policy::none());
    if let Some(file) = access.ca_file {
        let authorities = Certificate::from_pem_bundle(&read(file).await?.into_bytes());
        for one in authorities.map_err(|_| anyhow!("`caFile` has no certificates"))? {
            client = client.add_root_certificate(one);
        }
    }
    let client = client.build().map_err(reqwest::Error::without_url)?;
    let request = client.request(method, url);
    let Some(file) = access.bearer_token_file else {
        return Ok(request);
    };
    let token = read(file).await?;
    Ok(request.header(AUTHORIZATION, format!("Bearer {}", token.trim())))
}

/// The answer to a request, which must be well. Errors do not quote the URL: it may be a secret.
pub(crate) async fn answer(request: RequestBuilder) -> Result<Response> {
    let answer = request.send().await.map_err(reqwest::Error::without_url)?;
    let status = answer.status();
    if !status.is_success() {
        bail!("it answered {status}");
    }
    Ok(answer)
}

/// The text of a file.
pub(crate) async fn read(file: &Path) -> Result<String> {
    let read = tokio::fs::read_to_string(file).await;
    read.with_context(|| format!("{} cannot be read", file.display()))
}
