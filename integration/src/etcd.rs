//! The store of one cluster.

use std::path::Path;

use anyhow::Result;

use crate::assets::{self, Tool, Version};
use crate::options::ClusterOptions;
use crate::port;
use crate::process::Process;

/// Starts etcd below a directory and returns its client URL too.
pub(crate) fn start(directory: &Path, options: &ClusterOptions) -> Result<(Process, String)> {
    let client = format!("http://127.0.0.1:{}", port::choose()?);
    let peer = format!("http://127.0.0.1:{}", port::choose()?);
    let mut arguments = vec![
        format!("--data-dir={}", directory.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        "--name=store".to_owned(),
        format!("--initial-cluster=store={peer}"),
        "--log-level=warn".to_owned(),
    ];
    if !options.fsync {
        arguments.push("--unsafe-no-fsync".to_owned());
    }
    let program = assets::binary(Version::V1_36, Tool::Etcd)?;
    let log = directory.join("etcd.log");
    let process = Process::spawn(&program, &arguments, &log, options.lifetime)?;
    Ok((process, client))
}
