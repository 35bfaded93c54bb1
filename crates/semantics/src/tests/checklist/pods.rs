//! Which pods count (checklist 41).

use super::{check_cluster, objects};
use cofferdam_model::dialect::Dialect;
use cofferdam_oracle::Oracle;

const PODS: &str = "
kind: Pod
metadata: {namespace: x, name: runs}
status: {phase: Running, podIP: 10.0.0.1}
---
kind: Pod
metadata: {namespace: x, name: done}
status: {phase: Succeeded, podIP: 10.0.0.2}
---
kind: Pod
metadata: {namespace: x, name: failed}
status: {phase: Failed, podIP: 10.0.0.3}
---
kind: Pod
metadata: {namespace: x, name: leaves, deletionTimestamp: '2026-01-01T00:00:00Z'}
status: {phase: Running, podIP: 10.0.0.4}
---
kind: Pod
metadata: {namespace: x, name: waits}
status: {phase: Pending}
---
";

#[test]
fn pods_that_finished_are_no_ends_of_a_connection() {
    let objects = objects(PODS);
    let oracle = Oracle::new(&objects, Dialect::of_plugin("calico").unwrap());
    let names: Vec<String> = oracle.pods().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["runs", "leaves", "waits"]);
    check_cluster(
        "calico",
        PODS,
        &[
            "x/runs -> x/done tcp/80 denied",
            "x/failed -> x/runs tcp/80 denied",
            "x/done -> x/done tcp/80 denied",
            "x/runs -> x/leaves tcp/80 allowed",
            "x/runs -> x/waits tcp/80 allowed",
        ],
    );
}

/// Labels select it; a block has it only where it has every IPv4 address.
#[test]
fn a_pod_without_address_is_known_by_its_labels() {
    let to = |peer: &str| {
        format!(
            "{PODS}
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{policyTypes: [Egress], egress: [{{to: [{peer}]}}]}}
"
        )
    };
    for (peer, line) in [
        ("{podSelector: {}}", "x/runs -> x/waits tcp/80 allowed"),
        (
            "{ipBlock: {cidr: 10.0.0.0/8}}",
            "x/runs -> x/waits tcp/80 undecided",
        ),
        (
            "{ipBlock: {cidr: 0.0.0.0/0}}",
            "x/runs -> x/waits tcp/80 allowed",
        ),
        (
            "{ipBlock: {cidr: '::/0'}}",
            "x/runs -> x/waits tcp/80 denied",
        ),
        (
            "{ipBlock: {cidr: 0.0.0.0/0, except: [203.0.113.0/24]}}",
            "x/runs -> x/waits tcp/80 undecided",
        ),
        (
            "{podSelector: {matchLabels: {a: b}}}",
            "x/waits -> x/runs tcp/80 denied",
        ),
    ] {
        check_cluster("calico", &to(peer), &[line]);
    }
    check_cluster(
        "cilium",
        &to("{ipBlock: {cidr: 0.0.0.0/0}}"),
        &["x/runs -> x/waits tcp/80 denied"],
    );
}
