//! The built `kubectl`, with an explicit kubeconfig and nothing from the environment.

use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::assets::{self, Tool, Version};
use crate::process::keep_environment;

/// How `kubectl` is called for one cluster.
#[derive(Debug)]
pub(crate) struct Kubectl {
    program: PathBuf,
    home: PathBuf,
}

impl Kubectl {
    /// `home` takes the discovery cache.
    pub(crate) fn new(home: &Path) -> Result<Self> {
        let program = assets::binary(Version::V1_36, Tool::Kubectl)?;
        Ok(Self {
            program,
            home: home.to_owned(),
        })
    }

    /// Runs a command and returns what it printed.
    pub(crate) fn run(
        &self,
        kubeconfig: &Path,
        arguments: &[&str],
        input: Option<&str>,
    ) -> Result<String> {
        let mut command = Command::new(&self.program);
        keep_environment(&mut command, &self.home);
        command.env("KUBECTL_KUBERC", "false");
        command
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .arg("--request-timeout=60s")
            .args(arguments);
        command.stdin(standard_input(input)?);
        let output = command.output().context("cannot run `kubectl`")?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            bail!(
                "`kubectl {}` failed: {}",
                arguments.join(" "),
                message.trim_end()
            );
        }
        String::from_utf8(output.stdout).context("`kubectl` printed no UTF-8")
    }
}

/// A file without a name, so that neither side waits for the other.
fn standard_input(input: Option<&str>) -> Result<Stdio> {
    let Some(text) = input else {
        return Ok(Stdio::null());
    };
    let mut file = tempfile::tempfile()?;
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}
