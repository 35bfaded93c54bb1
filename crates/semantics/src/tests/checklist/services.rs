//! Services, and what holds of every answer (checklist 42, 45, 51, 52 and 81); 43, 44 and 49 are in the tests of exposure,
//! and 46 to 48, 50 and 82 in those of whole runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use cofferdam_model::flow::Protocol;
use cofferdam_model::lint::Lint;

use super::super::differential::endpoint;
use super::super::read;
use super::super::rows;
use super::{CLUSTER, check, objects};
use crate::connectivity::{Connectivity, ServiceAddress};
use crate::lint::lint;
use crate::services::{self, AskedPort};
use crate::tests::dialect;
use crate::{Classes, Verdict};

/// What `x/a` may send to port 80 of a Service of `y/a`, which leads to port 8080.
#[track_caller]
fn check_service(policy_port: u16, expected: Verdict) {
    let objects = objects(&format!(
        "{CLUSTER}---
kind: Service
metadata: {{namespace: y, name: web}}
spec: {{clusterIP: 10.96.0.1, selector: {{app: a}}, ports: [{{port: 80, targetPort: http}}]}}
---
kind: NetworkPolicy
metadata: {{namespace: y, name: p}}
spec: {{podSelector: {{}}, ingress: [{{ports: [{{port: {policy_port}}}]}}]}}
"
    ));
    let facts = read(&objects);
    let service = services::named(&facts, "y", "web").unwrap();
    let backends =
        services::backends(&facts, service, AskedPort::Number(80), Some(Protocol::Tcp)).unwrap();
    let [backend] = backends.as_slice() else {
        panic!("{backends:?}");
    };
    let from = super::peer("x/a");
    let from = endpoint(&facts, &from).unwrap();
    let engine = Connectivity::solve(Arc::new(Classes::of(&facts)), dialect("calico"));
    let allowed = engine.allowed(from, backend.end);
    assert_eq!(allowed.at(backend.protocol, backend.port), expected);
}

/// Checklist 42: policies see the pod behind a Service, and its port.
#[test]
fn the_port_of_the_pods_behind_a_service_counts() {
    check_service(8080, Verdict::Allowed);
    check_service(80, Verdict::Denied);
}

/// What `x/a` may send to port 80 of the same Service as a network plugin has it, with an egress policy that has these
/// peers.
#[track_caller]
fn check_egress(plugin: &str, peers: &str, expected: Verdict) {
    let objects = objects(&format!(
        "{CLUSTER}---
kind: Service
metadata: {{namespace: y, name: web}}
spec: {{clusterIP: 10.96.0.1, selector: {{app: a}}, ports: [{{port: 80, targetPort: http}}]}}
---
kind: NetworkPolicy
metadata: {{namespace: x, name: p}}
spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{peers}]}}
"
    ));
    let facts = read(&objects);
    let service = services::at(&facts, [10, 96, 0, 1].into());
    let [service] = service.as_slice() else {
        panic!("{service:?}");
    };
    let backends =
        services::backends(&facts, service, AskedPort::Number(80), Some(Protocol::Tcp)).unwrap();
    let from = endpoint(&facts, &super::peer("x/a")).unwrap();
    let engine = Connectivity::solve(Arc::new(Classes::of(&facts)), dialect(plugin));
    for address in [service.cluster_addresses.first().copied(), None] {
        let through = ServiceAddress { address, port: 80 };
        let to = (backends[0].end, (Protocol::Tcp, backends[0].port));
        let verdict = engine.explain_through(from, through, to).verdict;
        // Of an address that is not known yet nothing is certain where policies of egress govern.
        let expected = match address {
            None if engine.sees_services(from) => Verdict::Undecided,
            Some(_) | None => expected,
        };
        assert_eq!(verdict, expected, "{plugin}, {peers}, {address:?}");
    }
}

/// Checklist 42: whether an `ipBlock` sees the Service or the pod behind it is up to the plugin. One that sees the Service
/// may resolve selectors of pods to it, so that what these allow is not denied.
#[test]
fn whether_egress_sees_the_service_is_up_to_the_plugin() {
    let service = "{to: [{ipBlock: {cidr: 10.96.0.0/12}}], ports: [{port: 80}]}";
    let pods = "{to: [{ipBlock: {cidr: 10.0.0.0/15}}], ports: [{port: 8080}]}";
    let port_of_pods = "{to: [{ipBlock: {cidr: 10.96.0.0/12}}], ports: [{port: 8080}]}";
    let selected = "{to: [{namespaceSelector: {}}]}";
    for (plugin, peers, expected) in [
        ("calico", service, Verdict::Denied),
        ("calico", pods, Verdict::Allowed),
        ("calico", port_of_pods, Verdict::Denied),
        ("calico", selected, Verdict::Allowed),
        ("aws-vpc-cni", service, Verdict::Allowed),
        ("aws-vpc-cni", pods, Verdict::Undecided),
        ("aws-vpc-cni", port_of_pods, Verdict::Denied),
        ("aws-vpc-cni", selected, Verdict::Undecided),
    ] {
        check_egress(plugin, peers, expected);
    }
}

/// Checklist 45: it is valid, has no effect on what is there, and is warned of.
#[test]
fn a_policy_that_selects_nothing_has_no_effect() {
    for (metadata, warning) in [
        ("{namespace: gone, name: p}", Lint::NoSuchNamespace),
        ("{namespace: x, name: p}", Lint::SelectsNothing),
    ] {
        let policy = format!(
            "
kind: NetworkPolicy
metadata: {metadata}
spec: {{podSelector: {{matchLabels: {{app: nobody}}}}}}
"
        );
        check(
            &policy,
            &["x/a -> x/b tcp/80 allowed", "y/a -> x/b tcp/80 allowed"],
        );
        let facts = read(&objects(&format!("{CLUSTER}---{policy}")));
        assert_eq!(facts.gaps, BTreeSet::new());
        let faults = lint(&Arc::new(Classes::of(&facts)), &[dialect("calico")]);
        let found: Vec<Lint> = faults.into_iter().map(|fault| fault.lint).collect();
        assert_eq!(found, [warning], "{metadata}");
    }
}

/// Checklist 45: what it selects may be made later, and then it governs that.
#[test]
fn a_policy_that_selects_nothing_yet_governs_what_is_made_later() {
    let policy = "
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {podSelector: {matchLabels: {app: nobody}}}
";
    let later = "---
kind: Pod
metadata: {namespace: x, name: later, labels: {app: nobody}}
";
    check(
        &format!("{policy}{later}"),
        &["x/a -> x/later tcp/80 denied", "x/a -> x/b tcp/80 allowed"],
    );
}

/// Checklist 51 and 52: of ICMP nothing is said, and nothing of two ends that are both outside.
#[test]
fn only_tcp_udp_and_sctp_are_told_and_one_end_is_a_pod() {
    let told = rows(
        &CLUSTER.replace("\nkind:", "\napiVersion: v1\nkind:"),
        "calico",
    );
    assert!(!told.is_empty());
    for row in told {
        assert!(row.contains('['), "both ends are outside: {row}");
        assert!(row.ends_with(": all"), "more than ports: {row}");
    }
}

/// Checklist 81.
#[test]
fn the_order_of_objects_does_not_matter() {
    let policies = "---
kind: NetworkPolicy
metadata: {namespace: x, name: p}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]}
---
kind: NetworkPolicy
metadata: {namespace: y, name: q}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/30}}]}]}
";
    let mut objects = objects(&format!("{CLUSTER}{policies}"));
    let told = |objects: &[serde_json::Value]| {
        let list = serde_json::json!(objects);
        let yaml = list.as_array().unwrap().iter();
        let yaml: Vec<String> = yaml.map(ToString::to_string).collect();
        rows(&yaml.join("\n---\n"), "calico")
    };
    let one = told(&objects);
    objects.reverse();
    assert_eq!(told(&objects), one);
}
