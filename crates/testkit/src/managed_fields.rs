//! Who holds which field, kept as an API server keeps it: one holder per field.

use cofferdam_objects::managed_fields::ManagedFields;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
use serde_json::{Map, Value, json};

/// Gives a field, named by its path, to a manager at a time; nobody else holds it any more.
pub(crate) fn claim(held: &mut ManagedFields, (manager, at): (&str, &str), path: &[&str]) {
    release(held, path);
    let mut entries = held.entries();
    let own = entries
        .iter()
        .position(|entry| entry.manager.as_deref() == Some(manager));
    let fields = own.and_then(|index| entries.remove(index).fields_v1);
    let mut fields = fields.map_or_else(|| json!({}), |fields| fields.0);
    add(&mut fields, path);
    let entry = json!({
        "manager": manager, "operation": "Update", "time": at, "fieldsType": "FieldsV1", "fieldsV1": fields,
    });
    entries.extend(serde_json::from_value::<ManagedFieldsEntry>(entry));
    *held = entries.into();
}

/// Takes a field from whoever holds it, as its removal does.
pub(crate) fn release(held: &mut ManagedFields, path: &[&str]) {
    let mut entries = held.entries();
    for entry in &mut entries {
        if let Some(FieldsV1(fields)) = &mut entry.fields_v1 {
            remove(fields, path);
        }
    }
    *held = entries.into();
}

/// The members below a path that a manager holds.
pub(crate) fn held(held: &ManagedFields, manager: &str, path: &[&str]) -> Vec<String> {
    let entries = held.entries();
    let own = entries
        .iter()
        .filter(|entry| entry.manager.as_deref() == Some(manager));
    let below = own.filter_map(|entry| {
        let mut fields = &entry.fields_v1.as_ref()?.0;
        for member in path {
            fields = fields.get(format!("f:{member}"))?;
        }
        fields.as_object()
    });
    let members = below.flat_map(Map::keys);
    members
        .filter_map(|member| member.strip_prefix("f:").map(str::to_owned))
        .collect()
}

fn add(fields: &mut Value, path: &[&str]) {
    let Some((member, rest)) = path.split_first() else {
        return;
    };
    if let Value::Object(map) = fields {
        add(
            map.entry(format!("f:{member}"))
                .or_insert_with(|| json!({})),
            rest,
        );
    }
}

fn remove(fields: &mut Value, path: &[&str]) {
    let Some((member, rest)) = path.split_first() else {
        return;
    };
    let key = format!("f:{member}");
    let Value::Object(map) = fields else { return };
    if let Some(inner) = map.get_mut(&key) {
        remove(inner, rest);
        if rest.is_empty() || inner.as_object().is_some_and(Map::is_empty) {
            map.remove(&key);
        }
    }
}
