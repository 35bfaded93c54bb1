//! Policies of kinds that we never write: some with their specs, most by name only.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_objects::policy_kind::{POLICY_KINDS, PolicyKind};
use cofferdam_state::observed::{LivePolicy, Reading};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::convert::live_policy;
use super::wire::{Meta, Policy};
use crate::error::Error;
use crate::request::Connection;

/// Any object, of which only its metadata is read.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Named {
    metadata: Meta,
}

impl Connection {
    /// Lists every kind of policy that is served and not ours, `served` as discovery found them: first those that
    /// are read with their specs, then all of them by name.
    pub(super) async fn other_policies(
        &self,
        served: Result<&BTreeSet<String>, &Error>,
    ) -> (
        Reading<BTreeMap<ObjectKey, LivePolicy>>,
        Reading<Vec<ObjectKey>>,
    ) {
        let (whole, rest) = match served {
            Ok(served) => tokio::join!(
                Box::pin(self.policies_of::<Policy>(served, PolicyKind::is_read_whole)),
                Box::pin(self.policies_of::<Named>(served, |kind| !kind.is_read_whole())),
            ),
            Err(error) => (Err(error.reason()), Err(error.reason())),
        };
        let whole = whole.map(whole_by_key);
        let names = match (&whole, rest) {
            (Ok(whole), Ok(rest)) => {
                let whole = whole.keys().cloned();
                Ok(whole.chain(rest.into_iter().filter_map(key_of)).collect())
            }
            (Err(reason), _) => Err(reason.clone()),
            (Ok(_), Err(reason)) => Err(reason),
        };
        (reading(whole), reading(names))
    }

    /// Every policy of those kinds that are wanted and served, or why not.
    async fn policies_of<T: DeserializeOwned + Clone + Send + Sync + 'static>(
        &self,
        served: &BTreeSet<String>,
        is_wanted: impl Fn(&PolicyKind) -> bool,
    ) -> Result<Vec<(&'static PolicyKind, T)>, String> {
        let kinds = POLICY_KINDS.iter().filter(|kind| is_wanted(kind));
        let mut found = Vec::new();
        for kind in kinds.filter(|kind| is_asked(kind, served)) {
            let api_version = kind.api_version;
            if !served.contains(&format!("{api_version}/{}", kind.kind)) {
                return Err(format!(
                    "{} is served in other versions than {api_version}",
                    kind.kind
                ));
            }
            let group = format!("/apis/{api_version}");
            let all = Box::pin(self.list::<T>(&group, kind.plural)).await;
            let all = all.map_err(|error| error.reason())?;
            found.extend(all.into_iter().map(|one| (kind, one)));
        }
        Ok(found)
    }
}

pub(super) fn whole_by_key(
    found: Vec<(&'static PolicyKind, Policy)>,
) -> BTreeMap<ObjectKey, LivePolicy> {
    let keyed = |(kind, policy): (_, Policy)| {
        let Meta {
            namespace, name, ..
        } = &policy.metadata;
        Some((key(kind, namespace, name)?, live_policy(policy)))
    };
    found.into_iter().filter_map(keyed).collect()
}

fn key_of((kind, named): (&'static PolicyKind, Named)) -> Option<ObjectKey> {
    key(kind, &named.metadata.namespace, &named.metadata.name)
}

fn reading<T>(result: Result<T, String>) -> Reading<T> {
    match result {
        Ok(value) => Reading::Known(value),
        Err(reason) => Reading::Unknown(reason),
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

fn key(kind: &'static PolicyKind, namespace: &str, name: &str) -> Option<ObjectKey> {
    (!kind.is_mirror(name)).then(|| ObjectKey {
        kind: Kind::OtherPolicy(kind),
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name: name.to_owned(),
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
