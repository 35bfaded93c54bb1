//! The API server of one cluster: its files and its command line.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::assets::{self, Tool, Version};
use crate::certificates::{Authority, SigningKeys};
use crate::kubeconfig::write_private;
use crate::options::ClusterOptions;
use crate::process::{Lifetime, Process};
use crate::user::{self, User};

const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
";

/// Everything needed to start the API server, again and again, on one port and one store.
#[derive(Debug)]
pub(crate) struct ApiServer {
    version: Version,
    lifetime: Lifetime,
    directory: PathBuf,
    arguments: Vec<String>,
    keys: Vec<String>,
}

impl ApiServer {
    /// Writes certificates, keys, tokens and the audit policy.
    pub(crate) fn prepare(
        directory: &Path,
        options: &ClusterOptions,
        authority: &Authority,
        users: &[User],
    ) -> Result<Self> {
        let serving = authority.server(&[IpAddr::V4(Ipv4Addr::LOCALHOST)])?;
        let signing = SigningKeys::new()?;
        fs::write(directory.join("audit-policy.yaml"), AUDIT_POLICY)?;
        fs::write(directory.join("ca.crt"), authority.pem())?;
        fs::write(directory.join("serving.crt"), &serving.certificate)?;
        write_private(&directory.join("serving.key"), &serving.key)?;
        fs::write(directory.join("service-accounts.pub"), &signing.public)?;
        write_private(&directory.join("service-accounts.key"), &signing.private)?;
        write_private(&directory.join("tokens.csv"), &user::token_file(users))?;
        Ok(Self {
            version: options.version,
            lifetime: options.lifetime,
            directory: directory.to_owned(),
            arguments: options.api_server_arguments.clone(),
            keys: vec![serving.key, signing.private, authority.key_pem()],
        })
    }

    /// The private keys it was given.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    pub(crate) fn audit_log(&self) -> PathBuf {
        self.directory.join("audit.log")
    }

    /// Starts the server.
    pub(crate) fn start(&self, port: u16, store: &str, service_range: &str) -> Result<Process> {
        let file = |name: &str| self.directory.join(name).display().to_string();
        let mut arguments = vec![
            format!("--etcd-servers={store}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            // Else the machine's own address lands in EndpointSlice `kubernetes`.
            "--advertise-address=192.0.2.10".to_owned(),
            format!("--service-cluster-ip-range={service_range}"),
            format!("--client-ca-file={}", file("ca.crt")),
            format!("--tls-cert-file={}", file("serving.crt")),
            format!("--tls-private-key-file={}", file("serving.key")),
            format!("--token-auth-file={}", file("tokens.csv")),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--enable-admission-plugins=NodeRestriction".to_owned(),
            "--disable-admission-plugins=ServiceAccount".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!(
                "--service-account-key-file={}",
                file("service-accounts.pub")
            ),
            format!(
                "--service-account-signing-key-file={}",
                file("service-accounts.key")
            ),
            format!("--audit-policy-file={}", file("audit-policy.yaml")),
            format!("--audit-log-path={}", self.audit_log().display()),
            "--audit-log-format=json".to_owned(),
            "--audit-log-mode=blocking".to_owned(),
            "--allow-privileged=true".to_owned(),
            "--profiling=false".to_owned(),
        ];
        arguments.extend(self.arguments.iter().cloned());
        let program = assets::binary(self.version, Tool::ApiServer)?;
        Process::spawn(
            &program,
            &arguments,
            &self.directory.join("kube-apiserver.log"),
            self.lifetime,
        )
    }
}

/// Starts the controllers, without the one that takes seeded nodes for dead.
pub(crate) fn start_controllers(
    directory: &Path,
    kubeconfig: &Path,
    lifetime: Lifetime,
) -> Result<Process> {
    let file = |name: &str| directory.join(name).display().to_string();
    let kubeconfig = kubeconfig.display();
    let arguments = [
        format!("--kubeconfig={kubeconfig}"),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        "--controllers=*,-node-lifecycle-controller".to_owned(),
        "--leader-elect=false".to_owned(),
        "--use-service-account-credentials=true".to_owned(),
        "--secure-port=0".to_owned(),
        format!("--root-ca-file={}", file("ca.crt")),
        format!(
            "--service-account-private-key-file={}",
            file("service-accounts.key")
        ),
    ];
    let program = assets::binary(Version::V1_36, Tool::ControllerManager)?;
    Process::spawn(
        &program,
        &arguments,
        &directory.join("kube-controller-manager.log"),
        lifetime,
    )
}
