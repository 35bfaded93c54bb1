//! Services as destinations: what is behind them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Result, bail};
use cofferdam_model::flow::Protocol;
use cofferdam_semantics::Classes;
use cofferdam_semantics::connectivity::{Endpoint, NodePort, ServiceAddress};
use cofferdam_semantics::facts::{Facts, Service};
use cofferdam_semantics::node_ports::{self, BehindNode, Lead};
use cofferdam_semantics::services::{self, AskedPort, Backend, NoBackend, asked_ports};

use super::ends::{Destination, End, Port, Target};

/// What a connection goes through.
#[derive(Debug, Clone)]
pub(super) struct Through {
    /// The Service, as `namespace/name`; none where a port of a node leads to pods themselves.
    pub(super) service: Option<String>,
    /// The addresses at which it is asked for; none for a headless one, and where none is known.
    pub(super) addresses: Vec<IpAddr>,
    /// Its port, there.
    pub(super) port: u16,
    /// The port of the node at which it is asked for, where it is.
    pub(super) at_node: Option<NodePort>,
    /// Whether it is reached from outside.
    pub(super) is_published: bool,
    /// Whether it was asked for at an address outside the cluster, at which pods are seen as nodes as well.
    pub(super) at_outside: bool,
    is_headless: bool,
}

impl Through {
    /// What a network plugin may see in place of what is behind the Service; nothing for a headless one.
    pub(super) fn seen(&self) -> Vec<ServiceAddress> {
        let port = self.port;
        let seen = self.addresses.iter().map(|address| ServiceAddress {
            address: Some(*address),
            port,
        });
        let is_unknown = self.addresses.is_empty() && !self.is_headless;
        let unknown = is_unknown.then_some(ServiceAddress {
            address: None,
            port,
        });
        seen.chain(unknown).collect()
    }
}

/// What is behind an address where that is one of a Service, or of a node of which this port leads on; none where it is
/// not. At an address that others have too, such as a node, only a port of the Service is its own.
pub(super) fn at_address(word: &str, classes: &Classes, port: Port<'_>) -> Result<Destination> {
    let facts = classes.facts();
    let mut found = Destination::default();
    let Ok(address) = word.parse::<IpAddr>() else {
        return Ok(found);
    };
    for service in services::at(facts, address) {
        let has_port = !asked_ports(service, port.0, port.1).is_empty();
        if has_port || service.cluster_addresses.contains(&address) {
            found
                .targets
                .extend(at(service, &[address], classes, port)?);
        }
    }
    if let AskedPort::Number(number) = port.0 {
        let BehindNode { leads, unknown } = node_ports::behind(facts, address, (number, port.1));
        for lead in leads {
            let targets = at_node(lead, (address, number), classes)?;
            found.targets.extend(targets);
        }
        found.unknown.extend(unknown);
    }
    Ok(found)
}

/// What is behind a port of a node.
fn at_node(
    lead: Lead<'_>,
    (address, port): (IpAddr, u16),
    classes: &Classes,
) -> Result<Vec<Target>> {
    let Lead {
        service,
        backends,
        keeps_client,
    } = lead;
    let through = Through {
        service: service.map(name),
        addresses: vec![address],
        port,
        at_node: Some(NodePort {
            address,
            port,
            keeps_client,
        }),
        is_published: true,
        at_outside: true,
        is_headless: false,
    };
    match backends {
        Ok(backends) => Ok(alike(backends, classes, &through)),
        Err(why) => bail!(
            "Service `{}` {}",
            through.service.unwrap_or_default(),
            reason(why)
        ),
    }
}

fn name(service: &Service) -> String {
    format!("{}/{}", service.namespace, service.name)
}

/// What is behind a Service.
pub(super) fn behind(service: &Service, classes: &Classes, port: Port<'_>) -> Result<Vec<Target>> {
    at(service, &service.cluster_addresses, classes, port)
}

/// That a Service is called like the pods that were asked about, where its port leads to another of theirs.
pub(super) fn other_port(
    service: &Service,
    facts: &Facts,
    (port, protocol): Port<'_>,
) -> Option<String> {
    let backends = services::backends(facts, service, port, protocol).ok()?;
    let leads_on = asked_ports(service, port, protocol).into_iter().any(|one| {
        let mut own = backends.iter();
        own.any(|backend| backend.protocol == one.protocol && backend.port != one.port)
    });
    leads_on.then(|| {
        let name = name(service);
        format!("Service {name} has this port too, and leads to another: `--to {name}[Service]` asks about what is behind it")
    })
}

fn at(
    service: &Service,
    addresses: &[IpAddr],
    classes: &Classes,
    (port, protocol): Port<'_>,
) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    // Of several ports, one that leads nowhere leaves the others.
    let mut failed = NoBackend::NoPort;
    for port in asked_ports(service, port, protocol) {
        let through = Through {
            service: Some(name(service)),
            addresses: addresses.to_vec(),
            port: port.port,
            at_node: None,
            is_published: service.is_published(),
            at_outside: !service.keeps_client
                && addresses
                    .iter()
                    .any(|one| !service.cluster_addresses.contains(one)),
            is_headless: service.is_headless,
        };
        match services::backends(
            classes.facts(),
            service,
            AskedPort::Number(port.port),
            Some(port.protocol),
        ) {
            Ok(backends) => targets.extend(alike(backends, classes, &through)),
            Err(why) => failed = why,
        }
    }
    if targets.is_empty() {
        bail!("Service `{}` {}", name(service), reason(failed));
    }
    Ok(targets)
}

/// One of those backends that policies do not tell apart, by the name of the workload where that is all of it.
fn alike(backends: Vec<Backend>, classes: &Classes, through: &Through) -> Vec<Target> {
    let facts = classes.facts();
    let behind = |name: String| match &through.service {
        Some(service) => format!("{name} (behind Service {service})"),
        None => format!("{name} (behind a port of its node)"),
    };
    let target = |endpoint: Endpoint, name: String, (protocol, port): (Protocol, u16)| Target {
        end: End { endpoint, name },
        protocol,
        port,
        through: Some(through.clone()),
    };
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
                let name = behind(address.to_string());
                told.push(target(endpoint, name, (protocol, port)));
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
        Some(target(Endpoint::Pod(pod), behind(name), (protocol, port)))
    }));
    told
}

/// Why a Service leads nowhere, and what to ask instead.
fn reason(why: NoBackend) -> String {
    let instead = match why {
        NoBackend::NoSelector => ": ask about the addresses behind it",
        NoBackend::ExternalName => ": ask about the addresses of that",
        NoBackend::NoPort
        | NoBackend::NoEndpoint
        | NoBackend::NoPod
        | NoBackend::NoTarget
        | NoBackend::NoneOnNode => "",
    };
    format!("{}{instead}", why.told())
}
