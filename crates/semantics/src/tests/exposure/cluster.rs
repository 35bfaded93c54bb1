//! From and to the pods of the whole cluster, those included that do not exist yet (checklist 49).

use super::{POD, exposures};
use crate::exposure::{Exposure, Newcomer};

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
    check(
        "{}",
        &[
            "every: TCP 1-65535; UDP 1-65535",
            "some: TCP 1-65535; UDP 1-65535",
        ],
    );
}
