//! One cluster from nothing to enforced, drifted, healed and back.

use anyhow::Result;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::cofferdam::{Project, Run};
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::{SeedOptions, Workload, seed_standard};
use cofferdam_integration::user::User;
use serde_json::Value;

const MODEL: &str = "
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

const DOMAIN: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } }, rollout: { order: 10 } }
";

fn start() -> Result<(Cluster, Project)> {
    let users = ["cofferdam", "tenant"];
    let mut options = ClusterOptions::new("prod");
    for user in users {
        options = options.user(User::new(user, &[])?);
    }
    let cluster = Cluster::start(options)?;
    let workloads = vec![
        Workload::new("web", &[("team", "shop")], "web", 8080),
        Workload::new("orders", &[], "orders", 8080),
    ];
    seed_standard(
        &cluster,
        &SeedOptions {
            workloads,
            ..SeedOptions::default()
        },
    )?;
    let project = Project::new(&[
        ("policies/model.yaml", MODEL),
        ("fleet/domains.yaml", DOMAIN),
    ])?;
    project.add_cluster(&cluster, "cofferdam", "{ environment: production }")?;
    for profile in ["policies", "nodes"] {
        let manifests = project.run(&["rbac", "--profile", profile])?;
        assert_eq!(manifests.code, 0, "{manifests:?}");
        cluster.apply_yaml(ADMIN, &manifests.stdout)?;
    }
    let doctor = project.run(&["doctor", "--pin", "--write"])?;
    assert_eq!(doctor.code, 0, "{}\n{}", doctor.stdout, doctor.stderr);
    Ok((cluster, project))
}

fn apply(project: &Project, more: &[&str]) -> Result<Run> {
    let base = ["apply", "--yes", "--settle", "0s"];
    project.run(&[&base, more].concat())
}

fn expect(run: &Run, code: i32) {
    assert_eq!(run.code, code, "{}\n{}", run.stdout, run.stderr);
}

/// The classes of the findings of the only cluster, with the object's name.
fn findings(project: &Project) -> Result<Vec<(String, String)>> {
    let report = project.run(&["drift", "-o", "json"])?.json()?;
    let text = |value: &Value, path: &str| {
        value
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let findings = report
        .pointer("/clusters/0/findings")
        .and_then(Value::as_array)
        .cloned();
    let findings = findings.unwrap_or_default();
    let mut found: Vec<(String, String)> = findings
        .iter()
        .filter(|finding| text(finding, "/severity") != "info")
        .map(|finding| (text(finding, "/class"), text(finding, "/object/name")))
        .collect();
    found.sort();
    Ok(found)
}

#[test]
fn a_cluster_goes_from_nothing_to_in_sync_in_the_promised_order() -> Result<()> {
    let (cluster, project) = start()?;
    expect(&project.run(&["check"])?, 0);
    let plan = project.run(&["plan"])?;
    expect(&plan, 2);

    let mark = cluster.audit_mark()?;
    expect(&apply(&project, &[])?, 0);
    let audit = cluster.audit_since(mark)?;
    let position = |verb: &str, name: &str| {
        audit
            .entries
            .iter()
            .filter(|entry| entry.user == "cofferdam" && entry.namespace == "orders")
            .position(|entry| entry.verb == verb && entry.name == name)
            .unwrap_or_else(|| panic!("no {verb} of {name}"))
    };
    let opened = position("patch", "cofferdam-open-ingress");
    let allowed = position("patch", "cofferdam-flow-web-to-orders-in");
    let denied = position("patch", "cofferdam-default-deny-ingress");
    let closed = position("delete", "cofferdam-open-ingress");
    assert!(opened < allowed && allowed < denied && denied < closed);
    assert!(audit.by("cofferdam").all(|entry| entry.code < 500));

    expect(&project.run(&["plan"])?, 0);
    assert_eq!(findings(&project)?, []);
    let mark = cluster.audit_mark()?;
    expect(&apply(&project, &[])?, 0);
    assert!(cluster.audit_since(mark)?.writes_by("cofferdam").is_empty());
    Ok(())
}

#[test]
fn what_somebody_else_changes_is_found_and_healed() -> Result<()> {
    let (cluster, project) = start()?;
    expect(&apply(&project, &[])?, 0);

    let allow_all = r#"{"spec":{"ingress":[{}]}}"#;
    let deny = "cofferdam-default-deny-ingress";
    cluster.kubectl(&[
        "-n",
        "orders",
        "patch",
        "netpol",
        deny,
        "--type=merge",
        "-p",
        allow_all,
    ])?;
    cluster.kubectl(&[
        "-n",
        "web",
        "delete",
        "netpol",
        "cofferdam-default-deny-egress",
    ])?;
    cluster.kubectl(&[
        "label",
        "namespace",
        "orders",
        "cofferdam.io/zone=front",
        "--overwrite",
    ])?;
    cluster.kubectl(&["create", "namespace", "rogue"])?;
    cluster.kubectl(&["label", "namespace", "rogue", "cofferdam.io/zone=back"])?;
    cluster.apply_yaml(ADMIN, FOREIGN)?;
    let want = [
        ("changed", deny),
        ("changed", "orders"),
        ("foreign-policy", "scrape"),
        ("impostor-namespace", "rogue"),
        ("missing", "cofferdam-default-deny-egress"),
    ];
    let want: Vec<(String, String)> = want.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    assert_eq!(findings(&project)?, want);

    expect(&apply(&project, &[])?, 0);
    let live = cluster.get_json(&["-n", "orders", "netpol", deny])?;
    assert_eq!(live["spec"].get("ingress"), None, "{live}");
    let left = [
        ("foreign-policy", "scrape"),
        ("impostor-namespace", "rogue"),
    ];
    let left: Vec<(String, String)> = left.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    assert_eq!(findings(&project)?, left);
    Ok(())
}

const FOREIGN: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: scrape, namespace: orders }
spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{ ports: [{ port: 9090 }] }] }
";

#[test]
fn a_zone_moves_from_observe_over_stage_to_enforce_and_back() -> Result<()> {
    let (cluster, project) = start()?;
    let policies = |namespace: &str| -> Result<Vec<String>> {
        let list = cluster.get_json(&["-n", namespace, "netpol"])?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let name = |item: &Value| {
            item["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        Ok(items.iter().map(name).collect())
    };
    let file = "policies/model.yaml";
    project.edit(file, "enforcement: enforce", "enforcement: observe")?;
    expect(&apply(&project, &[])?, 0);
    assert_eq!(policies("orders")?, Vec::<String>::new());

    project.edit(file, "enforcement: observe", "enforcement: stage")?;
    expect(&apply(&project, &[])?, 0);
    let staged = [
        "cofferdam-allow-dns",
        "cofferdam-flow-web-to-orders-in",
        "cofferdam-open-egress",
        "cofferdam-open-ingress",
        "cofferdam-within-zone",
    ];
    assert_eq!(policies("orders")?, staged);

    project.edit(file, "enforcement: stage", "enforcement: enforce")?;
    expect(&apply(&project, &[])?, 0);
    let enforced = [
        "cofferdam-allow-dns",
        "cofferdam-default-deny-egress",
        "cofferdam-default-deny-ingress",
        "cofferdam-flow-web-to-orders-in",
        "cofferdam-within-zone",
    ];
    assert_eq!(policies("orders")?, enforced);

    project.edit(file, "enforcement: enforce", "enforcement: stage")?;
    let refused = apply(&project, &[])?;
    expect(&refused, 1);
    let rollback = ["--allow-weakening", "--rollback"];
    assert!(
        refused.stdout.contains("--allow-weakening"),
        "{}",
        refused.stdout
    );
    expect(&apply(&project, &rollback)?, 0);
    assert_eq!(policies("orders")?, staged);
    Ok(())
}

#[test]
fn an_apply_that_is_killed_is_taken_up_by_the_next() -> Result<()> {
    let (cluster, project) = start()?;
    for delay_ms in [30, 60, 90, 120, 160, 220, 300] {
        let mut child = project.spawn(&["apply", "--yes", "--settle", "0s"])?;
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        child.kill()?;
        child.wait()?;
        let list = cluster.get_json(&["-n", "orders", "netpol"])?;
        let names: Vec<&str> = list["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|item| item["metadata"]["name"].as_str())
            .collect();
        let denied = names.contains(&"cofferdam-default-deny-ingress");
        let open = names.contains(&"cofferdam-open-ingress");
        let allowed = names.contains(&"cofferdam-flow-web-to-orders-in");
        assert!(
            names.is_empty() || open || (denied && allowed),
            "after {delay_ms} ms: {names:?}"
        );
    }
    expect(&apply(&project, &[])?, 0);
    expect(&project.run(&["plan"])?, 0);
    assert_eq!(findings(&project)?, []);
    Ok(())
}

#[test]
fn an_enforced_namespace_that_cannot_be_denied_is_never_in_sync() -> Result<()> {
    let (cluster, project) = start()?;
    cluster.apply_yaml(ADMIN, WEBHOOK)?;
    expect(&apply(&project, &[])?, 0);
    let names = cluster.kubectl(&["-n", "orders", "get", "netpol", "-o", "name"])?;
    assert!(names.contains("cofferdam-open-ingress"), "{names}");
    let found = findings(&project)?;
    assert!(
        found.contains(&("not-enforced".to_owned(), "orders".to_owned())),
        "{found:?}"
    );
    expect(&project.run(&["drift"])?, 2);
    Ok(())
}

const WEBHOOK: &str = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: lost }
webhooks:
- name: lost.example.org
  clientConfig: { service: { namespace: orders, name: lost, path: / } }
  rules: [{ apiGroups: [example.org], apiVersions: [v1], operations: [CREATE], resources: [things] }]
  failurePolicy: Ignore
  sideEffects: None
  admissionReviewVersions: [v1]
";
