//! The harness itself: clusters start, users are who they are, and nothing is left behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use cofferdam_integration::process::Lifetime;
use cofferdam_integration::{
    Cluster, ClusterOptions, Cni, SeedOptions, User, Version, Workload, seed_standard,
};

const READER: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- {apiGroups: [''], resources: [namespaces], verbs: [get, list, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: readers}
";

/// The variable that turns one test into a child of itself.
const CHILD: &str = "COFFERDAM_HARNESS_CHILD";

#[test]
fn both_versions_start_and_rbac_decides() -> Result<()> {
    let options = |name: &str, version| -> Result<ClusterOptions> {
        let options = ClusterOptions::new(name).version(version);
        Ok(options
            .user(User::new("reader", &[])?)
            .user(User::new("nobody", &[])?))
    };
    let clusters = Cluster::start_all(vec![
        options("newest", Version::V1_36)?,
        options("oldest", Version::V1_33)?,
    ])?;
    for (cluster, minor) in clusters.iter().zip(["v1.36.3", "v1.33.13"]) {
        let version = cluster.kubectl(&["get", "--raw", "/version"])?;
        assert!(version.contains(minor), "{version}");
        cluster.apply_yaml(cofferdam_integration::cluster::ADMIN, READER)?;
        let list = ["get", "namespaces", "--output=name"];
        wait_for(|| cluster.kubectl_as("reader", &list).map(drop))?;
        let refusal = cluster
            .kubectl_as("nobody", &list)
            .err()
            .context("not refused")?;
        assert!(refusal.to_string().contains("Forbidden"), "{refusal:#}");
        let refusal = cluster
            .kubectl_as("reader", &["get", "pods"])
            .err()
            .context("not refused")?;
        assert!(refusal.to_string().contains("Forbidden"), "{refusal:#}");
        assert!(cluster.access("stranger").is_err());
    }
    Ok(())
}

#[test]
fn client_certificates_name_users_and_expire() -> Result<()> {
    let cluster = Cluster::start(ClusterOptions::new("certificates"))?;
    let now = SystemTime::now();
    let hour = Duration::from_hours(1);
    let groups = ["readers", "auditors"];
    let valid = cluster.client_certificate_kubeconfig("alice", &groups, now + hour)?;
    let who = cluster.kubectl_with(&valid, &["auth", "whoami", "--output=json"])?;
    let who: serde_json::Value = serde_json::from_str(&who)?;
    assert_eq!(
        who.pointer("/status/userInfo/username")
            .context("no name")?,
        "alice"
    );
    let found = who
        .pointer("/status/userInfo/groups")
        .context("no groups")?;
    assert_eq!(
        found,
        &serde_json::json!(["readers", "auditors", "system:authenticated"])
    );
    let expired = cluster.client_certificate_kubeconfig("alice", &groups, now - hour)?;
    assert!(cluster.kubectl_with(&expired, &["auth", "whoami"]).is_err());
    assert!(cluster.secrets().len() >= 10);
    Ok(())
}

#[test]
fn audit_counts_what_each_user_did() -> Result<()> {
    let options = ClusterOptions::new("audited").user(User::new("reader", &[])?);
    let cluster = Cluster::start(options)?;
    cluster.apply_yaml(cofferdam_integration::cluster::ADMIN, READER)?;
    let label = ["label", "namespace", "default", "--overwrite"];
    let write = |value: &'static str| {
        cluster
            .kubectl_as("reader", &[&label[..], &[value]].concat())
            .map(drop)
    };
    wait_for(|| write("tried=0"))?;
    let mark = cluster.audit_mark()?;
    for value in ["tried=1", "tried=2", "tried=3"] {
        write(value)?;
    }
    cluster
        .kubectl_as("reader", &["get", "secrets"])
        .err()
        .context("not refused")?;
    let audit = cluster.audit_since(mark)?;
    let writes = audit.writes_by("reader");
    assert_eq!(writes.len(), 3);
    assert!(
        writes
            .iter()
            .all(|entry| entry.succeeded() && entry.verb == "patch")
    );
    assert!(
        writes
            .iter()
            .all(|entry| entry.resource == "namespaces" && entry.name == "default")
    );
    assert_eq!(
        audit.count(|entry| entry.user == "reader" && entry.code == 403),
        1
    );
    assert_eq!(
        cluster
            .audit_since(cluster.audit_mark()?)?
            .requests_by("reader"),
        0
    );
    Ok(())
}

#[test]
fn a_paused_server_hangs_and_a_restarted_one_remembers() -> Result<()> {
    let cluster = Cluster::start(ClusterOptions::new("paused"))?;
    let ask = ["get", "namespace", "default", "--request-timeout=2s"];
    cluster.pause()?;
    let start = Instant::now();
    assert!(cluster.kubectl(&ask).is_err());
    assert!(start.elapsed() >= Duration::from_secs(2));
    cluster.resume()?;
    wait_for(|| cluster.kubectl(&ask).map(drop))?;
    let url = cluster.url();
    cluster.kubectl(&["create", "namespace", "kept"])?;
    cluster.stop()?;
    assert!(cluster.kubectl(&ask).is_err());
    cluster.restart()?;
    assert_eq!(cluster.url(), url);
    cluster.get_json(&["namespace", "kept"])?;
    Ok(())
}

#[test]
fn a_seeded_cluster_looks_real() -> Result<()> {
    let cluster = Cluster::start(ClusterOptions::new("seeded").version(Version::V1_33))?;
    let shop = Workload::new("shop", &[("team", "web")], "cart", 8080);
    let vault = Workload::new("safe", &[], "vault", 8200)
        .on_nodes(&[("pool", "cards")])
        .tolerating("for", "cards");
    let options = SeedOptions {
        node_labels: vec![
            BTreeMap::new(),
            BTreeMap::from([("pool".to_owned(), "cards".to_owned())]),
        ],
        workloads: vec![shop, vault],
        ..SeedOptions::default()
    };
    let seeded = seed_standard(&cluster, &options)?;
    assert_eq!(seeded.nodes.len(), options.nodes);
    let nodes = cluster.get_json(&["nodes"])?;
    let first = nodes.pointer("/items/0").context("no node")?;
    assert!(first.pointer("/spec/taints").is_none(), "{first}");
    assert_eq!(
        first
            .pointer("/status/addresses/0/type")
            .context("no address")?,
        "InternalIP"
    );
    let pods = cluster.get_json(&["pods", "--all-namespaces"])?;
    let pods = pods
        .pointer("/items")
        .and_then(|items| items.as_array())
        .context("no pods")?;
    assert_eq!(pods.len(), seeded.pods.len());
    for pod in pods {
        assert_eq!(pod.pointer("/status/phase").context("no phase")?, "Running");
        assert!(pod.pointer("/status/podIP").is_some());
        assert!(pod.pointer("/metadata/ownerReferences/0/uid").is_some());
    }
    let service = cluster.get_json(&["service", "kube-dns", "--namespace=kube-system"])?;
    assert_eq!(
        service.pointer("/spec/clusterIP").context("no address")?,
        "10.96.0.10"
    );
    let safe: Vec<_> = seeded
        .pods
        .iter()
        .filter(|pod| pod.namespace == "safe")
        .collect();
    assert!(safe.len() == 2 && safe.iter().all(|pod| pod.node == seeded.nodes[1]));
    let vault = safe.first().context("no pod of the vault")?;
    let vault = cluster.get_json(&["--namespace=safe", "pod", &vault.name])?;
    let tolerations = vault.pointer("/spec/tolerations").context("none")?;
    assert!(
        tolerations
            .to_string()
            .contains(r#""key":"for","operator":"Equal","value":"cards""#)
    );
    // A second time changes nothing.
    assert_eq!(seed_standard(&cluster, &options)?, seeded);
    Ok(())
}

#[test]
fn controllers_work_and_leave_what_was_seeded() -> Result<()> {
    let mut options = ClusterOptions::new("controlled");
    options.service_range = "10.96.0.0/16,fd00:96::/112".to_owned();
    let cluster = Cluster::start(options)?;
    let options = SeedOptions {
        cni: Cni::Cilium,
        ..SeedOptions::default()
    };
    let seeded = seed_standard(&cluster, &options)?;
    cluster.start_controllers()?;
    cluster.kubectl(&[
        "create",
        "deployment",
        "web",
        "--image=registry.k8s.io/pause:3.10",
    ])?;
    let names = |more: &[&str]| {
        let arguments = ["get", "pods", "--all-namespaces", "--output=name"];
        cluster.kubectl(&[&arguments[..], more].concat())
    };
    wait_for(|| {
        ensure!(names(&["--selector=app=web"])?.lines().count() == 1);
        Ok(())
    })?;
    let system = names(&["--field-selector=metadata.namespace=kube-system"])?;
    assert_eq!(system.lines().count(), seeded.pods.len(), "{system}");
    cluster.kubectl(&["create", "namespace", "short"])?;
    cluster.kubectl(&["delete", "namespace", "short", "--timeout=30s"])?;
    Ok(())
}

#[test]
fn dropping_and_killing_leave_nothing() -> Result<()> {
    if let Some(report) = std::env::var_os(CHILD) {
        return start_and_wait(Path::new(&report));
    }
    let cluster = Cluster::start(ClusterOptions::new("dropped"))?;
    let directory = cluster.directory().to_owned();
    let ids = cluster.process_ids();
    drop(cluster);
    assert!(ids.into_iter().all(gone));
    assert!(!directory.exists());

    let report = tempfile::tempdir()?;
    let path = report.path().join("ids");
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--exact", "dropping_and_killing_leave_nothing"])
        .env(CHILD, &path)
        .stdout(Stdio::null())
        .spawn()?;
    let reported = wait_for(|| fs::read_to_string(&path).context("no report"));
    child.kill()?;
    child.wait()?;
    let reported = reported?;
    let (directory, ids) = reported.split_once('\n').context("half a report")?;
    for id in ids.lines() {
        let id = id.parse()?;
        wait_for(|| {
            ensure!(gone(id), "{id} lives on");
            Ok(())
        })?;
    }
    // Nobody is left to remove the files of a killed process but us.
    fs::remove_dir_all(directory)?;
    Ok(())
}

#[test]
fn a_cluster_with_a_lifetime_of_its_own_can_be_left() -> Result<()> {
    let parent = tempfile::tempdir()?;
    let mut options = ClusterOptions::new("left");
    options.lifetime = Lifetime::Own;
    options.parent_directory = Some(parent.path().to_owned());
    let cluster = Cluster::start(options)?;
    let (ids, directory) = (cluster.process_ids(), cluster.directory().to_owned());
    cluster.leave_running();
    let lives = !ids.iter().any(|id| gone(*id)) && directory.starts_with(parent.path());
    let has_files = directory.join("audit.log").is_file();
    for id in ids {
        let kill = ["-c", r#"kill -s KILL "$0""#, &id.to_string()].map(str::to_owned);
        Command::new("/bin/sh").args(kill).status()?;
        wait_for(|| {
            ensure!(gone(id), "{id} lives on");
            Ok(())
        })?;
    }
    assert!(lives && has_files);
    Ok(())
}

/// What a child of the test does: it starts a cluster, says so, and waits to be killed.
fn start_and_wait(report: &Path) -> Result<()> {
    let cluster = Cluster::start(ClusterOptions::new("killed"))?;
    let ids: Vec<String> = cluster.process_ids().iter().map(u32::to_string).collect();
    let text = format!("{}\n{}", cluster.directory().display(), ids.join("\n"));
    let partial = report.with_extension("partial");
    fs::write(&partial, text)?;
    fs::rename(partial, report)?;
    thread::sleep(Duration::from_mins(10));
    Ok(())
}

/// A zombie is gone too: `kill -0` would not say so.
fn gone(id: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
        return true;
    };
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('Z'))
}

fn wait_for<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        match attempt() {
            Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(50)),
            result => return result,
        }
    }
}
