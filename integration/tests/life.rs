//! One cluster from nothing to enforced, drifted, healed and back.

use anyhow::Result;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::shop::{MODEL_FILE, Shop, WRITER};

#[test]
fn a_cluster_goes_from_nothing_to_in_sync_in_the_promised_order() -> Result<()> {
    let shop = Shop::start()?;
    shop.expect(&["check"], 0)?;
    shop.expect(&["plan"], 2)?;

    let mark = shop.cluster.audit_mark()?;
    shop.apply(&[], 0)?;
    let audit = shop.cluster.audit_since(mark)?;
    let position = |verb: &str, name: &str| {
        audit
            .entries
            .iter()
            .filter(|entry| entry.user == WRITER && entry.namespace == "orders")
            .position(|entry| entry.verb == verb && entry.name == name)
            .unwrap_or_else(|| panic!("no {verb} of {name}"))
    };
    let opened = position("patch", "cofferdam-open-ingress");
    let allowed = position("patch", "cofferdam-flow-web-to-orders-in");
    let denied = position("patch", "cofferdam-default-deny-ingress");
    let closed = position("delete", "cofferdam-open-ingress");
    assert!(opened < allowed && allowed < denied && denied < closed);
    assert!(audit.by(WRITER).all(|entry| entry.code < 500));

    shop.expect(&["plan"], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    let mark = shop.cluster.audit_mark()?;
    shop.apply(&[], 0)?;
    assert!(shop.cluster.audit_since(mark)?.writes_by(WRITER).is_empty());
    Ok(())
}

#[test]
fn a_zone_moves_from_observe_over_stage_to_enforce_and_back() -> Result<()> {
    let shop = Shop::start()?;
    shop.project
        .edit(MODEL_FILE, "enforcement: enforce", "enforcement: observe")?;
    shop.apply(&[], 0)?;
    assert_eq!(shop.policies("orders")?, Vec::<String>::new());

    shop.project
        .edit(MODEL_FILE, "enforcement: observe", "enforcement: stage")?;
    shop.apply(&[], 0)?;
    let staged = [
        "cofferdam-allow-dns",
        "cofferdam-flow-web-to-orders-in",
        "cofferdam-open-egress",
        "cofferdam-open-ingress",
        "cofferdam-within-zone",
    ];
    assert_eq!(shop.policies("orders")?, staged);

    shop.project
        .edit(MODEL_FILE, "enforcement: stage", "enforcement: enforce")?;
    shop.apply(&[], 0)?;
    let enforced = [
        "cofferdam-allow-dns",
        "cofferdam-default-deny-egress",
        "cofferdam-default-deny-ingress",
        "cofferdam-flow-web-to-orders-in",
        "cofferdam-within-zone",
    ];
    assert_eq!(shop.policies("orders")?, enforced);

    shop.project
        .edit(MODEL_FILE, "enforcement: enforce", "enforcement: stage")?;
    let refused = shop.apply(&[], 1)?;
    let rollback = ["--allow-weakening", "--rollback"];
    assert!(
        refused.stdout.contains("--allow-weakening"),
        "{}",
        refused.stdout
    );
    shop.apply(&rollback, 0)?;
    assert_eq!(shop.policies("orders")?, staged);
    Ok(())
}

#[test]
fn an_open_policy_that_somebody_edited_is_written_back_and_deleted_by_the_same_pass() -> Result<()>
{
    let shop = Shop::start()?;
    shop.project
        .edit(MODEL_FILE, "enforcement: enforce", "enforcement: stage")?;
    shop.apply(&[], 0)?;
    let narrow = r#"{"spec": {"podSelector": {"matchLabels": {"app": "one"}}}}"#;
    let edit = ["patch", "netpol", "cofferdam-open-ingress", "-p", narrow];
    let edit = [&["-n", "orders"], &edit[..], &["--type=merge"]].concat();
    shop.cluster.kubectl(&edit)?;

    shop.project
        .edit(MODEL_FILE, "enforcement: stage", "enforcement: observe")?;
    let mark = shop.cluster.audit_mark()?;
    shop.apply(&["--allow-deletions", "8", "--allow-weakening"], 0)?;
    let audit = shop.cluster.audit_since(mark)?;
    let written = audit.entries.iter().filter(|entry| {
        entry.user == WRITER
            && entry.namespace == "orders"
            && entry.name == "cofferdam-open-ingress"
            && matches!(entry.verb.as_str(), "patch" | "delete")
    });
    let verbs: Vec<&str> = written.map(|entry| entry.verb.as_str()).collect();
    assert_eq!(verbs, ["patch", "delete"]);
    assert_eq!(shop.policies("orders")?, Vec::<String>::new());
    shop.expect(&["plan"], 0)?;
    Ok(())
}

#[test]
fn an_apply_that_is_killed_is_taken_up_by_the_next() -> Result<()> {
    let shop = Shop::start()?;
    for delay_ms in [30, 60, 90, 120, 160, 220, 300] {
        let mut child = shop.project.spawn(&["apply", "--yes", "--settle", "0s"])?;
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        child.kill()?;
        child.wait()?;
        let names = shop.policies("orders")?;
        let has = |name: &str| names.iter().any(|one| one == name);
        let denied = has("cofferdam-default-deny-ingress");
        let open = has("cofferdam-open-ingress");
        let allowed = has("cofferdam-flow-web-to-orders-in");
        assert!(
            names.is_empty() || open || (denied && allowed),
            "after {delay_ms} ms: {names:?}"
        );
    }
    shop.apply(&[], 0)?;
    shop.expect(&["plan"], 0)?;
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn an_enforced_namespace_that_cannot_be_denied_is_never_in_sync() -> Result<()> {
    let shop = Shop::start()?;
    shop.cluster.apply_yaml(ADMIN, WEBHOOK)?;
    shop.apply(&[], 0)?;
    let names = shop
        .cluster
        .kubectl(&["-n", "orders", "get", "netpol", "-o", "name"])?;
    assert!(names.contains("cofferdam-open-ingress"), "{names}");
    let found = shop.drift()?;
    assert!(
        found.contains(&"not-enforced Namespace/orders".to_owned()),
        "{found:?}"
    );
    shop.expect(&["drift"], 2)?;
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
