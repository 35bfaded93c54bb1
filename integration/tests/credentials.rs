//! Which credentials are used, which are refused, and what is said of them.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cofferdam_integration::shop::{CLUSTER_FILE, Shop, WRITER};
use serde_json::{Value, json};

/// Points the Cluster document at a changed copy of the writer's kubeconfig.
fn use_changed(shop: &Shop, name: &str, change: impl FnOnce(&mut Value)) -> Result<PathBuf> {
    let original = shop.cluster.kubeconfig(WRITER)?;
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&original)?)?;
    change(&mut config);
    let path = original.with_file_name(name);
    std::fs::write(&path, config.to_string())?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let document = shop.project.read(CLUSTER_FILE)?;
    let old = document
        .lines()
        .find(|line| line.contains("kubeconfig:"))
        .context("access")?;
    let new = format!(
        "  access: {{ kubeconfig: {}, allowExec: [{}] }}",
        path.display(),
        plugin(shop).display()
    );
    shop.project.edit(CLUSTER_FILE, old, &new)?;
    Ok(path)
}

fn plugin(shop: &Shop) -> PathBuf {
    shop.project.path().join("plugin")
}

/// Writes an exec plugin and lets the kubeconfig run it in place of the token.
fn use_plugin(shop: &Shop, script: &str, command: &Path) -> Result<()> {
    std::fs::write(plugin(shop), format!("#!/bin/sh\n{script}\n"))?;
    std::fs::set_permissions(plugin(shop), Permissions::from_mode(0o700))?;
    use_changed(shop, "exec.json", |config| {
        if let Some(user) = config.pointer_mut("/users/0/user") {
            *user = json!({"exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": command.display().to_string(),
                "interactiveMode": "Never",
            }});
        }
    })
    .map(drop)
}

#[test]
fn an_exec_plugin_runs_when_it_is_listed_and_tells_no_secret() -> Result<()> {
    let shop = Shop::start()?;
    let config = std::fs::read_to_string(shop.cluster.kubeconfig(WRITER)?)?;
    let config: Value = serde_json::from_str(&config)?;
    let token = config
        .pointer("/users/0/user/token")
        .and_then(Value::as_str)
        .context("a token")?;
    let good = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": token, "expirationTimestamp": "2099-01-01T00:00:00Z"},
    });
    use_plugin(&shop, &format!("echo '{good}'"), &plugin(&shop))?;
    let status = shop.expect(&["status", "-o", "json"], 2)?.json()?;
    let expires = status.pointer("/clusters/0/credentialExpiresAt");
    assert_eq!(expires, Some(&json!("2099-01-01T00:00:00Z")), "{status}");

    // A plugin that fails may print its secret; we do not.
    for script in [format!("echo {token} >&2; exit 3"), format!("echo {token}")] {
        use_plugin(&shop, &script, &plugin(&shop))?;
        let failed = shop.expect(&["status", "-vv"], 3)?;
        assert!(
            failed.stdout.contains("the exec plugin"),
            "{}",
            failed.stdout
        );
    }

    use_plugin(&shop, "exit 0", Path::new("/bin/echo"))?;
    let refused = shop.expect(&["status"], 3)?;
    assert!(
        refused
            .stdout
            .contains("exec plugin /bin/echo, which `allowExec`"),
        "{}",
        refused.stdout
    );
    Ok(())
}

#[test]
fn what_makes_a_connection_unsafe_is_refused() -> Result<()> {
    let shop = Shop::start()?;
    use_changed(&shop, "insecure.json", |config| {
        if let Some(cluster) = config.pointer_mut("/clusters/0/cluster") {
            *cluster = json!({"server": cluster.get("server"), "insecure-skip-tls-verify": true});
        }
    })?;
    let refused = shop.expect(&["plan"], 3)?;
    assert!(
        refused.stdout.contains("insecure-skip-tls-verify"),
        "{}",
        refused.stdout
    );

    let path = use_changed(&shop, "readable.json", |_| ())?;
    for mode in [0o640, 0o604] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode))?;
        let refused = shop.expect(&["plan"], 3)?;
        assert!(
            refused.stdout.contains("chmod 600"),
            "{mode:o}: {}",
            refused.stdout
        );
    }
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    shop.expect(&["plan"], 2)?;

    use_changed(&shop, "other-authority.json", |config| {
        if let Some(cluster) = config.pointer_mut("/clusters/0/cluster") {
            *cluster = json!({"server": cluster.get("server")});
        }
    })?;
    let refused = shop.expect(&["plan"], 3)?;
    assert!(
        refused.stdout.contains("compare the certificate authority"),
        "{}",
        refused.stdout
    );
    Ok(())
}

/// A proxy that opens a tunnel for whoever asks for one with the right user; its port.
fn tunnel() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            // A connection that breaks is its two ends' affair.
            std::thread::spawn(move || carry(client).ok());
        }
    });
    Ok(port)
}

fn carry(client: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        head.push(line);
    }
    let target = head.first().and_then(|line| line.split(' ').nth(1));
    // user:hidden-word
    let known = |line: &String| line.contains("dXNlcjpoaWRkZW4td29yZA==");
    anyhow::ensure!(head.iter().any(known), "another user");
    let server = TcpStream::connect(target.context("a target")?)?;
    let mut client = client;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut to_server, mut from_server) = (server.try_clone()?, server);
    let back = std::thread::spawn(move || std::io::copy(&mut from_server, &mut client));
    std::io::copy(&mut reader, &mut to_server)?;
    back.join().map_err(|_| anyhow::anyhow!("the way back"))??;
    Ok(())
}

#[test]
fn a_proxy_is_used_and_its_password_is_never_told() -> Result<()> {
    let shop = Shop::start()?;
    let through = |shop: &Shop, url: String| {
        use_changed(shop, "proxied.json", |config| {
            if let Some(cluster) = config.pointer_mut("/clusters/0/cluster") {
                cluster["proxy-url"] = json!(url);
            }
        })
    };
    let original = shop.project.read(CLUSTER_FILE)?;
    through(
        &shop,
        format!("http://user:hidden-word@127.0.0.1:{}", tunnel()?),
    )?;
    shop.expect(&["status"], 2)?;
    for url in [
        "http://user:hidden-word@127.0.0.1:2",
        "socks5://user:hidden-word@127.0.0.1:2",
        "ftp://user:hidden-word@127.0.0.1:2",
    ] {
        shop.project.write(CLUSTER_FILE, &original)?;
        through(&shop, url.to_owned())?;
        for command in ["status", "doctor", "plan"] {
            let run = shop.project.run(&[command, "-o", "json"])?;
            assert_eq!(run.code, 3, "{url}: {command}: {}", run.stdout);
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(!told.contains("hidden-word"), "{told}");
        }
    }
    Ok(())
}
