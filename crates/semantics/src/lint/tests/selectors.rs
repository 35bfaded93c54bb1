//! Corners of the lints about whom selectors and blocks match.

use super::{DNS, PODS, check, check_one, faults, policy};

#[test]
fn two_peers_are_no_fault_where_both_are_there() {
    let told = "or-for-and NetworkPolicy/shop/a spec.ingress[0].from[1]";
    let nothing = "notice selects-nothing NetworkPolicy/shop/a spec.ingress[0].from[1].podSelector";
    // The second peer is pods of an application, which are here, there, in both namespaces or in none.
    let everywhere = PODS.replace("app: api", "app: web");
    for (pods, app, expected) in [
        (PODS, "web", None),
        (&everywhere, "web", None),
        (PODS, "api", Some(format!("warning {told}"))),
        (PODS, "new", Some(nothing.to_owned())),
        ("", "web", Some(format!("notice {told}"))),
    ] {
        let peers = format!(
            "{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: bank}}}}}}, {{podSelector: {{matchLabels: {{app: {app}}}}}}}"
        );
        let spec = format!("podSelector: {{}}, ingress: [{{from: [{peers}]}}]");
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&format!("{pods}{}", policy("a", &spec)), "", &expected);
    }
}

#[test]
fn the_two_peers_are_found_in_either_order_and_only_next_to_each_other() {
    let (bank, api) = (
        "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bank}}}",
        "{podSelector: {matchLabels: {app: api}}}",
    );
    let block = "{ipBlock: {cidr: 192.0.2.0/24}}";
    check_one(
        &format!("podSelector: {{}}, ingress: [{{from: [{api}, {bank}]}}]"),
        &["warning or-for-and NetworkPolicy/shop/a spec.ingress[0].from[0]"],
    );
    check_one(
        &format!("podSelector: {{}}, ingress: [{{from: [{bank}, {block}, {api}]}}]"),
        &["notice selects-nothing NetworkPolicy/shop/a spec.ingress[0].from[2].podSelector"],
    );
}

#[test]
fn every_namespace_is_a_notice_with_ports_and_nothing_for_dns() {
    let rule = |ports: &str| {
        format!("podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{}}}}], {ports}}}]")
    };
    let place = "every-namespace NetworkPolicy/shop/a spec.ingress[0].from[0].namespaceSelector";
    check_one(&rule("ports: []"), &[&format!("warning {place}")]);
    check_one(&rule("ports: [{port: 80}]"), &[&format!("notice {place}")]);
    check_one(
        "podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: 53, protocol: UDP}, {port: 53}]}]",
        &[],
    );
    check_one(
        "podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}]}]",
        &[],
    );
}

#[test]
fn what_selects_nothing_is_told_by_what_is_there() {
    let told = |yaml: &str| -> Vec<(String, Option<String>)> {
        let found = faults(yaml, "").into_iter();
        found
            .map(|fault| {
                (
                    format!("{} {}", fault.severity.as_str(), fault.path),
                    fault.hint,
                )
            })
            .collect()
    };
    let subject = |labels: &str| {
        let spec = format!("podSelector: {{matchLabels: {{{labels}}}}}, policyTypes: [Ingress]");
        format!("{PODS}{}", policy("a", &spec))
    };
    let hint = |severity: &str, hint: Option<&str>| {
        vec![(
            format!("{severity} spec.podSelector"),
            hint.map(str::to_owned),
        )]
    };
    let node = "---\n{apiVersion: v1, kind: Node, metadata: {name: n}}\n";
    for (yaml, expected) in [
        (
            subject("app: wbe"),
            hint("warning", Some("did you mean `app: web`?")),
        ),
        (
            subject("name: web"),
            hint("warning", Some("`app: web` is there")),
        ),
        (subject("app: worker"), hint("notice", None)),
        (subject("app: worker") + node, hint("warning", None)),
        (subject("app: web"), vec![]),
        // Pods of another namespace say nothing about this one.
        (
            subject("app: api").replace("namespace: shop, labels", "namespace: other, labels"),
            vec![],
        ),
    ] {
        assert_eq!(told(&yaml), expected, "{yaml}");
    }
}

#[test]
fn namespaces_are_missed_where_one_is_nearly_called_so_or_all_are_there() {
    let rule = |name: &str| {
        let spec = format!(
            "podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}}}]}}]"
        );
        format!("{PODS}{}", policy("a", &spec))
    };
    let told =
        "warning selects-nothing NetworkPolicy/shop/a spec.ingress[0].from[0].namespaceSelector";
    let system = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}\n";
    check(&rule("monitoring"), "", &[]);
    check(&rule("bnak"), "", &[told]);
    check(&(rule("monitoring") + system), "", &[told]);
    // Names that differ in a number are those of siblings.
    check(&rule("bank2"), "", &[]);
}

#[test]
fn a_selector_for_the_absence_of_labels_may_select_nothing() {
    check_one(
        "podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}, policyTypes: [Ingress]",
        &[],
    );
}

#[test]
fn broad_is_what_is_public_and_on_every_port() {
    let egress = |block: &str, ports: &str| {
        format!(
            "podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{{block}}}}}], ports: [{ports}]}}, {DNS}]"
        )
    };
    let told = ["warning over-broad NetworkPolicy/shop/a spec.egress[0].to[0]"];
    for (block, ports, expected) in [
        ("cidr: 0.0.0.0/0", "", &told[..]),
        ("cidr: '::/0'", "", &told),
        ("cidr: 0.0.0.0/0, except: [10.0.0.0/8]", "", &told),
        (
            "cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]",
            "",
            &[],
        ),
        ("cidr: '::/0', except: ['fc00::/7']", "", &[]),
        ("cidr: 0.0.0.0/0", "{port: 443}", &[]),
        ("cidr: 8.0.0.0/7", "", &told),
        ("cidr: 8.0.0.0/8", "", &[]),
        ("cidr: 192.168.0.0/16", "", &[]),
    ] {
        check_one(&egress(block, ports), expected);
    }
    let told = ["warning over-broad NetworkPolicy/shop/a spec.ingress[0].ports[0]"];
    for (ports, expected) in [
        ("{port: 1024, endPort: 2024}", &told[..]),
        ("{port: 1024, endPort: 2023}", &[]),
        ("{port: 30000, endPort: 32767}", &[]),
        ("{protocol: TCP}", &[]),
    ] {
        check_one(
            &format!("podSelector: {{}}, ingress: [{{ports: [{ports}]}}]"),
            expected,
        );
    }
    check_one(
        "podSelector: {}, ingress: [{}]",
        &["notice over-broad NetworkPolicy/shop/a spec.ingress[0]"],
    );
}

#[test]
fn the_whole_internet_may_be_sent_to_and_not_come_in_on_every_port() {
    let block = "{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}";
    check_one(
        &format!("podSelector: {{}}, ingress: [{{from: [{block}]}}]"),
        &["warning over-broad NetworkPolicy/shop/a spec.ingress[0].from[0]"],
    );
}

#[test]
fn ports_of_media_and_data_connections_are_no_fault_for_peers_that_somebody_named() {
    let told = ["warning over-broad NetworkPolicy/shop/a spec.ingress[0].ports[0]"];
    let (web, everybody) = (
        "{podSelector: {matchLabels: {app: web}}}",
        "{podSelector: {}}",
    );
    let partner = "{ipBlock: {cidr: 192.168.0.0/16}}";
    let media = "{protocol: UDP, port: 10000, endPort: 20000}";
    for (peers, ports, expected) in [
        (web, media, &[][..]),
        (partner, media, &[]),
        ("{ipBlock: {cidr: 'fd00::/64'}}", media, &[]),
        (web, "{port: 1024, endPort: 65535}", &[]),
        (web, "{port: 1000, endPort: 65535}", &told),
        ("{ipBlock: {cidr: 192.168.0.0/15}}", media, &told),
        (everybody, media, &told),
        (&format!("{web}, {everybody}"), media, &told),
    ] {
        check_one(
            &format!("podSelector: {{}}, ingress: [{{from: [{peers}], ports: [{ports}]}}]"),
            expected,
        );
    }
}

#[test]
fn pods_that_are_there_for_moments_are_not_missed() {
    let node = "---\n{apiVersion: v1, kind: Node, metadata: {name: n}}\n";
    let subject = |label: &str| {
        let spec = format!(
            "podSelector: {{matchLabels: {{{label}: 'true'}}}}, ingress: [{{ports: [{{port: 8089}}]}}]"
        );
        format!("{PODS}{node}{}", policy("a", &spec))
    };
    check(&subject("acme.cert-manager.io/http01-solver"), "", &[]);
    check(&subject("batch.kubernetes.io/job-name"), "", &[]);
    check(
        &subject("acme.cert-manager.io/solver"),
        "",
        &["warning selects-nothing NetworkPolicy/shop/a spec.podSelector"],
    );
}

#[test]
fn a_policy_that_is_refused_is_told_once_with_its_place() {
    check_one(
        "podSelector: {}, ingress: [{from: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]",
        &["error invalid-policy NetworkPolicy/shop/a spec.ingress[0].from[0]"],
    );
}
