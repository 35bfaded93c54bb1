//! Rules towards what a cluster itself provides, and from its control plane, made from what it shows.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use anyhow::{Context as _, Result};
use cofferdam_integration::shop::{CLUSTER_FILE, MODEL_FILE, SOMEBODY, Shop};
use serde_json::{Value, json};

const OPERATOR: &str = "
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: orders-to-api-server }
spec:
  from: { zone: back, namespaces: [orders] }
  to: { clusterService: apiServer }
  justification: its operator
  owner: shop
";

const CALLED: &str = "
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: orders }
webhooks:
- name: orders.example.org
  clientConfig: { service: { namespace: orders, name: orders, path: /, port: 8080 } }
  rules: [{ apiGroups: [example.org], apiVersions: [v1], operations: [CREATE], resources: [things] }]
  failurePolicy: Ignore
  sideEffects: None
  admissionReviewVersions: [v1]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: { name: v1.shop.example.org }
spec:
  group: shop.example.org
  version: v1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: { namespace: web, name: web, port: 8080 }
";

fn rules(shop: &Shop, namespace: &str, policy: &str, direction: &str) -> Result<Value> {
    let live = shop
        .cluster
        .get_json(&["-n", namespace, "netpol", policy])?;
    let rules = live.pointer(&format!("/spec/{direction}")).cloned();
    rules.with_context(|| format!("{live}"))
}

/// The addresses of ipBlocks with the ports beside them, sorted.
fn blocks(rules: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for rule in rules.as_array().into_iter().flatten() {
        let ports: Vec<String> = rule["ports"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|port| port["port"].to_string())
            .collect();
        for side in ["to", "from"] {
            for peer in rule[side].as_array().into_iter().flatten() {
                let cidr = peer["ipBlock"]["cidr"].as_str().unwrap_or("no block");
                all.push(format!("{cidr} {}", ports.join(",")));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn the_api_server_is_reached_at_its_service_and_at_every_endpoint() -> Result<()> {
    let shop = Shop::start()?;
    let model = shop.project.read(MODEL_FILE)?;
    shop.project
        .write(MODEL_FILE, &format!("{model}{OPERATOR}"))?;
    shop.apply(&[], 0)?;
    let service = shop.cluster.get_json(&["service", "kubernetes"])?;
    let address = service["spec"]["clusterIP"]
        .as_str()
        .context("an address")?;
    let endpoints = shop.cluster.get_json(&["endpointslice", "kubernetes"])?;
    let endpoint = endpoints["endpoints"][0]["addresses"][0]
        .as_str()
        .context("an endpoint")?;
    let port = &endpoints["ports"][0]["port"];
    let mut expected = vec![format!("{address}/32 443"), format!("{endpoint}/32 {port}")];
    expected.sort();
    let found = rules(
        &shop,
        "orders",
        "cofferdam-flow-orders-to-api-server-out",
        "egress",
    )?;
    assert_eq!(blocks(&found), expected);
    assert_eq!(shop.drift()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn webhooks_and_api_services_are_reached_from_the_control_plane() -> Result<()> {
    let shop = Shop::start()?;
    shop.cluster.apply_yaml(SOMEBODY, CALLED)?;
    // The API server's address is no node's here, as where a cloud runs the control plane.
    let plan = shop.expect(&["plan"], 2)?;
    assert!(
        plan.stdout.contains("INGRESS OF `orders` STAYS OPEN"),
        "{}",
        plan.stdout
    );
    let network = "mode: manage\n  network: { controlPlaneCidrs: [192.0.2.0/28] }";
    shop.project.edit(CLUSTER_FILE, "mode: manage", network)?;
    shop.expect(&["doctor", "--write"], 0)?;
    shop.apply(&[], 0)?;
    for namespace in ["orders", "web"] {
        let names = shop.policies(namespace)?;
        let derived = names
            .iter()
            .find(|name| name.contains("derived"))
            .context("derived")?;
        let found = blocks(&rules(&shop, namespace, derived, "ingress")?);
        assert_eq!(found, ["192.0.2.0/28 8080"], "{namespace}");
        assert!(!names.iter().any(|name| name.contains("open")), "{names:?}");
    }
    assert_eq!(shop.drift()?, Vec::<String>::new());

    let webhook = ["validatingwebhookconfiguration", "orders"];
    shop.cluster
        .kubectl(&[&["delete"], &webhook[..]].concat())?;
    let found = shop.drift()?;
    assert!(
        found
            .iter()
            .any(|one| one.starts_with("orphan NetworkPolicy/cofferdam-derived")),
        "{found:?}"
    );
    shop.apply(&[], 0)?;
    assert!(
        !shop
            .policies("orders")?
            .iter()
            .any(|name| name.contains("derived"))
    );
    Ok(())
}

#[test]
fn names_are_resolved_where_the_servers_listen() -> Result<()> {
    let shop = Shop::start()?;
    shop.apply(&[], 0)?;
    let dns = rules(&shop, "orders", "cofferdam-allow-dns", "egress")?;
    let peer = &dns[0]["to"][0];
    assert_eq!(
        peer["podSelector"]["matchLabels"],
        json!({"k8s-app": "kube-dns"})
    );
    let slices = shop.cluster.get_json(&[
        "-n",
        "kube-system",
        "endpointslice",
        "-l",
        "kubernetes.io/service-name=kube-dns",
    ])?;
    let mut listening: Vec<String> = slices["items"][0]["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|port| {
            port["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("dns"))
        })
        .map(|port| format!("{} {}", port["port"], port["protocol"]))
        .collect();
    listening.sort();
    let mut allowed: Vec<String> = dns[0]["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|port| format!("{} {}", port["port"], port["protocol"]))
        .collect();
    allowed.sort();
    assert_eq!(allowed, listening);
    Ok(())
}
