//! What somebody makes of an open policy of ours, so that it opens less.

use cofferdam_objects::keys::INSTANCE;
use serde_json::{Value, json};

use crate::cluster::Cluster;

/// An edit of an open policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// It is about these directions, whatever its rules are about.
    Types(&'static [&'static str]),
    /// It selects few pods.
    Pods,
    /// It allows few peers.
    Peers,
}

impl Edit {
    /// A spec after the edit.
    #[must_use]
    pub fn of(self, spec: &Value) -> Value {
        let mut spec = spec.clone();
        let few = json!({"matchLabels": {"app": "server"}});
        let Some(fields) = spec.as_object_mut() else {
            return spec;
        };
        match self {
            Self::Types(types) => {
                fields.insert("policyTypes".to_owned(), json!(types));
            }
            Self::Pods => {
                fields.insert("podSelector".to_owned(), few);
            }
            Self::Peers => {
                for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
                    let narrowed = json!([{peers: [{"podSelector": few}]}]);
                    if let Some(rules) = fields.get_mut(direction) {
                        *rules = narrowed;
                    }
                }
            }
        }
        spec
    }
}

impl Cluster {
    /// The keys of our open policies.
    pub(crate) fn open_policies(&self) -> Vec<(String, String)> {
        let all = self.policies.iter();
        let open = all.filter(|((_, name), live)| {
            name.starts_with("cofferdam-open-") && live.labels.contains_key(INSTANCE)
        });
        open.map(|(key, _)| key.clone()).collect()
    }
}
