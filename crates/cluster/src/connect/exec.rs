//! Exec plugins: only allowed ones, without a terminal, with a deadline, few at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cofferdam_model::cluster::Cluster;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use kube::config::{AuthInfo, ExecConfig, Kubeconfig};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::ConnectOptions;
use super::kubeconfig::Selected;

static AT_ONCE: Semaphore = Semaphore::const_new(8);
const DEADLINE: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Credential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

/// Runs the plugin where there is one, and puts what it returned in its place. Returns when that
/// expires, where the plugin says so.
pub(super) async fn replace(
    file: &mut Kubeconfig,
    selected: &Selected,
    path: &Path,
    cluster: &Cluster,
    options: &ConnectOptions,
) -> Result<Option<Timestamp>, String> {
    let Some(exec) = selected.auth(file).and_then(|auth| auth.exec.clone()) else {
        return Ok(None);
    };
    let command = exec.command.as_deref().unwrap_or_default();
    let program = resolve(command, path, options.path_env.as_deref())?;
    let text = program.display().to_string();
    if !cluster.access.allow_exec.contains(&text) {
        return Err(format!(
            "it runs the exec plugin {text}, which `allowExec` of the cluster does not list"
        ));
    }
    let info = exec_info(&exec, file, selected);
    let status = run(&program, &exec, &info).await?;
    let expires = status
        .expiration_timestamp
        .as_deref()
        .and_then(|at| at.parse().ok());
    if let Some(auth) = selected.auth_mut(file) {
        install(auth, status);
    }
    Ok(expires)
}

/// The absolute path of a command: through `PATH` when it is bare, else relative to the kubeconfig.
fn resolve(command: &str, file: &Path, path_env: Option<&str>) -> Result<PathBuf, String> {
    if command.is_empty() {
        return Err("its exec plugin names no command".to_owned());
    }
    if command.contains('/') {
        let dir = file.parent().unwrap_or_else(|| Path::new("/"));
        return Ok(dir.join(command));
    }
    path_env
        .unwrap_or_default()
        .split(':')
        .filter(|dir| dir.starts_with('/'))
        .map(|dir| Path::new(dir).join(command))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| format!("its exec plugin `{command}` is not found in PATH"))
}

fn exec_info(exec: &ExecConfig, file: &Kubeconfig, selected: &Selected) -> Value {
    let version = exec.api_version.as_deref();
    let mut spec = json!({"interactive": false});
    if exec.provide_cluster_info
        && let Some(cluster) = selected.cluster(file)
    {
        let about = json!({
            "server": cluster.server,
            "certificate-authority-data": cluster.certificate_authority_data,
            "tls-server-name": cluster.tls_server_name,
            "proxy-url": cluster.proxy_url,
        });
        if let Some(spec) = spec.as_object_mut() {
            spec.insert("cluster".to_owned(), about);
        }
    }
    json!({
        "apiVersion": version.unwrap_or("client.authentication.k8s.io/v1"),
        "kind": "ExecCredential",
        "spec": spec,
    })
}

async fn run(program: &Path, exec: &ExecConfig, info: &Value) -> Result<Status, String> {
    let name = program.display();
    let mut command = Command::new(program);
    command
        .args(exec.args.iter().flatten())
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    for pair in exec.env.iter().flatten() {
        if let Some((key, value)) = pair_of(pair) {
            command.env(key, value);
        }
    }
    for key in exec.drop_env.iter().flatten() {
        command.env_remove(key);
    }
    let permit = AT_ONCE.acquire().await;
    let output = tokio::time::timeout(DEADLINE, command.output()).await;
    drop(permit);
    let output = output
        .map_err(|_| format!("the exec plugin {name} did not end within 30 s"))?
        .map_err(|error| format!("the exec plugin {name} did not start: {error}"))?;
    if !output.status.success() {
        // What it printed may hold a secret.
        return Err(format!(
            "the exec plugin {name} failed ({}); run it by hand to see why",
            output.status
        ));
    }
    let parsed: Option<Credential> = serde_json::from_slice(&output.stdout).ok();
    parsed
        .and_then(|credential| credential.status)
        .filter(|status| status.token.is_some() || status.client_certificate_data.is_some())
        .ok_or_else(|| format!("the exec plugin {name} returned no credential"))
}

fn pair_of(pair: &HashMap<String, String>) -> Option<(&String, &String)> {
    Some((pair.get("name")?, pair.get("value")?))
}

fn install(auth: &mut AuthInfo, status: Status) {
    auth.exec = None;
    if let Some(token) = status.token {
        auth.token = Some(token.into());
        auth.token_file = None;
    }
    if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data)
    {
        auth.client_certificate_data = base64(certificate);
        auth.client_key_data = base64(key).map(Into::into);
    }
}

fn base64(text: String) -> Option<String> {
    let value = serde_json::to_value(ByteString(text.into_bytes())).ok()?;
    value.as_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_resolved() {
        let file = Path::new("/etc/fleet/kubeconfig");
        let found = resolve("sh", file, Some("/nowhere:/bin:/usr/bin"));
        assert_eq!(found.as_deref(), Ok(Path::new("/bin/sh")));
        assert!(resolve("sh", file, None).is_err());
        let relative = resolve("bin/get", file, None);
        assert_eq!(relative.as_deref(), Ok(Path::new("/etc/fleet/bin/get")));
    }
}
