//! Corners of the lints about what is to work, and does not.

use super::{DNS, PODS, check, check_one, policy};

#[test]
fn dns_is_let_out_by_any_rule_that_may_be_meant_for_it() {
    let egress = |rules: &str| {
        format!(
            "podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{rules}]"
        )
    };
    let to_db = "{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}";
    let system =
        "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]}";
    let block = "{to: [{ipBlock: {cidr: 169.254.20.10/32}}]}";
    let named = "{to: [{podSelector: {}}], ports: [{port: dns, protocol: UDP}]}";
    let told = ["warning egress-without-dns NetworkPolicy/shop/a spec.egress"];
    check_one(&egress(to_db), &told);
    for rule in [
        system,
        block,
        named,
        DNS,
        "{to: [{podSelector: {}}], ports: [{port: 5353, protocol: UDP}, {port: 53}]}",
    ] {
        check_one(&egress(&format!("{to_db}, {rule}")), &[]);
    }
    check_one(
        &egress(""),
        &["notice egress-without-dns NetworkPolicy/shop/a spec.egress"],
    );
}

#[test]
fn dns_may_be_let_out_by_another_policy_or_by_administrators() {
    let web = "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]";
    let dns = format!("podSelector: {{}}, policyTypes: [Egress], egress: [{DNS}]");
    let yaml = format!("{PODS}{}{}", policy("web", web), policy("dns", &dns));
    check(&yaml, "", &[]);
    let admin = "---\n{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: dns}, spec: {priority: 1, subject: {namespaces: {}}, egress: [{action: Allow, to: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{portNumber: {protocol: UDP, port: 53}}]}]}}\n";
    check(&format!("{PODS}{}{admin}", policy("web", web)), "", &[]);
}

#[test]
fn tcp_for_dns_may_stand_in_another_rule() {
    let rule = |protocol: &str| format!("{{ports: [{{port: 53, protocol: {protocol}}}]}}");
    let spec = |rules: &str| format!("podSelector: {{}}, policyTypes: [Egress], egress: [{rules}]");
    let told = ["warning dns-without-tcp NetworkPolicy/shop/a spec.egress[0].ports[0]"];
    check_one(&spec(&rule("UDP")), &told);
    check_one(&spec(&format!("{}, {}", rule("UDP"), rule("TCP"))), &[]);
    let elsewhere = "{to: [{podSelector: {}}], ports: [{port: 53}]}";
    check_one(&spec(&format!("{}, {elsewhere}", rule("UDP"))), &told);
}

#[test]
fn a_flow_is_paired_when_one_pod_of_many_lets_it_through() {
    let to_all = "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}, {ports: [{port: 53, protocol: UDP}, {port: 53}]}]";
    let deny = "podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]";
    let told = ["warning unpaired-flow NetworkPolicy/shop/a spec.egress[0].to[0]"];
    let yaml = |labels: &str| {
        let pods = PODS
            .replace("labels: {app: api}", labels)
            .replace("namespace: bank", "namespace: shop");
        format!("{pods}{}{}", policy("a", to_all), policy("b", deny))
    };
    // A pod that reaches itself is no connection.
    check(&yaml("labels: {app: db}"), "", &told);
    check(&yaml("labels: {app: api}"), "", &[]);
}

#[test]
fn the_port_of_a_service_is_told_only_where_it_is_the_wrong_one() {
    let service = |port: u16, target: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Service, metadata: {{name: web, namespace: shop}}, spec: {{selector: {{app: web}}, ports: [{{port: {port}, targetPort: {target}}}]}}}}\n"
        )
    };
    let ingress = |ports: &str| {
        policy(
            "a",
            &format!("podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{ports: [{ports}]}}]"),
        )
    };
    let told = ["warning service-port NetworkPolicy/shop/a spec.ingress[0].ports[0]"];
    for (service, ports, expected) in [
        (service(80, "8080"), "{port: 80}", &told[..]),
        (service(80, "8080"), "{port: 80}, {port: 8080}", &[]),
        (service(80, "80"), "{port: 80}", &[]),
        (service(81, "8080"), "{port: 80}", &[]),
        (service(80, "8080"), "{port: 80, protocol: UDP}", &[]),
        // Nobody knows where a name leads that no pod has.
        (service(80, "admin"), "{port: 80}", &[]),
    ] {
        check(&format!("{PODS}{service}{}", ingress(ports)), "", expected);
    }
    let egress = policy(
        "a",
        &format!(
            "podSelector: {{matchLabels: {{app: db}}}}, policyTypes: [Egress], egress: [{DNS}, {{to: [{{podSelector: {{matchLabels: {{app: web}}}}}}], ports: [{{port: 80}}]}}]"
        ),
    );
    let yaml = format!("{PODS}{}{egress}", service(80, "8080"));
    check(
        &yaml,
        "calico",
        &["warning service-port NetworkPolicy/shop/a spec.egress[1].ports[0]"],
    );
    check(&yaml, "aws-vpc-cni", &[]);
}

#[test]
fn blocks_of_pods_are_told_by_what_the_plugin_does() {
    let block = |cidr: &str| {
        let spec = format!(
            "podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: {cidr}}}}}], ports: [{{port: 80}}]}}]"
        );
        format!("{PODS}{}", policy("a", &spec))
    };
    let told = |severity: &str, lint: &str| {
        format!("{severity} {lint} NetworkPolicy/shop/a spec.ingress[0].from[0]")
    };
    for (cidr, plugin, expected) in [
        ("10.0.0.1/32", "", vec![told("warning", "address-of-pod")]),
        (
            "10.0.0.1/32",
            "calico",
            vec![told("warning", "address-of-pod")],
        ),
        (
            "10.0.0.1/32",
            "cilium",
            vec![told("warning", "ignored-by-plugin")],
        ),
        ("10.0.0.0/8", "", vec![told("notice", "address-of-pod")]),
        ("0.0.0.0/0", "", vec![]),
        ("10.9.0.0/16", "", vec![]),
    ] {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&block(cidr), plugin, &expected);
    }
}
