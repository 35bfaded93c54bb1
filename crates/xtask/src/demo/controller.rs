//! The controller runs, and somebody opens production while nobody looks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context as _, Result, bail};
use cofferdam_integration::alertmanager::Alertmanager;
use cofferdam_integration::wait::wait_until;
use serde_json::{Value, json};

use super::project;
use super::terminal::{Show, Terminal, Typed};

/// What Bob applies.
const HOLE: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: debug, namespace: payments }
spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{}] }";

/// Tells it, up to the end of the controller.
pub(super) fn watch(terminal: &Terminal) -> Result<()> {
    Terminal::chapter("While nobody looks")?;
    Terminal::say(
        "From here on a controller keeps the fleet: it watches every cluster, tells people, and puts back what drifts. It needs \
         the right to watch, and the documents say that policies of others go from the zone for card data.",
    )?;
    let watch = ["--profile", "observe", "--watch"];
    let elect = [&watch[..], &["--standby"]].concat();
    for (cluster, shown) in [("prod", true), ("staging", false)] {
        terminal.grant_with(&watch, cluster, shown)?;
    }
    terminal.grant_with(&elect, "management", false)?;
    project::heal_foreign_policies(&terminal.project)?;
    let alertmanager = Alertmanager::start(&terminal.people)?;
    let settings = json!({
        "settleSeconds": 2,
        "standby": {"cluster": "management"},
        "alerts": {
            "groupSeconds": 1,
            "receivers": [{"name": "pager", "kind": "alertmanager", "url": alertmanager.url()}],
        },
    });
    fs::write(
        terminal.project.join("controller.yaml"),
        settings.to_string(),
    )?;
    let controller = Running::start(terminal, "first")?;
    let server = controller.server.as_str();
    wait_until_in_sync(terminal, server)?;
    Terminal::say("A second one stands by, should the first one die.")?;
    let second = Running::start(terminal, "second")?;
    second.wait_for("it stands by", |told| is_told(told, "standby"))?;
    Terminal::say(
        "Bob wants to debug payments, and makes a policy of his own. Policies add up: everything of ours is in place.",
    )?;
    let typed = Typed {
        editor: None,
        input: Some(HOLE),
    };
    terminal.kubectl("bob", &["--context", "prod", "apply", "-f", "-"], &typed)?;
    controller.wait_for("it is healed", |told| is_told(told, "healed"))?;
    Terminal::say(
        "The controller found it, told the Alertmanager, and took it away, before anybody was up:",
    )?;
    wait_until("it is told", || Ok(!alertmanager.told()?.is_empty()))?;
    Terminal::list(&alertmanager.told()?)?;
    let history = ["history", "--class", "foreign-policy", "--server", server];
    let told = terminal.cofferdam(&history, 0, Show::All)?;
    if !told.contains("NetworkPolicy/payments/debug") || !told.contains("healed") {
        bail!("the history does not tell of it");
    }
    terminal.cofferdam(
        &["drift", "--cluster", "prod", "--server", server],
        0,
        Show::All,
    )?;
    Terminal::say(
        "The first one is killed. The Lease in management runs out, and the second one takes over:",
    )?;
    drop(controller);
    second.wait_for("it takes over", |told| is_told(told, "active"))?;
    wait_until_in_sync(terminal, &second.server)?;
    terminal.cofferdam(&["status", "--server", &second.server], 0, Show::All)?;
    second.end()
}

/// Waits until a controller says so of all three clusters.
fn wait_until_in_sync(terminal: &Terminal, server: &str) -> Result<()> {
    wait_until("every cluster is in sync", || {
        // Before it looked at every cluster, it says so and nothing else.
        let Ok(status) = terminal.report(&["status", "--server", server]) else {
            return Ok(false);
        };
        let clusters = status.get("clusters").and_then(Value::as_array);
        let clusters = clusters.into_iter().flatten();
        let verdicts = clusters.filter_map(|one| one.get("verdict")?.as_str());
        Ok(verdicts.collect::<Vec<_>>() == ["inSync"; 3])
    })
}

fn is_told(told: &[Value], event: &str) -> bool {
    let mut told = told.iter();
    told.any(|one| one.get("message").is_some_and(|told| told == event))
}

/// A controller in the background; dropping it kills it.
struct Running {
    process: Child,
    log: PathBuf,
    server: String,
}

impl Running {
    fn start(terminal: &Terminal, name: &str) -> Result<Self> {
        let log = terminal.people.join(format!("{name}.log"));
        let arguments = [
            "controller",
            "--config",
            "controller.yaml",
            "--listen",
            "127.0.0.1:0",
        ];
        let mut running = Self {
            process: terminal.begin(&arguments, &log)?,
            log,
            server: String::new(),
        };
        running.wait_for("it starts", |told| !told.is_empty())?;
        let told = events(&running.log)?;
        let address = told
            .first()
            .and_then(|event| event.get("address")?.as_str());
        running.server = format!("http://{}", address.context("an address")?);
        Ok(running)
    }

    fn wait_for(&self, what: &str, holds: impl Fn(&[Value]) -> bool) -> Result<()> {
        let waited = wait_until(what, || Ok(holds(&events(&self.log)?)));
        waited.with_context(|| fs::read_to_string(&self.log).unwrap_or_default())
    }

    /// Asks it to end, which it does well.
    fn end(mut self) -> Result<()> {
        let asked = Command::new("kill")
            .arg(self.process.id().to_string())
            .status()?;
        if !asked.success() {
            bail!("the controller cannot be asked to end");
        }
        let ended = self.process.wait()?;
        if !ended.success() {
            bail!("the controller ended with {ended}");
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// What it told so far, apart from a line that is not whole yet.
fn events(log: &Path) -> Result<Vec<Value>> {
    let told = fs::read_to_string(log)?;
    let whole = told.rsplit_once('\n').map_or("", |(whole, _)| whole);
    Ok(whole
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?)
}
