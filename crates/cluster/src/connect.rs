//! From a cluster of the fleet to a connection, by the rules for credentials.

mod exec;
mod expiry;
mod kubeconfig;
mod proxy;
mod transport;

pub use kubeconfig::{Contexts, contexts};

use std::path::{Path, PathBuf};
use std::time::Duration;

use cofferdam_model::cluster::Cluster;
use http::HeaderValue;
use http::header::USER_AGENT;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::error::{Category, Error, of_transport, without_users};
use crate::patience::Progress;
use crate::request::{Connection, Parts};

/// What the surroundings say about connecting.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// The directory that relative paths are resolved against.
    pub base_dir: PathBuf,
    /// The home directory, for paths that start with `~/`.
    pub home: Option<PathBuf>,
    /// The value of `PATH`, for exec plugins.
    pub path_env: Option<String>,
    /// Deadline of one write, and of each part of the answer to a read; must be shorter than the lease
    /// (15 s).
    pub timeout: Duration,
    /// A kubeconfig to use in place of the cluster's.
    pub kubeconfig: Option<PathBuf>,
    /// Where it is noted that answers come.
    pub progress: Progress,
}

impl ConnectOptions {
    /// Options with a deadline of 10 s per request.
    pub fn new(base_dir: PathBuf) -> Self {
        Self {
            base_dir,
            home: None,
            path_env: None,
            timeout: Duration::from_secs(10),
            kubeconfig: None,
            progress: Progress::default(),
        }
    }

    /// The kubeconfig that a cluster is reached with.
    pub fn kubeconfig_of(&self, cluster: &Cluster) -> PathBuf {
        if let Some(path) = &self.kubeconfig {
            return path.clone();
        }
        self.resolve(&cluster.access.kubeconfig)
    }

    /// A path of a document: absolute, below the home directory (`~/`), or relative to the base.
    pub fn resolve(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.base_dir.join(Path::new(path)),
        }
    }
}

/// Connects to a cluster. Nothing is sent yet, but an allowed exec plugin runs.
pub async fn connect(cluster: &Cluster, options: &ConnectOptions) -> Result<Connection, Error> {
    let path = options.kubeconfig_of(cluster);
    let refuse = |why: String| {
        let error = credential(cluster, &path, why);
        if path.exists() || options.kubeconfig.is_some() {
            return error;
        }
        error.with_hint(
            "see `access.kubeconfig` of the Cluster document; relative paths begin at its file",
        )
    };
    let mut file = kubeconfig::read(&path).map_err(refuse)?;
    let chosen = kubeconfig::choose(
        &file,
        cluster.access.context.as_deref(),
        options.kubeconfig.is_some(),
    );
    let (context, instead) = chosen.map_err(refuse)?;
    let selected = kubeconfig::select(&file, context.as_deref()).map_err(refuse)?;
    kubeconfig::check(&file, &selected).map_err(refuse)?;
    let ran = exec::replace(&mut file, &selected, &path, cluster, options)
        .await
        .map_err(refuse)?;
    let expires_at = expiry::of(&file, &selected, ran);
    // Taken out of the file: the library's own message about a malformed one would quote it.
    let proxy = selected.take_proxy(&mut file);
    let mut config = configure(file, context).await.map_err(refuse)?;
    let environment = config.proxy_url.take();
    config.proxy_url =
        proxy::choose(proxy.as_deref(), environment, &config.cluster_url).map_err(refuse)?;
    let server = told_address(&config.cluster_url);
    let proxy = config.proxy_url.as_ref().map(proxy::told);
    let client = build(config.clone()).await.map_err(refuse)?;
    Ok(Connection::new(Parts {
        cluster: cluster.name.clone(),
        client,
        config,
        server,
        proxy,
        kubeconfig: path.clone(),
        instead,
        expires_at,
        timeout: options.timeout,
        progress: options.progress.clone(),
        limits: cluster.limits,
    }))
}

/// A server's address as it may be told: without the query, and without the user and password that may
/// stand in it.
fn told_address(url: &http::Uri) -> String {
    let authority = url.authority().map_or("", http::uri::Authority::as_str);
    let scheme = url.scheme_str().unwrap_or("https");
    without_users(&format!("{scheme}://{authority}{}", url.path()))
}

fn credential(cluster: &Cluster, path: &Path, why: String) -> Error {
    let what = format!("cannot use kubeconfig {}", path.display());
    Error::new(cluster.name.as_str(), Category::Credential, what, why)
}

async fn configure(file: Kubeconfig, context: Option<String>) -> Result<Config, String> {
    let options = KubeConfigOptions {
        context,
        ..KubeConfigOptions::default()
    };
    let mut config = Config::from_custom_kubeconfig(file, &options)
        .await
        .map_err(|error| of_transport(&error).1)?;
    let agent = concat!("cofferdam/", env!("CARGO_PKG_VERSION"));
    config
        .headers
        .push((USER_AGENT, HeaderValue::from_static(agent)));
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(10));
    config.read_timeout = None;
    config.write_timeout = None;
    Ok(config)
}

/// Building reads files, so it is done where blocking harms nobody. It needs the runtime's context.
pub(crate) async fn build(config: Config) -> Result<kube::Client, String> {
    let runtime = tokio::runtime::Handle::current();
    let built = tokio::task::spawn_blocking(move || {
        let _guard = runtime.enter();
        transport::client(config)
    });
    match built.await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(of_transport(&error).1),
        Err(_) => Err("the client could not be built".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::told_address;

    #[test]
    fn no_password_is_told_with_an_address() {
        for (url, told) in [
            ("https://user:secret@host:6443/", "https://host:6443/"),
            ("https://host:6443/k8s/c-1", "https://host:6443/k8s/c-1"),
            (
                "https://u:p@[::1]:6443/a@b?token=c",
                "https://[::1]:6443/a@b",
            ),
        ] {
            assert_eq!(told_address(&url.parse().expect("a URL")), told);
        }
    }
}
