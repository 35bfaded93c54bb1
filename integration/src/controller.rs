//! A running controller.

use std::cell::RefCell;
use std::process::{Child, Command};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::cofferdam::Project;
use crate::http;
use crate::wait::wait_until;

/// A controller of the documents of a project; dropping it kills it.
#[derive(Debug)]
pub struct Controller {
    process: RefCell<Child>,
    log: std::path::PathBuf,
    address: String,
}

impl Controller {
    /// Starts it, and waits until it listens.
    pub fn start(project: &Project) -> Result<Self> {
        Self::start_with(project, &[])
    }

    /// The same with more arguments.
    pub fn start_with(project: &Project, more: &[&str]) -> Result<Self> {
        Self::start_named(project, "controller", more)
    }

    /// The same, of several on one project.
    pub fn start_named(project: &Project, name: &str, more: &[&str]) -> Result<Self> {
        let log = project.path().join(format!("{name}.log"));
        let arguments = [&["controller", "--listen", "127.0.0.1:0"], more].concat();
        let process = RefCell::new(project.spawn_logging(&arguments, &log)?);
        let mut controller = Self {
            process,
            log,
            address: String::new(),
        };
        wait_until("the controller listens", || {
            Ok(!controller.events("started")?.is_empty())
        })?;
        let started = controller.events("started")?;
        let address = started.first().and_then(|event| event["address"].as_str());
        let address = address.context("an address")?;
        address.clone_into(&mut controller.address);
        Ok(controller)
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let pid = self.process.borrow().id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status()?;
        ensure!(sent.success(), "no signal {signal} can be sent");
        Ok(())
    }

    /// Waits until it ended by itself, which is no good end.
    pub fn wait_for_end(&self) -> Result<()> {
        wait_until("it ends", || {
            Ok(self.process.borrow_mut().try_wait()?.is_some())
        })?;
        let status = self.process.borrow_mut().wait()?;
        ensure!(!status.success(), "ended with {status}");
        Ok(())
    }

    /// Kills it, as the kernel would that is out of memory.
    pub fn kill(self) {}

    /// Everything that it told so far.
    pub fn told(&self) -> Result<String> {
        if let Some(status) = self.process.borrow_mut().try_wait()? {
            bail!(
                "the controller ended with {status}: {}",
                std::fs::read_to_string(&self.log)?
            );
        }
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// The events of a kind so far.
    pub fn events(&self, kind: &str) -> Result<Vec<Value>> {
        let told = self.told()?;
        // The last line may not be whole yet.
        let whole = told.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let events: Result<Vec<Value>, _> = whole.lines().map(serde_json::from_str).collect();
        let events = events.with_context(|| format!("not all of this is JSON:\n{told}"))?;
        Ok(events
            .into_iter()
            .filter(|event| event["message"] == kind)
            .collect())
    }

    /// Waits for an event about a finding, told as `class object effect severity`.
    pub fn wait_for_event(&self, kind: &str, finding: &str) -> Result<()> {
        let told = |event: &Value| {
            let fields = ["class", "object", "effect", "severity"];
            let fields = fields.map(|field| event[field].as_str().unwrap_or_default());
            fields.join(" ")
        };
        self.wait_until(&format!("{kind}: {finding}"), |controller| {
            let events = controller.events(kind)?;
            Ok(events.iter().any(|event| told(event) == finding))
        })
    }

    /// Waits until metrics say that this is the verdict on a cluster.
    pub fn wait_for_verdict(&self, cluster: &str, verdict: &str) -> Result<()> {
        let line = format!("cofferdam_verdict{{cluster=\"{cluster}\",verdict=\"{verdict}\"}} 1");
        self.wait_until(&line, |controller| {
            Ok(controller.metrics()?.contains(&line))
        })
    }

    /// Waits, and tells on failure what the controller told.
    pub fn wait_until(&self, what: &str, holds: impl Fn(&Self) -> Result<bool>) -> Result<()> {
        let waited = wait_until(what, || holds(self));
        waited.with_context(|| std::fs::read_to_string(&self.log).unwrap_or_default())
    }

    /// Its metrics.
    pub fn metrics(&self) -> Result<String> {
        http::get(&self.address, "/metrics")
    }

    /// Asks it to end, which it must do well.
    pub fn terminate(&self) -> Result<()> {
        let pid = self.process.borrow().id().to_string();
        let asked = Command::new("kill").arg(&pid).status()?;
        ensure!(asked.success(), "cannot be asked to end");
        let status = self.process.borrow_mut().wait()?;
        ensure!(status.success(), "ended with {status}");
        Ok(())
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let process = self.process.get_mut();
        // It may have ended already.
        process.kill().ok();
        process.wait().ok();
    }
}
