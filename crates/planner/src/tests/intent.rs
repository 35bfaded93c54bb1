//! What a bundle does is what its model means: nothing more and nothing less.

use std::net::IpAddr;
use std::sync::Arc;

use cofferdam_compiler::compile;
use cofferdam_model::capabilities::{Callee, Capabilities};
use cofferdam_model::dialect::{Dialect, Sctp};
use cofferdam_model::flow::{Port, PortNumber, Protocol};
use cofferdam_model::names::{ClusterName, NamespaceName};
use cofferdam_semantics::connectivity::{Connectivity, Endpoint};
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::policy::Source;
use cofferdam_semantics::reach::different_dialects;
use cofferdam_semantics::{Classes, Reader, Verdict};
use cofferdam_testkit::model;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::cases;
use crate::promised;
use drawn::{ZONES, documents};
use intended::{Number, Peer, Pod, Scene};

mod drawn;
mod intended;

/// Addresses of no pod, and whether each is of the internet.
const ADDRESSES: [(&str, bool); 18] = [
    // Nodes, the last with a public address, and what lies in the networks of nodes and load balancers.
    ("10.1.0.5", false),
    ("203.0.113.9", true),
    ("10.1.0.77", false),
    ("10.1.16.3", false),
    // The API server's Service, and cloud metadata.
    ("10.96.0.1", false),
    ("169.254.169.254", false),
    ("169.254.169.252", false),
    // The control plane where it is declared, and beside that.
    ("203.0.113.64", true),
    ("203.0.113.80", true),
    // External networks, and beside them.
    ("192.168.30.9", false),
    ("192.168.30.200", false),
    ("192.168.31.9", false),
    ("192.168.31.11", false),
    ("192.168.31.51", false),
    ("198.51.100.7", true),
    ("2001:db8:1::7", true),
    ("fd12::1", false),
    ("2606:4700::1111", true),
];

/// Each model is asked about one of so many parts of all pairs.
const PARTS: usize = 9;

/// Every port that a flow may name, and its neighbours.
const PORTS: [Number; 17] = [
    (Protocol::Tcp, 53),
    (Protocol::Tcp, 80),
    (Protocol::Tcp, 443),
    (Protocol::Tcp, 988),
    (Protocol::Tcp, 6443),
    (Protocol::Tcp, 7999),
    (Protocol::Tcp, 8000),
    (Protocol::Tcp, 8079),
    (Protocol::Tcp, 8080),
    (Protocol::Tcp, 8081),
    (Protocol::Tcp, 9443),
    (Protocol::Tcp, 65535),
    (Protocol::Udp, 53),
    (Protocol::Udp, 54),
    (Protocol::Udp, 8080),
    (Protocol::Sctp, 8080),
    (Protocol::Sctp, 53),
];

/// The kinds of pods in each namespace: name, labels, and the ports that are called `http`.
type Kind = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [Number],
);
const KINDS: [Kind; 4] = [
    ("server", &[("app", "server")], &[(Protocol::Tcp, 8080)]),
    (
        "canary",
        &[("app", "server"), ("track", "canary")],
        &[(Protocol::Tcp, 9443)],
    ),
    ("client", &[("app", "client")], &[(Protocol::Udp, 54)]),
    ("bare", &[], &[]),
];

/// A node with a private address and one with a public address, and every namespace, of which some are as zones adopt
/// them.
fn capabilities(callees: Vec<Callee>) -> Capabilities {
    let mut seen = cofferdam_testkit::kubeadm(ClusterName::parse("prod").unwrap());
    seen.node_addresses.insert("203.0.113.9".parse().unwrap());
    seen.callees = callees;
    for (name, zone) in namespaces() {
        let labels = zone.map(|zone| ("zone-of".to_owned(), zone.to_owned()));
        let name = NamespaceName::parse(&name).unwrap();
        seen.namespaces.insert(name, labels.into_iter().collect());
    }
    seen
}

fn namespaces() -> Vec<(String, Option<&'static str>)> {
    let of_zones = ZONES.iter().flat_map(|zone| {
        (1..=3).map(move |number| (format!("{zone}-{number}"), (number == 3).then_some(*zone)))
    });
    let others = ["kube-system", "nobodys"].map(|name| (name.to_owned(), None));
    of_zones.chain(others).collect()
}

fn pods() -> Vec<Pod> {
    let pod = |namespace: &str, (name, labels, ports): Kind| Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        labels: labels
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect(),
        ports: ports
            .iter()
            .map(|(protocol, port)| ((*protocol, "http".to_owned()), *port))
            .collect(),
    };
    let namespaces = namespaces();
    let everywhere = namespaces
        .iter()
        .flat_map(|(namespace, _)| KINDS.map(|kind| pod(namespace, kind)));
    let dns = pod("kube-system", ("dns", &[("k8s-app", "kube-dns")], &[]));
    everywhere.chain([dns]).collect()
}

fn manifest(number: usize, pod: &Pod) -> Value {
    let ports = pod.ports.iter().map(|((protocol, name), port)| {
        json!({"name": name, "containerPort": port, "protocol": protocol.as_str()})
    });
    let ports: Vec<Value> = ports.collect();
    let addresses = [format!("10.10.0.{number}"), format!("fd00:10::{number:x}")];
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod.name, "namespace": pod.namespace, "labels": pod.labels},
        "spec": {"containers": [{"name": "main", "ports": ports}]},
        "status": {"phase": "Running", "podIPs": addresses.map(|ip| json!({"ip": ip}))},
    })
}

/// What the bundle promises, with the pods.
fn facts(scene: &Scene<'_>, pods: &[Pod]) -> Facts {
    let compiled = compile(scene.model, scene.cluster, Some(scene.seen)).unwrap();
    let mut facts = promised(&compiled.bundle, Some(scene.seen));
    let mut reader = Reader::default();
    for (number, pod) in pods.iter().enumerate() {
        reader.read(&manifest(number + 1, pod), Source(u32::MAX));
    }
    let running = reader.finish();
    facts.pods = running.pods;
    facts.has_ipv6 |= running.has_ipv6;
    facts
}

/// Compares what the engine makes of the bundle with what the model means, for one part of all pairs.
fn check(text: &str, callees: Vec<Callee>, part: usize) {
    let (model, seen) = (model(text), capabilities(callees));
    let cluster = model.clusters.values().next().unwrap();
    let scene = Scene {
        model: &model,
        cluster,
        seen: &seen,
    };
    let pods = pods();
    let facts = facts(&scene, &pods);
    let classes = Arc::new(Classes::of(&Arc::new(facts)));
    let under: Vec<Connectivity> = different_dialects()
        .into_iter()
        .map(|dialect| Connectivity::solve(Arc::clone(&classes), dialect))
        .collect();
    let addresses = ADDRESSES.map(|(text, _)| text.parse::<IpAddr>().unwrap());
    let place = |pod: &Pod| {
        let mut known = classes.facts().pods.iter();
        known.position(|one| *one.namespace == *pod.namespace && *one.name == *pod.name)
    };
    let pods = pods
        .into_iter()
        .map(|pod| (Endpoint::Pod(place(&pod).unwrap()), Peer::Pod(pod)));
    let addresses = addresses.map(|address| (Endpoint::Address(address), Peer::Address(address)));
    let peers: Vec<(Endpoint, Peer)> = pods.chain(addresses).collect();
    for (number, (from_end, from)) in peers.iter().enumerate() {
        let some = peers.iter().skip((number + part) % PARTS).step_by(PARTS);
        for (to_end, to) in some.filter(|(_, to)| is_decided(from, to)) {
            let intended = PORTS.map(|port| (port, scene.intended(from, to, port)));
            for connectivity in &under {
                let allowed = connectivity.allowed(*from_end, *to_end);
                let dialect = connectivity.dialect();
                for ((protocol, port), intended) in intended {
                    assert_eq!(
                        allowed.at(protocol, port),
                        verdict(intended, protocol, dialect),
                        "{from:?} to {to:?} on {protocol:?} {port} under {}:\n{text}",
                        dialect.name
                    );
                }
            }
        }
    }
}

/// Whether policies decide at all: not of what a pod sends to itself, and not between strangers.
fn is_decided(from: &Peer, to: &Peer) -> bool {
    from != to && !matches!((from, to), (Peer::Address(_), Peer::Address(_)))
}

fn verdict(is_intended: bool, protocol: Protocol, dialect: Dialect) -> Verdict {
    let may_be_off = protocol == Protocol::Sctp && dialect.sctp == Sctp::MayBeOff;
    match (is_intended, may_be_off) {
        (true, false) => Verdict::Allowed,
        (true, true) => Verdict::Undecided,
        (false, _) => Verdict::Denied,
    }
}

/// A Service that the control plane calls, of which its port may not be known.
fn callee() -> impl Strategy<Value = Callee> {
    let namespaces = select(vec!["a-1", "b-1", "c-3", "nobodys"]);
    let port = |protocol, port| Port { protocol, port };
    let targets = vec![
        Some(port(Protocol::Tcp, PortNumber::Number(9443))),
        Some(port(Protocol::Tcp, PortNumber::Name("http".to_owned()))),
        None,
    ];
    (namespaces, select(targets)).prop_map(|(namespace, target)| Callee {
        caller: "APIService/v1.example.org".to_owned(),
        namespace: NamespaceName::parse(namespace).unwrap(),
        service: "webhook".to_owned(),
        pod_labels: [("app".to_owned(), "server".to_owned())].into(),
        target,
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_bundle_does_what_its_model_means(
        text in documents(),
        callees in proptest::collection::vec(callee(), 0..2),
        part in 0..PARTS,
    ) {
        check(&text, callees, part);
    }
}
