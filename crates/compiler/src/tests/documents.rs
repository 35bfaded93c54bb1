//! Single documents, and the policies that they become.

use std::collections::BTreeSet;

use cofferdam_model::capabilities::Dns;
use cofferdam_model::diagnostic::Severity;
use cofferdam_objects::keys::ZONE;
use cofferdam_testkit::SHOP;

use super::*;

/// The codes of errors about the shop, where a cluster shows this DNS, or nothing at all.
fn check_dns(shop: &str, dns: Option<Dns>, want: &[&str]) {
    let model = model(shop);
    let cluster = Cluster::new("prod");
    let document = model.clusters.get(&cluster.name).unwrap();
    let capabilities = dns.map(|dns| {
        let mut capabilities = cluster.observe().capabilities.known().unwrap().clone();
        capabilities.dns = dns;
        capabilities
    });
    let compiled = compile(&model, document, capabilities.as_ref()).unwrap();
    let errors = compiled.remarks.iter();
    let errors = errors.filter(|remark| remark.severity == Severity::Error);
    let codes: Vec<&str> = errors.map(|remark| remark.code).collect();
    assert_eq!(codes, want);
    for (key, policy) in &compiled.bundle.policies {
        let spec = policy.object.spec.as_ref().unwrap();
        for rule in spec
            .egress
            .iter()
            .flatten()
            .filter(|_| key.1.ends_with("-dns"))
        {
            assert!(rule.ports.is_some(), "{key:?} opens every port");
        }
    }
}

#[test]
fn a_cluster_without_dns_is_refused() {
    let assumed = Dns::assumed();
    let cache = Dns {
        servers: Vec::new(),
        node_local: ["169.254.20.10".parse().unwrap()].into(),
        ..Dns::assumed()
    };
    let mut portless = Dns::assumed();
    for servers in &mut portless.servers {
        servers.ports.clear();
    }
    let nothing = Dns {
        node_local: BTreeSet::new(),
        ..cache.clone()
    };
    check_dns(SHOP, None, &[]);
    check_dns(SHOP, Some(assumed), &[]);
    check_dns(SHOP, Some(cache), &[]);
    check_dns(SHOP, Some(portless), &["dns-not-found"]);
    check_dns(SHOP, Some(nothing.clone()), &["dns-not-found"]);
    for (level, want) in [("stage", &["dns-not-found"][..]), ("observe", &[])] {
        let shop = SHOP.replace("enforcement: enforce", &format!("enforcement: {level}"));
        check_dns(&shop, Some(nothing.clone()), want);
    }
}

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
    let labelled = peers(flow).filter_map(|peer| peer.namespace_selector.as_ref());
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
    assert_eq!(peers(flow).count(), 1);
}

#[test]
fn what_a_flow_asks_for_and_nothing_enforces_is_said_once() {
    let asking = SHOP
        .replace("from: { zone: front }", "from: { zone: front, serviceAccounts: [web] }")
        .replace(
            "  justification: customers order\n",
            "  justification: customers order\n  http: [{ methods: [GET], paths: [/] }]\n  encryption: mtls\n",
        );
    for (text, want) in [
        (SHOP, &[][..]),
        (
            asking.as_str(),
            &[
                "spec.encryption encryption-not-enforced",
                "spec.from.serviceAccounts identity-not-enforced",
                "spec.http l7-not-enforced",
            ],
        ),
    ] {
        let model = model(text);
        let cluster = Cluster::new("prod");
        let document = model.clusters.get(&cluster.name).unwrap();
        let remarks = compile(&model, document, None).unwrap().remarks;
        let told = remarks
            .iter()
            .filter(|remark| remark.code.ends_with("-not-enforced"));
        let told: Vec<String> = told
            .map(|remark| format!("{} {}", remark.path, remark.code))
            .collect();
        assert_eq!(told, want);
    }
}
