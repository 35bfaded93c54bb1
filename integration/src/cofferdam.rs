//! The `cofferdam` binary on a directory of documents, as a user runs it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::Cluster;

/// A directory with `fleet/` and `policies/`.
#[derive(Debug)]
pub struct Project {
    directory: TempDir,
    secrets: RefCell<BTreeSet<String>>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit code; negative where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Standard output as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout)
            .with_context(|| format!("no JSON: {}\n{}", self.stdout, self.stderr))
    }
}

impl Project {
    /// A directory with these files.
    pub fn new(files: &[(&str, &str)]) -> Result<Self> {
        let project = Self {
            directory: tempfile::tempdir()?,
            secrets: RefCell::default(),
        };
        for (path, text) in files {
            project.write(path, text)?;
        }
        Ok(project)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.path().join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.path().join(path)).with_context(|| format!("no {path}"))
    }

    /// Replaces text in a file; the text must be there.
    pub fn edit(&self, path: &str, from: &str, to: &str) -> Result<()> {
        let text = self.read(path)?;
        if !text.contains(from) {
            bail!("{path} does not contain `{from}`");
        }
        self.write(path, &text.replace(from, to))
    }

    /// Writes the document of a cluster, reached as one of its users.
    pub fn add_cluster(&self, cluster: &Cluster, user: &str, labels: &str) -> Result<()> {
        self.guard_secrets_of(cluster);
        let (name, kubeconfig) = (cluster.name(), cluster.kubeconfig(user)?);
        let text = format!(
            "apiVersion: cofferdam.io/v1alpha1\nkind: Cluster\nmetadata:\n  name: {name}\n  labels: {labels}\nspec:\n  access: {{ kubeconfig: {} }}\n  mode: manage\n",
            kubeconfig.display()
        );
        self.write(&format!("fleet/clusters/{name}.yaml"), &text)
    }

    /// Makes it an error of any later run to print a secret of a cluster.
    pub fn guard_secrets_of(&self, cluster: &Cluster) {
        self.secrets.borrow_mut().extend(cluster.secrets());
    }

    /// Runs `cofferdam` to its end; it is an error when it prints a secret of a cluster of the project.
    pub fn run(&self, arguments: &[&str]) -> Result<Run> {
        let output = self
            .command(arguments)?
            .output()
            .context("cannot run cofferdam")?;
        let run = Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        for secret in self.secrets.borrow().iter() {
            let told = run.stdout.contains(secret) || run.stderr.contains(secret);
            ensure!(!told, "`cofferdam {}` prints a secret", arguments.join(" "));
        }
        Ok(run)
    }

    /// Starts `cofferdam` without waiting for it.
    pub fn spawn(&self, arguments: &[&str]) -> Result<Child> {
        let mut command = self.command(arguments)?;
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("cannot run cofferdam")
    }

    /// Starts `cofferdam` without waiting for it; what it tells on standard error goes to a file.
    pub fn spawn_logging(&self, arguments: &[&str], log: &Path) -> Result<Child> {
        let mut command = self.command(arguments)?;
        let log = std::fs::File::create(log)?;
        command.stdout(Stdio::null()).stderr(log);
        command.spawn().context("cannot run cofferdam")
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary()?);
        command
            .arg("-C")
            .arg(self.path())
            .args(arguments)
            .stdin(Stdio::null());
        command.env_remove("KUBECONFIG").env("HOME", self.path());
        Ok(command)
    }
}

/// The binary, built when it is first asked for, with the features that the whole workspace asks for: so
/// what the suites were built with need not be built again.
pub fn binary() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT
        .get_or_init(|| build().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(anyhow::Error::msg)
}

/// `cargo` on this repository, as if called from a shell.
///
/// What cargo tells the program that it runs about its package would reach the inner cargo too, where
/// build scripts that look at it (ring's) would build half of the dependencies again, each time.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let about_package =
        |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(about_package) {
            command.env_remove(name);
        }
    }
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command
}

fn build() -> Result<PathBuf> {
    let output = cargo()
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--bin",
            "cofferdam",
            "--message-format",
            "json",
        ])
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!(
            "cofferdam does not build: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .find(|path| path.ends_with("cofferdam"))
        .context("cargo named no binary")
}
