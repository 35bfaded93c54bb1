//! Corners of the lints about parts of policies that count for nothing.

use super::{PODS, check, check_one, faults, policy};

#[test]
fn rules_are_dead_where_the_types_leave_their_direction_out() {
    let ingress = "ingress: [{from: [{podSelector: {}}]}]";
    let egress = "egress: [{to: [{podSelector: {}}]}]";
    let dead = |field: &str| format!("warning dead-rules NetworkPolicy/shop/a spec.{field}");
    let open = "notice dead-rules NetworkPolicy/shop/a spec.egress".to_owned();
    for (spec, expected) in [
        (
            format!("{egress}, policyTypes: [Ingress]"),
            Some(dead("egress")),
        ),
        (
            format!("{ingress}, policyTypes: [Egress], egress: [{{}}]"),
            Some(dead("ingress")),
        ),
        (
            format!("{ingress}, policyTypes: [Ingress], egress: []"),
            None,
        ),
        // It is as open as the rule says.
        (
            format!("{ingress}, policyTypes: [Ingress], egress: [{{}}]"),
            Some(open),
        ),
        // Without types, rules of egress count.
        (format!("{ingress}, {egress}"), None),
    ] {
        let found = faults(&policy("a", &format!("podSelector: {{}}, {spec}")), "");
        let told = found.iter().filter(|fault| fault.lint.id() == "dead-rules");
        let told: Vec<String> = told
            .map(|fault| {
                format!(
                    "{} dead-rules {} {}",
                    fault.severity.as_str(),
                    fault.object,
                    fault.path
                )
            })
            .collect();
        assert_eq!(told, Vec::from_iter(expected), "{spec}");
    }
}

#[test]
fn bits_beyond_the_prefix_are_told_of_every_network() {
    let block =
        |block: &str| format!("podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{{block}}}}}]}}]");
    let at = "warning host-bits NetworkPolicy/shop/a spec.ingress[0].from[0].ipBlock";
    let (cidr, except) = (format!("{at}.cidr"), format!("{at}.except[0]"));
    for (spec, expected) in [
        ("cidr: 192.168.0.1/24", Some(&cidr)),
        ("cidr: 'fd00::1/64'", Some(&cidr)),
        ("cidr: 192.168.0.0/24", None),
        ("cidr: 192.168.0.1/32", None),
        (
            "cidr: 192.168.0.0/16, except: [192.168.1.1/24]",
            Some(&except),
        ),
    ] {
        let expected: Vec<&str> = expected.iter().map(|one| one.as_str()).collect();
        check_one(&block(spec), &expected);
    }
    let admin = "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: c}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [192.0.2.1/24]}]}]}}";
    check(
        admin,
        "",
        &["warning host-bits ClusterNetworkPolicy/c spec.egress[0].to[0].networks[0]"],
    );
    let hints = faults(&policy("a", &block("cidr: 10.0.0.1/8")), "");
    let hints: Vec<Option<&str>> = hints.iter().map(|fault| fault.hint.as_deref()).collect();
    assert_eq!(
        hints,
        [Some(
            "write `10.0.0.0/8` for the network, or `10.0.0.1/32` for the address"
        )]
    );
}

#[test]
fn a_name_of_a_port_is_told_where_no_pod_of_the_destination_has_it() {
    let ingress = |pods: &str, port: &str| {
        format!(
            "podSelector: {{{pods}}}, ingress: [{{from: [{{podSelector: {{}}}}], ports: [{{{port}}}]}}]"
        )
    };
    let place = "no-such-port NetworkPolicy/shop/a spec.ingress[0].ports[0]";
    let (web, db) = ("matchLabels: {app: web}", "matchLabels: {app: db}");
    for (pods, port, told_as) in [
        (web, "port: http", None),
        (
            web,
            "port: htpp",
            Some(("warning", Some("did you mean `http`?"))),
        ),
        (web, "port: metrics", Some(("notice", None))),
        (
            web,
            "port: http, protocol: UDP",
            Some(("warning", Some("`http` is TCP 8080 there"))),
        ),
        (web, "port: dns, protocol: UDP", None),
        // One of several pods has it.
        ("", "port: http", None),
        (db, "port: http", Some(("notice", None))),
        // Nobody knows the pods.
        (
            "matchExpressions: [{key: app, operator: DoesNotExist}]",
            "port: http",
            None,
        ),
    ] {
        let found = faults(&format!("{PODS}{}", policy("a", &ingress(pods, port))), "");
        let told = found.iter().map(|fault| {
            let (severity, lint) = (fault.severity.as_str(), fault.lint.id());
            let told = format!("{severity} {lint} {} {}", fault.object, fault.path);
            (told, fault.hint.clone())
        });
        let expected = told_as
            .map(|(severity, hint)| (format!("{severity} {place}"), hint.map(str::to_owned)));
        assert_eq!(
            told.collect::<Vec<_>>(),
            Vec::from_iter(expected),
            "{pods} {port}"
        );
    }
}

#[test]
fn a_name_of_a_port_is_looked_for_at_the_peers_of_egress() {
    let egress = |peers: &str| {
        format!(
            "podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{peers}], ports: [{{port: http}}]}}, {}]",
            super::DNS
        )
    };
    let (web, db) = (
        "{podSelector: {matchLabels: {app: web}}}",
        "{podSelector: {matchLabels: {app: db}}}",
    );
    let told = "no-such-port NetworkPolicy/shop/a spec.egress[0].ports[0]";
    check_one(&egress(db), &[&format!("notice {told}")]);
    // All pods of a cluster are there.
    let node = "---\n{apiVersion: v1, kind: Node, metadata: {name: n}}\n";
    let whole = format!("{PODS}{node}{}", policy("a", &egress(db)));
    check(&whole, "", &[&format!("warning {told}")]);
    check_one(&egress(&format!("{db}, {web}")), &[]);
    check_one(
        &egress(&format!("{db}, {{ipBlock: {{cidr: 192.0.2.0/24}}}}")),
        &[],
    );
}

#[test]
fn pods_in_the_network_of_their_node_are_told_where_a_selector_has_no_others() {
    let pod = |name: &str, host: bool| {
        format!(
            "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop, labels: {{app: agent, name: {name}}}}}, spec: {{hostNetwork: {host}}}}}\n"
        )
    };
    let (one, other) = (pod("one", true), pod("other", false));
    let subject = "podSelector: {matchLabels: {app: agent}}, policyTypes: [Ingress]";
    let peer = "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: agent}}}]}]";
    let told = |path: &str| format!("warning host-network NetworkPolicy/shop/a {path}");
    for (spec, pods, expected) in [
        (subject, one.clone(), Some(told("spec.podSelector"))),
        (peer, one.clone(), Some(told("spec.ingress[0].from[0]"))),
        (subject, one.clone() + &other, None),
        (peer, one.clone() + &other, None),
    ] {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&format!("{PODS}{pods}{}", policy("a", spec)), "", &expected);
    }
    // A default deny is there for pods to come, too.
    check(
        &format!(
            "{one}{}",
            policy("a", "podSelector: {}, policyTypes: [Ingress]")
        ),
        "",
        &[],
    );
}
