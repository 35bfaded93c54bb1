//! Ways from one cluster into another, on small clusters.

use cofferdam_model::cluster::Network;
use cofferdam_model::flow::Protocol;

use super::{dialect, objects, read};
use crate::hops::{EntryPoints, Fleet, Follow, Location, Search, Site};
use crate::parties::Workloads;
use crate::ports::PortSet;
use crate::prove::Chain;
use crate::solver::Solver;

/// A cluster whose pods are routed from these networks, exposed at these addresses.
struct Cluster<'a> {
    yaml: &'a str,
    pods: &'a [&'a str],
    exposed: &'a [&'a str],
    egress: &'a [&'a str],
    routed: bool,
}

fn site(name: usize, cluster: &Cluster<'_>) -> Site {
    let facts = read(&objects(cluster.yaml));
    let nets = |words: &[&str]| {
        words
            .iter()
            .map(|word| word.parse().unwrap())
            .collect::<Vec<_>>()
    };
    let network = Network {
        pod_cidrs: nets(cluster.pods),
        pod_addresses_routed: cluster.routed,
        exposed_cidrs: nets(cluster.exposed),
        egress_cidrs: nets(cluster.egress),
        ..Network::default()
    };
    let location = Location {
        name: name.to_string(),
        pod_networks: network.pod_cidrs.clone(),
        network,
        exposed: EntryPoints::at(nets(cluster.exposed)),
        ..Location::default()
    };
    Site {
        location: Some(location.as_seen(&facts)),
        solved: Solver::default().solve(&facts, &[dialect("kube-network-policies")]),
    }
}

/// Whether a way leads from namespace `a` of the first cluster to namespace `b` of the second, on a port; whether what is
/// not certain is needed for it.
fn way(clusters: [&Cluster<'_>; 2], port: u16) -> &'static str {
    let sites = [0, 1].map(|name: usize| site(name, clusters[name]));
    way_between(&sites, port)
}

/// The same between namespaces of the first and the last of some clusters.
fn way_between(sites: &[Site], port: u16) -> &'static str {
    let split = vec![Workloads::new(); sites.len()];
    let fleet = Fleet::new(sites, &split);
    let last = sites.len() - 1;
    let of = |site: usize, namespace: &str| {
        let facts = sites[site].solved.classes.facts();
        fleet.numbered(|number, end| {
            number == site
                && end
                    .pods
                    .iter()
                    .any(|pod| *facts.pods[*pod].namespace == *namespace)
        })
    };
    let ports = PortSet::one(Protocol::Tcp, port);
    let follows = |follow| {
        let mut search = Search::from(&fleet, &of(0, "a"), follow);
        search
            .way_to(&of(last, "b"), &ports, Chain::Direct)
            .is_some()
    };
    match (follows(Follow::Known), follows(Follow::Supposed)) {
        (true, _) => "open",
        (false, true) => "not certain",
        (false, false) => "no way",
    }
}

#[test]
fn every_address_of_another_cluster_is_tried() {
    let from = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: one, namespace: a}, spec: {containers: [{name: c}]}, status: {podIP: 10.1.0.1}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: a}, spec: {policyTypes: [Egress], egress: [
  {to: [{ipBlock: {cidr: 10.2.0.5/32}}], ports: [{port: 80}]},
  {to: [{ipBlock: {cidr: 10.2.0.6/32}}], ports: [{port: 443}]}]}}
",
        pods: &["10.1.0.0/16"], exposed: &[], egress: &[], routed: true,
    };
    let to = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: b}, spec: {containers: [{name: c}]}, status: {podIP: 10.2.0.5}}
---
{apiVersion: v1, kind: Pod, metadata: {name: y, namespace: b}, spec: {containers: [{name: c}]}, status: {podIP: 10.2.0.6}}
",
        pods: &["10.2.0.0/16"], exposed: &[], egress: &[], routed: true,
    };
    assert_eq!(way([&from, &to], 80), "open");
    assert_eq!(way([&from, &to], 443), "open");
}

#[test]
fn sources_of_a_family_that_is_not_declared_are_not_known() {
    let from = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: one, namespace: a}, spec: {containers: [{name: c}]}, status: {podIP: 10.1.0.1, podIPs: [{ip: 10.1.0.1}, {ip: 'fd01::1'}]}}
",
        pods: &["10.1.0.0/16"], exposed: &[], egress: &[], routed: true,
    };
    let to = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: b}, spec: {containers: [{name: c}]}, status: {podIP: 10.2.0.5, podIPs: [{ip: 10.2.0.5}, {ip: 'fd02::5'}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: in, namespace: b}, spec: {policyTypes: [Ingress], ingress: [
  {from: [{ipBlock: {cidr: '::/0'}}]}]}}
",
        pods: &["10.2.0.0/16"], exposed: &[], egress: &[], routed: true,
    };
    assert_eq!(way([&from, &to], 80), "not certain");
}

#[test]
fn host_network_sources_arrive_from_their_node() {
    let from = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: one, namespace: a}, spec: {hostNetwork: true, nodeName: n, containers: [{name: c}]}, status: {podIP: 10.9.0.1, hostIP: 10.9.0.1}}
---
{apiVersion: v1, kind: Node, metadata: {name: n}, status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}}
",
        pods: &["10.1.0.0/16"], exposed: &[], egress: &[], routed: true,
    };
    let to = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: b}, spec: {containers: [{name: c}]}, status: {podIP: 10.2.0.5}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: in, namespace: b}, spec: {policyTypes: [Ingress], ingress: [
  {from: [{ipBlock: {cidr: 10.9.0.0/16}}]}]}}
",
        pods: &["10.2.0.0/16"], exposed: &[], egress: &[], routed: true,
    };
    assert_eq!(way([&from, &to], 80), "open");
}

#[test]
fn host_network_targets_are_reached_at_their_node() {
    let from = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: one, namespace: a}, spec: {containers: [{name: c}]}, status: {podIP: 10.1.0.1}}
",
        pods: &["10.1.0.0/16"], exposed: &[], egress: &[], routed: true,
    };
    let to = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: b}, spec: {hostNetwork: true, nodeName: n, containers: [{name: c}]}, status: {podIP: 10.9.0.5, hostIP: 10.9.0.5}}
---
{apiVersion: v1, kind: Node, metadata: {name: n}, status: {addresses: [{type: InternalIP, address: 10.9.0.5}]}}
",
        pods: &["10.2.0.0/16"], exposed: &[], egress: &[], routed: true,
    };
    assert_eq!(way([&from, &to], 80), "open");
}

#[test]
fn nodes_pass_on_what_load_balancers_bring_under_their_own_address() {
    let from = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: one, namespace: a}, spec: {containers: [{name: c}]}, status: {podIP: 10.1.0.1}}
",
        pods: &["10.1.0.0/16"], exposed: &[], egress: &["203.0.113.0/28"], routed: false,
    };
    let to = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: b, labels: {app: x}}, spec: {nodeName: n, containers: [{name: c}]}, status: {podIP: 10.2.0.5, hostIP: 10.9.0.5}}
---
{apiVersion: v1, kind: Node, metadata: {name: n}, status: {addresses: [{type: InternalIP, address: 10.9.0.5}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: x, namespace: b}, spec: {type: LoadBalancer, externalTrafficPolicy: Cluster, selector: {app: x}, ports: [{port: 80, nodePort: 30080}]}, status: {loadBalancer: {ingress: [{ip: 198.51.100.7}]}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: in, namespace: b}, spec: {policyTypes: [Ingress], ingress: [
  {from: [{ipBlock: {cidr: 10.9.0.0/16}}]}]}}
",
        pods: &["10.2.0.0/16"], exposed: &["198.51.100.7/32"], egress: &[], routed: false,
    };
    assert_eq!(way([&from, &to], 80), "open");
    // The address of the load balancer is known without being declared.
    let undeclared = Cluster { exposed: &[], ..to };
    assert_eq!(way([&from, &undeclared], 80), "open");
}

#[test]
fn any_pod_is_behind_what_is_exposed_while_a_way_in_is_not_understood() {
    let from = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: one, namespace: a}, spec: {containers: [{name: c}]}, status: {podIP: 10.1.0.1}}
",
        pods: &["10.1.0.0/16"], exposed: &[], egress: &["203.0.113.0/28"], routed: false,
    };
    let to = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: b}, spec: {containers: [{name: c}]}, status: {podIP: 10.2.0.5}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, namespace: b}, spec: {gatewayClassName: c, listeners: [{name: l, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchExpressions: [{key: k, operator: Near}]}}}}]}}
",
        pods: &["10.2.0.0/16"], exposed: &["198.51.100.7/32"], egress: &[], routed: false,
    };
    assert_eq!(way([&from, &to], 80), "open");
    let (without, _) = to.yaml.split_once("---").unwrap();
    assert_eq!(
        way(
            [
                &from,
                &Cluster {
                    yaml: without,
                    ..to
                }
            ],
            80
        ),
        "no way"
    );
}

/// Nothing declares whether the nodes of a cluster are reached from others.
#[test]
fn what_nodes_pass_on_is_not_certain_to_be_reached() {
    let from = Cluster {
        yaml: "
{apiVersion: v1, kind: Pod, metadata: {name: one, namespace: a}, spec: {containers: [{name: c}]}, status: {podIP: 10.1.0.1}}
",
        pods: &["10.1.0.0/16"], exposed: &[], egress: &["198.51.100.1/32"], routed: false,
    };
    let closed = "
---
{apiVersion: v1, kind: Node, metadata: {name: n}, status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: b, labels: {app: x}}, spec: {nodeName: n, containers: [{name: c}]}, status: {podIP: 10.2.0.5, hostIP: 10.9.0.1}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: b}, spec: {policyTypes: [Ingress]}}
---
{apiVersion: v1, kind: Service, metadata: {name: x, namespace: b}, spec: ";
    let check = |service: &str, expected: &str| {
        let yaml = format!("{closed}{service}}}");
        let to = Cluster {
            yaml: &yaml,
            pods: &["10.2.0.0/16"],
            exposed: &[],
            egress: &[],
            routed: false,
        };
        assert_eq!(way([&from, &to], 80), expected, "{service}");
    };
    let ports = "ports: [{port: 80}], selector: {app: x}";
    check(&format!("{{type: NodePort, {ports}}}"), "not certain");
    check(
        &format!("{{type: NodePort, externalTrafficPolicy: Local, {ports}}}"),
        "not certain",
    );
    check(&format!("{{type: ClusterIP, {ports}}}"), "no way");
}

/// A pod is let in as its node, whoever asked the node.
#[test]
fn a_way_may_lead_over_a_node_back_into_its_cluster() {
    let check = |kind: &str, to: &str, expected: &str| {
        let yaml = format!("
{{apiVersion: v1, kind: Pod, metadata: {{name: one, namespace: a}}, spec: {{nodeName: n, containers: [{{name: c}}]}}, status: {{podIP: 10.2.0.4, hostIP: 10.9.0.1}}}}
---
{{apiVersion: v1, kind: Node, metadata: {{name: n}}, status: {{addresses: [{{type: InternalIP, address: 10.9.0.1}}]}}}}
---
{{apiVersion: v1, kind: Pod, metadata: {{name: x, namespace: b, labels: {{app: x}}}}, spec: {{nodeName: n, containers: [{{name: c}}]}}, status: {{podIP: 10.2.0.5, hostIP: 10.9.0.1}}}}
---
{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: deny, namespace: b}}, spec: {{policyTypes: [Ingress]}}}}
---
{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: out, namespace: a}}, spec: {{policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: {to}}}}}]}}]}}}}
---
{{apiVersion: v1, kind: Service, metadata: {{name: x, namespace: b}}, spec: {{type: {kind}, ports: [{{port: 80}}], selector: {{app: x}}}}}}
");
        let cluster = Cluster {
            yaml: &yaml,
            pods: &["10.2.0.0/16"],
            exposed: &[],
            egress: &[],
            routed: false,
        };
        assert_eq!(
            way_between(&[site(0, &cluster)], 80),
            expected,
            "{kind} {to}"
        );
    };
    check("NodePort", "10.9.0.0/24", "not certain");
    check("NodePort", "10.8.0.0/24", "no way");
    check("ClusterIP", "10.9.0.0/24", "no way");
}
