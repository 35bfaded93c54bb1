//! Our record in the cluster: ConfigMap `cofferdam-system/cofferdam`.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::keys::{
    FIELD_MANAGER, MANAGED_BY, MANAGED_BY_VALUE, RECORD_NAME, SYSTEM_NAMESPACE,
};
use cofferdam_state::observed::LiveRecord;
use cofferdam_state::record::{Apply, Record};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Category, Error};
use crate::request::{APPLY, Call, Connection};

const KEY: &str = "record.json";
const VERSION: u32 = 1;

#[derive(Clone, Deserialize)]
pub(crate) struct ConfigMap {
    #[serde(default)]
    pub(crate) metadata: Identified,
    #[serde(default)]
    pub(crate) data: BTreeMap<String, String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Identified {
    pub(crate) uid: String,
    pub(crate) resource_version: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    version: u32,
    instance: String,
    cluster: String,
    cluster_uid: String,
    sequence: u64,
    revision: String,
    bundle_hash: String,
    writer: String,
    entries: BTreeMap<String, String>,
    pending: BTreeSet<String>,
    applies: Vec<StoredApply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    controller: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paused_until: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredApply {
    sequence: u64,
    revision: String,
    at: String,
    writer: String,
    written: u64,
    complete: bool,
}

fn store(record: &Record) -> Stored {
    let record = record.clone();
    let apply = |apply: Apply| StoredApply {
        sequence: apply.sequence,
        revision: apply.revision,
        at: apply.at,
        writer: apply.writer,
        written: apply.written,
        complete: apply.complete,
    };
    Stored {
        version: VERSION,
        instance: record.instance,
        cluster: record.cluster,
        cluster_uid: record.cluster_uid,
        sequence: record.sequence,
        revision: record.revision,
        bundle_hash: record.bundle_hash,
        writer: record.writer,
        entries: record.entries,
        pending: record.pending,
        applies: record.applies.into_iter().map(apply).collect(),
        controller: record.controller,
        paused_until: record.paused_until,
    }
}

fn load(stored: Stored) -> Record {
    let apply = |apply: StoredApply| Apply {
        sequence: apply.sequence,
        revision: apply.revision,
        at: apply.at,
        writer: apply.writer,
        written: apply.written,
        complete: apply.complete,
    };
    Record {
        instance: stored.instance,
        cluster: stored.cluster,
        cluster_uid: stored.cluster_uid,
        sequence: stored.sequence,
        revision: stored.revision,
        bundle_hash: stored.bundle_hash,
        writer: stored.writer,
        entries: stored.entries,
        pending: stored.pending,
        applies: stored.applies.into_iter().map(apply).collect(),
        controller: stored.controller,
        paused_until: stored.paused_until,
    }
}

fn parse(text: Option<&String>) -> Result<Record, String> {
    let text = text.ok_or_else(|| format!("it has no key {KEY}"))?;
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let version = value.get("version").and_then(Value::as_u64);
    if version != Some(u64::from(VERSION)) {
        return Err("it is of a version that this program does not know".to_owned());
    }
    serde_json::from_value(value)
        .map(load)
        .map_err(|error| error.to_string())
}

pub(crate) fn path() -> String {
    format!("/api/v1/namespaces/{SYSTEM_NAMESPACE}/configmaps/{RECORD_NAME}")
}

/// What etcd and the API server take of one object, less what else is in it.
const LARGEST_BYTES: usize = 1_000_000;
/// The size of an entry, in JSON: two digests of 16 bytes in hexadecimal, quotes, colon and comma.
const ENTRY_BYTES: usize = 70;

/// The size that a record would get, where that is too much. What nothing is pending for does not grow,
/// and whether it fits is the server's to say.
fn excess(text: &str, record: &Record) -> Option<usize> {
    let size = text.len() + record.pending.len() * ENTRY_BYTES;
    (!record.pending.is_empty() && size > LARGEST_BYTES).then_some(size)
}

impl Connection {
    /// The record as text. One is refused that would not fit once what is pending has become an entry:
    /// it is better known before the first write than after the last.
    fn record_text(&self, record: &Record, what: &str) -> Result<String, Error> {
        let text = serde_json::to_string(&store(record))
            .map_err(|error| self.error(Category::Other, what, error.to_string()))?;
        let Some(size) = excess(&text, record) else {
            return Ok(text);
        };
        let why =
            format!("the record would take {size} bytes, of which the API server takes 1 MiB");
        let hint =
            "one cluster holds some 13,000 objects of ours at most: merge flows or namespaces";
        let error = self.error(Category::Other, format!("cannot {what}"), why);
        Err(error.with_hint(hint))
    }

    /// Reads our record; `None` where there is none. One that cannot be understood is an error.
    pub async fn read_record(&self) -> Result<Option<LiveRecord>, Error> {
        let map = self.config_map(SYSTEM_NAMESPACE, RECORD_NAME).await?;
        let what = format!("read ConfigMap {SYSTEM_NAMESPACE}/{RECORD_NAME}");
        map.map(|map| self.live(&map, &what)).transpose()
    }

    /// A `ConfigMap`; `None` where it is not there.
    pub(crate) async fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ConfigMap>, Error> {
        let group = format!("/api/v1/namespaces/{namespace}");
        if self.followed().is_some() {
            // It is followed as a list of one, which rights to this name are enough for.
            let only = format!("configmaps?fieldSelector=metadata.name%3D{name}");
            return Ok(self.list(&group, &only).await?.pop());
        }
        let url = format!("{group}/configmaps/{name}");
        let call = Call::get(url, format!("read ConfigMap {namespace}/{name}"));
        match self.fetch(call).await {
            Ok(map) => Ok(Some(map)),
            Err(error) if error.is(Category::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn live(&self, map: &ConfigMap, what: &str) -> Result<LiveRecord, Error> {
        let record = parse(map.data.get(KEY)).map_err(|why| {
            self.error(
                Category::Invalid,
                format!("cannot {what}"),
                format!("the record is unreadable: {why}"),
            )
            .with_hint("restore the ConfigMap from a backup: without it, what we wrote is taken for somebody else's")
        })?;
        Ok(LiveRecord {
            record,
            uid: map.metadata.uid.clone(),
            resource_version: map.metadata.resource_version.clone(),
        })
    }

    /// Writes our record over the one with the expected UID and resource version; without any, it is
    /// created and must not exist. Creates our namespace where it is missing.
    pub async fn write_record(
        &self,
        expected: Option<(&str, &str)>,
        record: &Record,
    ) -> Result<LiveRecord, Error> {
        let what = format!("write ConfigMap {SYSTEM_NAMESPACE}/{RECORD_NAME}");
        let text = self.record_text(record, &what)?;
        let mut metadata = json!({
            "name": RECORD_NAME,
            "namespace": SYSTEM_NAMESPACE,
            "labels": {MANAGED_BY: MANAGED_BY_VALUE},
        });
        guard(&mut metadata, expected);
        let body = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {KEY: text},
        });
        let url = format!("{}?fieldManager={FIELD_MANAGER}&force=true", path());
        let call = || Call::with_body(Method::PATCH, url.clone(), APPLY, &body, what.clone());
        let map: ConfigMap = match self.fetch(call()).await {
            Err(error) if error.is(Category::NotFound) && expected.is_none() => {
                self.ensure_namespace(SYSTEM_NAMESPACE).await?;
                self.fetch(call()).await?
            }
            answer => answer?,
        };
        let live = self.live(&map, &what)?;
        if live.record != *record {
            let why = "the server stored something else; look for a mutating webhook";
            return Err(self.error(Category::Differs, format!("cannot {what}"), why));
        }
        Ok(live)
    }

    /// Creates a namespace of our own; one that exists is left as it is.
    pub(crate) async fn ensure_namespace(&self, name: &str) -> Result<(), Error> {
        let url = format!("/api/v1/namespaces/{name}?fieldManager={FIELD_MANAGER}&force=true");
        let body = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name,
                "resourceVersion": "1",
                "labels": {MANAGED_BY: MANAGED_BY_VALUE},
            },
        });
        let what = format!("create namespace {name}");
        match self
            .send(Call::with_body(Method::PATCH, url, APPLY, &body, what))
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if error.is(Category::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Puts into metadata what makes an apply hit one object in one state, or create and never take over.
pub(crate) fn guard(metadata: &mut Value, expected: Option<(&str, &str)>) {
    let Some(metadata) = metadata.as_object_mut() else {
        return;
    };
    let version = expected.map_or("1", |(_, version)| version);
    metadata.insert("resourceVersion".to_owned(), json!(version));
    if let Some((uid, _)) = expected {
        metadata.insert("uid".to_owned(), json!(uid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_storage() {
        let record = Record {
            instance: "one".to_owned(),
            sequence: 7,
            entries: [("a".to_owned(), "b".to_owned())].into(),
            pending: ["c".to_owned()].into(),
            ..Record::default()
        };
        let text = serde_json::to_string(&store(&record)).expect("serializes");
        assert_eq!(parse(Some(&text)), Ok(record));
    }

    #[test]
    fn a_record_must_fit_with_what_is_pending() {
        let of = |pending: usize| Record {
            pending: (0..pending).map(|number| number.to_string()).collect(),
            ..Record::default()
        };
        let rows = [
            (LARGEST_BYTES - ENTRY_BYTES, 1, None),
            (LARGEST_BYTES, 1, Some(LARGEST_BYTES + ENTRY_BYTES)),
            // After the last write it is too late to refuse.
            (LARGEST_BYTES + 1, 0, None),
        ];
        for (length, pending, want) in rows {
            let text = "x".repeat(length);
            assert_eq!(excess(&text, &of(pending)), want, "{length} {pending}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_no_record() {
        for text in ["", "{}", r#"{"version":2}"#, r#"{"version":1}"#] {
            assert!(parse(Some(&text.to_owned())).is_err(), "{text}");
        }
        assert!(parse(None).is_err());
    }
}
