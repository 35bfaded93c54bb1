//! How far workloads are open: ways in from outside, and pods that are and that could be.

mod cluster;
mod entrances;
mod host_ports;
mod load_balancers;
mod services;

use super::{dialect, objects, read};
use crate::exposure::{Addresses, Exposure, Exposures, How, Part, WayIn, exposure};
use crate::verdict::Allowed;

/// One pod with a named port, behind nothing.
const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: web, labels: {app: web}}
spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
";

/// What is said of some YAML as a plugin reads it.
fn exposures(yaml: &str, plugin: &str) -> Exposures {
    exposure(&read(&objects(yaml)), &[dialect(plugin)])
}

/// The ways in to every workload, as `workload: ports through object, as seen, verdict`, then gaps and notes.
#[track_caller]
fn check_ways(yaml: &str, expected: &[&str]) {
    check_ways_under("calico", yaml, expected);
}

/// The same as a certain network plugin has it.
#[track_caller]
fn check_ways_under(plugin: &str, yaml: &str, expected: &[&str]) {
    let Exposures { all, gaps, notes } = exposures(yaml, plugin);
    let mut told = Vec::new();
    for Exposure { party, ways_in, .. } in &all {
        told.extend(
            ways_in
                .iter()
                .map(|way| format!("{party}: {}", way_told(way))),
        );
    }
    told.extend(gaps.iter().map(|gap| format!("gap: {gap}")));
    // What holds of every Service or Ingress is checked once.
    let of_one = notes.iter().filter(|note| note.contains('/'));
    told.extend(of_one.map(|note| format!("note: {note}")));
    assert_eq!(told, expected);
}

fn way_told(way: &WayIn) -> String {
    let WayIn {
        through,
        how,
        is_internal,
        ports,
        seen,
        allowed,
        clients,
    } = way;
    let how = match how {
        How::Gateway(gateway) => format!("at {gateway}"),
        How::LoadBalancer
        | How::NodePort
        | How::HostPort
        | How::ExternalAddresses
        | How::Ingress => {
            let internal = if *is_internal { "internal " } else { "" };
            format!("{internal}{how:?}")
        }
    };
    let seen: Vec<String> = seen.iter().map(|one| format!("{one:?}")).collect();
    let clients = match clients {
        Addresses::These(some) if !some.is_empty() => format!(" from {}", addresses(clients)),
        Addresses::Anywhere => " from anywhere".to_owned(),
        Addresses::All | Addresses::These(_) => String::new(),
    };
    let Allowed { possible, certain } = allowed;
    let verdict = match (possible.is_empty(), certain == ports) {
        (true, _) => "denied".to_owned(),
        (false, true) => "allowed".to_owned(),
        (false, false) => format!("maybe {possible}, surely {certain}"),
    };
    format!(
        "{ports} through {through} {how}{clients}, seen as {}: {verdict}",
        seen.join(" or ")
    )
}

fn parts(parts: &[Part]) -> Vec<String> {
    let parts = parts.iter();
    parts
        .map(|one| format!("{} with {}", one.allowed.certain, addresses(&one.addresses)))
        .collect()
}

fn addresses(addresses: &Addresses) -> String {
    match addresses {
        Addresses::All => "the internet".to_owned(),
        Addresses::Anywhere => "anywhere".to_owned(),
        Addresses::These(some) => {
            let some: Vec<String> = some.iter().map(ToString::to_string).collect();
            some.join(" ")
        }
    }
}
