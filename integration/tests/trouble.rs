//! What goes wrong around an apply: credentials, rights, busy and hung servers, other writers, kills.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::shop::{CLUSTER_FILE, MODEL_FILE, SOMEBODY, Shop, WRITER};
use cofferdam_integration::wait::wait_until;
use serde_json::Value;

/// Points the Cluster document at another kubeconfig.
fn use_kubeconfig(shop: &Shop, path: &std::path::Path) -> Result<()> {
    let old = shop.cluster.kubeconfig(WRITER)?;
    let (old, new) = (old.display().to_string(), path.display().to_string());
    shop.project.edit(CLUSTER_FILE, &old, &new)
}

#[test]
fn an_expired_credential_is_named_and_one_about_to_expire_announced() -> Result<()> {
    let shop = Shop::start()?;
    let hour = Duration::from_hours(1);
    let past = SystemTime::now() - hour;
    let expired = shop
        .cluster
        .client_certificate_kubeconfig(WRITER, &[], past)?;
    use_kubeconfig(&shop, &expired)?;
    for command in [&["plan"][..], &["drift"], &["status"]] {
        let run = shop.expect(command, 3)?;
        assert!(run.stdout.contains("expired at"), "{}", run.stdout);
    }
    let applied = shop.apply(&[], 3)?;
    assert!(
        applied.stdout.contains("renew the credential in"),
        "{}",
        applied.stdout
    );
    assert_eq!(shop.policies("orders")?, Vec::<String>::new());

    let soon = SystemTime::now() + hour;
    let fresh = shop
        .cluster
        .client_certificate_kubeconfig(WRITER, &[], soon)?;
    let text = shop.project.read(CLUSTER_FILE)?;
    let (old, new) = (expired.display().to_string(), fresh.display().to_string());
    shop.project
        .write(CLUSTER_FILE, &text.replace(&old, &new))?;
    let run = shop.expect(&["plan"], 2)?;
    assert!(
        run.stderr
            .contains("warning: prod: the credential expires at"),
        "{}",
        run.stderr
    );
    Ok(())
}

#[test]
fn what_may_not_be_listed_is_unknown_and_nothing_is_concluded_from_it() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    let role = shop
        .cluster
        .kubectl(&["get", "clusterrole", "cofferdam-policies", "-o", "json"])?;
    for (plural, part) in [
        ("networkpolicies", "NetworkPolicies"),
        ("pods", "pods"),
        ("customresourcedefinitions", "capabilities"),
        ("ingresses", "ingresses"),
    ] {
        // Without the other profiles' roles, which grant the same.
        shop.cluster.kubectl(&[
            "delete",
            "clusterrolebinding",
            "cofferdam-nodes",
            "cofferdam-guards",
            "--ignore-not-found",
        ])?;
        let less = role.replace(&format!("\"{plural}\""), "\"nothing\"");
        shop.cluster
            .kubectl_input(ADMIN, &["replace", "-f", "-"], &without_version(&less)?)?;
        let drift = shop.expect(&["drift"], 3)?;
        assert!(drift.stdout.contains(part), "{plural}: {}", drift.stdout);
        assert!(
            drift.stdout.contains("forbidden"),
            "{plural}: {}",
            drift.stdout
        );
        let plan = shop.expect(&["plan", "-o", "json"], 1)?.json()?;
        assert_eq!(plan["clusters"][0]["state"], "refused", "{plural}");
        assert_eq!(
            plan["clusters"][0]["steps"].as_array().map(Vec::len),
            Some(0),
            "{plural}"
        );
    }
    Ok(())
}

fn without_version(manifest: &str) -> Result<String> {
    let mut object: Value = serde_json::from_str(manifest)?;
    let metadata = object.get_mut("metadata");
    if let Some(fields) = metadata.and_then(Value::as_object_mut) {
        fields.remove("resourceVersion");
    }
    Ok(object.to_string())
}

#[test]
fn rights_that_are_missing_stop_a_namespace_and_leave_it_open() -> Result<()> {
    let shop = Shop::start()?;
    let manifests = shop.expect(&["rbac", "--profile", "policies"], 0)?.stdout;
    let no_create = manifests.replace("  - create\n  - patch\n  - delete\n", "  - delete\n");
    assert_ne!(manifests, no_create);
    shop.cluster.apply_yaml(ADMIN, &no_create)?;
    let applied = shop.apply(&[], 1)?;
    assert!(applied.stdout.contains("forbidden"), "{}", applied.stdout);
    assert_eq!(shop.policies("orders")?, Vec::<String>::new());
    let doctor = shop.expect(&["doctor"], 1)?;
    let told: Vec<&str> = doctor
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("  x rights to write"))
        .take(2)
        .collect();
    let lacks = "  x rights to write  profile `policies` lacks: create networkpolicies, patch networkpolicies";
    let hint = "                     hint: cofferdam rbac --profile policies --subject 'user:cofferdam' | kubectl apply -f -";
    assert_eq!(told, [lacks, hint]);
    shop.cluster.apply_yaml(ADMIN, &manifests)?;
    shop.apply(&[], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn requests_that_a_busy_server_turns_away_are_sent_again() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    // A level of one share serves a few requests at a time, and turns all others away.
    shop.cluster.apply_yaml(SOMEBODY, NO_TIME)?;
    wait_until("requests are turned away", || {
        assert_eq!(shop.drift()?, Vec::<String>::new());
        let levels = "/debug/api_priority_and_fairness/dump_priority_levels";
        let levels = shop.cluster.kubectl(&["get", "--raw", levels])?;
        let ours = levels
            .lines()
            .find(|line| line.starts_with("cofferdam-no-time"));
        let rejected = ours.and_then(|line| line.split(',').nth(7));
        Ok(rejected.is_some_and(|count| count.trim() != "0"))
    })?;
    shop.expect(&["drift"], 0)?;
    Ok(())
}

const NO_TIME: &str = "
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: { name: cofferdam-no-time }
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 1
    lendablePercent: 0
    borrowingLimitPercent: 0
    limitResponse: { type: Reject }
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: { name: cofferdam-no-time }
spec:
  matchingPrecedence: 2
  priorityLevelConfiguration: { name: cofferdam-no-time }
  rules:
  - subjects: [{ kind: User, user: { name: cofferdam } }]
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }]
";

#[test]
fn who_finds_another_writer_waits_and_never_writes_over_them() -> Result<()> {
    let shop = Shop::start()?;
    let slow = shop.project.spawn(&["apply", "--yes", "--settle", "4s"])?;
    wait_until("the first writes", || {
        Ok(!shop.policies("orders")?.is_empty())
    })?;
    let second = shop.project.run(&["apply", "--yes", "--settle", "0s"])?;
    let said = |start: &str| {
        second
            .stderr
            .lines()
            .filter(|line| line.starts_with(start))
            .count()
    };
    let waits = [
        "prod: waiting for `cofferdam (process",
        "prod: waited for `cofferdam (process",
    ];
    assert_eq!(waits.map(said), [1, 1], "{}", second.stderr);
    assert_eq!(second.code, 1, "{}", second.stdout);
    let first = "` held the lease and wrote here first (apply 1, at ";
    assert!(second.stdout.contains(first), "{}", second.stdout);
    let hint = "    hint: look with `cofferdam plan` at what is left to do, then apply again";
    assert_eq!(second.stdout.lines().last(), Some(hint));
    assert_eq!(slow.wait_with_output()?.status.code(), Some(0));
    shop.expect(&["plan"], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_server_that_hangs_in_the_middle_fails_the_pass_and_the_next_takes_it_up() -> Result<()> {
    let shop = Shop::start()?;
    let pass = shop.project.spawn(&["apply", "--yes", "--settle", "3s"])?;
    wait_until("the denies", || {
        let names = shop.policies("orders")?;
        Ok(names.iter().any(|name| name.contains("default-deny")))
    })?;
    shop.cluster.pause()?;
    let ended = pass.wait_with_output()?;
    assert_eq!(ended.status.code(), Some(1));
    shop.cluster.resume()?;
    let names = shop.policies("orders")?;
    assert!(
        names.iter().any(|name| name == "cofferdam-open-ingress"),
        "{names:?}"
    );
    shop.apply(&[], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn an_apply_that_is_interrupted_gives_the_lease_back() -> Result<()> {
    let shop = Shop::start()?;
    let pass = shop.project.spawn(&["apply", "--yes", "--settle", "20s"])?;
    wait_until("the denies", || {
        let names = shop.policies("orders")?;
        Ok(names.iter().any(|name| name.contains("default-deny")))
    })?;
    let process = pass.id().to_string();
    std::process::Command::new("kill")
        .args(["-INT", &process])
        .status()?;
    assert_eq!(pass.wait_with_output()?.status.code(), Some(1));
    let lease = ["-n", "cofferdam-system", "lease", "cofferdam"];
    let lease = shop.cluster.get_json(&lease)?;
    let holder = lease
        .pointer("/spec/holderIdentity")
        .and_then(Value::as_str);
    assert_eq!(holder.unwrap_or_default(), "");
    shop.apply(&[], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

/// Kills a first apply after each of its writes in turn.
#[test]
fn wherever_an_apply_is_killed_nothing_is_isolated_without_its_allows() -> Result<()> {
    let shop = Shop::start()?;
    let mut writes = 1;
    loop {
        let mark = shop.cluster.audit_mark()?;
        let mut pass = shop.project.spawn(&["apply", "--yes", "--settle", "0s"])?;
        let ended = loop {
            let seen = shop.cluster.audit_glance(mark)?.writes_by(WRITER).len();
            if seen >= writes {
                pass.kill()?;
                pass.wait()?;
                break false;
            }
            if let Some(status) = pass.try_wait()? {
                assert_eq!(status.code(), Some(0));
                break true;
            }
        };
        for namespace in ["orders", "web"] {
            let names = shop.policies(namespace)?;
            let has = |name: &str| names.iter().any(|one| one.starts_with(name));
            let safe = names.is_empty()
                || (has("cofferdam-open-ingress") && has("cofferdam-open-egress"))
                || (has("cofferdam-default-deny-ingress")
                    && has("cofferdam-default-deny-egress")
                    && has("cofferdam-flow-web-to-orders")
                    && has("cofferdam-allow-dns")
                    && has("cofferdam-within-zone"));
            // Open policies go one direction after the other, and come so.
            let half = names.iter().all(|name| name.starts_with("cofferdam-open"))
                || (has("cofferdam-default-deny-ingress") && has("cofferdam-default-deny-egress"));
            assert!(safe || half, "{namespace} after {writes} writes: {names:?}");
        }
        if ended {
            break;
        }
        shop.apply(&[], 0)?;
        assert_eq!(shop.drift()?, Vec::<String>::new(), "after {writes} writes");
        reset(&shop)?;
        writes += 4;
    }
    assert!(writes > 16, "only {writes} writes were seen");
    Ok(())
}

/// Takes back everything by hand, as an administrator could.
fn reset(shop: &Shop) -> Result<()> {
    for kind in [
        "validatingadmissionpolicybindings",
        "validatingadmissionpolicies",
    ] {
        shop.cluster.kubectl(&["delete", kind, "--all"])?;
    }
    shop.cluster
        .kubectl(&["delete", "netpol", "--all", "--all-namespaces"])?;
    shop.cluster.kubectl(&[
        "-n",
        "cofferdam-system",
        "delete",
        "configmap/cofferdam",
        "lease/cofferdam",
    ])?;
    let keys = [
        "cofferdam.io/zone-",
        "cofferdam.io/tier-",
        "cofferdam.io/trust-domain-",
    ];
    let label = ["label", "namespace", "web", "orders", "ledger"];
    shop.cluster.kubectl(&[&label[..], &keys].concat())?;
    Ok(())
}

#[test]
fn a_revision_that_is_not_the_newest_needs_a_word() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    shop.project.edit(MODEL_FILE, "port: 8080", "port: 8081")?;
    shop.apply(&[], 0)?;
    shop.project.edit(MODEL_FILE, "port: 8081", "port: 8080")?;
    let refused = shop.apply(&[], 1)?;
    assert!(refused.stdout.contains("--rollback"), "{}", refused.stdout);
    shop.apply(&["--rollback"], 0)?;
    let live =
        shop.cluster
            .get_json(&["-n", "orders", "netpol", "cofferdam-flow-web-to-orders-in"])?;
    assert_eq!(live["spec"]["ingress"][0]["ports"][0]["port"], 8080);
    Ok(())
}

#[test]
fn a_part_is_written_alone_and_the_record_waits_for_the_rest() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&["--only", "namespaces"], 0)?;
    assert_eq!(shop.policies("orders")?, Vec::<String>::new());
    let live = shop.cluster.get_json(&["namespace", "orders"])?;
    assert_eq!(live["metadata"]["labels"]["cofferdam.io/zone"], "back");
    let status = shop.project.run(&["status", "-o", "json"])?.json()?;
    assert_eq!(status["clusters"][0]["sequence"], 1);
    assert_eq!(status["clusters"][0]["verdict"], "drifted");
    shop.apply(&["--only", "policies"], 0)?;
    shop.apply(&[], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_cluster_that_a_controller_manages_is_written_only_after_it_was_told() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    let map = shop
        .cluster
        .get_json(&["-n", "cofferdam-system", "configmap", "cofferdam"])?;
    let text = map["data"]["record.json"].as_str().unwrap_or_default();
    let mut record: Value = serde_json::from_str(text)?;
    record["controller"] = "cofferdam-system/cofferdam-0".into();
    let patch = serde_json::json!({"data": {"record.json": record.to_string()}}).to_string();
    shop.cluster.kubectl(&[
        "-n",
        "cofferdam-system",
        "patch",
        "configmap",
        "cofferdam",
        "--type=merge",
        "-p",
        &patch,
    ])?;
    shop.project.edit(MODEL_FILE, "port: 8080", "port: 8081")?;
    let refused = shop.apply(&[], 1)?;
    assert!(refused.stdout.contains("cofferdam-0"), "{}", refused.stdout);
    shop.apply(&["--take-over", "1h"], 0)?;
    let map = shop
        .cluster
        .get_json(&["-n", "cofferdam-system", "configmap", "cofferdam"])?;
    let text = map["data"]["record.json"].as_str().unwrap_or_default();
    assert!(
        text.contains("pausedUntil") && text.contains("cofferdam-0"),
        "{text}"
    );
    Ok(())
}
