//! Single documents, and the policies that they become.

use cofferdam_objects::keys::ZONE;
use cofferdam_testkit::SHOP;

use super::*;

/// A fleet of two clusters with a flow from `stage` to `prod`; the ports are those of the flow.
fn across(ports: &str) -> String {
    format!(
        "
kind: ZoneModel
metadata: {{ name: shop }}
spec: {{ tiers: [edge, data], defaults: {{ enforcement: enforce }} }}
---
kind: TrustDomain
metadata: {{ name: production }}
spec: {{ clusters: {{ matchLabels: {{ environment: production }} }}, rollout: {{ order: 10 }} }}
---
kind: TrustDomain
metadata: {{ name: staging }}
spec: {{ clusters: {{ matchLabels: {{ environment: staging }} }}, rollout: {{ order: 20 }} }}
---
kind: Cluster
metadata: {{ name: prod, labels: {{ environment: production }} }}
spec:
  access: {{ kubeconfig: prod.yaml }}
  network: {{ podCidrs: [10.10.0.0/16], egressCidrs: [203.0.113.0/28], exposedCidrs: [198.51.100.7/32] }}
---
kind: Cluster
metadata: {{ name: stage, labels: {{ environment: staging }} }}
spec:
  access: {{ kubeconfig: stage.yaml }}
  network: {{ podCidrs: [10.20.0.0/16], egressCidrs: [203.0.113.16/28], exposedCidrs: [198.51.100.23/32] }}
---
kind: Zone
metadata: {{ name: front }}
spec: {{ tier: edge, sensitivity: low, trustDomains: [staging], namespaces: [{{ name: web }}] }}
---
kind: Zone
metadata: {{ name: back }}
spec: {{ tier: data, sensitivity: low, trustDomains: [production], namespaces: [{{ name: orders }}] }}
---
kind: Flow
metadata: {{ name: across }}
spec:
  from: {{ zone: front }}
  to: {{ zone: back }}
  ports: {ports}
  across: {{ from: staging, to: production, port: 443 }}
  justification: needed
  owner: shop
"
    )
}

/// The rules of a policy of a cluster, as `cidrs on ports`.
fn check_across(ports: &str, cluster: &str, object: &str, want: &[&str]) {
    let model = model(&across(ports));
    let bundle = bundle(&model, &Cluster::new(cluster));
    let (namespace, name) = object.split_once('/').unwrap();
    let spec = policy(&bundle, namespace, name)
        .unwrap()
        .spec
        .clone()
        .unwrap();
    let ingress = spec
        .ingress
        .into_iter()
        .flatten()
        .map(|rule| (rule.from, rule.ports));
    let egress = spec
        .egress
        .into_iter()
        .flatten()
        .map(|rule| (rule.to, rule.ports));
    let rules = ingress.chain(egress).map(|(peers, ports)| {
        let cidrs = peers.into_iter().flatten().filter_map(|peer| peer.ip_block);
        let cidrs: Vec<String> = cidrs.map(|block| block.cidr).collect();
        let ports = ports.into_iter().flatten().map(|port| {
            let number = serde_json::to_string(&port.port).unwrap();
            format!("{} {number}", port.protocol.unwrap_or_default())
        });
        let ports: Vec<String> = ports.collect();
        format!("{} on {}", cidrs.join(" "), ports.join(", "))
    });
    assert_eq!(rules.collect::<Vec<_>>(), want);
}

#[test]
fn a_flow_across_clusters_gets_each_of_its_protocols_on_exposed_addresses() {
    let tcp = "[{ protocol: TCP, port: 8080 }, { protocol: TCP, port: 8081 }]";
    let udp = "[{ protocol: UDP, port: 5353 }]";
    let both = "[{ protocol: TCP, port: 8080 }, { protocol: UDP, port: 5353 }]";
    let out = "web/cofferdam-flow-across-out";
    check_across(tcp, "stage", out, &["198.51.100.7/32 on TCP 443"]);
    check_across(udp, "stage", out, &["198.51.100.7/32 on UDP 443"]);
    check_across(both, "stage", out, &["198.51.100.7/32 on TCP 443, UDP 443"]);
    let into = "orders/cofferdam-flow-across-in";
    check_across(
        both,
        "prod",
        into,
        &["203.0.113.16/28 on TCP 8080, UDP 5353"],
    );
}

#[test]
fn members_chosen_by_label_are_matched_by_name_too() {
    let chosen = SHOP.replace(
        "[{ name: web }]",
        "[{ selector: { matchLabels: { team: front } } }]",
    );
    let mut cluster = Cluster::new("prod");
    for (name, team) in [("web", "front"), ("shop", "front"), ("orders", "back")] {
        cluster.add_namespace(name, &[("team", team)]);
    }
    let bundle = bundle(&model(&chosen), &cluster);
    let flow = policy(&bundle, "orders", "cofferdam-flow-web-to-orders-in").unwrap();
    assert_eq!(named(flow), ["shop", "web"]);
    let labelled = peers(flow)
        .into_iter()
        .filter_map(|peer| peer.namespace_selector.as_ref());
    let keys = labelled.flat_map(|selector| selector.match_expressions.iter().flatten());
    let keys: Vec<&str> = keys.map(|expression| expression.key.as_str()).collect();
    assert_eq!(keys, [NAMESPACE_NAME, ZONE]);
}

#[test]
fn members_that_are_named_are_matched_by_name_only() {
    let mut cluster = Cluster::new("prod");
    cluster.add_namespace("web", &[]);
    let bundle = bundle(&model(SHOP), &cluster);
    let flow = policy(&bundle, "orders", "cofferdam-flow-web-to-orders-in").unwrap();
    assert_eq!(named(flow), ["web"]);
    assert_eq!(peers(flow).len(), 1);
}
