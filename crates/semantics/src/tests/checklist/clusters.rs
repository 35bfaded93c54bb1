//! Several clusters, of which addresses may be the same (checklist 80).

use super::check_cluster;

/// A database that lets in one address, and the pods of a cluster.
fn cluster(pods: &str) -> String {
    format!(
        "
kind: Pod
metadata: {{namespace: x, name: db, labels: {{app: db}}}}
status: {{podIP: 10.244.0.1}}
---
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{from: [{{podSelector: {{matchLabels: {{app: web}}}}}}]}}]}}
---
{pods}"
    )
}

/// What has the address of a pod of another cluster is not that pod: neither its labels nor its name count here.
#[test]
fn a_pod_of_another_cluster_is_an_address_outside() {
    let here = "
kind: Pod
metadata: {namespace: x, name: web, labels: {app: web}}
status: {podIP: 10.244.0.5}
";
    let there = "
kind: Pod
metadata: {namespace: x, name: other, labels: {app: other}}
status: {podIP: 10.244.0.5}
";
    for (pods, expected) in [
        (
            here,
            [
                "x/web -> x/db tcp/80 allowed",
                "x/other -> x/db tcp/80 denied",
            ],
        ),
        (
            there,
            [
                "x/web -> x/db tcp/80 denied",
                "x/other -> x/db tcp/80 denied",
            ],
        ),
        (
            "",
            [
                "10.244.0.5 -> x/db tcp/80 denied",
                "x/web -> x/db tcp/80 denied",
            ],
        ),
    ] {
        check_cluster("calico", &cluster(pods), &expected);
    }
}
