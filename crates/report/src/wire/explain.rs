//! `ExplainReport`.

use serde::Serialize;

use super::API_VERSION;
use super::reach::Grounds;

/// Why a connection is allowed or denied.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainReport {
    /// Always [`API_VERSION`].
    pub api_version: &'static str,
    /// Always `ExplainReport`.
    pub kind: &'static str,
    /// Whether everything that decides was read and understood.
    pub complete: bool,
    /// What was not, one line each.
    pub incomplete_because: Vec<String>,
    /// The network plugin whose reading was used; `any` where it is not known.
    pub dialect: &'static str,
    /// Whether policies are enforced: `yes`, `no` or `unknown`.
    pub enforced: &'static str,
    /// What is worth knowing about all of it.
    pub notes: Vec<String>,
    /// `allowed`, `denied`, `undecided` where the API leaves it open, or `mixed` where the answers differ.
    pub verdict: &'static str,
    /// One answer for each pair of ends that policies tell apart.
    pub answers: Vec<Answer>,
}

/// The answer for one pair of ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Who opens the connection.
    pub from: String,
    /// Who accepts it.
    pub to: String,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: &'static str,
    /// The port of the destination itself, behind any Service.
    pub port: u16,
    /// The Service through which the destination is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<WireService>,
    /// `allowed`, `denied` or `undecided`.
    pub verdict: &'static str,
    /// Why policies are not asked, where they are not.
    pub exemption: Option<String>,
    /// What the policies of the source say.
    pub egress: WireSide,
    /// What the policies of the destination say.
    pub ingress: WireSide,
    /// What would have to change for another verdict.
    pub changes: Vec<String>,
    /// What other network plugins, or a mesh, see otherwise.
    pub hints: Vec<String>,
}

/// A Service that leads to a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireService {
    /// `namespace/name`.
    pub service: String,
    /// The addresses at which it is reached; none for a headless one, and where none is known. That of a node, where it was
    /// asked for there.
    pub addresses: Vec<String>,
    /// The port of the Service, or that of the node.
    pub port: u16,
    /// Whether policies of egress are asked about the address and port of the Service, and those of ingress about what
    /// is behind it.
    pub judged_before_translation: bool,
}

/// What the policies of one side say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireSide {
    /// `allowed`, `denied` or `undecided`.
    pub verdict: &'static str,
    /// Policies that isolate the pod, so that what no rule allows is denied.
    pub isolated_by: Vec<WirePolicy>,
    /// Rules that match, in the order in which they are asked, up to the one that decides.
    pub rules: Vec<WireRule>,
    /// Rules that match the other end on other ports.
    pub on_other_ports: Vec<WireRule>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WirePolicy {
    /// `Kind/[namespace/]name`.
    pub policy: String,
    /// File and line; none for a live object.
    pub place: Option<String>,
}

/// A rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireRule {
    /// `Kind/[namespace/]name`.
    pub policy: String,
    /// The rule, such as `spec.ingress[0]`.
    pub path: String,
    /// File, line and column of the rule; none for a live object.
    pub place: Option<String>,
    /// `allow`, `deny` or `pass`.
    pub action: &'static str,
    /// The ports that it matches on this destination.
    pub ports: String,
    /// Whether it matches the other end only at some of the addresses that that may have, which are not known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub perhaps: bool,
}

impl ExplainReport {
    /// The report of these answers.
    pub fn new(grounds: Grounds, answers: Vec<Answer>) -> Self {
        let first = answers.first().map_or("denied", |answer| answer.verdict);
        let alike = answers.iter().all(|answer| answer.verdict == first);
        Self {
            api_version: API_VERSION,
            kind: "ExplainReport",
            complete: grounds.incomplete_because.is_empty(),
            incomplete_because: grounds.incomplete_because,
            dialect: grounds.dialect,
            enforced: grounds.enforced,
            notes: grounds.notes,
            verdict: if alike { first } else { "mixed" },
            answers,
        }
    }
}
