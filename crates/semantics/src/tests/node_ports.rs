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

/// What may be behind a port of an address among objects that need not hold every Node.
#[track_caller]
fn check_unknown(yaml: &[&str], (address, port): (&str, u16), expected: &[&str]) {
    let facts = read(&objects(&yaml.concat()));
    let at = address.parse::<IpAddr>().unwrap();
    let BehindNode { leads, unknown } = behind(&facts, at, (port, Some(Protocol::Tcp)));
    assert_eq!(leads, [], "{yaml:?}");
    let told: Vec<String> = unknown.into_iter().collect();
    assert_eq!(told, expected, "{address} {port} {yaml:?}");
}

const POD: &str = "---
kind: Pod
metadata: {namespace: shop, name: db, labels: {app: db}}
spec: {containers: [{ports: [{containerPort: 5432, hostPort: 5433}]}]}
status: {podIP: 10.0.0.1}
";

const UNNUMBERED: &str = "---
kind: Service
metadata: {namespace: shop, name: later}
spec: {type: NodePort, clusterIP: 10.96.0.7, selector: {app: db}, ports: [{port: 80}]}
";

/// Any address may be that of a node where none was read, but not that of a pod or of a Service.
#[test]
fn without_nodes_the_port_of_a_node_is_unknown() {
    let service = "no Node is among the objects: 192.168.0.1 may be one, and its port 30000 leads to Service/shop/any";
    check_unknown(&[POD, ANY], ("192.168.0.1", 30000), &[service]);
    check_unknown(&[POD, ANY], ("192.168.0.1", 443), &[]);
    check_unknown(&[POD, ANY], ("10.0.0.1", 30000), &[]);
    let later = "no Node is among the objects: 192.168.0.1 may be one, and which of its ports leads to Service/shop/later is not known";
    check_unknown(&[POD, UNNUMBERED], ("192.168.0.1", 30123), &[later]);
    check_unknown(&[POD, UNNUMBERED], ("192.168.0.1", 443), &[]);
    check_unknown(&[POD, UNNUMBERED], ("10.96.0.7", 30123), &[]);
    check_unknown(&[POD, UNNUMBERED, ANY], ("192.168.0.1", 30000), &[service]);
    let pod = "no Node is among the objects: 192.168.0.1 may be one, and its port 5433 may lead to shop/db[Pod]";
    check_unknown(&[POD], ("192.168.0.1", 5433), &[pod]);
    check_unknown(&[POD], ("10.0.0.1", 5433), &[]);
}

/// Some of the nodes are not all of them, unless every pod is on one of them.
#[test]
fn beside_other_nodes_the_port_of_a_node_is_unknown() {
    let node = "---
kind: Node
metadata: {name: n1}
status: {addresses: [{address: 192.168.0.1}]}
";
    let may_be = "perhaps not every Node is among the objects: 192.168.0.9 may be one";
    let told = |what: &str| format!("{may_be}, and {what}");
    let at = |port: u16| ("192.168.0.9", port);
    let service = told("its port 30000 leads to Service/shop/any");
    check_unknown(&[node, POD, ANY], at(30000), &[&service]);
    let later = told("which of its ports leads to Service/shop/later is not known");
    check_unknown(&[node, POD, UNNUMBERED], at(30123), &[&later]);
    let pod = told("its port 5433 may lead to shop/db[Pod]");
    check_unknown(&[node, POD], at(5433), &[&pod]);
    let placed = POD.replace("spec: {", "spec: {nodeName: n1, ");
    check_unknown(&[node, &placed, ANY], at(30000), &[]);
    check_unknown(&[node, &placed], at(5433), &[]);
    // Where this one runs is known, but not where everybody does.
    let cron = POD
        .replace("db", "cron")
        .replace("5433", "5434")
        .replace("10.0.0.1", "10.0.0.3");
    check_unknown(&[node, &placed, &cron], at(5433), &[]);
}

/// As of a cluster that was asked for them.
#[test]
fn where_every_node_was_read_no_other_address_is_one() {
    let mut facts = (*read(&objects(&format!("{POD}{ANY}")))).clone();
    facts.has_every_node = true;
    let at = "192.168.0.9".parse::<IpAddr>().unwrap();
    let found = behind(&facts, at, (30000, Some(Protocol::Tcp)));
    assert_eq!(found, BehindNode::default());
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
