//! Where the built test servers are, and which there are.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// The environment variable that names the directory of the built binaries.
pub const ASSETS_VARIABLE: &str = "COFFERDAM_ASSETS";

/// A Kubernetes version that the suites run against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The newest supported one, with all tools.
    #[default]
    V1_36,
    /// The oldest supported one: the API server only.
    V1_33,
}

impl Version {
    /// Every version, newest first.
    pub const ALL: [Self; 2] = [Self::V1_36, Self::V1_33];

    /// `1.36`: the name of the directory of its binaries.
    pub fn minor(self) -> &'static str {
        match self {
            Self::V1_36 => "1.36",
            Self::V1_33 => "1.33",
        }
    }
}

/// A Go module of ours that pins programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Module {
    /// Those of a Kubernetes version.
    Kubernetes(Version),
    /// Prometheus' Alertmanager.
    Alertmanager,
}

impl Module {
    /// Every module, those needed first in front.
    pub const ALL: [Self; 3] = [
        Self::Kubernetes(Version::V1_36),
        Self::Kubernetes(Version::V1_33),
        Self::Alertmanager,
    ];

    /// The name of its directory, and of that of its binaries.
    pub fn directory_name(self) -> &'static str {
        match self {
            Self::Kubernetes(version) => version.minor(),
            Self::Alertmanager => "alertmanager",
        }
    }

    /// The programs that are built from it, those needed first in front.
    pub fn tools(self) -> &'static [Tool] {
        match self {
            Self::Kubernetes(Version::V1_36) => &[
                Tool::Etcd,
                Tool::ApiServer,
                Tool::Kubectl,
                Tool::ControllerManager,
            ],
            Self::Kubernetes(Version::V1_33) => &[Tool::ApiServer],
            Self::Alertmanager => &[Tool::Alertmanager],
        }
    }
}

/// One of the programs that `cargo xtask assets` builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// `etcd`
    Etcd,
    /// `kube-apiserver`
    ApiServer,
    /// `kube-controller-manager`
    ControllerManager,
    /// `kubectl`
    Kubectl,
    /// `alertmanager`
    Alertmanager,
}

impl Tool {
    /// The file name of the binary.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
            Self::Alertmanager => "alertmanager",
        }
    }

    /// The Go package of its main function.
    pub fn package(self) -> &'static str {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::ApiServer => "k8s.io/kubernetes/cmd/kube-apiserver",
            Self::ControllerManager => "k8s.io/kubernetes/cmd/kube-controller-manager",
            Self::Kubectl => "k8s.io/kubernetes/cmd/kubectl",
            Self::Alertmanager => "github.com/prometheus/alertmanager/cmd/alertmanager",
        }
    }
}

/// The directory of the binaries: `$COFFERDAM_ASSETS`, else `cofferdam/assets` in the user's cache.
pub fn directory() -> Result<PathBuf> {
    if let Some(chosen) = variable(ASSETS_VARIABLE) {
        return Ok(chosen);
    }
    Ok(cache()?.join("assets"))
}

/// The directory of what we keep between runs, in the user's cache.
pub fn cache() -> Result<PathBuf> {
    let cache = match variable("XDG_CACHE_HOME") {
        Some(cache) => cache,
        None => variable("HOME")
            .context("neither XDG_CACHE_HOME nor HOME is set")?
            .join(".cache"),
    };
    Ok(cache.join("cofferdam"))
}

/// The path of a binary of a Kubernetes version, which must be there.
pub fn binary(version: Version, tool: Tool) -> Result<PathBuf> {
    binary_of(Module::Kubernetes(version), tool)
}

/// The path of a binary, which must be there.
pub fn binary_of(module: Module, tool: Tool) -> Result<PathBuf> {
    let path = directory()?
        .join(module.directory_name())
        .join(tool.file_name());
    ensure!(
        path.is_file(),
        "`{}` is missing: run `cargo xtask assets`",
        path.display()
    );
    Ok(path)
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
