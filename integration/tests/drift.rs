//! What else drifts: waived changes, what left the model, capabilities, kinds that are not modelled.

use anyhow::{Context as _, Result};
use cofferdam_integration::shop::{CLUSTER_FILE, MODEL_FILE, SOMEBODY, Shop};
use serde_json::Value;

#[test]
fn findings_keep_their_ids_and_a_waived_change_is_still_healed() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    let deny = "cofferdam-default-deny-egress";
    shop.widen_egress("web", deny)?;
    let first = shop.findings()?;
    assert_eq!(
        shop.findings()?.first().map(|f| &f["id"]),
        first.first().map(|f| &f["id"])
    );
    shop.project.write(
        "policies/waiver.yaml",
        "
apiVersion: cofferdam.io/v1alpha1
kind: Waiver
metadata: { name: known }
spec:
  for: { finding: changed, cluster: prod, object: NetworkPolicy/web/cofferdam-default-deny-egress }
  reason: known
  approval: { by: security, at: 2026-01-01 }
  expires: 2099-01-01
",
    )?;
    let report = shop.expect(&["drift", "-o", "json"], 0)?.json()?;
    assert_eq!(
        report["clusters"][0]["findings"][0]["waiver"], "known",
        "{report}"
    );
    shop.apply(&[], 0)?;
    let live = shop.cluster.get_json(&["-n", "web", "netpol", deny])?;
    assert_eq!(live["spec"].get("egress"), None, "{live}");
    Ok(())
}

fn take_flow_away(shop: &Shop) -> Result<()> {
    let flow = "---\napiVersion: cofferdam.io/v1alpha1\nkind: Flow\n";
    let model = shop.project.read(MODEL_FILE)?;
    let (without, _) = model.split_once(flow).context("a flow")?;
    shop.project.write(MODEL_FILE, without)
}

fn take_orders_away(shop: &Shop) -> Result<()> {
    let namespaces = "[{ name: orders }, { name: ledger";
    shop.project.edit(MODEL_FILE, namespaces, "[{ name: ledger")
}

/// A shop that was applied before namespace `orders` left the model, and since.
fn left_by_orders() -> Result<Shop> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    take_flow_away(&shop)?;
    take_orders_away(&shop)?;
    shop.apply(&[], 0)?;
    Ok(shop)
}

#[test]
fn what_left_the_model_is_pruned_and_a_namespace_that_left_stays_as_it_is() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    take_flow_away(&shop)?;
    let before = shop.drift()?;
    assert_eq!(
        before,
        [
            "bundle-skew Cluster/prod",
            "orphan NetworkPolicy/cofferdam-flow-web-to-orders-in",
            "orphan NetworkPolicy/cofferdam-flow-web-to-orders-out",
        ]
    );
    shop.apply(&[], 0)?;
    assert!(
        !shop
            .policies("orders")?
            .iter()
            .any(|name| name.contains("flow"))
    );
    assert_eq!(shop.drift()?, Vec::<String>::new());

    let held = shop.policies("orders")?;
    take_orders_away(&shop)?;
    shop.apply(&[], 0)?;
    assert_eq!(shop.policies("orders")?, held);
    let found = shop.drift()?;
    assert!(
        found.contains(&"orphan Namespace/orders".to_owned()),
        "{found:?}"
    );
    Ok(())
}

#[test]
fn what_somebody_changes_or_adds_where_the_model_left_our_policies_is_told() -> Result<()> {
    let shop = left_by_orders()?;
    // Message and severity of each finding about a policy there.
    let told = || -> Result<Vec<String>> {
        let findings = shop.findings()?.into_iter();
        let here = findings.filter(|finding| finding["object"]["namespace"] == "orders");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let line = |finding: Value| {
            let [name, message, severity] = [
                &finding["object"]["name"],
                &finding["message"],
                &finding["severity"],
            ]
            .map(text);
            format!("{name} {severity} {message}")
        };
        Ok(here.map(line).collect())
    };
    let as_applied = told()?;
    let left = "medium the model no longer mentions its namespace";
    assert!(!as_applied.is_empty());
    let news = as_applied.iter().find(|line| !line.ends_with(left));
    assert_eq!(news, None, "{as_applied:#?}");
    let all =
        r#"{"spec": {"policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}}"#;
    let egress = r#"{"spec": {"egress": [{}]}}"#;
    for (name, patch) in [
        ("cofferdam-allow-dns", all),
        ("cofferdam-within-zone", egress),
    ] {
        let patch = [
            "-n",
            "orders",
            "patch",
            "netpol",
            name,
            "--type=merge",
            "-p",
            patch,
        ];
        shop.cluster.kubectl_as(SOMEBODY, &patch)?;
        let changed = format!(
            "{name} critical the model no longer mentions its namespace, and somebody changed it since it was last applied"
        );
        assert!(told()?.contains(&changed), "{:#?}", told()?);
    }
    let theirs = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: theirs, namespace: orders }
spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{}] }
";
    shop.cluster.apply_yaml(SOMEBODY, theirs)?;
    let opens = "theirs critical allows connections of its own where our denies stand, although the model no longer mentions the namespace";
    assert!(told()?.contains(&opens.to_owned()), "{:#?}", told()?);
    Ok(())
}

#[test]
fn a_deny_that_somebody_deletes_where_the_model_left_it_is_missing_as_long_as_anything_is_ours_there()
-> Result<()> {
    let shop = left_by_orders()?;
    let deny = "cofferdam-default-deny-ingress";
    let delete = ["-n", "orders", "delete", "netpol", deny];
    shop.cluster.kubectl_as(SOMEBODY, &delete)?;
    let findings = shop.findings()?;
    let missing = |finding: &&Value| finding["class"] == "missing";
    let one = findings.iter().find(missing).context("nothing missing")?;
    assert_eq!(one["object"]["name"], deny, "{one}");
    assert_eq!(one["object"]["namespace"], "orders", "{one}");
    assert_eq!(one["effect"], "widens", "{one}");
    assert_eq!(one["by"]["user"], SOMEBODY, "{one}");
    // No apply forgets it; who leaves for good takes the rest away too.
    shop.expect(&["plan"], 0)?;
    shop.lose_policy("ledger", "cofferdam-allow-dns")?;
    shop.apply(&[], 0)?;
    assert!(shop.findings()?.iter().any(|one| missing(&one)));
    let ours = "app.kubernetes.io/managed-by=cofferdam";
    let rest = ["-n", "orders", "delete", "netpol", "-l", ours];
    shop.cluster.kubectl_as(SOMEBODY, &rest)?;
    let labels = shop.cluster.get_json(&["namespace", "orders"])?;
    let labels = labels["metadata"]["labels"].as_object().context("labels")?;
    let labels = labels.keys().filter(|key| key.contains("cofferdam.io/"));
    let labels: Vec<String> = labels.map(|key| format!("{key}-")).collect();
    let labels = labels.iter().map(String::as_str);
    let unlabel: Vec<&str> = ["label", "namespace", "orders"]
        .into_iter()
        .chain(labels)
        .collect();
    shop.cluster.kubectl(&unlabel)?;
    assert_eq!(shop.drift()?, ["unassigned-namespace Namespace/orders"]);
    Ok(())
}

#[test]
fn too_many_deletions_are_refused_with_the_flag_that_allows_them() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    // Allows of their own for eight ports: eight flows, which then all leave.
    let model = shop.project.read(MODEL_FILE)?;
    let (base, flow) = model
        .split_once("---\napiVersion: cofferdam.io/v1alpha1\nkind: Flow\n")
        .context("a flow")?;
    let flows: Vec<String> = (0..8)
        .map(|n| {
            let flow = flow
                .replace("web-to-orders", &format!("flow-{n}"))
                .replace("8080", &format!("808{n}"));
            format!("---\napiVersion: cofferdam.io/v1alpha1\nkind: Flow\n{flow}")
        })
        .collect();
    shop.project
        .write(MODEL_FILE, &format!("{base}{}", flows.concat()))?;
    shop.apply(&[], 0)?;
    shop.project.write(MODEL_FILE, base)?;
    let refused = shop.apply(&[], 1)?;
    assert!(
        refused.stdout.contains("--allow-deletions 16"),
        "{}",
        refused.stdout
    );
    assert!(
        shop.policies("orders")?
            .iter()
            .any(|name| name.contains("flow-7"))
    );
    shop.apply(&["--allow-deletions", "16"], 0)?;
    assert!(
        !shop
            .policies("orders")?
            .iter()
            .any(|name| name.contains("flow"))
    );
    Ok(())
}

#[test]
fn capabilities_that_changed_and_namespaces_that_nobody_assigned_are_told() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    let stray = "{apiVersion: v1, kind: Namespace, metadata: {name: stray}}";
    shop.cluster.apply_yaml(SOMEBODY, stray)?;
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: stray}, spec: {containers: [{name: a, image: a}]}}";
    shop.cluster.apply_yaml(SOMEBODY, pod)?;
    let file = "fleet/capabilities/prod.yaml";
    shop.project
        .edit(file, "version: v1.36", "version: v1.35")?;
    assert_eq!(
        shop.drift()?,
        [
            "capabilities-changed Cluster/prod",
            "unassigned-namespace Namespace/stray"
        ]
    );
    shop.cluster
        .kubectl(&["delete", "namespace", "orders", "--wait=false"])?;
    let found = shop.drift()?;
    assert!(
        found.contains(&"missing-namespace Namespace/orders".to_owned()),
        "{found:?}"
    );
    // Nothing can be made in a namespace that is going away, and nobody tries.
    let plan = shop.project.run(&["plan", "-o", "json"])?.json()?;
    let steps = plan["clusters"][0]["steps"].to_string();
    assert!(!steps.contains(r#""namespace":"orders""#), "{steps}");
    Ok(())
}

#[test]
fn a_policy_of_a_kind_that_is_not_modelled_is_never_in_sync() -> Result<()> {
    let shop = Shop::start()?;
    shop.cluster.apply_yaml(SOMEBODY, CILIUM)?;
    shop.cluster.kubectl(&[
        "wait",
        "--for=condition=Established",
        "crd/ciliumnetworkpolicies.cilium.io",
    ])?;
    shop.apply(&[], 0)?;
    let policy = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: hole, namespace: orders}}";
    shop.cluster.apply_yaml(SOMEBODY, policy)?;
    let report = shop.expect(&["drift", "-o", "json"], 2)?.json()?;
    let finding = &report["clusters"][0]["findings"][0];
    assert_eq!(finding["class"], "foreign-policy", "{report}");
    assert_eq!(finding["object"]["apiVersion"], "cilium.io/v2");
    assert_eq!(finding["effect"], "unknown");
    assert_eq!(finding["severity"], "critical");
    Ok(())
}

const CILIUM: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ciliumnetworkpolicies.cilium.io }
spec:
  group: cilium.io
  scope: Namespaced
  names: { kind: CiliumNetworkPolicy, plural: ciliumnetworkpolicies, singular: ciliumnetworkpolicy }
  versions:
  - name: v2
    served: true
    storage: true
    schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
";

#[test]
fn a_read_only_cluster_is_shown_and_never_written() -> Result<()> {
    let shop = Shop::start()?;
    shop.project
        .edit(CLUSTER_FILE, "mode: manage", "mode: readOnly")?;
    let plan = shop.expect(&["plan"], 2)?;
    let notice =
        "  * only observed: its document says `mode: readOnly`, and `apply` writes nothing here";
    assert!(
        plan.stdout.lines().any(|line| line == notice),
        "{}",
        plan.stdout
    );
    // Nobody is asked about what is not written.
    let skipped = shop.expect(&["apply"], 0)?;
    let hint = "    hint: write `mode: manage` under `spec` in fleet/clusters/prod.yaml to let apply write";
    assert_eq!(skipped.stdout.lines().last(), Some(hint));
    assert_eq!(shop.policies("orders")?, Vec::<String>::new());
    Ok(())
}
