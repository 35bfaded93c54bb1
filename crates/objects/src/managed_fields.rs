//! Who last wrote a field, as `metadata.managedFields` claims it.
//!
//! A manager names a tool and not a person, and may be chosen freely by whoever writes.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// `metadata.managedFields` as the server sent it. It is larger than most objects, and read only
/// where somebody asks who wrote something.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct ManagedFields(Option<Box<RawValue>>);

impl ManagedFields {
    /// The entries; none where they are not as expected.
    pub fn entries(&self) -> Vec<ManagedFieldsEntry> {
        let text = self.0.as_ref().map(|raw| raw.get());
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }
}

impl From<Vec<ManagedFieldsEntry>> for ManagedFields {
    fn from(entries: Vec<ManagedFieldsEntry>) -> Self {
        Self(serde_json::value::to_raw_value(&entries).ok())
    }
}

impl PartialEq for ManagedFields {
    fn eq(&self, other: &Self) -> bool {
        let text = |fields: &Self| fields.0.as_ref().map(|raw| raw.get().to_owned());
        text(self) == text(other)
    }
}

impl Eq for ManagedFields {}

/// A claim about who wrote something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The field manager, such as `kubectl-patch`.
    pub manager: String,
    /// When, RFC 3339 in UTC, where stated.
    pub at: Option<String>,
}

/// The latest manager other than ours whose fields include the path given as member names, such as
/// `["spec", "ingress"]`; list items are not told apart. Who removed a field leaves no trace here.
pub fn last_writer(fields: &ManagedFields, path: &[&str]) -> Option<Claim> {
    fields
        .entries()
        .iter()
        .filter(|entry| entry.subresource.is_none())
        .filter(|entry| entry.manager.as_deref() != Some(crate::keys::FIELD_MANAGER))
        .filter(|entry| {
            let fields = entry.fields_v1.as_ref();
            fields.is_some_and(|fields| owns(&fields.0, path))
        })
        .max_by_key(|entry| entry.time.as_ref().map(|time| time.0))
        .map(claim)
}

/// Whether our manager holds the field, so that nobody has given it another value since we did. Where
/// nothing is said about managers, it does not.
pub fn is_held_by_us(fields: &ManagedFields, path: &[&str]) -> bool {
    is_among_ours(&fields.entries(), path)
}

/// Whether our manager holds every one of these members of a field, as [`is_held_by_us`] asks of one.
pub fn are_held_by_us<'a>(
    fields: &ManagedFields,
    path: &[&'a str],
    members: impl IntoIterator<Item = &'a str>,
) -> bool {
    let entries = fields.entries();
    members.into_iter().all(|member| {
        let path: Vec<&str> = path.iter().copied().chain([member]).collect();
        is_among_ours(&entries, &path)
    })
}

fn is_among_ours(entries: &[ManagedFieldsEntry], path: &[&str]) -> bool {
    entries.iter().any(|entry| {
        let ours = entry.manager.as_deref() == Some(crate::keys::FIELD_MANAGER);
        let fields = entry.fields_v1.as_ref();
        ours && entry.subresource.is_none() && fields.is_some_and(|fields| owns(&fields.0, path))
    })
}

fn claim(entry: &ManagedFieldsEntry) -> Claim {
    Claim {
        manager: entry.manager.clone().unwrap_or_default(),
        at: entry.time.as_ref().map(|time| time.0.to_string()),
    }
}

fn owns(fields: &Value, path: &[&str]) -> bool {
    match path.split_first() {
        None => true,
        Some((member, rest)) => fields
            .get(format!("f:{member}"))
            .is_some_and(|inner| owns(inner, rest)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_latest_foreign_manager_of_the_field_is_named() {
        let entries: Vec<ManagedFieldsEntry> = serde_json::from_value(json!([
            {"manager": "cofferdam", "operation": "Apply", "time": "2026-01-03T00:00:00Z",
             "fieldsV1": {"f:spec": {"f:ingress": {}}}},
            {"manager": "kubectl-patch", "operation": "Update", "time": "2026-01-02T00:00:00Z",
             "fieldsV1": {"f:spec": {"f:ingress": {}}}},
            {"manager": "helm", "operation": "Update", "time": "2026-01-01T00:00:00Z",
             "fieldsV1": {"f:spec": {"f:egress": {}}}},
        ]))
        .unwrap();
        let entries = ManagedFields::from(entries);
        let manager = |path: &[&str]| last_writer(&entries, path).map(|claim| claim.manager);
        assert_eq!(
            manager(&["spec", "ingress"]).as_deref(),
            Some("kubectl-patch")
        );
        assert_eq!(manager(&["spec", "egress"]).as_deref(), Some("helm"));
        assert_eq!(manager(&["metadata"]), None);
    }

    #[test]
    fn what_somebody_else_gave_another_value_is_held_by_us_no_longer() {
        let entries: Vec<ManagedFieldsEntry> = serde_json::from_value(json!([
            {"manager": "cofferdam", "operation": "Apply",
             "fieldsV1": {"f:spec": {"f:podSelector": {}, "f:policyTypes": {}}}},
            {"manager": "kubectl-edit", "operation": "Update",
             "fieldsV1": {"f:spec": {"f:ingress": {}}}},
        ]))
        .unwrap();
        let entries = ManagedFields::from(entries);
        for (members, want) in [
            (vec!["podSelector", "policyTypes"], true),
            (vec!["podSelector", "ingress"], false),
            (vec![], true),
        ] {
            let told = format!("{members:?}");
            assert_eq!(are_held_by_us(&entries, &["spec"], members), want, "{told}");
        }
        let silent = ManagedFields::default();
        assert!(!are_held_by_us(&silent, &["spec"], ["podSelector"]));
        assert!(is_held_by_us(&entries, &["spec"]));
    }
}
