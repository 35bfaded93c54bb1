//! The destination of a claim, with the ports on which it is claimed to be reached or not.

use std::collections::BTreeMap;

use cofferdam_model::flow::{End, Port, PortNumber, Ports};

use super::services;
use super::sides::{Place, side};
use crate::facts::Pod;
use crate::ports::PortSet;
use crate::prove::Side;
use crate::services::numbers_of;

/// What a claim is about in a cluster.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// The ends that are reached on the same ports, by these.
    pub(super) by_ports: BTreeMap<PortSet, Side>,
    /// The ends of which the ports are not known: any of these, and why.
    pub(super) uncertain: Option<(PortSet, Side, String)>,
    /// Why some names of ports stand for none, where they do.
    pub(super) unnamed: Option<String>,
}

impl Targets {
    fn one(ports: PortSet, side: Side) -> Self {
        Self {
            by_ports: [(ports, side)].into(),
            ..Self::default()
        }
    }

    /// The ends that are certain, with their ports.
    pub(super) fn ends(&self) -> Vec<(&PortSet, &Side)> {
        self.by_ports.iter().collect()
    }

    /// The pods among the ends that are certain.
    pub(super) fn pods(&self) -> impl Iterator<Item = &usize> {
        self.by_ports.values().flat_map(|side| &side.pods)
    }

    /// Whether nobody is a destination.
    pub(super) fn is_empty(&self) -> bool {
        let mut sides = self.by_ports.values();
        sides.all(Side::is_empty) && self.uncertain.is_none()
    }
}

/// The ends and ports of a destination; why these cannot be told.
pub(super) fn targets(to: &End, ports: &Ports, place: &Place<'_>) -> Result<Targets, String> {
    if let (Ports::Known, End::ClusterService(service)) = (ports, to) {
        let by_ports = services::known_ports(*service, place)?;
        return Ok(Targets {
            by_ports,
            ..Targets::default()
        });
    }
    let all = side(to, place)?;
    let Ports::Some(ports) = ports else {
        return Ok(Targets::one(PortSet::all(), all));
    };
    let numbers = numbers(ports);
    let names: Vec<(&Port, &str)> = ports.iter().filter_map(named).collect();
    if names.is_empty() {
        return Ok(Targets::one(numbers, all));
    }
    Ok(by_name(&numbers, &names, &all, place))
}

/// Each pod with the numbers that it gives to names; a pod that does not exist yet may give these to any.
fn by_name(numbers: &PortSet, names: &[(&Port, &str)], all: &Side, place: &Place<'_>) -> Targets {
    let mut targets = Targets::default();
    let mut future = Side::default();
    let (mut lacking, mut existing) = (Vec::new(), 0_usize);
    let pods = all.pods.iter().filter_map(|number| {
        let pod = place.facts.pods.get(*number)?;
        Some((*number, pod))
    });
    for (number, pod) in pods {
        if pod.is_future {
            future.pods.insert(number);
        } else {
            let missing = names.iter().filter(|name| given(&[**name], pod).is_empty());
            lacking.extend(missing.map(|(_, name)| (*name, pod)));
            existing += 1;
        }
        let own = numbers.or(&given(names, pod));
        if !own.is_empty() {
            targets.by_ports.entry(own).or_default().pods.insert(number);
        }
    }
    if !future.pods.is_empty() {
        let any = names.iter().map(|(port, _)| port.protocol);
        let told: Vec<String> = names.iter().map(|(_, name)| format!("`{name}`")).collect();
        let because = format!(
            "a new pod may give the name {} to any port",
            told.join(" or ")
        );
        targets.uncertain = Some((PortSet::of_protocols(any), future, because));
    }
    targets.unnamed = match lacking.first() {
        Some((name, pod)) => Some(format!("{} has no port `{name}`", pod.owner())),
        None => (existing == 0).then(|| "no pod has a port of this name".to_owned()),
    };
    targets
}

fn given(names: &[(&Port, &str)], pod: &Pod) -> PortSet {
    let numbers = names.iter().flat_map(|(port, name)| {
        let numbers = numbers_of(pod, name, port.protocol).into_iter();
        numbers.map(|number| PortSet::one(port.protocol, number))
    });
    numbers.fold(PortSet::none(), |all, one| all.or(&one))
}

/// Those of some ports that are not named.
pub(super) fn numbers(ports: &[Port]) -> PortSet {
    let numbers = ports.iter().map(|port| match &port.port {
        PortNumber::Number(number) => PortSet::one(port.protocol, *number),
        PortNumber::Range(first, last) => PortSet::range(port.protocol, *first..=*last),
        PortNumber::Name(_) => PortSet::none(),
    });
    numbers.fold(PortSet::none(), |all, one| all.or(&one))
}

fn named(port: &Port) -> Option<(&Port, &str)> {
    match &port.port {
        PortNumber::Name(name) => Some((port, name)),
        PortNumber::Number(_) | PortNumber::Range(..) => None,
    }
}
