//! The ends of a connection to be explained.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::{Result, bail};
use cofferdam_documents::did_you_mean;
use cofferdam_model::flow::Protocol;
use cofferdam_report::output;
use cofferdam_semantics::Classes;
use cofferdam_semantics::connectivity::Endpoint;
use cofferdam_semantics::facts::{Facts, Pod, Service};
use cofferdam_semantics::services::{AskedPort, numbers_of};
use ipnet::IpNet;

use super::services::{self, Through};
use crate::args::ExplainArguments;
use crate::input::Input;

/// A connection to be explained.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) from: End,
    pub(super) to: Target,
    /// What is worth knowing of how the question was read.
    pub(super) hints: Vec<String>,
}

/// What is asked about, and what stands in the way of telling all of it.
#[derive(Debug)]
pub(super) struct Question {
    /// One for each pair of ends that policies tell apart.
    pub(super) connections: Vec<Asked>,
    /// What may be meant as well, or may not, one line each.
    pub(super) unknown: Vec<String>,
}

/// What a destination means; nothing where it names nothing.
#[derive(Debug, Default)]
pub(super) struct Destination {
    pub(super) targets: Vec<Target>,
    pub(super) hints: Vec<String>,
    pub(super) unknown: Vec<String>,
}

/// A port of an end.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) end: End,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
    /// What leads there.
    pub(super) through: Option<Through>,
}

/// An end, with the name by which it is told.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) endpoint: Endpoint,
    pub(super) name: String,
}

/// The connections that a command line means.
pub(super) fn asked(
    command: &ExplainArguments,
    classes: &Classes,
    input: &Input,
) -> Result<Question> {
    let (port, protocol) = port(&command.port)?;
    let from = ends(&command.from, classes)?;
    if from.is_empty() {
        return not_there(("--from", &command.from), input);
    }
    let Destination {
        targets,
        hints,
        unknown,
    } = destination(&command.to, classes, (port, protocol))?;
    if targets.is_empty() {
        return not_there(("--to", &command.to), input);
    }
    let pairs = from.iter().flat_map(|from| {
        targets.iter().map(|to| Asked {
            from: from.clone(),
            to: to.clone(),
            hints: hints.clone(),
        })
    });
    Ok(Question {
        connections: pairs.collect(),
        unknown,
    })
}

/// An error for a name of nothing, with everything in which it may be nevertheless.
fn not_there<T>((option, word): (&str, &str), input: &Input) -> Result<T> {
    let may_be_in = input.may_be_in();
    for place in &may_be_in {
        output::talk(&format!("incomplete: {place}"))?;
    }
    let known = if may_be_in.is_empty() {
        "is there"
    } else {
        "is known to be there"
    };
    let hint = hint(word, &input.facts);
    bail!("`{option} {word}` names nothing that {known}{hint}")
}

fn destination(word: &str, classes: &Classes, port: Port<'_>) -> Result<Destination> {
    let facts = classes.facts();
    let Some(named) = named(word, facts) else {
        let mut found = services::at_address(word, classes, port)?;
        if found.targets.is_empty() {
            found.targets = on_ports(ends(word, classes)?, facts, port)?;
        }
        return Ok(found);
    };
    let ends = ends(word, classes)?;
    if ends.is_empty() {
        return Ok(Destination {
            targets: services::behind(named, classes, port)?,
            ..Destination::default()
        });
    }
    let hint = services::other_port(named, facts, port);
    Ok(Destination {
        targets: on_ports(ends, facts, port)?,
        hints: hint.into_iter().collect(),
        unknown: Vec::new(),
    })
}

/// The Service that a word names, as `namespace/name` or `namespace/name[Service]`.
fn named<'a>(word: &str, facts: &'a Facts) -> Option<&'a Service> {
    let word = word.strip_suffix("[Service]").unwrap_or(word);
    let (namespace, name) = word.split_once('/')?;
    cofferdam_semantics::services::named(facts, namespace, name)
}

/// A port as it was asked for.
pub(super) type Port<'a> = (AskedPort<'a>, Option<Protocol>);

/// `PORT[/PROTOCOL]`.
fn port(word: &str) -> Result<Port<'_>> {
    let (port, protocol) = match word.split_once('/') {
        Some((port, protocol)) => (port, Some(protocol)),
        None => (word, None),
    };
    let protocol = match protocol.map(str::to_uppercase).as_deref() {
        None => None,
        Some("TCP") => Some(Protocol::Tcp),
        Some("UDP") => Some(Protocol::Udp),
        Some("SCTP") => Some(Protocol::Sctp),
        Some(other) => bail!("`{other}` is none of TCP, UDP and SCTP"),
    };
    let port = match port.parse::<u16>() {
        Ok(0) => bail!("ports are numbers from 1 to 65535"),
        Ok(number) => AskedPort::Number(number),
        Err(_) if port.chars().all(|c| c.is_ascii_digit()) => {
            bail!("ports are numbers from 1 to 65535")
        }
        Err(_) => AskedPort::Name(port),
    };
    Ok((port, protocol))
}

/// The pods or addresses of a word, one of those that policies do not tell apart; none where there is nothing of
/// that name.
fn ends(word: &str, classes: &Classes) -> Result<Vec<End>> {
    let facts = classes.facts();
    if let Ok(address) = word.parse::<IpAddr>() {
        let pod = facts
            .pods
            .iter()
            .position(|pod| !pod.place.host_network && pod.addresses.contains(&address));
        return Ok(vec![End {
            endpoint: pod.map_or(Endpoint::Address(address), Endpoint::Pod),
            name: word.to_owned(),
        }]);
    }
    if let Ok(network) = word.parse::<IpNet>() {
        return Ok(inside(&network.trunc(), classes));
    }
    let Some((namespace, name)) = word.split_once('/') else {
        bail!("`{word}` is none of `namespace/name`, an address and a CIDR");
    };
    let of_namespace = || {
        facts
            .pods
            .iter()
            .enumerate()
            .filter(|(_, pod)| *pod.namespace == *namespace)
    };
    let named = |pod: &Pod| *pod.name == *name || format!("{}[Pod]", pod.name) == name;
    if let Some((place, _)) = of_namespace().find(|(_, pod)| named(pod)) {
        return Ok(vec![end(place, word)]);
    }
    let mut alike: BTreeMap<&[u32], (usize, &Pod)> = BTreeMap::new();
    for (place, pod) in of_namespace() {
        if *pod.workload.name == *name || pod.workload.to_string() == name {
            alike.entry(classes.of_pod(place)).or_insert((place, pod));
        }
    }
    let several = alike.len() > 1;
    let ends = alike.into_values().map(|(place, pod)| {
        let name = if several {
            format!("{namespace}/{}[Pod]", pod.name)
        } else {
            format!("{namespace}/{}", pod.workload)
        };
        end(place, &name)
    });
    Ok(ends.collect())
}

/// Who has addresses in a network: addresses outside, nodes and pods, one of those that policies do not tell apart.
fn inside(network: &IpNet, classes: &Classes) -> Vec<End> {
    let at = |address: IpAddr, name: String| End {
        endpoint: Endpoint::Address(address),
        name,
    };
    let samples = classes.samples(network).into_iter();
    let outside = samples.map(|(first, last)| {
        let name = if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        };
        at(first, name)
    });
    let nodes = classes.nodes_in(network).into_iter();
    let nodes = nodes.map(|address| at(address, address.to_string()));
    let mut alike: BTreeMap<&[u32], End> = BTreeMap::new();
    let pods = classes.facts().pods.iter().enumerate();
    for (place, pod) in pods.filter(|(_, pod)| !pod.place.host_network) {
        let mut own = pod.addresses.iter();
        if let Some(address) = own.find(|address| network.contains(*address)) {
            let kind = alike.entry(classes.of_pod(place));
            kind.or_insert_with(|| {
                end(
                    place,
                    &format!("{address} ({}/{})", pod.namespace, pod.name),
                )
            });
        }
    }
    let whole = network.prefix_len() == network.max_prefix_len();
    let taken: Vec<End> = nodes.chain(alike.into_values()).collect();
    if whole && !taken.is_empty() {
        return taken;
    }
    outside.chain(taken).collect()
}

fn end(place: usize, name: &str) -> End {
    End {
        endpoint: Endpoint::Pod(place),
        name: name.to_owned(),
    }
}

/// Ends with the ports that a name stands for on each.
fn on_ports(ends: Vec<End>, facts: &Facts, (port, protocol): Port<'_>) -> Result<Vec<Target>> {
    let protocol = protocol.unwrap_or(Protocol::Tcp);
    let target = |end: End, port: u16| Target {
        end,
        protocol,
        port,
        through: None,
    };
    let mut all = Vec::new();
    for end in ends {
        match (port, end.endpoint) {
            (AskedPort::Number(number), _) => all.push(target(end, number)),
            (AskedPort::Name(name), Endpoint::Address(_)) => {
                bail!("an address has no port called `{name}`: give its number");
            }
            (AskedPort::Name(name), Endpoint::Pod(place)) => {
                let pod = facts.pods.get(place);
                let numbers = pod.map(|pod| numbers_of(pod, name, protocol));
                let numbers = numbers.unwrap_or_default();
                if numbers.is_empty() {
                    bail!(
                        "no container of `{}` names a {} port `{name}`",
                        end.name,
                        protocol.as_str()
                    );
                }
                let numbers = numbers.into_iter();
                all.extend(numbers.map(|number| target(end.clone(), number)));
            }
        }
    }
    Ok(all)
}

fn hint(word: &str, facts: &Facts) -> String {
    let pods = facts.pods.iter();
    let names = pods.flat_map(|pod| {
        let of = |name: &str| format!("{}/{name}", pod.namespace);
        [of(&pod.name), of(&pod.workload.name)]
    });
    let of_services = facts.services.iter();
    let of_services = of_services.map(|service| format!("{}/{}", service.namespace, service.name));
    let names: Vec<String> = names.chain(of_services).collect();
    let hint = did_you_mean(word, names.iter().map(String::as_str));
    hint.map(|hint| format!("; {hint}")).unwrap_or_default()
}
