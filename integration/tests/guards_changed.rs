//! Guard rails that somebody takes away or weakens.

use anyhow::{Result, bail};
use cofferdam_integration::guarded::{
    Answer, TENANT, ask, drift, pod, standings, start, start_pool,
};
use cofferdam_integration::shop::{SOMEBODY, Shop};
use cofferdam_integration::wait::wait_until;
use cofferdam_integration::{ClusterOptions, SeedOptions};
use serde_json::{Value, json};

const BINDINGS: &str = "validatingadmissionpolicybinding";
const POLICIES: &str = "validatingadmissionpolicy";

/// Lets somebody change a rail; expects it to be told with who did it, and healed by the next pass.
fn check(shop: &Shop, rail: &str, change: &[&str], standing: &str) -> Result<()> {
    shop.cluster.kubectl_as(SOMEBODY, change)?;
    let (told, code) = standings(shop)?;
    assert!(
        told.contains(&format!("{rail} {standing}")),
        "{change:?}: {told:?}"
    );
    assert_eq!(code, 2);
    let findings = shop.findings()?;
    let of_rail = |finding: &&Value| finding.pointer("/object/name") == Some(&json!(rail));
    let found: Vec<&Value> = findings.iter().filter(of_rail).collect();
    let [finding] = found.as_slice() else {
        bail!("{change:?}: {}", json!(findings))
    };
    assert_eq!(
        finding.pointer("/class"),
        Some(&json!("guard-missing")),
        "{finding}"
    );
    assert_eq!(
        finding.pointer("/severity"),
        Some(&json!("high")),
        "{finding}"
    );
    let by = finding.pointer("/by/user");
    assert_eq!(by, Some(&json!(SOMEBODY)), "{finding}");
    shop.apply(&[], 0)?;
    assert_eq!(drift(shop)?, Vec::<String>::new(), "{change:?}");
    shop.expect(&["plan"], 0)?;
    let (told, code) = standings(shop)?;
    assert!(told.iter().all(|one| one.ends_with(" deny")), "{told:?}");
    assert_eq!(code, 0);
    Ok(())
}

#[test]
fn a_rail_that_was_weakened_is_told_and_healed() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let rail = "cofferdam-namespaces";
    let patch = |kind, text| ["patch", kind, rail, "--type=json", "-p", text];
    let never = r#"[{"op":"add","path":"/spec/matchConditions","value":[{"name":"never","expression":"false"}]}]"#;
    let variable =
        r#"[{"op":"add","path":"/spec/variables/-","value":{"name":"more","expression":"true"}}]"#;
    let audit = r#"[{"op":"replace","path":"/spec/validationActions","value":["Warn","Audit"]}]"#;
    let ignore = r#"[{"op":"replace","path":"/spec/failurePolicy","value":"Ignore"}]"#;
    let writer = r#"[{"op":"replace","path":"/spec/validations/1/expression","value":"true"}]"#;
    let nowhere = r#"[{"op":"add","path":"/spec/matchResources","value":{"namespaceSelector":{"matchLabels":{"a":"b"}}}}]"#;
    check(&shop, rail, &patch(POLICIES, never), "changed")?;
    check(&shop, rail, &patch(POLICIES, variable), "changed")?;
    check(&shop, rail, &patch(POLICIES, ignore), "changed")?;
    check(&shop, rail, &patch(POLICIES, writer), "changed")?;
    check(&shop, rail, &patch(BINDINGS, audit), "audit")?;
    check(&shop, rail, &patch(BINDINGS, nowhere), "changed")?;
    check(
        &shop,
        "cofferdam-pin-back",
        &[
            "patch",
            "mutatingadmissionpolicy",
            "cofferdam-pin-back",
            "--type=json",
            "-p",
            never,
        ],
        "changed",
    )?;
    let label = [
        "label",
        "namespace",
        "web",
        "cofferdam.io/zone=back",
        "--overwrite",
    ];
    ask(
        &shop.cluster,
        TENANT,
        &label,
        "",
        Answer::Refused("only Cofferdam writes them"),
    )
}

#[test]
fn a_rail_that_was_deleted_is_told_and_comes_back() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let rail = "cofferdam-namespaces";
    check(&shop, rail, &["delete", BINDINGS, rail], "missing")?;
    check(&shop, rail, &["delete", POLICIES, rail], "missing")?;
    let pin = "cofferdam-pin-back";
    check(
        &shop,
        pin,
        &["delete", "mutatingadmissionpolicybinding", pin],
        "missing",
    )?;
    let label = [
        "label",
        "namespace",
        "web",
        "cofferdam.io/zone=back",
        "--overwrite",
    ];
    ask(
        &shop.cluster,
        TENANT,
        &label,
        "",
        Answer::Refused("only Cofferdam writes them"),
    )
}

/// Takes a binding away: the rail that comes back is waited for.
fn check_awaited(shop: &Shop, kind: &str, rail: &str) -> Result<()> {
    let binding = format!("{kind}AdmissionPolicyBinding");
    shop.cluster
        .kubectl_as(SOMEBODY, &["delete", &binding, rail])?;
    let mark = shop.cluster.audit_mark()?;
    let run = shop.apply(&[], 0)?;
    let said = format!("waiting until {kind}AdmissionPolicy/{rail} is in force");
    assert!(run.stderr.contains(&said), "{}", run.stderr);
    let audit = shop.cluster.audit_since(mark)?;
    let tried = audit.by("cofferdam").filter(|entry| {
        (&*entry.resource, &*entry.namespace, &*entry.verb) == ("pods", "cofferdam-probe", "create")
    });
    assert!(tried.count() >= 5, "{rail}");
    Ok(())
}

#[test]
fn rails_about_what_we_may_not_make_for_a_trial_are_waited_for_too() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    shop.apply(&[], 0)?;
    let own = "--namespace=cofferdam-system";
    for (rail, refused) in [
        (
            "cofferdam-nodes",
            ["taint", "node", "prod-node-1", "cofferdam.io/pool-"].as_slice(),
        ),
        (
            "cofferdam-record",
            &["annotate", "configmap", "cofferdam", "note=x", own],
        ),
        (
            "cofferdam-lease",
            &["annotate", "lease", "cofferdam", "note=x", own],
        ),
    ] {
        check_awaited(&shop, "Validating", rail)?;
        let answer = Answer::Refused("only Cofferdam writes");
        ask(&shop.cluster, TENANT, refused, "", answer)?;
    }
    check_awaited(&shop, "Mutating", "cofferdam-registration-back")
}

/// Applies until nothing fails any more: all rails refuse then.
fn check_comes_in_force(shop: &Shop, what: &str) -> Result<()> {
    wait_until(what, || {
        let apply = ["apply", "--yes", "--settle", "0s"];
        Ok(shop.project.run(&apply)?.code == 0)
    })?;
    let (told, code) = standings(shop)?;
    assert!(told.iter().all(|one| one.ends_with(" deny")), "{told:?}");
    assert_eq!(code, 0);
    Ok(())
}

/// The name of somebody else's policy.
const FOREIGN: &str = "no-pods-there";

/// Has somebody else's policy refuse pods where rails are tried out.
fn refuse_trials(shop: &Shop) -> Result<()> {
    let place = json!({ "key": "kubernetes.io/metadata.name", "operator": "In", "values": ["cofferdam-probe"] });
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": FOREIGN },
        "spec": {
            "matchConstraints": {
                "namespaceSelector": { "matchExpressions": [place] },
                "resourceRules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }],
            },
            "validations": [{ "expression": "false", "message": "no pods of yours" }],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": { "name": FOREIGN },
        "spec": { "policyName": FOREIGN, "validationActions": ["Deny"] },
    });
    for object in [&policy, &binding] {
        shop.cluster.apply_yaml(SOMEBODY, &object.to_string())?;
    }
    let tried = pod("cofferdam-probe", "one", &json!({})).to_string();
    wait_until("pods are refused there", || {
        let words = ["create", "--dry-run=server", "-f", "-"];
        let answer = shop.cluster.kubectl_input(TENANT, &words, &tried);
        Ok(answer.is_err_and(|error| format!("{error:#}").contains("no pods of yours")))
    })
}

#[test]
fn who_keeps_a_rail_from_being_tried_out_is_told_in_their_own_words() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    refuse_trials(&shop)?;
    let mark = shop.cluster.audit_mark()?;
    let run = shop.apply(&[], 1)?;
    // Where two policies refuse, the server tells of either; what a pin changes is not seen at all.
    let told = "MutatingAdmissionPolicy/cofferdam-pin-back: it cannot be tried out: ";
    let line = run.stdout.lines().find(|line| line.contains(told));
    let line = line.unwrap_or_default();
    assert!(line.contains("no pods of yours"), "{}", run.stdout);
    assert!(
        line.ends_with("; let dry runs in namespace `cofferdam-probe` pass"),
        "{line}"
    );
    // What rests on the pin is left out, and not waited for.
    let left_out = "MutatingAdmissionPolicy/cofferdam-registration-back: left out: ";
    assert!(run.stdout.contains(left_out), "{}", run.stdout);
    assert!(
        !run.stdout.contains("cofferdam-registration-back: it"),
        "{}",
        run.stdout
    );
    assert!(
        !run.stdout.contains("cofferdam-policies:"),
        "{}",
        run.stdout
    );
    // Nobody waits for what does not change by waiting.
    let audit = shop.cluster.audit_since(mark)?;
    let tried = audit.by("cofferdam").filter(|entry| {
        (&*entry.resource, &*entry.namespace, &*entry.verb) == ("pods", "cofferdam-probe", "create")
    });
    assert!((7..=7 * 10).contains(&tried.count()), "{}", run.stderr);
    Ok(())
}

#[test]
fn a_rail_that_could_not_be_tried_out_is_not_called_in_force_by_any_later_pass() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    refuse_trials(&shop)?;
    shop.apply(&[], 1)?;
    for _ in 0..2 {
        shop.apply(&[], 1)?;
        let (told, code) = standings(&shop)?;
        let untried = "cofferdam-pin-back untried".to_owned();
        assert!(told.contains(&untried), "{told:?}");
        assert_eq!(code, 2);
        let missing = drift(&shop)?;
        assert!(
            missing.iter().any(|one| one.contains("guard-missing")),
            "{missing:?}"
        );
    }
    shop.cluster
        .kubectl_as(SOMEBODY, &["delete", BINDINGS, FOREIGN])?;
    check_comes_in_force(&shop, "rails can be tried out")?;
    shop.expect(&["plan"], 0)?;
    Ok(())
}

#[test]
fn rails_of_a_pool_that_goes_are_deleted_and_those_of_others_are_left_alone() -> Result<()> {
    let shop = start_pool(ClusterOptions::new("prod"))?;
    let theirs = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": { "name": "cofferdam-pods-other", "labels": { "app.kubernetes.io/name": "theirs" } },
        "spec": { "policyName": "cofferdam-pods-other", "validationActions": ["Deny"] },
    });
    shop.cluster.apply_yaml(SOMEBODY, &theirs.to_string())?;
    shop.apply(&[], 0)?;
    std::fs::remove_file(shop.project.path().join("fleet/pools.yaml"))?;
    shop.apply(&["--allow-weakening"], 0)?;
    let kinds =
        format!("{POLICIES},{BINDINGS},mutatingadmissionpolicy,mutatingadmissionpolicybinding");
    let left = shop.cluster.kubectl(&["get", &kinds, "--output=name"])?;
    assert!(!left.contains("-back"), "{left}");
    assert!(left.contains("cofferdam-pods-other"), "{left}");
    assert_eq!(drift(&shop)?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_rail_of_somebody_else_in_our_name_is_neither_taken_over_nor_called_fine() -> Result<()> {
    let shop = start(ClusterOptions::new("prod"), SeedOptions::default())?;
    let theirs = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": { "name": "cofferdam-namespaces" },
        "spec": { "policyName": "theirs", "validationActions": ["Deny"] },
    });
    shop.cluster.apply_yaml(SOMEBODY, &theirs.to_string())?;
    shop.apply(&[], 1)?;
    let (told, code) = standings(&shop)?;
    assert!(
        told.contains(&"cofferdam-namespaces taken".to_owned()),
        "{told:?}"
    );
    assert_eq!(code, 2);
    let live = shop.cluster.get_json(&[BINDINGS, "cofferdam-namespaces"])?;
    assert_eq!(live.pointer("/spec/policyName"), Some(&json!("theirs")));
    shop.cluster
        .kubectl_as(SOMEBODY, &["delete", BINDINGS, "cofferdam-namespaces"])?;
    check_comes_in_force(&shop, "the name is free")?;
    Ok(())
}
