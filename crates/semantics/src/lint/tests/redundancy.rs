//! Corners of the lints about what could go with nothing changed.

use super::{PODS, check, check_one, faults, policy};

#[test]
fn a_deny_is_undone_only_for_the_same_pods_or_more() {
    let deny = "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]";
    let allow = |pods: &str| format!("podSelector: {{{pods}}}, ingress: [{{}}]");
    let undone = "warning undone-deny NetworkPolicy/shop/b spec.ingress[0]";
    let broad = "notice over-broad NetworkPolicy/shop/b spec.ingress[0]";
    for (pods, expected) in [
        ("", undone),
        ("matchLabels: {app: web}", undone),
        ("matchLabels: {app: web, tier: front}", broad),
        ("matchLabels: {app: db}", broad),
    ] {
        let found = faults(&(policy("a", deny) + &policy("b", &allow(pods))), "");
        let told = found.iter().map(|one| {
            format!(
                "{} {} {} {}",
                one.severity.as_str(),
                one.lint.id(),
                one.object,
                one.path
            )
        });
        assert_eq!(told.collect::<Vec<_>>(), [expected], "{pods}");
    }
}

#[test]
fn of_two_that_say_the_same_the_second_is_without_effect() {
    let web = "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]";
    let told = "notice no-effect NetworkPolicy/shop/b";
    let both = |a: &str, b: &str| policy("a", a) + &policy("b", b);
    check(&both(web, web), "", &[told]);
    // It isolates for egress too.
    let more = format!("{web}, policyTypes: [Ingress, Egress]");
    check(
        &both(web, &more),
        "",
        &["notice no-effect NetworkPolicy/shop/a"],
    );
}

#[test]
fn a_default_deny_stands_for_itself_beside_policies_that_allow() {
    let allow = "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]";
    let deny = "podSelector: {}, policyTypes: [Ingress]";
    let deny_db = "podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]";
    for (policies, expected) in [
        ([allow, deny], &[][..]),
        ([deny, deny_db], &["notice no-effect NetworkPolicy/shop/b"]),
        ([deny_db, deny], &["notice no-effect NetworkPolicy/shop/a"]),
    ] {
        let [a, b] = policies;
        check(&(policy("a", a) + &policy("b", b)), "", expected);
    }
}

#[test]
fn policies_that_select_the_same_pods_today_are_not_the_same() {
    let by_app = "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}]";
    let by_name = "podSelector: {matchLabels: {name: db}}, ingress: [{from: [{podSelector: {}}]}]";
    let pods = PODS.replace("{app: db}", "{app: db, name: db}");
    check(
        &(pods + &policy("a", by_app) + &policy("b", by_name)),
        "",
        &[],
    );
}

#[test]
fn a_rule_is_shadowed_by_several_together_and_never_all_by_each_other() {
    let shadowed =
        |place: &str| format!("notice shadowed-rule NetworkPolicy/shop/a spec.ingress[{place}]");
    let rules = |ports: [&str; 3]| {
        let rules = ports.map(|one| format!("{{from: [{{podSelector: {{}}}}], ports: [{one}]}}"));
        format!("podSelector: {{}}, ingress: [{}]", rules.join(", "))
    };
    let (one, other) = ("{port: 80}", "{port: 443}");
    let both = format!("{one}, {other}");
    check_one(&rules([one, other, &both]), &[&shadowed("2")]);
    check_one(
        &rules([&both, one, other]),
        &[&shadowed("1"), &shadowed("2")],
    );
    check_one(&rules([one, one, one]), &[&shadowed("1"), &shadowed("2")]);
    check_one(
        &rules([one, "{port: http}", "{protocol: UDP, port: 80}"]),
        &[],
    );
    check_one(
        &rules(["{protocol: TCP}", "{port: http}", one]),
        &[&shadowed("1"), &shadowed("2")],
    );
}

#[test]
fn a_rule_of_administrators_never_decides_after_one_that_matches_the_same() {
    let cluster = |name: &str, priority: u16, rules: &str| {
        format!(
            "---\n{{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {{name: {name}}}, spec: {{priority: {priority}, subject: {{namespaces: {{}}}}, ingress: [{rules}]}}}}\n"
        )
    };
    let rule = |action: &str, ports: &str| {
        format!("{{action: {action}, from: [{{namespaces: {{}}}}]{ports}}}")
    };
    let all = rule("Pass", "");
    let web = rule("Deny", ", ports: [{portNumber: {port: 80}}]");
    let told = "warning shadowed-rule AdminNetworkPolicy/b spec.ingress[0]";
    check(
        &(cluster("a", 1, &all) + &cluster("b", 2, &web)),
        "",
        &[told],
    );
    // Of two with one priority nobody knows which comes first.
    check(&(cluster("a", 2, &all) + &cluster("b", 2, &web)), "", &[]);
    check(&(cluster("a", 3, &all) + &cluster("b", 2, &web)), "", &[]);
}

#[test]
fn of_what_is_compiled_nothing_is_said_that_the_documents_decide() {
    let compiled = |name: &str, spec: &str| {
        policy(name, spec).replace(
            "namespace: shop",
            "namespace: shop, labels: {app.kubernetes.io/managed-by: cofferdam}, annotations: {cofferdam.io/source: Zone/shop}",
        )
    };
    let db = "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]";
    let open = "podSelector: {}, ingress: [{}]";
    let two = "podSelector: {}, ingress: [{ports: [{port: 80}]}, {ports: [{port: 80}]}]";
    check(&(compiled("a", db) + &compiled("b", db)), "", &[]);
    check(&compiled("a", open), "", &[]);
    check(&compiled("a", two), "", &[]);
    // What somebody wrote beside it is still told, whatever its name.
    check(
        &(compiled("b", db) + &policy("a", db)),
        "",
        &["notice no-effect NetworkPolicy/shop/a"],
    );
    let rules = |port: u16| {
        format!(
            "podSelector: {{}}, ingress: [{{ports: [{{port: 80}}]}}, {{ports: [{{port: {port}}}]}}]"
        )
    };
    check(
        &(compiled("b", &rules(81)) + &policy("a", &rules(82))),
        "",
        &["notice shadowed-rule NetworkPolicy/shop/a spec.ingress[0]"],
    );
    let labelled = policy("a", open).replace(
        "namespace: shop",
        "namespace: shop, labels: {app.kubernetes.io/managed-by: Helm}",
    );
    check(
        &labelled,
        "",
        &["notice over-broad NetworkPolicy/shop/a spec.ingress[0]"],
    );
}
