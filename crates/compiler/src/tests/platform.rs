//! Names that a platform keeps for itself, and that anybody may choose elsewhere.

use cofferdam_testkit::SHOP;

use super::*;

/// Whether rails let pods of namespace `openshift-x` pass, which no zone holds; where not, it is isolated.
fn check(kinds: &[&str], spared: bool) {
    let domain = "matchLabels: { environment: production } }";
    let isolating = format!("{domain}, unassignedNamespaces: isolate");
    let documents = SHOP.replacen(domain, &isolating, 1);
    let documents = documents.replace(
        "mode: manage",
        "mode: manage, guards: { writers: ['user:cofferdam'] }",
    );
    let mut cluster = Cluster::new("prod");
    for name in ["web", "orders", "openshift-x"] {
        cluster.add_namespace(name, &[]);
    }
    let kinds = kinds.iter().map(|kind| (*kind).to_owned());
    cluster.capabilities.kinds.extend(kinds);
    let bundle = bundle(&model(&documents), &cluster);
    let deny = policy(&bundle, "openshift-x", "cofferdam-default-deny-ingress");
    assert_eq!(deny.is_none(), spared, "{:?}", cluster.capabilities.kinds);
    let rail = bundle.guards["cofferdam-pods-pci"].policy.spec.to_string();
    assert_eq!(rail.contains("openshift-x"), spared, "{rail}");
    let system = &bundle.system_namespaces;
    assert_eq!(system.contains("openshift-x"), spared, "{system:?}");
}

#[test]
fn names_of_openshift_are_spared_only_where_that_is_what_runs() {
    check(&[], false);
    check(&["gateway.networking.k8s.io/v1/Gateway"], false);
    check(&["config.openshift.io/v1/ClusterVersion"], true);
    check(
        &["security.openshift.io/v1/SecurityContextConstraints"],
        true,
    );
}
