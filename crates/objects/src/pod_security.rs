//! What the Pod Security Standards say to pod templates.
//!
//! An API server judges pods that are there, and pods as they come. Templates whose pods are still to come, such
//! as that of a `CronJob` between its runs, it is not asked about by any request that is safe to make. So they
//! are judged here, with the rules and the words of the server
//! (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>); what admission changes in pods
//! is not seen.

mod baseline;
mod restricted;

use crate::pod_template::PodTemplate;

/// The newest minor version of Kubernetes whose standards are known here.
pub const NEWEST_KNOWN: u32 = 36;

/// A level that refuses something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Known privilege escalations are refused.
    Baseline,
    /// Hardened pods only.
    Restricted,
}

impl Level {
    /// The level of a label; `None` for `privileged`, which refuses nothing. What the server does not know, it
    /// takes for `restricted`.
    pub fn of_label(value: &str) -> Option<Self> {
        match value {
            "privileged" => None,
            "baseline" => Some(Self::Baseline),
            _ => Some(Self::Restricted),
        }
    }
}

/// Minor versions of Kubernetes: from the first until before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Minors(u32, u32);

impl Minors {
    const ALL: Self = Self(0, u32::MAX);
    const NONE: Self = Self(0, 0);

    fn since(first: u32) -> Self {
        Self(first, u32::MAX)
    }

    fn contains(self, minor: u32) -> bool {
        self.0 <= minor && minor < self.1
    }
}

/// Something that the standards refuse, and in which versions of each level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Violation {
    reason: &'static str,
    baseline: Minors,
    restricted: Minors,
}

/// What the standards say to the pods of a template, at every level and in every version that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodSecurity {
    violations: Vec<Violation>,
    /// Whether it has a volume of a type that is not known here, which `restricted` may allow or not.
    has_unknown_volume: bool,
}

impl PodSecurity {
    /// Judges a template.
    pub fn of(template: &PodTemplate) -> Self {
        let (restricted, has_unknown_volume) = restricted::violations(template);
        Self {
            violations: baseline::violations(template)
                .into_iter()
                .chain(restricted)
                .collect(),
            has_unknown_volume,
        }
    }

    /// Why a level of the standards of Kubernetes 1.`minor` refuses the pods, in the words of the server;
    /// nothing where it does not.
    pub fn refusals(&self, level: Level, minor: u32) -> Vec<&'static str> {
        let refused = self.violations.iter().filter(|violation| match level {
            Level::Baseline => violation.baseline.contains(minor),
            Level::Restricted => violation.restricted.contains(minor),
        });
        refused.map(|violation| violation.reason).collect()
    }

    /// Why it cannot be told what a level says to the pods, where nothing else is refused.
    pub fn unclear(&self, level: Level) -> Option<&'static str> {
        (self.has_unknown_volume && level == Level::Restricted)
            .then_some("a volume is of a type that is not known here")
    }
}

#[cfg(test)]
mod tests;
