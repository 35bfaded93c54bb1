//! Questions about a cluster, at the edges of what its objects name.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cofferdam_model::flow::Protocol;
use ipnet::IpNet;
use serde_json::Value;

use super::random::Random;
use crate::cluster::{Cluster, is_host_network};
use crate::fields::text;
use crate::oracle::Peer;

/// Pairs of pods and addresses with a port, at least one of each pair a pod. No address is one of a
/// pod with an address of its own: there the pod itself is asked about. None where there is no pod.
pub fn questions(objects: &[Value], seed: u64, count: usize) -> Vec<(Peer, Peer, Protocol, u16)> {
    let mut random = Random::new(seed ^ STREAM);
    let cluster = Cluster {
        objects: objects.iter().collect(),
        pod_networks: &[],
    };
    let pods: Vec<&Value> = cluster.pods().collect();
    let addresses = addresses(&cluster);
    let ports = ports(objects);
    let Some(first) = pods.first() else {
        return Vec::new();
    };
    let pod = |random: &mut Random| {
        let pod = pods.get(random.below(pods.len())).unwrap_or(first);
        Peer::Pod {
            namespace: text(pod, "/metadata/namespace").to_owned(),
            name: text(pod, "/metadata/name").to_owned(),
        }
    };
    // A pod to itself is worth a question now and then only.
    let two = |random: &mut Random| {
        let (from, to) = (pod(random), pod(random));
        let other = pod(random);
        if from == to {
            (from, other)
        } else {
            (from, to)
        }
    };
    let address = |random: &mut Random| {
        let index = random.below(addresses.len());
        Peer::Address(addresses.get(index).copied().unwrap_or(OUTSIDE))
    };
    let question = |random: &mut Random| {
        let (from, to) = match random.below(10) {
            0..=5 => two(random),
            6 | 7 => (pod(random), address(random)),
            _ => (address(random), pod(random)),
        };
        let protocol = match random.below(10) {
            0..=5 => Protocol::Tcp,
            6..=8 => Protocol::Udp,
            _ => Protocol::Sctp,
        };
        (from, to, protocol, random.pick(&ports))
    };
    (0..count).map(|_| question(&mut random)).collect()
}

/// Keeps questions apart from the cluster of the same seed.
const STREAM: u64 = 0x5155_4553_5449_4F4E;

/// An address that nothing names.
const OUTSIDE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// The addresses of nodes, and those at both edges of each block, on either side.
fn addresses(cluster: &Cluster) -> Vec<IpAddr> {
    let mut all = BTreeSet::from([OUTSIDE]);
    for text in within(&cluster.objects)
        .into_iter()
        .filter_map(Value::as_str)
    {
        all.extend(text.parse::<IpAddr>());
        if let Ok(block) = text.parse::<IpNet>() {
            let (first, last) = (block.network(), block.broadcast());
            all.extend([first, last]);
            all.extend(beside(first, -1));
            all.extend(beside(last, 1));
        }
    }
    let own = cluster.pods().filter(|pod| !is_host_network(pod));
    for address in own.flat_map(|pod| cluster.addresses(pod)) {
        all.remove(&address);
    }
    all.into_iter().collect()
}

/// The address after or before.
fn beside(address: IpAddr, step: i8) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let moved = address.to_bits().checked_add_signed(step.into())?;
            Some(IpAddr::V4(moved.into()))
        }
        IpAddr::V6(address) => {
            let moved = address.to_bits().checked_add_signed(step.into())?;
            Some(IpAddr::V6(moved.into()))
        }
    }
}

/// Where objects have the numbers of ports.
const PORT_FIELDS: [&str; 6] = ["port", "endPort", "containerPort", "number", "start", "end"];

/// The numbers of ports that the objects name, and their neighbours.
fn ports(objects: &[Value]) -> Vec<u16> {
    let mut all = BTreeSet::from([1, 65535]);
    let objects: Vec<&Value> = objects.iter().collect();
    for value in within(&objects) {
        let named = PORT_FIELDS
            .iter()
            .filter_map(|name| value.get(name)?.as_i64());
        for number in named {
            let near = [number - 1, number, number + 1].into_iter();
            let near = near.filter_map(|number| u16::try_from(number).ok());
            all.extend(near.filter(|port| *port > 0));
        }
    }
    all.into_iter().collect()
}

/// The values, and all that are in them.
fn within<'a>(values: &[&'a Value]) -> Vec<&'a Value> {
    let mut found = Vec::new();
    let mut open = values.to_vec();
    while let Some(value) = open.pop() {
        found.push(value);
        open.extend(value.as_array().into_iter().flatten());
        let fields = value.as_object().into_iter().flatten();
        open.extend(fields.map(|(_, field)| field));
    }
    found
}
