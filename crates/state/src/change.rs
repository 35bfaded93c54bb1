//! Connections that open and close, told by zone.

use std::fmt;

use cofferdam_model::names::{ExternalNetworkName, ZoneName};

/// What opens and what closes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// What is possible now and was not, by the ends.
    pub opens: Vec<Change>,
    /// What was possible and is not any more.
    pub closes: Vec<Change>,
}

/// Connections from one zone to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Where they come from.
    pub from: Region,
    /// Where they go.
    pub to: Region,
    /// The ports of all of them together, as in `TCP 80,443-445; UDP 53`.
    pub ports: String,
    /// One of them.
    pub witness: Witness,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Witness {
    /// Who opens it: `namespace/name[Kind]`, or addresses.
    pub from: String,
    /// Who accepts it.
    pub to: String,
    /// On which ports.
    pub ports: String,
}

/// Where an end of a connection is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// In a zone.
    Zone(ZoneName),
    /// In a namespace of no zone.
    NoZone,
    /// At a node.
    Nodes,
    /// In an external network of the model.
    ExternalNetwork(ExternalNetworkName),
    /// At public addresses.
    Internet,
    /// At other addresses outside.
    Outside,
}

impl Region {
    /// The zone that it is.
    pub fn zone(&self) -> Option<&ZoneName> {
        match self {
            Self::Zone(zone) => Some(zone),
            Self::NoZone
            | Self::Nodes
            | Self::ExternalNetwork(_)
            | Self::Internet
            | Self::Outside => None,
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone(zone) => write!(f, "zone {zone}"),
            Self::NoZone => f.write_str("namespaces of no zone"),
            Self::Nodes => f.write_str("the nodes"),
            Self::ExternalNetwork(name) => write!(f, "external network {name}"),
            Self::Internet => f.write_str("the internet"),
            Self::Outside => f.write_str("addresses outside"),
        }
    }
}
