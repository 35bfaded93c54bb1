//! Admission policies and bindings in our name.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::admission::{ADMISSION_VERSION, AdmissionKind};
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_state::observed::{LiveAdmission, Reading};
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::Value;

use super::wire::Managed;
use crate::error::Error;
use crate::request::Connection;

/// Every name of ours begins so.
const OUR_NAMES: &str = "cofferdam-";

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Admission {
    metadata: Managed,
    spec: Value,
}

impl Connection {
    /// Lists the kinds that are served, as discovery found them; a kind that is not served has no objects.
    pub(super) async fn admission(
        &self,
        served: Result<&BTreeSet<String>, &Error>,
    ) -> Reading<BTreeMap<ObjectKey, LiveAdmission>> {
        let served = match served {
            Ok(served) => served,
            Err(error) => return Reading::Unknown(error.reason()),
        };
        let is_served = |kind: &AdmissionKind| {
            served.contains(&format!("{ADMISSION_VERSION}/{}", kind.as_str()))
        };
        let kinds = AdmissionKind::ALL.into_iter().filter(is_served);
        match try_join_all(kinds.map(|kind| self.admission_of(kind))).await {
            Ok(all) => Reading::Known(all.into_iter().flatten().collect()),
            Err(error) => Reading::Unknown(error.reason()),
        }
    }

    async fn admission_of(
        &self,
        kind: AdmissionKind,
    ) -> Result<Vec<(ObjectKey, LiveAdmission)>, Error> {
        let group = format!("/apis/{ADMISSION_VERSION}");
        let all = Box::pin(self.list::<Admission>(&group, kind.plural())).await?;
        Ok(all
            .into_iter()
            .filter(is_in_our_name)
            .map(|one| live(kind, one))
            .collect())
    }
}

fn is_in_our_name(object: &Admission) -> bool {
    let metadata = &object.metadata;
    metadata.name.starts_with(OUR_NAMES) || metadata.labels.contains_key(keys::INSTANCE)
}

fn live(kind: AdmissionKind, object: Admission) -> (ObjectKey, LiveAdmission) {
    let Admission { metadata, spec } = object;
    let live = LiveAdmission {
        uid: metadata.uid,
        resource_version: metadata.resource_version,
        labels: metadata.labels,
        annotations: metadata.annotations,
        spec,
        managed_fields: metadata.managed_fields,
    };
    (ObjectKey::admission(kind, &metadata.name), live)
}
