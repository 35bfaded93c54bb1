//! What must never, or always, be possible.

use crate::flow::{End, Ports};
use crate::names::GuaranteeName;

/// Something to be proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarantee {
    /// Its name.
    pub name: GuaranteeName,
    /// What is claimed.
    pub claim: Claim,
    /// Over how many connections.
    pub hops: Hops,
}

/// What a guarantee claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// No connection is possible.
    Never {
        /// Source.
        from: End,
        /// Destination.
        to: End,
        /// On these ports; all where left out.
        ports: Ports,
    },
    /// The connection is always possible.
    Always {
        /// Source.
        from: End,
        /// Destination.
        to: End,
        /// On these ports.
        ports: Ports,
    },
}

/// Whether a chain of connections counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hops {
    /// One connection.
    Direct,
    /// Any chain of connections.
    Any,
}
