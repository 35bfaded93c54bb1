//! Policies of kinds that we do not model, by name only.

use std::collections::BTreeSet;

use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::policy_kind::{POLICY_KINDS, PolicyKind};
use cofferdam_state::observed::Reading;
use serde::Deserialize;

use super::wire::Meta;
use crate::error::Error;
use crate::request::Connection;

/// Any object, of which only its metadata is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    metadata: Meta,
}

impl Connection {
    /// Lists every kind of policy that is served and not modelled; `served` as discovery found them.
    pub(super) async fn other_policies(
        &self,
        served: Result<&BTreeSet<String>, &Error>,
    ) -> Reading<Vec<ObjectKey>> {
        let served = match served {
            Ok(served) => served,
            Err(error) => return Reading::Unknown(error.reason()),
        };
        let mut found = Vec::new();
        for kind in POLICY_KINDS.iter().filter(|kind| is_asked(kind, served)) {
            let api_version = kind.api_version;
            if !served.contains(&format!("{api_version}/{}", kind.kind)) {
                let why = format!(
                    "{} is served in other versions than {api_version}",
                    kind.kind
                );
                return Reading::Unknown(why);
            }
            let group = format!("/apis/{api_version}");
            match Box::pin(self.list::<Named>(&group, kind.plural)).await {
                Ok(all) => found.extend(all.into_iter().filter_map(|named| key(kind, named))),
                Err(error) => return Reading::Unknown(error.reason()),
            }
        }
        Reading::Known(found)
    }
}

/// Whether a kind is served in any version, and no other group serves the same objects.
fn is_asked(kind: &PolicyKind, served: &BTreeSet<String>) -> bool {
    let is_served_by = |group: &str| {
        served.iter().any(|one| {
            let rest = one
                .strip_prefix(group)
                .and_then(|rest| rest.strip_prefix('/'));
            rest.and_then(|rest| rest.split_once('/'))
                .is_some_and(|(_, name)| name == kind.kind)
        })
    };
    // Calico's API server serves what its CRDs store.
    let stored_twice = kind.group() == "crd.projectcalico.org" && is_served_by("projectcalico.org");
    is_served_by(kind.group()) && !stored_twice
}

fn key(kind: &'static PolicyKind, named: Named) -> Option<ObjectKey> {
    let Meta {
        name, namespace, ..
    } = named.metadata;
    (!kind.is_mirror(&name)).then(|| ObjectKey {
        kind: Kind::OtherPolicy(kind),
        namespace: Some(namespace).filter(|namespace| !namespace.is_empty()),
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(served: &[&str], expected: &[&str]) {
        let served = served.iter().map(|&one| one.to_owned()).collect();
        let asked: Vec<String> = POLICY_KINDS
            .iter()
            .filter(|kind| is_asked(kind, &served))
            .map(|kind| format!("{}/{}", kind.api_version, kind.kind))
            .collect();
        assert_eq!(asked, expected, "{served:?}");
    }

    #[test]
    fn what_is_served_is_asked_for_once() {
        check(&[], &[]);
        check(
            &[
                "networking.k8s.io/v1/NetworkPolicy",
                "cilium.io/v2/CiliumNetworkPolicy",
            ],
            &["cilium.io/v2/CiliumNetworkPolicy"],
        );
        check(
            &[
                "crd.projectcalico.org/v1/NetworkPolicy",
                "crd.projectcalico.org/v1/GlobalNetworkPolicy",
                "projectcalico.org/v3/NetworkPolicy",
            ],
            &[
                "projectcalico.org/v3/NetworkPolicy",
                "crd.projectcalico.org/v1/GlobalNetworkPolicy",
            ],
        );
        check(
            &["policy.networking.k8s.io/v1beta1/AdminNetworkPolicy"],
            &["policy.networking.k8s.io/v1alpha1/AdminNetworkPolicy"],
        );
    }
}
