//! One connection over one pair of addresses, and the two sides from which policies look at it.

use std::net::IpAddr;

use cofferdam_model::flow::Protocol;
use ipnet::IpNet;
use serde_json::Value;

/// One end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'a> {
    /// The pod, if it is one, also in the host network.
    pub pod: Option<&'a Value>,
    /// Its address; absent where it is not known yet.
    pub address: Option<IpAddr>,
    /// Whether that is an IPv4 address.
    pub is_ipv4: bool,
    /// Where it lies while it is not known; anywhere where there is no network.
    pub within: &'a [IpNet],
}

impl<'a> Side<'a> {
    pub(crate) fn at(pod: Option<&'a Value>, address: IpAddr) -> Self {
        Self {
            pod,
            address: Some(address),
            is_ipv4: address.is_ipv4(),
            within: &[],
        }
    }
}

/// Whether a rule is about a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    No,
    /// It depends on the address, which is not known.
    Perhaps,
    Surely,
}

impl Match {
    pub(crate) fn of(matches: bool) -> Self {
        if matches { Self::Surely } else { Self::No }
    }
}

/// A connection over one pair of addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connection<'a> {
    pub from: Side<'a>,
    pub to: Side<'a>,
    pub protocol: Protocol,
    pub port: u16,
    /// Whether a pod and a node of which that is not known are taken to be on one node.
    pub supposes_one_node: bool,
}

/// Which of its two sides a policy governs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    /// The side that a policy of this direction governs.
    pub(crate) fn subject<'a>(self, connection: &Connection<'a>) -> Side<'a> {
        match self {
            Self::Ingress => connection.to,
            Self::Egress => connection.from,
        }
    }

    /// The side that its rules name.
    pub(crate) fn peer<'a>(self, connection: &Connection<'a>) -> Side<'a> {
        match self {
            Self::Ingress => connection.from,
            Self::Egress => connection.to,
        }
    }

    /// Where a policy has its rules.
    pub(crate) fn rules(self) -> &'static str {
        match self {
            Self::Ingress => "/spec/ingress",
            Self::Egress => "/spec/egress",
        }
    }

    /// Where a rule has its peers.
    pub(crate) fn peers(self) -> &'static str {
        match self {
            Self::Ingress => "/from",
            Self::Egress => "/to",
        }
    }

    /// The word of `policyTypes`.
    pub(crate) fn policy_type(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }
}
