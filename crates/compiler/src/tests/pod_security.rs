//! The Pod Security labels of namespaces, by enforcement, by who writes them, and by platform.

use cofferdam_testkit::SHOP;

use super::*;

/// The labels of `web` that are not of our own domain, and the codes of remarks about its zone.
#[track_caller]
fn check(shop: &str, kinds: &[&str], want: &[&str], codes: &[&str]) {
    let model = model(shop);
    let mut cluster = Cluster::new("prod");
    cluster.add_namespace("web", &[]);
    let mut capabilities = cluster.observe().capabilities.known().unwrap().clone();
    capabilities.kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let document = model.clusters.get(&cluster.name).unwrap();
    let compiled = compile(&model, document, Some(&capabilities)).unwrap();
    let web = compiled.bundle.namespaces.get("web").unwrap();
    let labels = web.labels.iter();
    let labels = labels.filter(|(key, _)| !key.starts_with("cofferdam.io/"));
    let labels: Vec<String> = labels
        .map(|(key, value)| {
            let key = key.trim_start_matches("pod-security.kubernetes.io/");
            format!("{key}: {value}")
        })
        .collect();
    assert_eq!(labels, want);
    let remarks = compiled.remarks.iter();
    let of_front = remarks.filter(|remark| remark.document.name == "front");
    assert_eq!(
        of_front.map(|remark| remark.code).collect::<Vec<_>>(),
        codes
    );
}

const TOLD: [&str; 4] = [
    "audit: restricted",
    "audit-version: v1.36",
    "warn: restricted",
    "warn-version: v1.36",
];

const ENFORCED: [&str; 6] = [
    "audit: restricted",
    "audit-version: v1.36",
    "enforce: baseline",
    "enforce-version: v1.36",
    "warn: restricted",
    "warn-version: v1.36",
];

/// The shop with levels of its front.
fn shop(enforcement: &str, enforce: &str) -> String {
    let levels = format!(
        "sensitivity: low, enforcement: {enforcement}, podSecurity: {{ enforce: {enforce}, warn: restricted, \
         audit: restricted, version: v1.36 }}"
    );
    SHOP.replace("sensitivity: low", &levels)
}

#[test]
fn a_level_is_enforced_in_enforced_namespaces_that_we_write() {
    check(&shop("enforce", "baseline"), &[], &ENFORCED, &[]);
    check(&shop("stage", "baseline"), &[], &TOLD, &[]);
    check(&shop("observe", "baseline"), &[], &[], &[]);
    let delivered = |text: &str| text.replace("mode: manage", "mode: manage, delivery: gitops");
    let code = "pod-security-not-delivered";
    check(
        &delivered(&shop("enforce", "baseline")),
        &[],
        &TOLD,
        &[code],
    );
    check(&delivered(&shop("enforce", "privileged")), &[], &TOLD, &[]);
    check(&delivered(&shop("stage", "baseline")), &[], &TOLD, &[]);
}

#[test]
fn a_version_for_all_zones_counts_where_a_zone_names_none() {
    let text = SHOP.replace(
        "enforcement: enforce }",
        "enforcement: enforce, podSecurityVersion: v1.35 }",
    );
    let want = [
        "audit: baseline",
        "audit-version: v1.35",
        "enforce: baseline",
        "enforce-version: v1.35",
        "warn: baseline",
        "warn-version: v1.35",
    ];
    check(&text, &[], &want, &[]);
    let levels = text.replace(
        "sensitivity: low",
        "sensitivity: low, podSecurity: { warn: baseline }",
    );
    check(&levels, &[], &want, &[]);
    let own = text.replace(
        "sensitivity: low",
        "sensitivity: low, podSecurity: { version: v1.34 }",
    );
    let want = want.map(|label| label.replace("v1.35", "v1.34"));
    check(&own, &[], &want.each_ref().map(String::as_str), &[]);
}

#[test]
fn the_label_sync_of_openshift_is_switched_off_where_we_write_the_labels() {
    let kinds = ["security.openshift.io/v1/SecurityContextConstraints"];
    let off = "security.openshift.io/scc.podSecurityLabelSync: false";
    let want = [&TOLD[..], &[off]].concat();
    check(&shop("stage", "baseline"), &kinds, &want, &[]);
    check(&shop("observe", "baseline"), &kinds, &[], &[]);
    let other = ["security.istio.io/v1/AuthorizationPolicy"];
    check(&shop("stage", "baseline"), &other, &TOLD, &[]);
}
