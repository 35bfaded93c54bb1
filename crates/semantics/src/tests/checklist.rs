//! What the API says, point by point, with the numbers of the checklist of policy semantics.

mod addresses;
mod admin;
mod baseline;
mod clusters;
mod directions;
mod host_network;
mod invalid;
mod order;
mod own_node;
mod peers;
mod pods;
mod ports;
mod protocols;
mod services;

use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_model::dialect::Dialect;
use cofferdam_model::flow::Protocol;
use cofferdam_oracle::{Oracle, Peer};
use serde_json::{Value, json};

use super::differential::{endpoint, expected as said_by_oracle};
use super::read;
use crate::connectivity::Connectivity;
use crate::{Classes, Verdict};

/// Two namespaces with two pods each, the pods of one namespace on one node.
const CLUSTER: &str = "
kind: Namespace
metadata: {name: x, labels: {team: red}}
---
kind: Namespace
metadata: {name: y, labels: {team: blue}}
---
kind: Node
metadata: {name: n1, labels: {role: worker}}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}, {type: Hostname, address: n1}]}
---
kind: Node
metadata: {name: n2, labels: {role: control}}
status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}
---
kind: Pod
metadata: {namespace: x, name: a, labels: {app: a}}
spec: {nodeName: n1}
status: {podIP: 10.0.0.1}
---
kind: Pod
metadata: {namespace: x, name: b, labels: {app: b}}
spec: {nodeName: n1, containers: [{ports: [{name: http, containerPort: 80}]}]}
status: {podIP: 10.0.0.2}
---
kind: Pod
metadata: {namespace: y, name: a, labels: {app: a}}
spec: {nodeName: n2, containers: [{ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.0.1.1}
---
kind: Pod
metadata: {namespace: y, name: c}
spec: {nodeName: n2}
status: {podIP: 10.0.1.2}
";

/// Policies in the usual cluster, and for each line `from -> to protocol/port verdict`.
fn check(policies: &str, expected: &[&str]) {
    check_under("kube-network-policies", policies, expected);
}

/// The same as a certain network plugin reads it.
fn check_under(plugin: &str, policies: &str, expected: &[&str]) {
    check_cluster(plugin, &format!("{CLUSTER}---\n{policies}"), expected);
}

/// A cluster of its own.
fn check_cluster(plugin: &str, objects: &str, expected: &[&str]) {
    let objects = self::objects(objects);
    let dialect = Dialect::of_plugin(plugin).unwrap();
    let oracle = Oracle::new(&objects, dialect);
    let facts = read(&objects);
    let engine = Connectivity::solve(Arc::new(Classes::of(&facts)), dialect);
    for line in expected {
        let question = question(line);
        let (from, to, protocol, port) = &question;
        let ends = endpoint(&facts, from).zip(endpoint(&facts, to));
        let by_engine = ends.map_or(Verdict::Denied, |(from, to)| {
            engine.allowed(from, to).at(*protocol, *port)
        });
        let by_oracle = said_by_oracle(&oracle, &question);
        let (asked, _) = line.rsplit_once(' ').unwrap();
        assert_eq!(format!("{asked} {by_oracle}"), *line, "says the oracle");
        assert_eq!(format!("{asked} {by_engine}"), *line, "says the engine");
    }
}

/// What a line asks.
fn question(line: &str) -> (Peer, Peer, Protocol, u16) {
    let words: Vec<&str> = line.split(' ').collect();
    let [from, "->", to, at, _] = words.as_slice() else {
        panic!("`{line}` is no question");
    };
    let (protocol, port) = at.split_once('/').unwrap();
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        other => panic!("no protocol `{other}`"),
    };
    (peer(from), peer(to), protocol, port.parse().unwrap())
}

fn peer(text: &str) -> Peer {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Peer::Address(address);
    }
    let (namespace, name) = text.split_once('/').unwrap();
    Peer::Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

/// The documents of a text. Each kind has only one version, so they do not repeat it.
fn objects(text: &str) -> Vec<Value> {
    let objects = super::objects(text).into_iter();
    objects.map(versioned).collect()
}

fn versioned(mut object: Value) -> Value {
    let version = match object["kind"].as_str().unwrap() {
        "NetworkPolicy" => "networking.k8s.io/v1",
        "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" => "policy.networking.k8s.io/v1alpha1",
        "ClusterNetworkPolicy" => "policy.networking.k8s.io/v1alpha2",
        _ => "v1",
    };
    let fields = object.as_object_mut().unwrap();
    fields.entry("apiVersion").or_insert(json!(version));
    object
}
