//! From and to the pods of the whole cluster, those included that do not exist yet (checklist 49).

use super::{POD, exposures};
use crate::exposure::{Exposure, Newcomer};
use crate::verdict::Allowed;

/// What the one pod lets in from pods, and who could come; as `every: ports`, `some: ports` and `newcomer: ports`.
#[track_caller]
fn check(rules: &str, expected: &[&str]) {
    let yaml = format!(
        "{POD}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{namespace: shop, name: p}}
spec: {{podSelector: {{}}, ingress: [{rules}]}}
"
    );
    let told = exposures(&yaml, "cilium");
    let [one] = told.all.as_slice() else {
        panic!("{told:?}");
    };
    let Exposure {
        from_cluster,
        newcomers,
        ..
    } = one;
    let mut lines = vec![
        format!("every: {}", from_cluster.all.certain),
        format!("some: {}", from_cluster.some.certain),
    ];
    let newcomers = newcomers.iter();
    lines.extend(newcomers.map(|Newcomer { party, allowed }| format!("{party}: {allowed}")));
    assert_eq!(lines, expected, "{rules}");
}

#[test]
fn what_pods_that_do_not_exist_yet_would_reach_is_told_apart() {
    check(
        "{from: [{namespaceSelector: {}}], ports: [{port: 80}]}",
        &["every: TCP 80", "some: TCP 80"],
    );
    check(
        "{from: [{podSelector: {}}], ports: [{port: 80}]}",
        &["every: ", "some: TCP 80"],
    );
    check(
        "{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}",
        &["every: ", "some: TCP 80"],
    );
    check(
        "{from: [{podSelector: {matchLabels: {app: cron}}}], ports: [{port: 80}]}",
        &[
            "every: ",
            "some: TCP 80",
            "shop/app=cron[any new pod]: TCP 80",
        ],
    );
    check(
        "{from: [{namespaceSelector: {matchLabels: {team: ops}}}], ports: [{port: 80}]}",
        &[
            "every: ",
            "some: TCP 80",
            "any new namespace team=ops/no labels[any new pod]: TCP 80",
        ],
    );
    check(
        "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}}], ports: [{port: 80}]}",
        &[
            "every: ",
            "some: TCP 80",
            "ops/no labels[any new pod]: TCP 80",
        ],
    );
    check(
        "{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}",
        &["every: ", "some: "],
    );
    check("{}", &["every: all", "some: all"]);
}

/// With whom a workload exchanges something because of a common node, as `from who: certain, perhaps possible`.
#[track_caller]
fn check_neighbours(pods: &[(&str, &str)], plugin: &str, expected: &[&str]) {
    let pods = pods.iter().map(|(name, spec)| {
        format!("{{apiVersion: v1, kind: Pod, metadata: {{namespace: shop, name: {name}}}, spec: {{{spec}}}}}\n---\n")
    });
    let deny = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: shop, name: p}, spec: {policyTypes: [Ingress, Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 443}]}]}}";
    let told = exposures(&(pods.collect::<String>() + deny), plugin);
    let mut lines = Vec::new();
    for exposure in &told.all {
        for (word, everybody) in [
            ("from", &exposure.from_cluster),
            ("to", &exposure.to_cluster),
        ] {
            lines.extend(everybody.neighbours.iter().map(|one| {
                let Allowed { possible, certain } = &one.allowed;
                let perhaps = possible.without(certain);
                format!(
                    "{} {word} {}: {certain}, perhaps {perhaps}",
                    exposure.party, one.party
                )
            }));
        }
    }
    assert_eq!(lines, expected);
}

#[test]
fn who_is_on_the_same_node_is_let_in_whatever_policies_say() {
    let host = ("agent", "hostNetwork: true, nodeName: n1");
    check_neighbours(
        &[host, ("web", "nodeName: n1"), ("db", "nodeName: n2")],
        "calico",
        &["shop/web[Pod] from shop/agent[Pod]: all, perhaps "],
    );
    check_neighbours(
        &[host, ("web", "nodeName: n1")],
        "antrea",
        &[
            "shop/web[Pod] from shop/agent[Pod]: all, perhaps ",
            "shop/web[Pod] to shop/agent[Pod]: all, perhaps ",
        ],
    );
    check_neighbours(
        &[host, ("web", "")],
        "calico",
        &["shop/web[Pod] from shop/agent[Pod]: , perhaps all"],
    );
}
