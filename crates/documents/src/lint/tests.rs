//! Documents that are added to a small model, and what is found in them.

mod examples;
mod networks;

use cofferdam_model::diagnostic::Severity;
use cofferdam_model::flow::Date;

use super::lint;
use crate::{SourceFile, load};

/// Two trust domains of one cluster each, three zones, and what is stored of cluster `prod`.
const MODEL: &str = "
kind: ZoneModel
metadata: { name: acme }
spec: { tiers: [edge, data], defaults: { enforcement: enforce, podSecurityVersion: v1.36 } }
---
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } }, rollout: { order: 30 } }
---
kind: Cluster
metadata: { name: prod, labels: { environment: production } }
spec:
  access: { kubeconfig: kubeconfigs/prod.yaml }
  identity: { uid: uid-prod }
  network: { podCidrs: [10.10.0.0/16], nodeCidrs: [10.1.0.0/20] }
---
kind: Zone
metadata: { name: edge }
spec: { tier: edge, sensitivity: low, trustDomains: [production], withinZone: deny, internet: { ingress: allow, egress: allow }, namespaces: [{ name: web }, { name: api }] }
---
kind: Zone
metadata: { name: open }
spec: { tier: edge, sensitivity: low, trustDomains: [production], withinZone: allow, namespaces: [{ name: lab }, { selector: { matchLabels: { team: lab } } }] }
---
kind: Zone
metadata: { name: data }
spec: { tier: data, sensitivity: high, trustDomains: [production], withinZone: same-namespace, namespaces: [{ name: db }, { name: cache }] }
";

/// What is stored of the cluster; `PLUGIN` is its network plugin.
const STORED: &str = "---
kind: Capabilities
metadata: { name: prod }
spec:
  uid: uid-prod
  version: v1.36.3
  cni: { name: PLUGIN, enforces: 'yes', evidence: made up }
  dns:
    servers: [{ namespace: kube-system, podLabels: { k8s-app: kube-dns }, ports: [{ protocol: TCP, port: 53 }, { protocol: UDP, port: 53 }] }]
    evidence: made up
  apiServer: { serviceAddresses: [10.96.0.1], servicePort: 443, endpoints: [{ address: 10.1.0.10, port: 6443 }] }
  nodeAddresses: [10.1.0.10]
  callees: [{ caller: ValidatingWebhookConfiguration/policy, namespace: api, service: webhook, podLabels: { app: webhook }, target: { protocol: TCP, port: 9443 } }]
  namespaces:
    web: { kubernetes.io/metadata.name: web }
    api: { kubernetes.io/metadata.name: api }
    lab: { kubernetes.io/metadata.name: lab, team: lab }
    payments: { kubernetes.io/metadata.name: payments, team: payments }
    db: { kubernetes.io/metadata.name: db }
    cache: { kubernetes.io/metadata.name: cache }
    kube-system: { kubernetes.io/metadata.name: kube-system, team: platform }
";

/// A flow of some ends and ports.
fn flow(name: &str, ends: &str, ports: &str) -> String {
    format!(
        "---\nkind: Flow\nmetadata: {{ name: {name} }}\nspec: {{ {ends}, ports: {ports}, justification: j, owner: o, approval: {{ by: s, at: 2026-10-01 }} }}\n"
    )
}

/// Compares what is found in documents beside the model with `severity lint document path`.
#[track_caller]
fn check(documents: &str, plugin: &str, expected: &[&str]) {
    let found = found(documents, plugin).into_iter();
    let told: Vec<String> = found.map(|(told, _)| told).collect();
    assert_eq!(told, expected, "{documents}");
}

/// What is found, each with its hint; `plugin` is empty where nothing is stored.
fn found(documents: &str, plugin: &str) -> Vec<(String, Option<String>)> {
    let stored = STORED.replace("PLUGIN", plugin);
    let stored = if plugin.is_empty() { "" } else { &stored };
    let text = format!("{MODEL}{stored}{documents}");
    let text = text.replace("\nkind:", "\napiVersion: cofferdam.io/v1alpha1\nkind:");
    let file = SourceFile {
        path: "policies/test.yaml".to_owned(),
        text,
    };
    let loaded = load(&[file], &Date("2026-11-21".to_owned()));
    let model = loaded
        .model
        .as_ref()
        .unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let found = lint(model).into_iter().map(|remark| {
        let placed = loaded.locate(&remark);
        assert_ne!(placed.place.line, 0, "{remark:?} has no place");
        let severity = placed.severity.as_str();
        let (code, document) = (remark.code, &remark.document);
        let told = format!("{severity} {code} {document} {}", remark.path);
        (told, remark.hint)
    });
    found.collect()
}

/// The two ends between which most flows here go.
const ENDS: &str = "from: { zone: edge, namespaces: [web] }, to: { zone: data, namespaces: [db] }";

#[test]
fn a_flow_that_another_allows_is_told_and_the_first_of_two_equal_ones_stays() {
    let narrow = "from: { zone: edge, namespaces: [web], workload: { matchLabels: { app: web } } }, to: { zone: data }";
    let wide = "from: { zones: [edge, open] }, to: { zone: data }";
    let http = "http: [{ methods: [GET], paths: [/] }]";
    let strict = format!("{wide}, {http}");
    let tls = format!("{wide}, encryption: tls");
    let ports = "[{ port: 8000 }]";
    let shadowed = "warning shadowed-rule Flow/a metadata.name";
    for (a, b, expected) in [
        ((narrow, ports), (wide, ports), &[shadowed][..]),
        (
            (narrow, ports),
            (wide, "[{ port: 7500-8000 }]"),
            &[shadowed],
        ),
        (
            (narrow, ports),
            (wide, "[{ port: 8000, protocol: UDP }]"),
            &[],
        ),
        (
            (narrow, "[{ port: http }]"),
            (wide, "[{ port: http }]"),
            &[shadowed],
        ),
        ((narrow, "[{ port: http }]"), (wide, ports), &[]),
        ((narrow, ports), (wide, "all"), &[shadowed]),
        // What asks for more than the other is no replacement for it.
        ((narrow, ports), (&strict, ports), &[]),
        ((narrow, ports), (&tls, ports), &[]),
        (
            (wide, ports),
            (wide, ports),
            &["warning no-effect Flow/b metadata.name"],
        ),
        ((narrow, ports), (ENDS, ports), &[]),
    ] {
        let documents = flow("a", a.0, a.1) + &flow("b", b.0, b.1);
        check(&documents, "", expected);
    }
}

#[test]
fn a_flow_within_what_is_open_inside_is_without_effect() {
    let told = ["warning no-effect Flow/a metadata.name"];
    for (ends, expected) in [
        (
            "from: { zone: open }, to: { zone: open, workload: { matchLabels: { app: x } } }",
            &told[..],
        ),
        (
            "from: { zone: data, namespaces: [db] }, to: { zone: data, namespaces: [db] }",
            &told,
        ),
        (
            "from: { zone: data, namespaces: [db] }, to: { zone: data, namespaces: [cache] }",
            &[],
        ),
        ("from: { zone: data }, to: { zone: data }", &[]),
        (
            "from: { zone: edge, namespaces: [web] }, to: { zone: edge, namespaces: [web] }",
            &[],
        ),
    ] {
        check(&flow("a", ends, "[{ port: 80 }]"), "", expected);
    }
}

#[test]
fn ports_by_the_thousand_are_told_unless_both_ends_are_narrow() {
    let narrow = "from: { zone: edge, workload: { matchLabels: { app: sip } } }, to: { zone: data, workload: { matchLabels: { app: media } } }";
    let told = ["warning over-broad Flow/a spec.ports[0].port"];
    for (ends, port, expected) in [
        (ENDS, "10000-20000", &told[..]),
        (ENDS, "10000-10999", &[]),
        (ENDS, "30000-32767", &[]),
        (narrow, "10000-20000", &[]),
        (narrow, "1-20000", &told),
    ] {
        check(
            &flow("a", ends, &format!("[{{ port: {port} }}]")),
            "",
            expected,
        );
    }
    for (ends, expected) in [
        (
            "from: { internet: true }, to: { zone: edge }",
            &["warning over-broad Flow/a spec.ports"][..],
        ),
        (
            "from: { zone: edge }, to: { internet: true }",
            &["warning over-broad Flow/a spec.ports"],
        ),
        (ENDS, &[]),
    ] {
        check(&flow("a", ends, "all"), "", expected);
    }
}

#[test]
fn dns_wants_tcp_in_the_same_or_another_flow() {
    let udp = "[{ protocol: UDP, port: 53 }]";
    let told = ["warning dns-without-tcp Flow/a spec.ports[0]"];
    check(&flow("a", ENDS, udp), "", &told);
    check(
        &flow("a", ENDS, "[{ protocol: UDP, port: 53 }, { port: 53 }]"),
        "",
        &[],
    );
    let tcp = "[{ port: 53 }]";
    check(&(flow("a", ENDS, udp) + &flow("b", ENDS, tcp)), "", &[]);
    let elsewhere = "from: { zone: edge, namespaces: [api] }, to: { zone: data, namespaces: [db] }";
    check(
        &(flow("a", ENDS, udp) + &flow("b", elsewhere, tcp)),
        "",
        &told,
    );
}

#[test]
fn namespaces_are_missed_where_all_clusters_of_the_zone_are_stored() {
    let zone = |namespaces: &str| {
        format!(
            "---\nkind: Zone\nmetadata: {{ name: z }}\nspec: {{ tier: none, sensitivity: low, trustDomains: [production], namespaces: [{namespaces}] }}\n"
        )
    };
    let name = "warning no-such-namespace Zone/z spec.namespaces[0].name";
    let selector = "warning selects-nothing Zone/z spec.namespaces[0].selector";
    for (namespaces, expected) in [
        (
            "{ name: paymnts }",
            Some((name, Some("did you mean `payments`?"))),
        ),
        (
            "{ name: shop }",
            Some((name, Some("`create: true` lets it be created"))),
        ),
        ("{ name: shop, create: true }", None),
        ("{ name: payments }", None),
        (
            "{ selector: { matchLabels: { team: paymnts } } }",
            Some((selector, Some("did you mean `team: payments`?"))),
        ),
        (
            "{ selector: { matchLabels: { taem: payments } } }",
            Some((selector, Some("did you mean the label `team`?"))),
        ),
        (
            "{ selector: { matchLabels: { team: platform } } }",
            Some((selector, Some("name the namespace, with `system: true`"))),
        ),
        (
            "{ selector: { matchExpressions: [{ key: colour, operator: Exists }] } }",
            Some((selector, None)),
        ),
        ("{ selector: { matchLabels: { team: payments } } }", None),
    ] {
        let expected: Vec<(String, Option<String>)> = expected
            .iter()
            .map(|(told, hint)| ((*told).to_owned(), hint.map(str::to_owned)))
            .collect();
        assert_eq!(found(&zone(namespaces), "calico"), expected, "{namespaces}");
        assert_eq!(found(&zone(namespaces), ""), [], "{namespaces}");
    }
}

#[test]
fn the_port_of_a_service_is_told_of_what_the_control_plane_calls() {
    let called = |to: &str, ports: &str| {
        let ends = format!("from: {{ clusterService: controlPlane }}, to: {{ zone: edge, {to} }}");
        flow("a", &ends, ports)
    };
    let told = ["warning service-port Flow/a spec.ports[0].port"];
    let webhook = "namespaces: [api], workload: { matchLabels: { app: webhook } }";
    for (to, ports, plugin, expected) in [
        (webhook, "[{ port: 443 }]", "calico", &told[..]),
        (
            "namespaces: [api]",
            "[{ port: 443 }, { port: 9443 }]",
            "calico",
            &told,
        ),
        (webhook, "[{ port: 9443 }]", "calico", &[]),
        (webhook, "[{ port: https }]", "calico", &[]),
        // Nothing there is called, or nobody knows.
        (
            "workload: { matchLabels: { app: other } }",
            "[{ port: 443 }]",
            "calico",
            &[],
        ),
        ("namespaces: [web]", "[{ port: 443 }]", "calico", &[]),
        (webhook, "[{ port: 443 }]", "", &[]),
    ] {
        check(&called(to, ports), plugin, expected);
    }
}

#[test]
fn sctp_is_told_where_the_plugin_lets_it_through_only_by_a_switch() {
    let sctp = flow("a", ENDS, "[{ port: 80 }, { protocol: SCTP, port: 3868 }]");
    let told = ["warning ignored-by-plugin Flow/a spec.ports[1].protocol"];
    for (plugin, expected) in [
        ("cilium", &told[..]),
        ("calico", &[]),
        ("other", &[]),
        ("", &[]),
    ] {
        check(&sctp, plugin, expected);
    }
}

#[test]
fn a_waiver_turns_a_lint_into_a_notice_that_names_it() {
    let documents = flow("a", ENDS, "[{ port: 10000-20000 }]");
    let waiver = |object: &str| {
        format!(
            "---\nkind: Waiver\nmetadata: {{ name: w }}\nspec: {{ for: {{ finding: over-broad, object: {object} }}, reason: r, approval: {{ by: s, at: 2026-10-01 }}, expires: 2027-01-31 }}\n"
        )
    };
    let told = |severity: &str| format!("{severity} over-broad Flow/a spec.ports[0].port");
    for (object, severity) in [
        ("Flow/a", Severity::Notice),
        ("Zone/edge", Severity::Warning),
    ] {
        check(
            &(documents.clone() + &waiver(object)),
            "",
            &[&told(severity.as_str())],
        );
    }
}
