//! What is taken to be compromised, as it is named on the command line.

use anyhow::{Result, bail};
use cofferdam_model::names::ZoneName;
use cofferdam_semantics::facts::Pod;

/// The pods that are compromised.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Those of a zone.
    Zone(String),
    /// Those of a namespace.
    Namespace(String),
    /// One pod, or those of a workload.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its name, or that of its workload.
        name: String,
    },
}

impl Origin {
    /// Reads `zone/NAME`, `namespace/NAME` and `pod/NAMESPACE/NAME`; also `zone:NAME`, `ns/NAME` and, for a pod,
    /// `NAMESPACE/NAME`.
    pub(crate) fn parse(word: &str) -> Result<Self> {
        let parts: Vec<&str> = word.split(['/', ':']).collect();
        match parts.as_slice() {
            parts if parts.iter().any(|part| part.is_empty()) => {}
            ["zone", name] => return Ok(Self::Zone((*name).to_owned())),
            ["namespace" | "ns", name] => return Ok(Self::Namespace((*name).to_owned())),
            // A pod without its namespace.
            ["pod", _] => {}
            ["pod", namespace, name] | [namespace, name] => {
                return Ok(Self::Pod {
                    namespace: (*namespace).to_owned(),
                    name: (*name).to_owned(),
                });
            }
            _ => {}
        }
        bail!("`--from {word}` is none of `zone/NAME`, `namespace/NAME` and `pod/NAMESPACE/NAME`")
    }

    /// Whether a pod, that is in a zone or in none, is among them.
    pub(crate) fn holds(&self, pod: &Pod, zone: Option<&ZoneName>) -> bool {
        match self {
            Self::Zone(name) => zone.is_some_and(|zone| zone.as_str() == name),
            Self::Namespace(name) => *pod.namespace == **name,
            Self::Pod { namespace, name } => {
                let names = [&pod.name, &pod.workload.name];
                *pod.namespace == **namespace && names.iter().any(|one| ***one == **name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a word of the command line means.
    #[track_caller]
    fn check(word: &str, means: &Origin) {
        assert_eq!(Origin::parse(word).unwrap(), *means, "{word}");
    }

    fn pod(namespace: &str, name: &str) -> Origin {
        Origin::Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn zones_namespaces_and_pods_are_told_apart() {
        check("zone/web", &Origin::Zone("web".to_owned()));
        check("zone:web", &Origin::Zone("web".to_owned()));
        check("namespace/shop", &Origin::Namespace("shop".to_owned()));
        check("ns/shop", &Origin::Namespace("shop".to_owned()));
        check("pod/shop/web", &pod("shop", "web"));
        check("shop/web", &pod("shop", "web"));
        for word in ["shop", "pod/web", "pod//web", "a/b/c", "zone/"] {
            assert_eq!(Origin::parse(word).ok(), None, "{word}");
        }
    }

    #[test]
    fn a_pod_may_be_in_a_namespace_called_pod() {
        check("pod/pod/web", &pod("pod", "web"));
    }
}
