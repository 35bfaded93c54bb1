//! Kubeconfig files, readable by their owner only.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::certificates::Pair;

/// How a kubeconfig user shows who they are.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A bearer token.
    Token(String),
    /// A client certificate.
    Certificate(Pair),
}

/// The access of one user to one cluster: a context of a kubeconfig.
#[derive(Debug, Clone)]
pub struct Access {
    /// The name of the cluster and of the context.
    pub cluster: String,
    /// The URL of the API server.
    pub server: String,
    /// The certificate of the authority.
    pub authority: String,
    /// The name of the user.
    pub user: String,
    /// The credential of the user.
    pub credential: Credential,
}

/// Writes a kubeconfig with a context for each access; the first is the current one.
pub fn write(path: &Path, accesses: &[Access]) -> Result<()> {
    let text = serde_json::to_string_pretty(&config(accesses))?;
    write_private(path, &text)
}

/// Writes a file that only its owner can read, also while it is written.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = File::options();
    options.create(true).write(true).truncate(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

/// JSON is YAML too, so every reader of kubeconfigs takes it.
fn config(accesses: &[Access]) -> serde_json::Value {
    let contexts = accesses.iter().map(|access| {
        json!({"name": access.cluster, "context": {"cluster": access.cluster, "user": user(access)}})
    });
    let clusters = accesses.iter().map(|access| {
        let authority = STANDARD.encode(&access.authority);
        let cluster = json!({"server": access.server, "certificate-authority-data": authority});
        json!({"name": access.cluster, "cluster": cluster})
    });
    let users = accesses.iter().map(|access| {
        let credential = match &access.credential {
            Credential::Token(token) => json!({"token": token}),
            Credential::Certificate(Pair { certificate, key }) => json!({
                "client-certificate-data": STANDARD.encode(certificate),
                "client-key-data": STANDARD.encode(key),
            }),
        };
        json!({"name": user(access), "user": credential})
    });
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": accesses.first().map(|access| &access.cluster),
        "clusters": clusters.collect::<Vec<_>>(),
        "contexts": contexts.collect::<Vec<_>>(),
        "users": users.collect::<Vec<_>>(),
    })
}

/// The same user name of two clusters stands for two credentials.
fn user(access: &Access) -> String {
    format!("{}@{}", access.user, access.cluster)
}

/// What must never be seen of a key outside the file that holds it: the text, and it in base64.
pub(crate) fn secret_forms(key: &str) -> Vec<String> {
    let long = |line: &&str| !line.starts_with("-----") && line.len() >= 20;
    let body = key.lines().filter(long);
    let mut forms: Vec<String> = body.map(str::to_owned).collect();
    forms.push(STANDARD.encode(key));
    forms
}
