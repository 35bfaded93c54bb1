//! Pod Security levels on real API servers: enforced where no pod violates them, and nowhere else.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use anyhow::{Context as _, Result, bail, ensure};
use cofferdam_integration::assets::Version;
use cofferdam_integration::audit::AuditEntry;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::options::ClusterOptions;
use cofferdam_integration::seed::SeedOptions;
use cofferdam_integration::shop::{MODEL_FILE, SOMEBODY, Shop, WRITER};
use cofferdam_integration::user::User;
use cofferdam_integration::wait::wait_until;
use serde_json::Value;

/// Somebody who may look and nothing else.
const WATCHER: &str = "watcher";

const KEYS: [&str; 2] = [
    "pod-security.kubernetes.io/enforce",
    "pod-security.kubernetes.io/enforce-version",
];

fn start(version: Version) -> Result<Shop> {
    let options = ClusterOptions::new("prod").version(version);
    let options = options.user(User::new(WATCHER, &[])?);
    Shop::start_with(options, SeedOptions::default())
}

/// A pod that violates `baseline`.
fn privileged(namespace: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: agent, namespace: {namespace}}}, spec: {{containers: [{{name: agent, image: agent, securityContext: {{privileged: true}}}}]}}}}"
    )
}

/// The level that is enforced in a namespace, and its version.
fn level(shop: &Shop, namespace: &str) -> Result<[Option<String>; 2]> {
    let live = shop.cluster.get_json(&["namespace", namespace])?;
    let labels = &live["metadata"]["labels"];
    Ok(KEYS.map(|key| labels[key].as_str().map(str::to_owned)))
}

fn baseline() -> [Option<String>; 2] {
    [Some("baseline".to_owned()), Some("latest".to_owned())]
}

/// Fails unless the server refuses a privileged pod there for the level.
fn is_refused(shop: &Shop, namespace: &str) -> Result<()> {
    let Err(error) = shop.cluster.apply_yaml(ADMIN, &privileged(namespace)) else {
        bail!("a privileged pod runs in `{namespace}`");
    };
    let told = format!("{error:#}");
    let why = r#"violates PodSecurity "baseline:latest": privileged"#;
    ensure!(told.contains(why), "{told}");
    Ok(())
}

/// The findings about a namespace, as `class: message`.
fn found(shop: &Shop, namespace: &str) -> Result<Vec<String>> {
    let findings = shop.findings()?.into_iter();
    Ok(about(findings, namespace))
}

fn about(findings: impl Iterator<Item = Value>, namespace: &str) -> Vec<String> {
    let of = findings
        .filter(|one| one["object"]["kind"] == "Namespace" && one["object"]["name"] == namespace);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    of.map(|one| format!("{}: {}", text(&one["class"]), text(&one["message"])))
        .collect()
}

#[test]
fn a_clean_namespace_is_enforced_and_asked_about_only_before_that() -> Result<()> {
    for version in [Version::V1_36, Version::V1_33] {
        let shop = start(version)?;
        let asked = |arguments: &[&str]| -> Result<usize> {
            let mark = shop.cluster.audit_mark()?;
            shop.expect(arguments, 0)?;
            let audit = shop.cluster.audit_since(mark)?;
            // Guard rails are tried out by dry runs too, in a namespace of their own.
            let is_asked = |entry: &AuditEntry| {
                entry.resource == "namespaces" && entry.name != "cofferdam-probe"
            };
            Ok(audit.count(|one| one.user == WRITER && one.is_dry_run() && is_asked(one)))
        };
        let apply = ["apply", "--yes", "--settle", "0s"];
        // `web` and `orders`, before the plan and before the write; `ledger` is made, and has no pods.
        assert_eq!(asked(&apply)?, 4, "{version:?}");
        for namespace in ["web", "orders", "ledger"] {
            assert_eq!(level(&shop, namespace)?, baseline(), "{namespace}");
            is_refused(&shop, namespace)?;
        }
        assert_eq!(asked(&apply)?, 0, "{version:?}");
        assert_eq!(asked(&["drift"])?, 0, "{version:?}");
    }
    Ok(())
}

#[test]
fn a_level_waits_for_pods_that_violate_it_and_names_them() -> Result<()> {
    for version in [Version::V1_36, Version::V1_33] {
        let shop = start(version)?;
        shop.cluster.apply_yaml(ADMIN, &privileged("web"))?;
        let would = "enforced, Pod Security level `baseline` (latest) would refuse the replacements of running pods: agent: privileged";
        let plan = shop.expect(&["plan", "-o", "json"], 2)?.json()?;
        let held = &plan["clusters"][0]["heldBack"];
        assert_eq!(held[0]["object"]["name"], "web", "{held}");
        assert_eq!(held[0]["reason"], would, "{held}");
        // What is held back is no success, and everything else is done.
        shop.apply(&[], 1)?;
        assert_eq!(level(&shop, "web")?, [None, None]);
        assert_eq!(level(&shop, "orders")?, baseline());
        let finding = format!("pod-security-would-break: {would}");
        assert_eq!(found(&shop, "web")?, [finding]);
        let drift = shop.expect(&["drift"], 2)?;
        ensure!(
            drift.stdout.contains("agent: privileged"),
            "{}",
            drift.stdout
        );

        shop.cluster
            .kubectl(&["-n", "web", "delete", "pod", "agent", "--now"])?;
        shop.apply(&[], 0)?;
        assert_eq!(level(&shop, "web")?, baseline());
        assert_eq!(found(&shop, "web")?, Vec::<String>::new());
        is_refused(&shop, "web")?;
    }
    Ok(())
}

#[test]
fn the_server_writes_a_level_that_pods_violate_and_refuses_only_their_replacements() -> Result<()> {
    for version in [Version::V1_36, Version::V1_33] {
        let shop = start(version)?;
        shop.cluster.apply_yaml(ADMIN, &privileged("web"))?;
        let label = format!("{}=baseline", KEYS[0]);
        shop.cluster
            .kubectl(&["label", "namespace", "web", &label])?;
        shop.cluster.get_json(&["-n", "web", "pod", "agent"])?;
        shop.cluster
            .kubectl(&["-n", "web", "delete", "pod", "agent", "--now"])?;
        is_refused(&shop, "web")?;
        // Who may patch the namespace takes the level down again.
        let label = format!("{}=privileged", KEYS[0]);
        let lower = ["label", "--overwrite", "namespace", "web", &label];
        shop.cluster.kubectl_as(SOMEBODY, &lower)?;
        shop.cluster.apply_yaml(ADMIN, &privileged("web"))?;
    }
    Ok(())
}

#[test]
fn a_level_that_a_tenant_lowers_is_found_and_written_back() -> Result<()> {
    for version in [Version::V1_36, Version::V1_33] {
        let shop = start(version)?;
        shop.apply(&[], 0)?;
        let label = format!("{}=privileged", KEYS[0]);
        let lower = ["label", "--overwrite", "namespace", "web", &label];
        shop.cluster.kubectl_as(SOMEBODY, &lower)?;
        let changed = format!("changed: changed: metadata.labels[{}]", KEYS[0]);
        assert_eq!(found(&shop, "web")?, std::slice::from_ref(&changed));

        // What came meanwhile would not come back, were it replaced.
        shop.cluster.apply_yaml(ADMIN, &privileged("web"))?;
        shop.apply(&[], 1)?;
        assert_eq!(level(&shop, "web")?[0].as_deref(), Some("privileged"));
        let classes = found(&shop, "web")?;
        assert!(classes.contains(&changed), "{classes:?}");
        assert_eq!(classes.len(), 2, "{classes:?}");

        shop.cluster
            .kubectl(&["-n", "web", "delete", "pod", "agent", "--now"])?;
        shop.apply(&[], 0)?;
        assert_eq!(level(&shop, "web")?, baseline());
        is_refused(&shop, "web")?;
    }
    Ok(())
}

#[test]
fn back_to_stage_the_level_is_taken_back_where_that_is_allowed() -> Result<()> {
    let shop = start(Version::V1_36)?;
    shop.apply(&[], 0)?;
    shop.project
        .edit(MODEL_FILE, "enforcement: enforce", "enforcement: stage")?;
    let refused = shop.apply(&[], 1)?;
    ensure!(
        refused.stdout.contains("Namespace/web") && refused.stdout.contains("--allow-weakening"),
        "{}",
        refused.stdout
    );
    assert_eq!(level(&shop, "web")?, baseline());
    shop.apply(&["--allow-weakening"], 0)?;
    for namespace in ["web", "orders", "ledger"] {
        assert_eq!(level(&shop, namespace)?, [None, None], "{namespace}");
    }
    let live = shop.cluster.get_json(&["namespace", "web"])?;
    let warn = &live["metadata"]["labels"]["pod-security.kubernetes.io/warn"];
    assert_eq!(warn, "baseline");
    shop.cluster.apply_yaml(ADMIN, &privileged("web"))?;
    Ok(())
}

#[test]
fn who_may_not_ask_sees_what_is_unknown_and_never_a_clean_namespace() -> Result<()> {
    for version in [Version::V1_36, Version::V1_33] {
        let shop = start(version)?;
        let arguments = ["rbac", "--profile", "observe", "--subject", "user:watcher"];
        let manifests = shop.expect(&arguments, 0)?;
        shop.cluster.apply_yaml(ADMIN, &manifests.stdout)?;
        let kubeconfig = shop.cluster.kubeconfig(WATCHER)?;
        let kubeconfig = kubeconfig.to_str().context("a path in UTF-8")?;
        let plan = [
            "plan",
            "-o",
            "json",
            "--cluster",
            "prod",
            "--kubeconfig",
            kubeconfig,
        ];
        let plan = shop.expect(&plan, 2)?.json()?;
        let cluster = &plan["clusters"][0];
        let held = cluster["heldBack"].as_array().context("a list")?;
        let of_namespaces = |step: &&Value| step["object"]["kind"] == "Namespace";
        let held: Vec<&Value> = held.iter().filter(of_namespaces).collect();
        let names: Vec<&Value> = held.iter().map(|step| &step["object"]["name"]).collect();
        assert_eq!(names, ["orders", "web"], "{held:#?}");
        let unknown =
            "whether Pod Security level `baseline` (latest) would refuse pods is not known: ";
        for step in held {
            let reason = step["reason"].as_str().unwrap_or_default();
            ensure!(
                reason.starts_with(unknown) && reason.contains("forbidden"),
                "{reason}"
            );
        }
        let steps = cluster["steps"].as_array().context("a list")?;
        let web = steps.iter().find(|step| step["object"]["name"] == "web");
        let fields = web.context("a step")?["fields"].to_string();
        ensure!(!fields.contains("enforce"), "{fields}");
        let drift = [
            "drift",
            "-o",
            "json",
            "--cluster",
            "prod",
            "--kubeconfig",
            kubeconfig,
        ];
        let drift = shop.expect(&drift, 2)?.json()?;
        let findings = drift["clusters"][0]["findings"]
            .as_array()
            .context("a list")?;
        let told = about(findings.iter().cloned(), "web");
        let of_class = |class: &str| told.iter().filter(|one| one.starts_with(class)).count();
        assert_eq!(
            (of_class("unknown: "), of_class("missing: ")),
            (1, 1),
            "{told:#?}"
        );
    }
    Ok(())
}

/// The lease of the cluster, which somebody has for longer than the test lasts, or has given back.
fn lease(holder: &str) -> String {
    format!(
        "{{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {{name: cofferdam, namespace: cofferdam-system}}, spec: {{holderIdentity: '{holder}', leaseDurationSeconds: 3600}}}}"
    )
}

#[test]
fn pods_that_come_between_plan_and_write_keep_the_level_away() -> Result<()> {
    let shop = start(Version::V1_36)?;
    shop.apply(&[], 0)?;
    for key in KEYS {
        let remove = format!("{key}-");
        let lower = ["label", "namespace", "web", &remove];
        shop.cluster.kubectl_as(SOMEBODY, &lower)?;
    }
    shop.cluster.apply_yaml(ADMIN, &lease("somebody"))?;
    let mark = shop.cluster.audit_mark()?;
    let mut applying = shop.project.spawn(&["apply", "--yes", "--settle", "0s"])?;
    wait_until("apply waits for its lease", || {
        let seen = shop.cluster.audit_glance(mark)?;
        Ok(seen.count(|one| one.resource == "leases" && one.user == WRITER) > 1)
    })?;
    shop.cluster.apply_yaml(ADMIN, &privileged("web"))?;
    shop.cluster.apply_yaml(ADMIN, &lease(""))?;
    assert_eq!(applying.wait()?.code(), Some(1));
    assert_eq!(level(&shop, "web")?, [None, None]);
    let audit = shop.cluster.audit_since(mark)?;
    let dry_runs = audit.count(|entry| entry.user == WRITER && entry.is_dry_run());
    assert_eq!(dry_runs, 2);
    Ok(())
}

/// Pods of these namespaces may be what they like.
const EXEMPTIONS: &str = "
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    exemptions: { namespaces: [web, ledger] }
";

#[test]
fn a_level_that_the_server_would_ignore_is_not_called_enforced() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("admission.yaml");
    std::fs::write(&file, EXEMPTIONS)?;
    let mut options = ClusterOptions::new("prod");
    let argument = format!("--admission-control-config-file={}", file.display());
    options.api_server_arguments.push(argument);
    let shop = Shop::start_with(options, SeedOptions::default())?;
    let applied = shop.apply(&[], 1)?;
    assert_eq!(level(&shop, "web")?, [None, None]);
    let found = found(&shop, "web")?;
    let exempt = r#"namespace "web" is exempt from Pod Security"#;
    ensure!(
        found
            .iter()
            .any(|one| one.starts_with("unknown: ") && one.contains(exempt)),
        "{found:#?}"
    );
    // Of a real write the server's warnings are shown, each once.
    let warned =
        r#"warning: prod: the server says: namespace "ledger" is exempt from Pod Security"#;
    assert_eq!(
        applied.stderr.matches(warned).count(),
        1,
        "{}",
        applied.stderr
    );
    Ok(())
}

/// The kind by which OpenShift is told, served as OpenShift serves it.
const CONSTRAINTS: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: securitycontextconstraints.security.openshift.io }
spec:
  group: security.openshift.io
  scope: Cluster
  names: { plural: securitycontextconstraints, singular: securitycontextconstraints, kind: SecurityContextConstraints }
  versions: [{ name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object } } }]
";

#[test]
fn the_label_sync_of_openshift_is_switched_off_and_somebodys_choice_is_left_alone() -> Result<()> {
    const SYNC: &str = "security.openshift.io/scc.podSecurityLabelSync";
    let shop = start(Version::V1_36)?;
    shop.cluster.apply_yaml(ADMIN, CONSTRAINTS)?;
    wait_until("the kind is served", || {
        let groups = shop.cluster.kubectl(&["api-resources", "--cached=false"])?;
        Ok(groups.contains("SecurityContextConstraints"))
    })?;
    let on = format!("{SYNC}=true");
    shop.cluster
        .kubectl_as(SOMEBODY, &["label", "namespace", "web", &on])?;
    shop.expect(&["doctor", "--write"], 0)?;
    let stored = shop.project.read("fleet/capabilities/prod.yaml")?;
    let kind = "security.openshift.io/v1/SecurityContextConstraints";
    ensure!(stored.contains(kind), "{stored}");
    shop.apply(&[], 0)?;
    let sync = |namespace: &str| -> Result<Value> {
        let live = shop.cluster.get_json(&["namespace", namespace])?;
        Ok(live["metadata"]["labels"][SYNC].clone())
    };
    assert_eq!(sync("orders")?, "false");
    assert_eq!(sync("ledger")?, "false");
    assert_eq!(sync("web")?, "true");
    let held = "held by another manager with another value";
    let conflict = format!("conflict: {held}: metadata.labels[{SYNC}]");
    assert_eq!(found(&shop, "web")?, [conflict]);
    Ok(())
}
