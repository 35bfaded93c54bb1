//! The store of one cluster.

use std::path::Path;

use anyhow::Result;

use crate::assets::{self, Tool, Version};
use crate::port;
use crate::process::Process;

/// Starts etcd below a directory and returns its client URL too.
pub(crate) fn start(directory: &Path, fsync: bool) -> Result<(Process, String)> {
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
    if !fsync {
        arguments.push("--unsafe-no-fsync".to_owned());
    }
    let program = assets::binary(Version::V1_36, Tool::Etcd)?;
    let process = Process::spawn(&program, &arguments, &directory.join("etcd.log"))?;
    Ok((process, client))
}
