//! One running cluster.

mod start;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::api_server::{self, ApiServer};
use crate::audit::{self, Audit, AuditMark, OWN_QUERY};
use crate::certificates::Authority;
use crate::kubeconfig::{self, Access, Credential};
use crate::kubectl::Kubectl;
use crate::options::ClusterOptions;
use crate::process::Process;
use crate::user::User;
use start::lock;

/// The user in `system:masters` that seeds clusters; never the one under test.
pub const ADMIN: &str = "cofferdam-test-admin";

/// As whom the controllers run, each with an account of its own: never as an administrator, to whom
/// admission may let pass what it refuses to them.
const CONTROLLERS: &str = "system:kube-controller-manager";

const PORT_TAKEN: &str = "address already in use";
const ATTEMPTS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// A running API server with its store; dropping it ends both and removes their files.
#[derive(Debug)]
pub struct Cluster {
    // The fields are dropped in this order: processes before the directory.
    controllers: Mutex<Option<Process>>,
    running: Mutex<Running>,
    etcd: Mutex<Process>,
    store: String,
    server: ApiServer,
    port: u16,
    options: ClusterOptions,
    authority: Authority,
    users: Vec<User>,
    secrets: Mutex<Vec<String>>,
    kubectl: Kubectl,
    marks: AtomicU64,
    directory: TempDir,
}

#[derive(Debug)]
struct Running {
    server: Option<Process>,
    paused: bool,
}

impl Cluster {
    /// Starts a cluster and waits until it serves.
    pub fn start(options: ClusterOptions) -> Result<Self> {
        let name = options.name.clone();
        for _ in 1..ATTEMPTS {
            match Self::start_once(options.clone()) {
                Err(error) if format!("{error:#}").contains(PORT_TAKEN) => {}
                result => return result.with_context(|| format!("cannot start cluster `{name}`")),
            }
        }
        Self::start_once(options).with_context(|| format!("cannot start cluster `{name}`"))
    }

    /// Starts several clusters side by side; returns them in the order of the options.
    pub fn start_all(options: Vec<ClusterOptions>) -> Result<Vec<Self>> {
        thread::scope(|scope| {
            let start = |options| scope.spawn(move || Self::start(options));
            let threads: Vec<_> = options.into_iter().map(start).collect();
            let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
            ended
                .map(|result| result.map_err(|_| anyhow!("a thread panicked"))?)
                .collect()
        })
    }

    /// The name from the options.
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// What the cluster was started with.
    pub fn options(&self) -> &ClusterOptions {
        &self.options
    }

    /// The URL of the API server.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The port of the API server on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the cluster's authority.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// The directory of the cluster's files and logs.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The process ids of what runs: API server, etcd, controllers.
    pub fn process_ids(&self) -> Vec<u32> {
        let server = self.running().server.as_ref().map(Process::id);
        let controllers = lock(&self.controllers).as_ref().map(Process::id);
        let etcd = lock(&self.etcd).id();
        server
            .into_iter()
            .chain([etcd])
            .chain(controllers)
            .collect()
    }

    /// How a token user reaches this cluster.
    pub fn access(&self, user: &str) -> Result<Access> {
        let user = self
            .users
            .iter()
            .find(|known| known.name == user)
            .with_context(|| {
                format!(
                    "cluster `{}` knows no user `{user}`: name it in the options",
                    self.name()
                )
            })?;
        Ok(self.access_with(&user.name, Credential::Token(user.token.clone())))
    }

    /// A kubeconfig of a token user, in the cluster's directory.
    pub fn kubeconfig(&self, user: &str) -> Result<PathBuf> {
        let access = self.access(user)?;
        self.write_kubeconfig(user, access)
    }

    /// A kubeconfig of a user with a client certificate and at most two groups.
    pub fn client_certificate_kubeconfig(
        &self,
        name: &str,
        groups: &[&str],
        not_after: SystemTime,
    ) -> Result<PathBuf> {
        let pair = self.authority.client(name, groups, not_after)?;
        lock(&self.secrets).extend(kubeconfig::secret_forms(&pair.key));
        let number = self.marks.fetch_add(1, Ordering::Relaxed);
        let access = self.access_with(name, Credential::Certificate(pair));
        self.write_kubeconfig(&format!("{name}-certificate-{number}"), access)
    }

    /// Every token and key of this cluster, in the forms in which they could leak.
    pub fn secrets(&self) -> Vec<String> {
        let tokens = self.users.iter().map(|user| user.token.clone());
        let keys = self
            .server
            .keys()
            .iter()
            .flat_map(|key| kubeconfig::secret_forms(key));
        tokens
            .chain(keys)
            .chain(lock(&self.secrets).iter().cloned())
            .collect()
    }

    /// Runs `kubectl` as the administrator.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl_as(ADMIN, arguments)
    }

    /// Runs `kubectl` as a token user.
    pub fn kubectl_as(&self, user: &str, arguments: &[&str]) -> Result<String> {
        self.kubectl.run(&self.kubeconfig(user)?, arguments, None)
    }

    /// Runs `kubectl` as a token user with text on standard input.
    pub fn kubectl_input(&self, user: &str, arguments: &[&str], input: &str) -> Result<String> {
        self.kubectl
            .run(&self.kubeconfig(user)?, arguments, Some(input))
    }

    /// Runs `kubectl` with a kubeconfig file.
    pub fn kubectl_with(&self, kubeconfig: &Path, arguments: &[&str]) -> Result<String> {
        self.kubectl.run(kubeconfig, arguments, None)
    }

    /// Applies manifests server-side as a user, forced, under the field manager `seed`.
    pub fn apply_yaml(&self, user: &str, text: &str) -> Result<String> {
        let arguments = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "--field-manager=seed",
        ];
        self.kubectl_input(user, &[&arguments[..], &["--filename=-"]].concat(), text)
    }

    /// `kubectl get … --output=json` as the administrator.
    pub fn get_json(&self, arguments: &[&str]) -> Result<Value> {
        let arguments = [&["get", "--output=json"], arguments].concat();
        Ok(serde_json::from_str(&self.kubectl(&arguments)?)?)
    }

    /// Starts `kube-controller-manager` with its usual rights, unless it runs; seed before, for it makes pods of its
    /// own.
    pub fn start_controllers(&self) -> Result<()> {
        let mut controllers = lock(&self.controllers);
        if controllers.is_none() {
            let kubeconfig = self.kubeconfig(CONTROLLERS)?;
            *controllers = Some(api_server::start_controllers(
                self.directory(),
                &kubeconfig,
                self.options.lifetime,
            )?);
        }
        Ok(())
    }

    /// Stops the API server in its tracks: connections stay open, requests hang.
    pub fn pause(&self) -> Result<()> {
        self.set_paused(true)
    }

    /// Leaves everything running and all files in place; the options gave it a lifetime of its own.
    pub fn leave_running(mut self) {
        let server = lock(&self.running).server.take();
        let controllers = lock(&self.controllers).take();
        lock(&self.etcd).leave();
        for mut process in server.into_iter().chain(controllers) {
            process.leave();
        }
        self.directory.disable_cleanup(true);
    }

    /// Lets the API server go on.
    pub fn resume(&self) -> Result<()> {
        self.set_paused(false)
    }

    /// Ends the API server; the store stays.
    pub fn stop(&self) -> Result<()> {
        let mut running = self.running();
        if running.paused {
            bail!(
                "cluster `{}` is paused: resume it before it is stopped",
                self.name()
            );
        }
        match running.server.take() {
            Some(mut server) => server.terminate(PATIENCE),
            None => Ok(()),
        }
    }

    /// Starts the API server again, on the same port and data, ending it first if it runs.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start_server()?;
        self.wait_until_ready()
    }

    /// The file of the audit log.
    pub fn audit_log(&self) -> PathBuf {
        self.server.audit_log()
    }

    /// The end of the log, once every finished request is in it.
    pub fn audit_mark(&self) -> Result<AuditMark> {
        self.audit_from(AuditMark::default()).map(|(_, mark)| mark)
    }

    /// Every request since the start of the cluster, the harness's own included.
    pub fn audit(&self) -> Result<Audit> {
        self.audit_since(AuditMark::default())
    }

    /// Every request since a mark.
    pub fn audit_since(&self, mark: AuditMark) -> Result<Audit> {
        self.audit_from(mark).map(|(audit, _)| audit)
    }

    /// What of the log since a mark is in the file already; the last requests may be missing.
    pub fn audit_glance(&self, mark: AuditMark) -> Result<Audit> {
        audit::read(&self.server.audit_log(), mark, "").map(|(audit, _, _)| audit)
    }

    /// A request of our own, made last, tells when all before it are in the log.
    fn audit_from(&self, mark: AuditMark) -> Result<(Audit, AuditMark)> {
        let log = self.server.audit_log();
        let serving = {
            let running = self.running();
            running.server.is_some() && !running.paused
        };
        if !serving {
            return audit::read(&log, mark, "").map(|(audit, mark, _)| (audit, mark));
        }
        let number = self.marks.fetch_add(1, Ordering::Relaxed);
        // kubectl adds a timeout behind it, so its own end must tell 1 from 11.
        let query = format!("{OWN_QUERY}{number}.");
        self.kubectl(&["get", "--raw", &format!("/version?{query}")])?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let (audit, mark, seen) = audit::read(&log, mark, &query)?;
            if seen {
                return Ok((audit, mark));
            }
            thread::sleep(PAUSE);
        }
        bail!("the audit log of cluster `{}` does not move", self.name())
    }
}
