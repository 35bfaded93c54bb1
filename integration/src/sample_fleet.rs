//! The sample fleet of this repository, on clusters that are really there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::cluster::{ADMIN, Cluster};
use crate::cofferdam::{Project, Run};
use crate::kubeconfig;
use crate::options::ClusterOptions;
use crate::seed::{Cni, SeedOptions, Workload, seed_standard};
use crate::user::User;

/// The user that Cofferdam writes as.
pub const WRITER: &str = "cofferdam";

/// The label that the cloud gives to the nodes of the pool `pci`.
pub const PCI_NODE: (&str, &str) = ("fleet.node-restriction.kubernetes.io/pool", "pci");

/// The taint that the pool `pci` asks for.
pub const PCI_TAINT: (&str, &str) = ("cofferdam.io/pool", "pci");

/// What is left out of a copy: the sample's capabilities are made up, and kubeconfigs are somebody's own.
const NOT_COPIED: [&str; 2] = ["capabilities", "kubeconfigs"];

/// The clusters of the sample's documents, pinned, and nothing applied yet.
#[derive(Debug)]
pub struct SampleFleet {
    /// Staging, management and production, in this order.
    pub clusters: [Cluster; 3],
    /// A copy of the sample's documents.
    pub project: Project,
}

impl SampleFleet {
    /// Starts and seeds the clusters, gives the writer the rights that `rbac` prints, and pins them.
    pub fn start() -> Result<Self> {
        let clusters = thread::scope(|scope| {
            let threads =
                [staging(), management(), prod()].map(|member| scope.spawn(move || member.start()));
            let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
            ended
                .map(|result| result.map_err(|_| anyhow!("a thread panicked"))?)
                .collect::<Result<Vec<_>>>()
        })?;
        let Ok(clusters) = <[Cluster; 3]>::try_from(clusters) else {
            bail!("there are three clusters");
        };
        let project = Project::new(&[])?;
        copy_documents(project.path())?;
        let fleet = Self { clusters, project };
        for cluster in &fleet.clusters {
            fleet.project.guard_secrets_of(cluster);
            connect(fleet.project.path(), cluster, WRITER)?;
            fleet.grant(cluster)?;
        }
        fleet.expect(&["doctor", "--pin", "--write"], 0)?;
        Ok(fleet)
    }

    /// The cluster of cardholder data.
    pub fn prod(&self) -> &Cluster {
        let [_, _, prod] = &self.clusters;
        prod
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

    fn grant(&self, cluster: &Cluster) -> Result<()> {
        for profile in ["policies", "nodes", "guards"] {
            let which = ["--profile", profile];
            let subject = format!("user:{WRITER}");
            let rbac = [&["rbac", "--subject", &subject][..], &which].concat();
            cluster.apply_yaml(ADMIN, &self.expect(&rbac, 0)?.stdout)?;
        }
        Ok(())
    }
}

/// Copies `fleet/` and `policies/` of the repository.
pub fn copy_documents(project: &Path) -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for part in ["fleet", "policies"] {
        copy_directory(&repository.join(part), &project.join(part))?;
    }
    Ok(())
}

/// Puts a user's kubeconfig where the document of a cluster expects it.
pub fn connect(project: &Path, cluster: &Cluster, user: &str) -> Result<()> {
    let directory = project.join("fleet/kubeconfigs");
    fs::create_dir_all(&directory)?;
    let file = directory.join(format!("{}.yaml", cluster.name()));
    kubeconfig::write(&file, &[cluster.access(user)?])
}

/// What can be chosen about a cluster, as the documents describe it by its number among their addresses.
pub fn options(name: &str, number: u8) -> Result<ClusterOptions> {
    let mut options = ClusterOptions::new(name).user(User::new(WRITER, &[])?);
    options.service_range = format!("10.10{number}.0.0/16");
    // The first node's, as where the API server runs on a node of its cluster.
    options.api_server_arguments = vec![format!("--advertise-address=10.{number}.0.10")];
    Ok(options)
}

/// A cluster and what runs there.
struct Member {
    name: &'static str,
    number: u8,
    cni: Cni,
    node_labels: Vec<BTreeMap<String, String>>,
    workloads: Vec<Workload>,
}

impl Member {
    fn start(self) -> Result<Cluster> {
        let Self {
            name,
            number,
            cni,
            node_labels,
            workloads,
        } = self;
        let cluster = Cluster::start(options(name, number)?)?;
        let seed = SeedOptions {
            nodes: 3,
            node_labels,
            node_prefix: format!("10.{number}.0"),
            pod_prefix: format!("10.{number}0"),
            cni,
            workloads,
        };
        seed_standard(&cluster, &seed).with_context(|| format!("cannot seed cluster `{name}`"))?;
        Ok(cluster)
    }
}

fn staging() -> Member {
    let cards = [workload("payments", "payments-api", 8080)];
    Member {
        name: "staging",
        number: 2,
        cni: Cni::Calico,
        node_labels: Vec::new(),
        workloads: shop().into_iter().chain(cards).collect(),
    }
}

fn management() -> Member {
    Member {
        name: "management",
        number: 3,
        cni: Cni::Cilium,
        node_labels: Vec::new(),
        workloads: vec![
            workload("argocd", "argocd", 8080),
            workload("monitoring", "prometheus", 9090),
            workload("logging", "collector", 4317),
        ],
    }
}

/// The last of its nodes is for cardholder data only.
fn prod() -> Member {
    let (label, pool) = PCI_NODE;
    let (key, value) = PCI_TAINT;
    let cards = [
        workload("payments", "payments-api", 8080),
        workload("vault", "vault", 8200),
        workload("ledger", "postgres", 5432),
    ];
    let cards = cards.map(|one| one.on_nodes(&[PCI_NODE]).tolerating(key, value));
    let elsewhere = [("kubernetes.io/hostname", "prod-node-0")];
    let shop = shop().map(|one| one.on_nodes(&elsewhere));
    Member {
        name: "prod",
        number: 1,
        cni: Cni::Cilium,
        node_labels: vec![
            [].into(),
            [].into(),
            [(label.to_owned(), pool.to_owned())].into(),
        ],
        workloads: shop.into_iter().chain(cards).collect(),
    }
}

fn shop() -> [Workload; 6] {
    [
        workload("gateway", "gateway", 8443),
        workload("web", "web", 8080),
        workload("orders", "orders", 8080),
        workload("catalog", "catalog", 8080),
        workload("monitoring", "prometheus", 9090),
        workload("logging", "collector", 4317),
    ]
}

fn workload(namespace: &str, app: &str, port: u16) -> Workload {
    Workload::new(namespace, &[], app, port)
}

fn copy_directory(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let entries =
        fs::read_dir(from).with_context(|| format!("cannot list `{}`", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let (name, target) = (entry.file_name(), to.join(entry.file_name()));
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), target)?;
        } else if NOT_COPIED.iter().all(|left_out| name != *left_out) {
            copy_directory(&entry.path(), &target)?;
        }
    }
    Ok(())
}
