//! Receivers and routes.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use cofferdam_report::wire::history::Episode;
use serde::Deserialize;

use crate::settings::seconds;

/// Who is told of what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertSettings {
    /// Who can be told.
    pub receivers: Vec<Receiver>,
    /// Who is told of what; everybody of everything where there is none.
    pub routes: Vec<Route>,
    /// What happens within this time is told at once.
    #[serde(rename = "groupSeconds", deserialize_with = "seconds")]
    pub group: Duration,
    /// That something is unknown is told once it is for this long.
    #[serde(rename = "unknownAfterSeconds", deserialize_with = "seconds")]
    pub unknown_after: Duration,
}

/// Somebody who can be told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// What is sent.
    pub kind: ReceiverKind,
    /// Where to. Of an Alertmanager without the path of its API.
    pub url: Option<String>,
    /// A file that says where to; for URLs that are secret.
    pub url_file: Option<PathBuf>,
    /// A file with a token to send along.
    pub bearer_token_file: Option<PathBuf>,
    /// A file with certificates of authorities to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
}

/// What is sent to a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReceiverKind {
    /// Alerts by version 2 of the API of Prometheus' Alertmanager.
    Alertmanager,
    /// Text as Slack's incoming webhooks take it.
    Slack,
    /// JSON: `AlertNotification`.
    Webhook,
}

/// Whom to tell of some episodes; what is empty holds for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Route {
    /// Names of receivers.
    pub receivers: Vec<String>,
    /// Severities; `unknown` is that of what could not be read.
    pub severities: Vec<String>,
    /// Zones.
    pub zones: Vec<String>,
    /// Trust domains.
    pub trust_domains: Vec<String>,
    /// Classes of findings.
    pub classes: Vec<String>,
}

impl AlertSettings {
    /// Names that name nothing, and receivers that lead nowhere, are errors.
    pub(crate) fn check(&self) -> Result<()> {
        for (index, one) in self.receivers.iter().enumerate() {
            let name = &one.name;
            if self
                .receivers
                .iter()
                .take(index)
                .any(|before| before.name == *name)
            {
                bail!("there are two receivers `{name}`");
            }
            match (&one.url, &one.url_file) {
                (Some(url), None) => {
                    if let Err(error) = reqwest::Url::parse(url) {
                        bail!("receiver `{name}`: `url` is none: {error}");
                    }
                }
                (None, Some(_)) => {}
                (None, None) | (Some(_), Some(_)) => {
                    bail!("receiver `{name}` needs exactly one of `url` and `urlFile`")
                }
            }
        }
        for route in &self.routes {
            if route.receivers.is_empty() {
                bail!("a route names no receiver");
            }
            for name in &route.receivers {
                if !self.receivers.iter().any(|one| one.name == *name) {
                    bail!("a route names the receiver `{name}`, and there is none");
                }
            }
            for severity in &route.severities {
                if !SEVERITIES.contains(&severity.as_str()) {
                    bail!(
                        "a route names the severity `{severity}`: there are {}",
                        SEVERITIES.join(", ")
                    );
                }
            }
        }
        Ok(())
    }

    /// The receivers that are told of an episode.
    pub(crate) fn receivers_of(&self, episode: &Episode) -> Vec<&Receiver> {
        let all = self.receivers.iter();
        let is_told = |one: &&Receiver| {
            let mut routes = self.routes.iter();
            self.routes.is_empty()
                || routes.any(|route| route.receivers.contains(&one.name) && route.holds(episode))
        };
        all.filter(is_told).collect()
    }
}

const SEVERITIES: [&str; 6] = ["critical", "high", "medium", "low", "info", "unknown"];

impl Route {
    fn holds(&self, episode: &Episode) -> bool {
        let is_meant = |named: &[String], value: &str| {
            named.is_empty() || named.iter().any(|one| one == value)
        };
        is_meant(
            &self.severities,
            episode.severity.as_deref().unwrap_or("unknown"),
        ) && is_meant(&self.zones, episode.zone.as_deref().unwrap_or_default())
            && is_meant(&self.trust_domains, &episode.trust_domain)
            && is_meant(&self.classes, &episode.class)
    }
}
