//! Connections that show something, in words.

use std::fmt;

use crate::connectivity::Endpoint;
use crate::facts::{Facts, Pod};
use crate::prove::Step;

/// Why something cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// In one line.
    pub message: String,
    /// The way that there may be; empty where it is about none.
    pub way: Vec<Hop>,
}

impl From<String> for Reason {
    fn from(message: String) -> Self {
        let way = Vec::new();
        Self { message, way }
    }
}

/// In one line, with the way.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.way.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", told(&self.way))
    }
}

/// Reasons in one line.
pub fn told_reasons(because: &[Reason]) -> String {
    let told: Vec<String> = because.iter().map(ToString::to_string).collect();
    told.join("; ")
}

/// A connection of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// Who opens it.
    pub from: Stop,
    /// Who accepts it.
    pub to: Stop,
    /// On which ports.
    pub ports: String,
}

/// An end of a connection of a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Its cluster, where that is another than the one of which something is proved.
    pub cluster: Option<String>,
    /// `namespace/workload`, or an address.
    pub name: String,
}

/// `namespace/workload`, and `cluster:namespace/workload` elsewhere.
impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cluster {
            Some(cluster) => write!(f, "{cluster}:{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A way in words.
pub fn told(witness: &[Hop]) -> String {
    let hops = witness
        .iter()
        .map(|Hop { from, to, ports }| format!("{from} -> {to} on {ports}"));
    hops.collect::<Vec<_>>().join(", then ")
}

/// A connection within a cluster.
pub(super) fn hop(step: &Step, facts: &Facts) -> Hop {
    let told = |end: Endpoint| match end {
        Endpoint::Address(address) => address.to_string(),
        Endpoint::Pod(pod) => facts.pods.get(pod).map(Pod::owner).unwrap_or_default(),
    };
    let here = |end| Stop {
        cluster: None,
        name: told(end),
    };
    Hop {
        from: here(step.from),
        to: here(step.to),
        ports: step.ports.to_string(),
    }
}
