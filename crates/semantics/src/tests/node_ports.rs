//! What is behind ports of nodes, and who gets there.

use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::flow::Protocol;

use super::{dialect, objects, read};
use crate::Classes;
use crate::connectivity::{Connectivity, Endpoint, NodePort};
use crate::node_ports::{BehindNode, Lead, behind};

/// Two nodes; a pod on the first, with a port of its node, behind a Service of which both nodes have a port.
const CLUSTER: &str = "
kind: Node
metadata: {name: n1}
status: {addresses: [{address: 192.168.0.1}, {address: 198.51.100.1}]}
---
kind: Node
metadata: {name: n2}
status: {addresses: [{address: 192.168.0.2}]}
---
kind: Pod
metadata: {namespace: shop, name: db, labels: {app: db}}
spec: {nodeName: n1, containers: [{ports: [{containerPort: 5432, hostPort: 5433}]}]}
status: {podIP: 10.0.0.1}
---
kind: Pod
metadata: {namespace: shop, name: web}
spec: {nodeName: n2}
status: {podIP: 10.0.0.2}
";

const ANY: &str = "---
kind: Service
metadata: {namespace: shop, name: any}
spec: {type: NodePort, selector: {app: db}, ports: [{port: 80, targetPort: 5432, nodePort: 30000}]}
";

const OWN: &str = "---
kind: Service
metadata: {namespace: shop, name: own}
spec: {type: NodePort, externalTrafficPolicy: Local, selector: {app: db}, ports: [{port: 80, targetPort: 5432, nodePort: 30000}]}
";

/// A policy for the ingress of `shop/db` from these peers.
fn ingress(peers: &str) -> String {
    format!(
        "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{namespace: shop, name: db}}
spec: {{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{from: [{peers}]}}]}}
"
    )
}

/// A policy for the egress of `shop/web` to these peers.
fn egress(peers: &str) -> String {
    format!(
        "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{namespace: shop, name: web}}
spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{peers}]}}]}}
"
    )
}

/// What is behind a port of a node for somebody, as `what through: verdict`, then what is not known.
#[track_caller]
fn check(plugin: &str, yaml: &[&str], (from, to, port): (&str, &str, u16), expected: &[&str]) {
    let facts = read(&objects(&format!("{CLUSTER}{}", yaml.concat())));
    let of_pod = || {
        let mut pods = facts.pods.iter();
        Endpoint::Pod(pods.position(|pod| *pod.name == *from).unwrap())
    };
    let from = from.parse().map_or_else(|_| of_pod(), Endpoint::Address);
    let engine = Connectivity::solve(Arc::new(Classes::of(&facts)), dialect(plugin));
    let address: IpAddr = to.parse().unwrap();
    let BehindNode { leads, unknown } = behind(&facts, address, (port, Some(Protocol::Tcp)));
    let mut told = Vec::new();
    for Lead {
        service,
        backends,
        keeps_client,
    } in leads
    {
        let through = service.map_or("the pod", |service| &*service.name);
        let at = NodePort {
            address,
            port,
            keeps_client,
        };
        match backends {
            Ok(backends) => told.extend(backends.iter().map(|one| {
                let on = (one.protocol, one.port);
                let verdict = engine.explain_at_node(from, at, (one.end, on)).verdict;
                format!("{} through {through}: {verdict}", one.port)
            })),
            Err(why) => told.push(format!("{through} {}", why.told())),
        }
    }
    told.extend(unknown);
    assert_eq!(told, expected, "{plugin}, {yaml:?}");
}

#[test]
fn a_port_of_a_node_leads_to_its_service_or_pod() {
    let at = |to: &'static str, port: u16| ("203.0.113.1", to, port);
    let open = ["5432 through any: allowed"];
    check("calico", &[ANY], at("192.168.0.1", 30000), &open);
    check("calico", &[ANY], at("192.168.0.2", 30000), &open);
    check("calico", &[ANY], at("192.168.0.3", 30000), &[]);
    check("calico", &[ANY], at("192.168.0.1", 80), &[]);
    // Every address of the node is one.
    let own = ["5432 through own: allowed"];
    check("calico", &[OWN], at("198.51.100.1", 30000), &own);
    let none = ["own has no pod on this node, which passes connections on to its own alone"];
    check("calico", &[OWN], at("192.168.0.2", 30000), &none);
    let pod = ["5432 through the pod: allowed"];
    check("calico", &[], at("192.168.0.1", 5433), &pod);
    check("calico", &[], at("192.168.0.2", 5433), &[]);
}

#[test]
fn what_may_be_behind_a_port_of_a_node_is_unknown() {
    let later = "---
kind: Service
metadata: {namespace: shop, name: later}
spec: {type: LoadBalancer, selector: {app: db}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {namespace: shop, name: logs}
spec: {template: {spec: {containers: [{ports: [{containerPort: 1, hostPort: 514}]}]}}}
";
    let at = |port: u16| ("203.0.113.1", "192.168.0.1", port);
    let number = ["Service/shop/later: which port of nodes leads to it is not known"];
    check("calico", &[later], at(30000), &number);
    check("calico", &[later], at(443), &[]);
    let open = ["5432 through any: allowed"];
    check("calico", &[later, ANY], at(30000), &open);
    let place = [
        "1 through the pod: allowed",
        "shop/logs[DaemonSet]: whether it is on the node at 192.168.0.1 is not known",
    ];
    check("calico", &[later], at(514), &place);
}

/// Any address may be that of a node where none was read, but not that of a pod.
#[test]
fn without_nodes_the_port_of_a_node_is_unknown() {
    let pod = "kind: Pod\nmetadata: {namespace: shop, name: db, labels: {app: db}}\nstatus: {podIP: 10.0.0.1}\n";
    let facts = read(&objects(&format!("{pod}{ANY}")));
    let unknown = |address: &str, port: u16| {
        let at = address.parse::<IpAddr>().unwrap();
        behind(&facts, at, (port, Some(Protocol::Tcp))).unknown
    };
    let told = "no Node is among the objects: 192.168.0.1 may be one, and its port 30000 leads to Service/shop/any";
    assert_eq!(unknown("192.168.0.1", 30000), [told.to_owned()].into());
    assert!(unknown("192.168.0.1", 443).is_empty());
    assert!(unknown("10.0.0.1", 30000).is_empty());
}

#[test]
fn policies_may_see_the_client_or_a_node() {
    let client = &ingress("{ipBlock: {cidr: 203.0.113.0/24}}");
    let nodes = &ingress("{ipBlock: {cidr: 192.168.0.0/16}}, {ipBlock: {cidr: 203.0.113.0/24}}");
    let at_first = ("203.0.113.1", "192.168.0.1", 30000);
    let at_second = ("203.0.113.1", "192.168.0.2", 30000);
    for (yaml, at, expected) in [
        // The node that was asked is that of the pod, which nobody keeps out.
        ([ANY, client], at_first, "5432 through any: allowed"),
        ([ANY, client], at_second, "5432 through any: undecided"),
        ([ANY, nodes], at_second, "5432 through any: allowed"),
        ([OWN, client], at_first, "5432 through own: allowed"),
        // Somebody else may be seen as a node.
        (
            [ANY, client],
            ("198.18.0.1", "192.168.0.2", 30000),
            "5432 through any: undecided",
        ),
        (
            [OWN, client],
            ("198.18.0.1", "192.168.0.1", 30000),
            "5432 through own: undecided",
        ),
    ] {
        check("calico", &yaml, at, &[expected]);
    }
    let pod = ("198.18.0.1", "192.168.0.1", 5433);
    check(
        "calico",
        &[client],
        pod,
        &["5432 through the pod: undecided"],
    );
}

#[test]
fn policies_of_egress_may_see_the_node_or_what_is_behind_it() {
    let node = &egress("{ipBlock: {cidr: 192.168.0.0/16}}");
    let pods = &egress("{podSelector: {}}");
    let both = &egress("{ipBlock: {cidr: 192.168.0.0/16}}, {podSelector: {}}");
    let neither = &egress("{ipBlock: {cidr: 203.0.113.0/24}}");
    let at = ("web", "192.168.0.1", 30000);
    for (policy, verdict) in [
        (both, "allowed"),
        (node, "undecided"),
        (pods, "undecided"),
        (neither, "denied"),
    ] {
        let expected = format!("5432 through any: {verdict}");
        check("calico", &[ANY, policy], at, &[&expected]);
    }
    // This one judges before the address is translated.
    check(
        "aws-vpc-cni",
        &[ANY, node],
        at,
        &["5432 through any: allowed"],
    );
}
