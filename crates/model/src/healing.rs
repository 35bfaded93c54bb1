//! What a controller does about findings: per trust domain, per zone, and per class in each.

use std::collections::BTreeMap;

use crate::class::Class;
use crate::trust_domain::TrustDomain;
use crate::zone::{Sensitivity, Zone};

/// What a controller does about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Response {
    /// It is kept on record, and nobody is told.
    Observe,
    /// Somebody is told.
    Alert,
    /// Somebody is told, and what the model says is put back.
    Heal,
}

impl Response {
    /// The word of the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Alert => "alert",
            Self::Heal => "heal",
        }
    }
}

/// What is to be done about findings in a place; nothing where it leaves that to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healing {
    /// For classes of which nothing else is said.
    pub default: Option<Response>,
    /// Per class.
    pub by_class: BTreeMap<Class, Response>,
}

impl Healing {
    /// Classes that something is done about: what was written is written again, or taken back. Of every other class, a
    /// person has to decide what is wrong.
    pub const HEALED: [Class; 7] = [
        Class::Missing,
        Class::Changed,
        Class::ForeignPolicy,
        Class::Orphan,
        Class::ImpostorObject,
        Class::NodePool,
        Class::GuardMissing,
    ];

    /// What this says about a class.
    ///
    /// A policy that somebody else wrote is only removed where its class is named.
    fn says(&self, class: Class) -> Option<Response> {
        let of_class = self.by_class.get(&class).copied();
        let default = if class == Class::ForeignPolicy {
            self.default.map(|default| default.min(Response::Alert))
        } else {
            self.default
        };
        of_class.or(default)
    }
}

/// What is done about a finding of a class: as its zone says, else its trust domain, else healed in zones of sensitivity
/// high and alerted elsewhere.
pub fn response(zone: Option<&Zone>, domain: &TrustDomain, class: Class) -> Response {
    let of_zone = zone.and_then(|zone| zone.healing.says(class));
    of_zone
        .or_else(|| domain.healing.says(class))
        .unwrap_or_else(|| {
            let is_sensitive = zone.is_some_and(|zone| zone.sensitivity == Sensitivity::High);
            if is_sensitive && class != Class::ForeignPolicy {
                Response::Heal
            } else {
                Response::Alert
            }
        })
}
