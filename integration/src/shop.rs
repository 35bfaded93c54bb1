//! A small shop on one cluster: the fixture of suites that look at one cluster closely.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::cluster::{ADMIN, Cluster};
use crate::cofferdam::{Project, Run};
use crate::options::ClusterOptions;
use crate::proxy::Proxy;
use crate::seed::{SeedOptions, Workload, seed_standard};
use crate::user::User;

/// The zone model of the shop: `web` may reach `orders` on 8080, `ledger` is created.
pub const MODEL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: shop }
spec:
  tiers: [edge, application, data]
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: front }
spec:
  tier: edge
  sensitivity: low
  trustDomains: [production]
  enforcement: enforce
  namespaces: [{ name: web }]
  internet: { ingress: deny, egress: deny }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: back }
spec:
  tier: application
  sensitivity: high
  trustDomains: [production]
  enforcement: enforce
  namespaces: [{ name: orders }, { name: ledger, create: true, team: books }]
  internet: { ingress: deny, egress: deny }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: web-to-orders }
spec:
  from: { zone: front }
  to: { zone: back, namespaces: [orders], workload: { matchLabels: { app: orders } } }
  ports: [{ protocol: TCP, port: 8080 }]
  justification: customers order
  owner: shop
  approval: { by: security, at: 2026-09-01 }
  review: { last: 2026-11-01 }
";

/// The file of [`MODEL`].
pub const MODEL_FILE: &str = "policies/model.yaml";

/// The file of the Cluster document.
pub const CLUSTER_FILE: &str = "fleet/clusters/prod.yaml";

/// The user that Cofferdam writes as, with the rights that `cofferdam rbac` prints.
pub const WRITER: &str = "cofferdam";

/// Somebody else, with every right.
pub const SOMEBODY: &str = "somebody";

const DOMAIN: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } }, rollout: { order: 10 } }
";

/// The shop, pinned and not yet applied.
#[derive(Debug)]
pub struct Shop {
    /// Its cluster, named `prod`.
    pub cluster: Cluster,
    /// Its documents.
    pub project: Project,
}

impl Shop {
    /// Starts the cluster, seeds it, gives the writer its rights, and pins it. Its document names the
    /// API server's audit log.
    pub fn start() -> Result<Self> {
        Self::start_with(ClusterOptions::new("prod"), SeedOptions::default())
    }

    /// The same with options; the workloads of the shop are added to those of the seed.
    pub fn start_with(options: ClusterOptions, mut seed: SeedOptions) -> Result<Self> {
        let options = options
            .user(User::new(WRITER, &[])?)
            .user(User::new(SOMEBODY, &["system:masters"])?);
        let cluster = Cluster::start(options)?;
        seed.workloads.extend([
            Workload::new("web", &[("team", "shop")], "web", 8080),
            Workload::new("orders", &[], "orders", 8080),
        ]);
        seed_standard(&cluster, &seed)?;
        let project = Project::new(&[(MODEL_FILE, MODEL), ("fleet/domains.yaml", DOMAIN)])?;
        project.add_cluster(&cluster, WRITER, "{ environment: production }")?;
        let log = cluster.audit_log();
        let audit = format!("  mode: manage\n  audit: {{ file: {} }}\n", log.display());
        project.edit(CLUSTER_FILE, "  mode: manage\n", &audit)?;
        let shop = Self { cluster, project };
        shop.grant()?;
        shop.expect(&["doctor", "--pin", "--write"], 0)?;
        Ok(shop)
    }

    /// Gives the writer the rights that its documents ask for: guard rails and new namespaces by name.
    pub fn grant(&self) -> Result<()> {
        for profile in ["policies", "nodes", "guards"] {
            let manifests = self.expect(&["rbac", "--profile", profile], 0)?;
            self.cluster.apply_yaml(ADMIN, &manifests.stdout)?;
        }
        Ok(())
    }

    /// Has commands reach the cluster through a proxy.
    pub fn reach_through(&self, proxy: &Proxy) -> Result<()> {
        let direct = self.cluster.kubeconfig(WRITER)?;
        let proxied = direct.with_file_name("proxied.yaml");
        let text = std::fs::read_to_string(&direct)?;
        std::fs::write(&proxied, text.replace(&self.cluster.url(), &proxy.url()))?;
        std::fs::set_permissions(&proxied, std::fs::metadata(&direct)?.permissions())?;
        let (from, to) = (direct.display().to_string(), proxied.display().to_string());
        self.project.edit(CLUSTER_FILE, &from, &to)
    }

    /// Runs `cofferdam` and fails unless it ends with this code.
    pub fn expect(&self, arguments: &[&str], code: i32) -> Result<Run> {
        let run = self.project.run(arguments)?;
        ensure!(
            run.code == code,
            "cofferdam {} ended with {}, not {code}\n{}\n{}",
            arguments.join(" "),
            run.code,
            run.stdout,
            run.stderr
        );
        Ok(run)
    }

    /// Applies without waiting for policies to settle.
    pub fn apply(&self, more: &[&str], code: i32) -> Result<Run> {
        self.expect(
            &[&["apply", "--yes", "--settle", "0s"], more].concat(),
            code,
        )
    }

    /// The findings above info, as `class Kind/name`, sorted.
    pub fn drift(&self) -> Result<Vec<String>> {
        let mut all: Vec<String> = self
            .findings()?
            .iter()
            .map(|finding| {
                let text = |path: &str| {
                    let value = finding.pointer(path).and_then(Value::as_str);
                    value.unwrap_or_default().to_owned()
                };
                let (kind, name) = (text("/object/kind"), text("/object/name"));
                (
                    text("/severity"),
                    format!("{} {kind}/{name}", text("/class")),
                )
            })
            .filter(|(severity, _)| severity != "info")
            .map(|(_, finding)| finding)
            .collect();
        all.sort();
        Ok(all)
    }

    /// The findings of `drift -o json`.
    pub fn findings(&self) -> Result<Vec<Value>> {
        let report = self.project.run(&["drift", "-o", "json"])?.json()?;
        let findings = report.pointer("/clusters/0/findings");
        Ok(findings
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default())
    }

    /// Lets [`SOMEBODY`] delete a policy.
    pub fn lose_policy(&self, namespace: &str, name: &str) -> Result<()> {
        let delete = ["-n", namespace, "delete", "netpol", name];
        self.cluster.kubectl_as(SOMEBODY, &delete).map(drop)
    }

    /// Lets [`SOMEBODY`] allow everything with a default-deny for egress.
    pub fn widen_egress(&self, namespace: &str, name: &str) -> Result<()> {
        let patch = r#"{"spec":{"egress":[{}]}}"#;
        let target = ["-n", namespace, "patch", "netpol", name];
        let how = ["--type=merge", "-p", patch];
        let widen = [&target[..], &how].concat();
        self.cluster.kubectl_as(SOMEBODY, &widen).map(drop)
    }

    /// The names of the NetworkPolicies in a namespace, sorted.
    pub fn policies(&self, namespace: &str) -> Result<Vec<String>> {
        let list = self.cluster.get_json(&["-n", namespace, "netpol"])?;
        let items = list.get("items").and_then(Value::as_array);
        let name = |item: &Value| Some(item.pointer("/metadata/name")?.as_str()?.to_owned());
        Ok(items.into_iter().flatten().filter_map(name).collect())
    }
}
