//! Drafts of documents from clusters that run, on real API servers.

#![expect(
    clippy::indexing_slicing,
    reason = "what a report does not hold fails the test"
)]

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::cofferdam::{Project, Run};
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::{SeedOptions, Workload, seed_standard};
use cofferdam_integration::user::User;
use serde_json::Value;

const READER: &str = "reader";
const ZONES: &str = "policies/prod-zones.yaml";
const FLOWS: &str = "policies/prod-flows.yaml";
const POOLS: &str = "fleet/prod-node-pools.yaml";

/// What somebody wrote by hand over the years: shoppers reach `web`, `web` reaches `cart`, `cart` reaches
/// `orders`, the bank and the API server. `legacy` has what no flow can say.
const POLICIES: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: web, name: all }
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8] } }]
      ports: [{ port: 8080 }]
  egress:
    - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }]
      ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]
    - to: [{ namespaceSelector: { matchLabels: { team: shop } }, podSelector: { matchLabels: { app: cart } } }]
      ports: [{ port: 8080 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: cart, name: deny }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: cart, name: cart }
spec:
  podSelector: { matchLabels: { app: cart } }
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: web } } }]
      ports: [{ port: 8000, endPort: 8100 }]
  egress:
    - to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: orders } } }]
    - to: [{ ipBlock: { cidr: 203.0.113.0/24 } }]
      ports: [{ port: 443 }]
    - to: [{ ipBlock: { cidr: SERVICE/32 } }, { ipBlock: { cidr: 192.0.2.0/24 } }]
      ports: [{ port: 443 }, { port: SERVED }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: orders, name: orders }
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: cart } }, podSelector: {} }]
      ports: [{ port: http }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: legacy, name: odd }
spec:
  podSelector: { matchExpressions: [{ key: app, operator: NotIn, values: [batch] }] }
  policyTypes: [Egress]
  egress: [{ to: [{ ipBlock: { cidr: 128.0.0.0/1 } }] }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: kube-system, name: theirs }
spec: { podSelector: { matchLabels: { app: none } } }
";

struct Scene {
    cluster: Cluster,
    project: Project,
}

impl Scene {
    /// A cluster with applications and policies, a document for it, and a user who may only read.
    fn start(version: Version) -> Result<Self> {
        let options = ClusterOptions::new("prod").version(version);
        let cluster = Cluster::start(options.user(User::new(READER, &[])?))?;
        let workload = |name: &str, team: &str| Workload::new(name, &[("team", team)], name, 8080);
        let disk = |kind: &str| BTreeMap::from([("disk".to_owned(), kind.to_owned())]);
        let slow = [("disk", "slow")];
        let seed = SeedOptions {
            node_labels: vec![disk("fast"), disk("slow"), disk("slow")],
            workloads: vec![
                workload("web", "front").on_nodes(&slow),
                workload("cart", "shop").on_nodes(&slow),
                workload("orders", "shop").on_nodes(&slow),
                workload("legacy", "old")
                    .on_nodes(&[("disk", "fast")])
                    .tolerating("dedicated", "fast"),
            ],
            ..SeedOptions::default()
        };
        let nodes = seed_standard(&cluster, &seed)?.nodes;
        let first = nodes.first().context("a node")?;
        cluster.kubectl(&["taint", "nodes", first, "dedicated=fast:NoSchedule"])?;
        let service = cluster.get_json(&["-n", "default", "service", "kubernetes"])?;
        let endpoints = cluster.get_json(&["-n", "default", "endpoints", "kubernetes"])?;
        let address = service["spec"]["clusterIP"].as_str().context("address")?;
        let port = &endpoints["subsets"][0]["ports"][0]["port"];
        let policies = POLICIES
            .replace("SERVICE", address)
            .replace("SERVED", &port.to_string());
        cluster.apply_yaml(ADMIN, &policies)?;
        let level = "pod-security.kubernetes.io/enforce=restricted";
        cluster.kubectl(&["label", "namespace", "cart", level])?;
        let project = Project::new(&[])?;
        project.add_cluster(&cluster, READER, "{ environment: production }")?;
        let scene = Self { cluster, project };
        scene.grant(|manifests| manifests)?;
        Ok(scene)
    }

    /// Grants the reader what `rbac` prints for observing, edited.
    fn grant(&self, edit: impl Fn(String) -> String) -> Result<()> {
        // The manifests need a model, which an import has not written yet.
        let scratch = Project::new(&[
            (
                "policies/model.yaml",
                "apiVersion: cofferdam.io/v1alpha1\nkind: ZoneModel\nmetadata: { name: main }\nspec: {}\n",
            ),
            (
                "fleet/domain.yaml",
                "apiVersion: cofferdam.io/v1alpha1\nkind: TrustDomain\nmetadata: { name: main }\nspec: { clusters: {} }\n",
            ),
        ])?;
        scratch.add_cluster(&self.cluster, READER, "{}")?;
        let subject = format!("user:{READER}");
        let observe = ["rbac", "--profile", "observe", "--subject", &subject];
        let manifests = scratch.run(&observe)?;
        ensure!(manifests.code == 0, "{}", manifests.stderr);
        self.cluster.apply_yaml(ADMIN, &edit(manifests.stdout))?;
        Ok(())
    }

    fn expect(&self, arguments: &[&str], code: i32) -> Result<Run> {
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

    fn import(&self, more: &[&str], code: i32) -> Result<Run> {
        self.expect(&[&["import", "--cluster", "prod"], more].concat(), code)
    }
}

/// What is said of an object.
fn reasons(report: &Value, object: &str) -> Vec<String> {
    let unmapped = report["unmapped"].as_array();
    let told = unmapped.into_iter().flatten();
    let told = told.filter(|one| one["object"] == object);
    told.filter_map(|one| one["reason"].as_str().map(str::to_owned))
        .collect()
}

fn check_drafts(version: Version) -> Result<()> {
    let scene = Scene::start(version)?;

    let dry = scene.import(&["--dry-run"], 0)?;
    ensure!(dry.stdout.contains("\nkind: Flow\n"), "{}", dry.stdout);
    ensure!(
        scene.project.read(ZONES).is_err(),
        "a dry run writes nothing"
    );

    let report = scene.import(&["-o", "json"], 0)?.json()?;
    assert_eq!(report["kind"], "ImportReport");
    assert_eq!(report["trustDomain"], "production");
    assert_eq!(report["unknown"], serde_json::json!([]));
    let files = report["files"].as_array().context("files")?;
    let paths: Vec<&str> = files
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "fleet/trust-domains.yaml",
            "policies/model.yaml",
            "fleet/capabilities/prod.yaml",
            ZONES,
            FLOWS,
            POOLS,
        ]
    );
    check_contents(&scene, &report)?;

    scene.expect(&["check"], 0)?;
    scene.expect(&["doctor", "--pin"], 1)?;
    let mark = scene.cluster.audit_mark()?;
    let plan = scene.expect(&["plan", "-o", "json"], 0)?.json()?;
    assert_eq!(plan["clusters"][0]["steps"], serde_json::json!([]));
    ensure!(
        scene
            .cluster
            .audit_since(mark)?
            .writes_by(READER)
            .is_empty()
    );

    let before = [ZONES, FLOWS, POOLS].map(|path| scene.project.read(path).ok());
    let again = scene.import(&[], 1)?;
    ensure!(again.stderr.contains(ZONES), "{}", again.stderr);
    let after = [ZONES, FLOWS, POOLS].map(|path| scene.project.read(path).ok());
    assert_eq!(before, after);

    enforced(&scene)?;
    Ok(())
}

/// What lives is in the drafts, and what is not is told.
fn check_contents(scene: &Scene, report: &Value) -> Result<()> {
    let zones = scene.project.read(ZONES)?;
    for zone in ["front", "old", "shop"] {
        ensure!(zones.contains(&format!("  name: {zone}\n")), "{zones}");
    }
    ensure!(!zones.contains("- name: kube-system"), "{zones}");
    let flows = scene.project.read(FLOWS)?;
    for flow in [
        "web-to-cart",
        "cart-to-orders",
        "cart-to-apiserver",
        "cart-to-net-203-0-113-0-24",
        "internet-to-web",
    ] {
        ensure!(
            flows.contains(&format!("  name: {flow}\n")),
            "{flow}: {flows}"
        );
    }
    let pools = scene.project.read(POOLS)?;
    ensure!(pools.contains("\nkind: NodePool\n"), "{pools}");
    ensure!(pools.contains("dedicated"), "{pools}");

    let told = |object| reasons(report, object);
    let odd = told("NetworkPolicy/legacy/odd");
    ensure!(
        odd.iter()
            .any(|reason| reason.contains("a good part of the internet")),
        "{odd:?}"
    );
    assert_eq!(told("NetworkPolicy/kube-system/theirs").len(), 1);
    assert_eq!(told("Namespace/kube-system").len(), 1);
    let lenient = told("Namespace/cart");
    ensure!(
        lenient.iter().any(|reason| reason.contains("restricted")),
        "{lenient:?}"
    );
    Ok(())
}

/// Once enforced, the plan writes the flows and the denies, and nothing else is let through.
fn enforced(scene: &Scene) -> Result<()> {
    scene
        .project
        .edit(ZONES, "enforcement: observe", "enforcement: enforce")?;
    scene.expect(&["check"], 0)?;
    let plan = scene.expect(&["plan", "-o", "json"], 2)?.json()?;
    let steps = plan["clusters"][0]["steps"].as_array().context("steps")?;
    let created = steps.iter().filter(|step| step["op"] == "create");
    let created: Vec<String> = created
        .filter(|step| step["object"]["kind"] == "NetworkPolicy")
        .map(|step| {
            let object = &step["object"];
            let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
            format!("{}/{}", text("namespace"), text("name"))
        })
        .collect();
    for policy in [
        "web/cofferdam-flow-web-to-cart-out",
        "cart/cofferdam-flow-web-to-cart-in",
        "cart/cofferdam-flow-cart-to-orders-out",
        "orders/cofferdam-flow-cart-to-orders-in",
        "cart/cofferdam-flow-cart-to-apiserver-out",
        "web/cofferdam-flow-internet-to-web-in",
        "web/cofferdam-default-deny-ingress",
    ] {
        ensure!(
            created.contains(&policy.to_owned()),
            "{policy}: {created:?}"
        );
    }
    ensure!(
        !created
            .iter()
            .any(|policy| policy.starts_with("kube-system/")),
        "{created:?}"
    );
    Ok(())
}

#[test]
fn drafts_of_the_newest_version_pass_and_write_nothing_until_they_are_enforced() -> Result<()> {
    check_drafts(Version::V1_36)
}

#[test]
fn drafts_of_the_oldest_version_pass_and_write_nothing_until_they_are_enforced() -> Result<()> {
    check_drafts(Version::V1_33)
}

#[test]
fn what_cannot_be_read_is_unknown_and_nothing_is_drafted_from_it() -> Result<()> {
    let scene = Scene::start(Version::V1_36)?;
    scene.grant(|manifests| manifests.replace("- networkpolicies\n", "- nothings\n"))?;
    let report = scene.import(&["-o", "json"], 3)?.json()?;
    assert_eq!(report["unknown"][0]["what"], "NetworkPolicies");
    ensure!(scene.project.read(FLOWS).is_err(), "no flow is drafted");
    scene.expect(&["check"], 0)?;

    let scene = Scene {
        project: Project::new(&[])?,
        ..scene
    };
    scene
        .project
        .add_cluster(&scene.cluster, READER, "{ environment: production }")?;
    scene.grant(|manifests| manifests.replace("- namespaces\n", "- nothings\n"))?;
    let report = scene.import(&["-o", "json"], 3)?.json()?;
    assert_eq!(report["files"], serde_json::json!([]));
    assert_eq!(report["written"], false);
    ensure!(scene.project.read(ZONES).is_err(), "nothing is drafted");
    Ok(())
}
