//! `ProveReport`.

use std::fmt;

use serde::{Serialize, Serializer};

/// What became of every guarantee.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProveReport {
    /// Always [`super::API_VERSION`].
    pub api_version: &'static str,
    /// Always `ProveReport`.
    pub kind: &'static str,
    /// Each cluster as the model wants it, and as it is.
    pub clusters: Vec<ProveCluster>,
}

/// The guarantees in one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProveCluster {
    /// Its name.
    pub name: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// `model` for what the documents ask for, `live` for what the cluster holds.
    pub on: &'static str,
    /// The network plugins of whose readings each was tried.
    pub dialects: Vec<&'static str>,
    /// Whether policies are enforced there: `yes`, `no` or `unknown`.
    pub enforced: &'static str,
    /// One for each guarantee, in the order of names.
    pub proofs: Vec<WireProof>,
}

/// What became of a guarantee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireProof {
    /// The guarantee.
    pub guarantee: String,
    /// `proved`, `broken` or `unknown`.
    pub verdict: &'static str,
    /// The reading under which it is broken.
    pub dialect: Option<&'static str>,
    /// The connections that show it broken; of one that must always be possible, the one that is not.
    pub witness: Vec<WireHop>,
    /// Why it is unknown, one line each.
    pub because: Vec<WireReason>,
    /// What would settle it, where it is unknown and something is known that would.
    pub hint: Option<String>,
    /// The waiver that covers it, where it is broken.
    pub waiver: Option<String>,
}

/// Why a guarantee is unknown; to programs it is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireReason {
    /// In one line.
    pub message: String,
    /// The way that there may be; empty where it is about none.
    pub way: Vec<WireHop>,
}

impl fmt::Display for WireReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (number, hop) in self.way.iter().enumerate() {
            let before = if number == 0 { ": " } else { ", then " };
            write!(f, "{before}{} on {}", hop.ends(), hop.ports)?;
        }
        Ok(())
    }
}

impl Serialize for WireReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A connection of a witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireHop {
    /// Who opens it.
    pub from: String,
    /// Its cluster, where that is another than the one of the proof.
    pub from_cluster: Option<String>,
    /// Who accepts it.
    pub to: String,
    /// Its cluster, where that is another than the one of the proof.
    pub to_cluster: Option<String>,
    /// On which ports.
    pub ports: String,
}

impl WireHop {
    /// Who opens it and who accepts it.
    pub fn ends(&self) -> String {
        let named = |cluster: &Option<String>, name: &str| {
            let cluster = cluster.as_ref();
            cluster.map_or_else(|| name.to_owned(), |cluster| format!("{cluster}:{name}"))
        };
        let from = named(&self.from_cluster, &self.from);
        format!("{from} -> {}", named(&self.to_cluster, &self.to))
    }
}
