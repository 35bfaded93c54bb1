//! Asking a running controller.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BASE, Commanded};
use crate::http::client;
use crate::rollouts::RolloutCommand;

/// A controller that says nothing for so long is not there.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks a running controller.
#[derive(Debug, Clone)]
pub struct Client {
    /// Where it is, such as `http://127.0.0.1:9440`.
    pub server: String,
    /// The file with its token.
    pub token_file: PathBuf,
}

/// A report of a running controller.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    /// As programs read it.
    pub report: Value,
    /// As people read it.
    pub text: String,
}

/// What somebody says of an episode.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Said {
    /// Who, as they say.
    pub by: String,
    /// Why it is there.
    pub cause: Option<String>,
    /// Where it is tracked.
    pub ticket: Option<String>,
    /// For how long it is accepted, in seconds.
    pub accept_seconds: Option<u64>,
}

impl Client {
    /// The report at a path, such as `drift`, of what is asked for.
    pub async fn report(&self, path: &str, query: &[(impl AsRef<str>, String)]) -> Result<Answer> {
        let query: Vec<(&str, &str)> = query
            .iter()
            .map(|(key, value)| (key.as_ref(), value.as_str()))
            .collect();
        let text = self.ask(Method::GET, path, &query, None).await?;
        serde_json::from_str(&text).context("what the controller answered is no report")
    }

    /// Says something of an episode.
    pub async fn acknowledge(&self, episode: &str, said: &Said) -> Result<()> {
        let path = format!("episodes/{episode}/acknowledgement");
        let body = serde_json::to_string(said)?;
        self.ask(Method::POST, &path, &[], Some(body)).await?;
        Ok(())
    }

    /// Says something to the rollout.
    pub async fn command(&self, command: RolloutCommand, by: &str) -> Result<()> {
        let by = by.to_owned();
        let body = serde_json::to_string(&Commanded { command, by })?;
        self.ask(Method::POST, "rollout", &[], Some(body)).await?;
        Ok(())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<String> {
        let Self { server, token_file } = self;
        let token = tokio::fs::read_to_string(token_file).await;
        let token = token.with_context(|| {
            format!(
                "the token of the controller cannot be read from {}",
                token_file.display()
            )
        })?;
        let no_url = || format!("`--server {server}` is not of the form `http://127.0.0.1:9440`");
        let mut url = Url::parse(server).with_context(no_url)?;
        {
            let mut segments = url
                .path_segments_mut()
                .map_err(|()| anyhow::anyhow!(no_url()))?;
            let below = BASE.split('/').chain(path.split('/'));
            segments
                .pop_if_empty()
                .extend(below.filter(|segment| !segment.is_empty()));
        }
        url.query_pairs_mut().extend_pairs(query);
        let built = client().timeout(PATIENCE).no_proxy().build()?;
        let mut request = built.request(method, url);
        request = request.header(AUTHORIZATION, format!("Bearer {}", token.trim()));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("no controller answers at {server}"))?;
        let status = answer.status();
        let text = answer
            .text()
            .await
            .context("the controller stopped answering")?;
        if !status.is_success() {
            bail!("the controller refused ({status}): {}", text.trim());
        }
        Ok(text)
    }
}
