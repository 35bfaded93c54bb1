//! How a cluster comes up, and what its public face needs.

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::{ADMIN, CONTROLLERS, Cluster, PAUSE, Running};
use crate::api_server::ApiServer;
use crate::certificates::Authority;
use crate::kubeconfig::{self, Access, Credential};
use crate::kubectl::Kubectl;
use crate::options::ClusterOptions;
use crate::process::Process;
use crate::user::User;
use crate::{etcd, port};

/// The namespaces that the API server makes by itself, a little after it is ready.
const OWN_NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

impl Cluster {
    pub(super) fn start_once(options: ClusterOptions) -> Result<Self> {
        let mut directory = tempfile::Builder::new();
        directory.prefix("cofferdam-cluster-");
        let directory = match &options.parent_directory {
            Some(parent) => directory.tempdir_in(parent)?,
            None => directory.tempdir()?,
        };
        let mut users = options.users.clone();
        users.push(User::new(ADMIN, &["system:masters"])?);
        users.push(User::new(CONTROLLERS, &[])?);
        let authority = Authority::new(&options.name)?;
        let server = ApiServer::prepare(directory.path(), &options, &authority, &users)?;
        let kubectl = Kubectl::new(directory.path())?;
        let (etcd, store) = etcd::start(directory.path(), &options)?;
        let cluster = Self {
            controllers: Mutex::new(None),
            running: Mutex::new(Running {
                server: None,
                paused: false,
            }),
            etcd: Mutex::new(etcd),
            store,
            server,
            port: port::choose()?,
            options,
            authority,
            users,
            secrets: Mutex::new(Vec::new()),
            kubectl,
            marks: AtomicU64::new(0),
            directory,
        };
        cluster.start_server()?;
        cluster.wait_until_ready()?;
        if cluster.options.controllers {
            cluster.start_controllers()?;
        }
        Ok(cluster)
    }

    pub(super) fn start_server(&self) -> Result<()> {
        let server = self
            .server
            .start(self.port, &self.store, &self.options.service_range)?;
        self.running().server = Some(server);
        Ok(())
    }

    pub(super) fn wait_until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + self.options.deadline;
        let mut obstacle = "it does not listen".to_owned();
        while Instant::now() < deadline {
            self.check_running()?;
            match self.probe() {
                Ok(()) => return Ok(()),
                Err(error) => obstacle = format!("{error:#}"),
            }
            thread::sleep(PAUSE);
        }
        let tail = self
            .running()
            .server
            .as_ref()
            .map(Process::tail)
            .unwrap_or_default();
        let deadline = self.options.deadline;
        bail!("not ready after {deadline:?}: {obstacle}; the log of kube-apiserver:\n{tail}")
    }

    pub(super) fn set_paused(&self, paused: bool) -> Result<()> {
        let mut running = self.running();
        let server = running.server.as_ref();
        let server = server.with_context(|| format!("cluster `{}` is stopped", self.name()))?;
        server.signal(if paused { "STOP" } else { "CONT" })?;
        running.paused = paused;
        Ok(())
    }

    pub(super) fn running(&self) -> MutexGuard<'_, Running> {
        lock(&self.running)
    }

    pub(super) fn access_with(&self, user: &str, credential: Credential) -> Access {
        Access {
            cluster: self.name().to_owned(),
            server: self.url(),
            authority: self.ca_pem(),
            user: user.to_owned(),
            credential,
        }
    }

    pub(super) fn write_kubeconfig(&self, file: &str, access: Access) -> Result<PathBuf> {
        // Names of users hold colons and slashes.
        let file = file.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let path = self.directory().join(format!("{file}.kubeconfig"));
        kubeconfig::write(&path, &[access])?;
        Ok(path)
    }

    fn check_running(&self) -> Result<()> {
        lock(&self.etcd).check_running()?;
        match &mut self.running().server {
            Some(server) => server.check_running(),
            None => bail!("the API server is stopped"),
        }
    }

    fn probe(&self) -> Result<()> {
        // Cheaper than a kubectl that is refused.
        TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        self.kubectl(&["get", "--raw", "/readyz"])?;
        self.kubectl(&[&["get", "namespace", "--output=name"], &OWN_NAMESPACES[..]].concat())?;
        Ok(())
    }
}

/// Nothing is left half done by a thread that panics with one of our locks.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
