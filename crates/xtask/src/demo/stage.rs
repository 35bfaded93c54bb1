//! The three clusters of the demo, who works on them, and what runs there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow};
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::process::Lifetime;
use cofferdam_integration::sample_fleet::{self, PCI_NODE, PCI_TAINT, WRITER};
use cofferdam_integration::{
    Cluster, ClusterOptions, Cni, SeedOptions, User, Workload, kubeconfig, seed_standard,
};

/// The people and programs besides us, all with far too many rights, as everywhere.
pub(super) const OTHERS: [(&str, &str); 7] = [
    ("alice", "alice"),
    ("bob", "bob"),
    ("carol", "carol"),
    ("dave", "dave"),
    ("erin", "erin"),
    ("release-bot", "release-bot"),
    (
        "argocd",
        "system:serviceaccount:argocd:argocd-application-controller",
    ),
];

const GROUP: &str = "platform-engineers";
const EVERYTHING: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: platform-engineers }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: platform-engineers }]
";

/// A cluster as the sample's documents describe it.
struct Plan {
    name: &'static str,
    number: u8,
    cni: Cni,
    nodes: usize,
    pci_nodes: usize,
    workloads: Vec<Workload>,
}

/// Starts and seeds the clusters side by side.
pub(super) fn start(directory: &Path, keep: bool) -> Result<Vec<Cluster>> {
    let plans = [staging(), management(), prod()];
    thread::scope(|scope| {
        let start = |plan| scope.spawn(move || start_one(directory, keep, plan));
        let threads: Vec<_> = plans.into_iter().map(start).collect();
        let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ended
            .map(|result| result.map_err(|_| anyhow!("a thread panicked"))?)
            .collect()
    })
}

/// Writes everybody's kubeconfig, with a context for each cluster.
pub(super) fn give_access(clusters: &[Cluster], people: &Path) -> Result<()> {
    std::fs::create_dir_all(people)?;
    let all = OTHERS
        .into_iter()
        .chain([("admin", ADMIN), (WRITER, WRITER)]);
    for (file, user) in all {
        let accesses: Vec<_> = clusters
            .iter()
            .map(|cluster| cluster.access(user))
            .collect::<Result<_>>()?;
        kubeconfig::write(&people.join(format!("{file}.kubeconfig")), &accesses)?;
    }
    Ok(())
}

fn start_one(directory: &Path, keep: bool, plan: Plan) -> Result<Cluster> {
    let Plan {
        name,
        number,
        cni,
        nodes,
        pci_nodes,
        workloads,
    } = plan;
    let cluster = Cluster::start(options(name, number, directory, keep)?)?;
    cluster.apply_yaml(ADMIN, EVERYTHING)?;
    let pci = BTreeMap::from([(PCI_NODE.0.to_owned(), PCI_NODE.1.to_owned())]);
    let seed = SeedOptions {
        nodes,
        node_labels: vec![pci; pci_nodes],
        node_prefix: format!("10.{number}.0"),
        pod_prefix: format!("10.{number}0"),
        cni,
        workloads,
    };
    seed_standard(&cluster, &seed).with_context(|| format!("cannot seed cluster `{name}`"))?;
    Ok(cluster)
}

fn options(name: &str, number: u8, directory: &Path, keep: bool) -> Result<ClusterOptions> {
    let mut options = sample_fleet::options(name, number)?;
    for (_, user) in OTHERS {
        options = options.user(User::new(user, &[GROUP])?);
    }
    options.parent_directory = Some(PathBuf::from(directory));
    options.lifetime = if keep {
        Lifetime::Own
    } else {
        Lifetime::OfParent
    };
    Ok(options)
}

fn prod() -> Plan {
    let on_pci = |workload: Workload| workload.on_nodes(&[PCI_NODE]);
    let mut workloads = shop();
    let (key, value) = PCI_TAINT;
    workloads.push(on_pci(workload("payments", "payments-api", 8080)).tolerating(key, value));
    workloads.push(on_pci(workload("vault", "vault", 8200)).tolerating(key, value));
    // Its team has not heard of the taint yet.
    workloads.push(on_pci(workload("ledger", "postgres", 5432)));
    Plan {
        name: "prod",
        number: 1,
        cni: Cni::Cilium,
        nodes: 4,
        pci_nodes: 2,
        workloads,
    }
}

fn staging() -> Plan {
    let mut workloads = shop();
    workloads.push(workload("payments", "payments-api", 8080));
    workloads.push(workload("ledger", "postgres", 5432));
    Plan {
        name: "staging",
        number: 2,
        cni: Cni::Calico,
        nodes: 2,
        pci_nodes: 0,
        workloads,
    }
}

fn management() -> Plan {
    let workloads = vec![
        workload("argocd", "argocd", 8080),
        workload("monitoring", "prometheus", 9090),
        workload("logging", "collector", 4317),
    ];
    Plan {
        name: "management",
        number: 3,
        cni: Cni::Cilium,
        nodes: 2,
        pci_nodes: 0,
        workloads,
    }
}

fn shop() -> Vec<Workload> {
    vec![
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
