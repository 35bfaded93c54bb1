//! Load balancers: whom they accept, and under whose address they connect.

use super::services::{policy, with};
use super::{POD, check_ways};

/// What one load balancer of a Service and its annotations comes to, as `how: verdict`; then its other ways in.
#[track_caller]
fn check(annotations: &str, spec: &str, from: Option<&str>, expected: &[&str]) {
    let policies = from.map(policy).unwrap_or_default();
    let objects = with(
        &format!("type: LoadBalancer, externalTrafficPolicy: Local{spec}"),
        &policies,
    );
    let annotated = format!("name: web, annotations: {{{annotations}}}}}\nspec: {{selector");
    let objects = objects.replace("name: web}\nspec: {selector", &annotated);
    assert!(objects.contains("annotations"), "{POD}");
    let expected: Vec<String> = expected
        .iter()
        .map(|one| format!("shop/web[Pod]: TCP 8080 through Service/shop/web {one}"))
        .collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check_ways(&objects, &expected);
}

const INTERNAL: &str = "networking.gke.io/load-balancer-type: Internal";
const SEEN: &str = "seen as Client or OwnNode or LoadBalancer";
const AT_NODES: &str = "NodePort, seen as Client or OwnNode";

/// A load balancer that is a proxy connects from an address of its own, which no `externalTrafficPolicy` makes the client's.
#[test]
fn a_load_balancer_may_be_a_proxy() {
    for (rule, verdict) in [
        ("{}", "allowed"),
        (
            "{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [192.168.0.0/16]}}]}",
            "maybe TCP 8080, surely ",
        ),
        (
            "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}",
            "maybe TCP 8080, surely ",
        ),
    ] {
        check(
            "",
            "",
            Some(rule),
            &[&format!("LoadBalancer, {SEEN}: {verdict}")],
        );
    }
}

/// The load balancer keeps others out; the node ports that it uses do not.
#[test]
fn the_clients_of_a_load_balancer_may_be_few() {
    let ranges = |ranges: &str| format!(", loadBalancerSourceRanges: [{ranges}]");
    let at_nodes = &*format!("{AT_NODES}: allowed");
    let of_few = &*format!("LoadBalancer from 203.0.113.0/24, {SEEN}: allowed");
    check("", &ranges("203.0.113.0/24"), None, &[of_few, at_nodes]);
    check(
        "service.beta.kubernetes.io/load-balancer-source-ranges: ' 203.0.113.0/24'",
        "",
        None,
        &[of_few, at_nodes],
    );
    check(
        "",
        &(ranges("203.0.113.0/24") + ", allocateLoadBalancerNodePorts: false"),
        None,
        &[of_few],
    );
    check(
        "",
        &ranges("203.0.113.0/24, 10.0.0.0/8"),
        None,
        &[
            &format!("LoadBalancer from 10.0.0.0/8 203.0.113.0/24, {SEEN}: allowed"),
            at_nodes,
        ],
    );
    // That none of them is on the internet makes it no less open to them.
    check(
        "",
        &ranges("10.0.0.0/8"),
        None,
        &[
            &format!("internal LoadBalancer from 10.0.0.0/8, {SEEN}: allowed"),
            at_nodes,
        ],
    );
}

#[test]
fn an_internal_load_balancer_is_no_way_in_from_the_internet_and_still_told() {
    let at_nodes = &*format!("{AT_NODES}: allowed");
    let internal = &*format!("internal LoadBalancer from anywhere, {SEEN}: allowed");
    for annotation in [
        INTERNAL,
        "cloud.google.com/load-balancer-type: internal",
        "service.beta.kubernetes.io/aws-load-balancer-internal: 'true'",
        "service.beta.kubernetes.io/aws-load-balancer-internal: 0.0.0.0/0",
        "service.beta.kubernetes.io/aws-load-balancer-scheme: internal",
        "service.beta.kubernetes.io/azure-load-balancer-internal: 'true'",
    ] {
        check(annotation, "", None, &[internal, at_nodes]);
    }
    for annotation in [
        "service.beta.kubernetes.io/aws-load-balancer-internal: 'false'",
        "service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing",
        "service.beta.kubernetes.io/azure-load-balancer-internal: 'false'",
        "networking.gke.io/load-balancer-type: External",
    ] {
        check(
            annotation,
            "",
            None,
            &[&format!("LoadBalancer, {SEEN}: allowed")],
        );
    }
}

/// Its clients have other addresses than those of the internet, and policies for these let them in.
#[test]
fn the_clients_of_an_internal_load_balancer_are_of_private_networks() {
    let maybe = "maybe TCP 8080, surely ";
    check(
        INTERNAL,
        ", allocateLoadBalancerNodePorts: false",
        Some("{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}"),
        &[&format!(
            "internal LoadBalancer from 10.0.0.0/8, {SEEN}: {maybe}"
        )],
    );
    check(
        INTERNAL,
        ", allocateLoadBalancerNodePorts: false, loadBalancerSourceRanges: [10.1.0.0/16]",
        Some("{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}"),
        &[&format!(
            "internal LoadBalancer from 10.1.0.0/16, {SEEN}: {maybe}"
        )],
    );
}
