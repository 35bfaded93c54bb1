//! Node pools: nodes dedicated to zones.

use std::collections::BTreeSet;

use crate::labels::Selector;
use crate::names::{NamespaceName, PoolName, TrustDomainName, ZoneName};

/// Nodes dedicated to zones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePool {
    /// Its name.
    pub name: PoolName,
    /// Where it exists.
    pub trust_domains: BTreeSet<TrustDomainName>,
    /// Which nodes; any of.
    pub nodes: Vec<NodeChoice>,
    /// The zones whose pods it is for.
    pub zones: BTreeSet<ZoneName>,
    /// DaemonSets that may run here although their zone is another.
    pub guests: Vec<Guest>,
    /// The label on its nodes.
    pub label: (String, String),
    /// The taint on its nodes.
    pub taint: Taint,
    /// Who sets the taint.
    pub manage: Option<ManageTaint>,
}

/// How nodes are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeChoice {
    /// By labels.
    Selector(Selector),
    /// By globs over names (`*` and `?`).
    Names(Vec<String>),
    /// By prefixes of `spec.providerID`.
    ProviderIds(Vec<String>),
}

/// A DaemonSet that may run on the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Its namespace.
    pub namespace: NamespaceName,
    /// Its name.
    pub daemon_set: String,
}

/// A node taint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it does.
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaintEffect {
    /// They are not scheduled here.
    NoSchedule,
    /// They are scheduled elsewhere if possible.
    PreferNoSchedule,
    /// They are not scheduled here, and evicted.
    NoExecute,
}

impl TaintEffect {
    /// The word that Kubernetes uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// Who sets the taint of a pool; where nothing is said, a cloud's own pools are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManageTaint {
    /// We patch the nodes.
    Patch,
    /// We report what the owner of the pool has to set.
    Report,
}

/// Node labels by which clouds and autoscalers mark their own pools; a kubelet may set them itself.
pub const CLOUD_POOL_LABELS: [&str; 5] = [
    "agentpool",
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "karpenter.sh/nodepool",
    "kubernetes.azure.com/agentpool",
];

impl NodePool {
    /// Whether a node belongs to the pool.
    pub fn selects(&self, node: &str, labels: &crate::labels::Labels, provider: &str) -> bool {
        self.nodes.iter().any(|choice| match choice {
            NodeChoice::Selector(selector) => selector.matches(labels),
            NodeChoice::Names(globs) => globs.iter().any(|glob| glob_matches(glob, node)),
            NodeChoice::ProviderIds(prefixes) => prefixes
                .iter()
                .any(|prefix| provider.starts_with(prefix.as_str())),
        })
    }

    /// Who sets the taint, given the node's labels.
    pub fn manages(&self, labels: &crate::labels::Labels) -> ManageTaint {
        let cloud_owned = CLOUD_POOL_LABELS
            .iter()
            .any(|key| labels.contains_key(*key));
        self.manage.unwrap_or(if cloud_owned {
            ManageTaint::Report
        } else {
            ManageTaint::Patch
        })
    }
}

/// Whether `text` matches a glob of `*` (any run) and `?` (one character).
fn glob_matches(glob: &str, text: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // reached[i]: the glob so far can have consumed i characters.
    let mut reached = vec![false; text.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for pattern in glob {
        let mut next = vec![false; text.len() + 1];
        let mut any_before = false;
        for (i, slot) in next.iter_mut().enumerate() {
            any_before |= reached.get(i).copied().unwrap_or(false);
            let before = i.checked_sub(1);
            let stepped = before.is_some_and(|j| {
                reached.get(j) == Some(&true) && (pattern == '?' || text.get(j) == Some(&pattern))
            });
            *slot = if pattern == '*' { any_before } else { stepped };
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::glob_matches;

    #[test]
    fn globs_match_whole_names() {
        for (glob, text, want) in [
            ("pci-*", "pci-1", true),
            ("pci-*", "xpci-1", false),
            ("*", "", true),
            ("node-?", "node-1", true),
            ("node-?", "node-12", false),
            ("*a*b", "xxaxxb", true),
            ("a", "a", true),
        ] {
            assert_eq!(glob_matches(glob, text), want, "{glob} on {text}");
        }
    }
}
