//! What can be chosen about a cluster before it starts.

use std::path::PathBuf;
use std::time::Duration;

use crate::assets::Version;
use crate::process::Lifetime;
use crate::user::User;

/// How a cluster is to be started.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The version of the API server.
    pub version: Version,
    /// The name, used in kubeconfigs and messages.
    pub name: String,
    /// Users with tokens; an administrator is added to them.
    pub users: Vec<User>,
    /// `--service-cluster-ip-range`; two ranges with a comma for dual stack, IPv4 first.
    pub service_range: String,
    /// Whether etcd syncs to disk; only benchmarks want that.
    pub fsync: bool,
    /// Whether `kube-controller-manager` runs too (built for 1.36 only).
    pub controllers: bool,
    /// More arguments for the API server.
    pub api_server_arguments: Vec<String>,
    /// How long its processes may run.
    pub lifetime: Lifetime,
    /// Where the directory of its files is made; the one for temporary files by default.
    pub parent_directory: Option<PathBuf>,
    /// How long the cluster may take until it is ready.
    pub deadline: Duration,
}

impl ClusterOptions {
    /// The newest version under a name, everything else as usual.
    pub fn new(name: &str) -> Self {
        Self {
            version: Version::V1_36,
            name: name.to_owned(),
            users: Vec::new(),
            service_range: "10.96.0.0/16".to_owned(),
            fsync: false,
            controllers: false,
            api_server_arguments: Vec::new(),
            lifetime: Lifetime::default(),
            parent_directory: None,
            deadline: Duration::from_mins(2),
        }
    }

    /// Another version.
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// One more user with a token.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }
}
