//! `kind: TrustDomain`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::raw::healing::Healing;
use crate::raw::selector::LabelSelector;

/// A set of clusters that share a level of trust.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TrustDomainSpec {
    /// Its clusters, by their labels.
    pub(crate) clusters: LabelSelector,
    /// How changes reach its clusters.
    #[serde(default)]
    pub(crate) rollout: Rollout,
    /// What a controller does about findings: one word, or a word per class; zones may say otherwise.
    pub(crate) healing: Option<Healing>,
    /// What happens to namespaces that no zone holds.
    #[serde(default)]
    pub(crate) unassigned_namespaces: Unassigned,
    /// The trust domain of the mesh's identities.
    pub(crate) mesh_trust_domain: Option<String>,
}

/// How changes reach the clusters of a trust domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Rollout {
    /// Lower goes first, and is less trusted.
    #[serde(default)]
    #[schemars(range(min = -1_000_000, max = 1_000_000))]
    pub(crate) order: i64,
    /// Clusters at once.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) max_concurrent: u32,
    /// The wait after each wave, such as `10m` or `1h30m`.
    #[serde(default = "soak")]
    pub(crate) soak: String,
    /// Failures after which the rollout stops.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub(crate) max_failures: u32,
    /// When a controller may write what is new; at any time where there is none.
    #[serde(default)]
    pub(crate) windows: Vec<Window>,
}

/// A time of the week, in UTC.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Window {
    /// The days on which it begins; every day where none is named.
    #[serde(default)]
    pub(crate) days: Vec<Day>,
    /// When it begins, such as `22:00`.
    pub(crate) from: String,
    /// When it is over, such as `04:00`; on the next day where that is not after it begins.
    pub(crate) to: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

fn one() -> u32 {
    1
}

fn soak() -> String {
    "10m".to_owned()
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            order: 0,
            max_concurrent: one(),
            soak: soak(),
            max_failures: 0,
            windows: Vec::new(),
        }
    }
}

/// What happens to namespaces that no zone holds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Unassigned {
    /// They are reported.
    #[default]
    Report,
    /// They get default denies, never the system namespaces.
    Isolate,
}
