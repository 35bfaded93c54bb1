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
            ["pod", namespace, name] | [namespace, name] if *namespace != "pod" => {
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
