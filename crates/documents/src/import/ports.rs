//! Ports of policies as those of flows.

use std::collections::BTreeSet;

use cofferdam_model::flow::{Port, PortNumber, Protocol};
use k8s_openapi::api::networking::v1::NetworkPolicyPort;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Value, json};

/// Ports that a rule allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ports {
    /// Every port of every protocol.
    All,
    /// These.
    These(BTreeSet<Port>),
}

/// The ports of a rule, and what of them cannot be read.
pub(super) fn read(raw: Option<&Vec<NetworkPolicyPort>>) -> (Ports, Vec<String>) {
    let Some(raw) = raw.filter(|raw| !raw.is_empty()) else {
        return (Ports::All, Vec::new());
    };
    let (mut ports, mut faults) = (BTreeSet::new(), Vec::new());
    for one in raw {
        match port(one) {
            Some(port) => {
                ports.insert(port);
            }
            None => faults.push(format!("{:?}", one.port)),
        }
    }
    (Ports::These(ports), faults)
}

fn port(raw: &NetworkPolicyPort) -> Option<Port> {
    let protocol = match raw.protocol.as_deref() {
        None | Some("TCP") => Protocol::Tcp,
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => Protocol::Sctp,
        Some(_) => return None,
    };
    let port = match (&raw.port, raw.end_port) {
        (None, None) => PortNumber::Range(1, u16::MAX),
        (Some(IntOrString::Int(first)), end) => {
            let first = u16::try_from(*first).ok().filter(|first| *first > 0)?;
            let last = end.map_or(Ok(first), u16::try_from).ok()?;
            numbers(first, last)?
        }
        (Some(IntOrString::String(name)), None) => PortNumber::Name(name.clone()),
        (None | Some(IntOrString::String(_)), Some(_)) => return None,
    };
    Some(Port { protocol, port })
}

fn numbers(first: u16, last: u16) -> Option<PortNumber> {
    if first == last {
        Some(PortNumber::Number(first))
    } else {
        (first < last).then_some(PortNumber::Range(first, last))
    }
}

fn bounds(port: &PortNumber) -> Option<(u16, u16)> {
    match port {
        PortNumber::Number(number) => Some((*number, *number)),
        PortNumber::Range(first, last) => Some((*first, *last)),
        PortNumber::Name(_) => None,
    }
}

/// What two lists share, and whether they may share more: which number a name stands for, pods decide.
pub(super) fn shared(a: &Ports, b: &Ports) -> (Ports, bool) {
    let (these, others) = match (a, b) {
        (Ports::All, one) | (one, Ports::All) => return (one.clone(), false),
        (Ports::These(these), Ports::These(others)) => (these, others),
    };
    let (mut ports, mut maybe) = (BTreeSet::new(), false);
    for one in these {
        for other in others.iter().filter(|other| other.protocol == one.protocol) {
            let port = match (bounds(&one.port), bounds(&other.port)) {
                (Some((a, b)), Some((c, d))) => numbers(a.max(c), b.min(d)),
                (None, None) if one.port == other.port => Some(one.port.clone()),
                (None, Some((1, u16::MAX))) => Some(one.port.clone()),
                (Some((1, u16::MAX)), None) => Some(other.port.clone()),
                (None, _) | (_, None) => {
                    maybe = true;
                    None
                }
            };
            let protocol = one.protocol;
            ports.extend(port.map(|port| Port { protocol, port }));
        }
    }
    (Ports::These(ports), maybe)
}

impl Ports {
    /// Whether it allows nothing.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::These(ports) if ports.is_empty())
    }

    /// Adds what another allows.
    pub(super) fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::All, _) => {}
            (_, Self::All) => *self = Self::All,
            (Self::These(ports), Self::These(more)) => ports.extend(more.iter().cloned()),
        }
    }

    /// Whether it surely allows a port, told by its number.
    pub(super) fn allow(&self, protocol: Protocol, number: u16) -> bool {
        match self {
            Self::All => true,
            Self::These(ports) => ports.iter().any(|port| {
                let bounds = bounds(&port.port);
                port.protocol == protocol
                    && bounds.is_some_and(|(first, last)| (first..=last).contains(&number))
            }),
        }
    }

    /// Those with a number, and whether there are others.
    pub(super) fn numbered(&self) -> (Self, bool) {
        match self {
            Self::All => (Self::All, false),
            Self::These(ports) => {
                let (numbered, named): (BTreeSet<Port>, BTreeSet<Port>) = ports
                    .iter()
                    .cloned()
                    .partition(|port| bounds(&port.port).is_some());
                (Self::These(numbered), !named.is_empty())
            }
        }
    }

    /// As documents write it.
    pub(super) fn written(&self) -> Value {
        let Self::These(ports) = self else {
            return json!("all");
        };
        let ports = ports.iter().map(|port| {
            let number = match &port.port {
                PortNumber::Number(number) => json!(number),
                PortNumber::Name(name) => json!(name),
                PortNumber::Range(first, last) => json!(format!("{first}-{last}")),
            };
            json!({ "protocol": port.protocol.as_str(), "port": number })
        });
        ports.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(value: &Value) -> Ports {
        let raw: Vec<NetworkPolicyPort> = serde_json::from_value(value.clone()).unwrap();
        let (ports, faults) = read(Some(&raw));
        assert!(faults.is_empty(), "{faults:?}");
        ports
    }

    fn check(a: &Value, b: &Value, want: (&Value, bool)) {
        let (shared, maybe) = shared(&ports(a), &ports(b));
        assert_eq!((&shared.written(), maybe), want, "{a} and {b}");
    }

    #[test]
    fn ports_share_what_both_surely_allow() {
        let number = |number: u16| json!([{ "port": number }]);
        let tcp = json!([{ "protocol": "TCP" }]);
        let none = json!([]);
        check(
            &none,
            &number(80),
            (&json!([{ "protocol": "TCP", "port": 80 }]), false),
        );
        check(
            &number(80),
            &json!([{ "protocol": "UDP", "port": 80 }]),
            (&none, false),
        );
        let range = json!([{ "port": 70, "endPort": 80 }]);
        let narrower = json!([{ "port": 75, "endPort": 90 }]);
        let shared = json!([{ "protocol": "TCP", "port": "75-80" }]);
        check(&range, &narrower, (&shared, false));
        let named = json!([{ "port": "web" }]);
        let written = json!([{ "protocol": "TCP", "port": "web" }]);
        check(&named, &tcp, (&written, false));
        check(&named, &named, (&written, false));
        check(&named, &number(80), (&none, true));
        let sctp = json!([{ "protocol": "SCTP", "port": 5, "endPort": 5 }]);
        check(
            &sctp,
            &sctp,
            (&json!([{ "protocol": "SCTP", "port": 5 }]), false),
        );
    }

    #[test]
    fn a_port_that_cannot_be_read_is_told() {
        for odd in [
            json!([{ "protocol": "ICMP", "port": 1 }]),
            json!([{ "port": 90, "endPort": 80 }]),
            json!([{ "port": "web", "endPort": 80 }]),
            json!([{ "port": 0 }]),
        ] {
            let raw: Vec<NetworkPolicyPort> = serde_json::from_value(odd.clone()).unwrap();
            let (ports, faults) = read(Some(&raw));
            assert!(ports.is_empty() && faults.len() == 1, "{odd}");
        }
    }
}
