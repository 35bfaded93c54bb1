//! A real Alertmanager.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::assets::{self, Module, Tool};
use crate::port;
use crate::process::{Lifetime, Process};
use crate::wait::wait_until;

/// An Alertmanager on loopback that sends nothing to anybody.
#[derive(Debug)]
pub struct Alertmanager {
    address: String,
    _process: Process,
}

const CONFIGURATION: &str = "{ route: { receiver: nobody }, receivers: [{ name: nobody }] }";

impl Alertmanager {
    /// Starts it with its files below a directory.
    pub fn start(directory: &Path) -> Result<Self> {
        let configuration = directory.join("alertmanager.yaml");
        std::fs::write(&configuration, CONFIGURATION)?;
        let address = format!("127.0.0.1:{}", port::choose()?);
        let arguments = [
            format!("--config.file={}", configuration.display()),
            format!(
                "--storage.path={}",
                directory.join("alertmanager").display()
            ),
            format!("--web.listen-address={address}"),
            "--cluster.listen-address=".to_owned(),
        ];
        let program = assets::binary_of(Module::Alertmanager, Tool::Alertmanager)?;
        let log = directory.join("alertmanager.log");
        let process = Process::spawn(&program, &arguments, &log, Lifetime::OfParent)?;
        let one = Self {
            address,
            _process: process,
        };
        wait_until("the Alertmanager answers", || Ok(one.alerts().is_ok()))?;
        Ok(one)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The summary and description of each alert there, also of what is over.
    pub fn told(&self) -> Result<Vec<String>> {
        let answer = crate::http::get(&self.address, "/api/v2/alerts")?;
        let alerts: Vec<Value> = serde_json::from_str(&answer)?;
        let told = alerts.iter().map(|alert| {
            let text = |path: &str| alert.pointer(path).and_then(Value::as_str).unwrap_or("-");
            let (cluster, object) = (text("/labels/cluster"), text("/labels/object"));
            let (summary, more) = (
                text("/annotations/summary"),
                text("/annotations/description"),
            );
            format!("{cluster} {object}: {summary} ({more})")
        });
        Ok(told.collect())
    }

    /// The alerts that fire there, as `NAME CLASS OBJECT SEVERITY`.
    pub fn alerts(&self) -> Result<Vec<String>> {
        let answer = crate::http::get(&self.address, "/api/v2/alerts?active=true")?;
        let alerts: Vec<Value> = serde_json::from_str(&answer)?;
        let told = alerts.iter().map(|alert| {
            let labels = ["alertname", "class", "object", "severity"];
            let values = labels.map(|name| {
                let value = alert.pointer(&format!("/labels/{name}"));
                value.and_then(Value::as_str).unwrap_or("-")
            });
            values.join(" ")
        });
        Ok(told.collect())
    }
}
