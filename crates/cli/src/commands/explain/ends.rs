//! The ends of a connection to be explained.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Result, bail};
use cofferdam_documents::did_you_mean;
use cofferdam_model::flow::Protocol;
use cofferdam_semantics::Classes;
use cofferdam_semantics::connectivity::Endpoint;
use cofferdam_semantics::facts::{Facts, Pod};
use cofferdam_semantics::services::{self, AskedPort, Backend, NoBackend};
use ipnet::IpNet;

use crate::args::ExplainArguments;

/// A connection to be explained.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) from: End,
    pub(super) to: End,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
}

/// An end, with the name by which it is told.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) endpoint: Endpoint,
    pub(super) name: String,
}

/// The connections that a command line means: one for each pair of ends that policies tell apart.
pub(super) fn asked(command: &ExplainArguments, classes: &Classes) -> Result<Vec<Asked>> {
    let facts = classes.facts();
    let (port, protocol) = port(&command.port)?;
    let from = ends(&command.from, classes)?;
    if from.is_empty() {
        bail!(
            "`--from {}` names nothing that is there{}",
            command.from,
            hint(&command.from, facts)
        );
    }
    let to = ends(&command.to, classes)?;
    let targets = if to.is_empty() {
        behind(&command.to, classes, (port, protocol))?
    } else {
        on_ports(to, facts, (port, protocol))?
    };
    let pairs = from.iter().flat_map(|from| {
        targets.iter().map(|(to, protocol, port)| Asked {
            from: from.clone(),
            to: to.clone(),
            protocol: *protocol,
            port: *port,
        })
    });
    Ok(pairs.collect())
}

/// `PORT[/PROTOCOL]`.
fn port(word: &str) -> Result<(AskedPort<'_>, Option<Protocol>)> {
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
        let samples = classes.samples(&network.trunc()).into_iter();
        let samples = samples.map(|(first, last)| End {
            endpoint: Endpoint::Address(first),
            name: if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            },
        });
        return Ok(samples.collect());
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

fn end(place: usize, name: &str) -> End {
    End {
        endpoint: Endpoint::Pod(place),
        name: name.to_owned(),
    }
}

/// Ends with the ports that a name stands for on each.
fn on_ports(
    ends: Vec<End>,
    facts: &Facts,
    (port, protocol): (AskedPort<'_>, Option<Protocol>),
) -> Result<Vec<(End, Protocol, u16)>> {
    let protocol = protocol.unwrap_or(Protocol::Tcp);
    let mut all = Vec::new();
    for end in ends {
        match (port, end.endpoint) {
            (AskedPort::Number(number), _) => all.push((end, protocol, number)),
            (AskedPort::Name(name), Endpoint::Address(_)) => {
                bail!("an address has no port called `{name}`: give its number");
            }
            (AskedPort::Name(name), Endpoint::Pod(place)) => {
                let pod = facts.pods.get(place);
                let numbers = pod.map(|pod| services::numbers_of(pod, name, protocol));
                let numbers = numbers.unwrap_or_default();
                if numbers.is_empty() {
                    bail!(
                        "no container of `{}` names a {} port `{name}`",
                        end.name,
                        protocol.as_str()
                    );
                }
                all.extend(
                    numbers
                        .into_iter()
                        .map(|number| (end.clone(), protocol, number)),
                );
            }
        }
    }
    Ok(all)
}

/// The pods behind a Service.
fn behind(
    word: &str,
    classes: &Classes,
    (port, protocol): (AskedPort<'_>, Option<Protocol>),
) -> Result<Vec<(End, Protocol, u16)>> {
    let facts = classes.facts();
    let service = word
        .split_once('/')
        .and_then(|(namespace, name)| services::named(facts, namespace, name));
    let Some(service) = service else {
        bail!(
            "`--to {word}` names nothing that is there{}",
            hint(word, facts)
        );
    };
    let backends = match services::backends(facts, service, port, protocol) {
        Ok(backends) => backends,
        Err(why) => bail!("Service `{word}` {}", reason(why)),
    };
    // One of those that policies do not tell apart, by the name of the workload where that is all of it.
    let mut alike: BTreeMap<(&[u32], Protocol, u16), usize> = BTreeMap::new();
    let mut told = Vec::new();
    for Backend {
        end: endpoint,
        protocol,
        port,
    } in backends
    {
        match endpoint {
            Endpoint::Pod(pod) => {
                let key = (classes.of_pod(pod), protocol, port);
                alike.entry(key).or_insert(pod);
            }
            Endpoint::Address(address) => {
                let name = format!("{address} (behind Service {word})");
                told.push((End { endpoint, name }, protocol, port));
            }
        }
    }
    let divided = classes.divided();
    told.extend(alike.into_iter().filter_map(|((_, protocol, port), pod)| {
        let of = facts.pods.get(pod)?;
        let owner = (Arc::clone(&of.namespace), of.workload.clone());
        let name = if divided.contains(&owner) {
            format!("{}/{}[Pod]", of.namespace, of.name)
        } else {
            format!("{}/{}", of.namespace, of.workload)
        };
        let name = format!("{name} (behind Service {word})");
        Some((end(pod, &name), protocol, port))
    }));
    Ok(told)
}

/// Why a Service leads nowhere, and what to ask instead.
fn reason(why: NoBackend) -> String {
    let instead = match why {
        NoBackend::NoSelector => ": ask about the addresses behind it",
        NoBackend::ExternalName => ": ask about the addresses of that",
        NoBackend::NoPort | NoBackend::NoEndpoint | NoBackend::NoPod | NoBackend::NoTarget => "",
    };
    format!("{}{instead}", why.told())
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
