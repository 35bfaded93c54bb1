//! The documents as they are written: one type per kind, nothing checked but shape.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) mod capabilities;
pub(crate) mod cluster;
pub(crate) mod external_network;
pub(crate) mod flow;
pub(crate) mod guarantee;
pub(crate) mod healing;
pub(crate) mod node_pool;
pub(crate) mod selector;
pub(crate) mod trust_domain;
pub(crate) mod waiver;
pub(crate) mod zone;
pub(crate) mod zone_model;

/// The version of every document.
pub(crate) const API_VERSION: &str = "cofferdam.io/v1alpha1";

/// Every kind of document.
pub const KINDS: [&str; 10] = [
    "Cluster",
    "TrustDomain",
    "NodePool",
    "Capabilities",
    "ZoneModel",
    "Zone",
    "Flow",
    "ExternalNetwork",
    "Guarantee",
    "Waiver",
];

/// A document.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Document<M, S> {
    /// The version of the format.
    #[serde(rename = "apiVersion")]
    pub(crate) _api_version: String,
    /// The kind of document.
    #[serde(rename = "kind")]
    pub(crate) _kind: String,
    /// What it is called.
    pub(crate) metadata: M,
    /// What it says.
    pub(crate) spec: S,
}

/// What a document is called.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Metadata {
    /// The name, unique among documents of the kind.
    pub(crate) name: String,
}

/// What a cluster is called.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClusterMetadata {
    /// The name, unique among clusters.
    pub(crate) name: String,
    /// Labels by which trust domains and rules select the cluster.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

/// The JSON Schema of a kind, every default included; `None` for a kind that does not exist.
pub fn schema(kind: &str) -> Option<Value> {
    let schema = match kind {
        "Cluster" => schema_of::<Document<ClusterMetadata, cluster::ClusterSpec>>(),
        "TrustDomain" => schema_of::<Document<Metadata, trust_domain::TrustDomainSpec>>(),
        "NodePool" => schema_of::<Document<Metadata, node_pool::NodePoolSpec>>(),
        "Capabilities" => schema_of::<Document<Metadata, capabilities::CapabilitiesSpec>>(),
        "ZoneModel" => schema_of::<Document<Metadata, zone_model::ZoneModelSpec>>(),
        "Zone" => schema_of::<Document<Metadata, zone::ZoneSpec>>(),
        "Flow" => schema_of::<Document<Metadata, flow::FlowSpec>>(),
        "ExternalNetwork" => {
            schema_of::<Document<Metadata, external_network::ExternalNetworkSpec>>()
        }
        "Guarantee" => schema_of::<Document<Metadata, guarantee::GuaranteeSpec>>(),
        "Waiver" => schema_of::<Document<Metadata, waiver::WaiverSpec>>(),
        _ => return None,
    };
    let mut value = schema.to_value();
    strip_null(&mut value);
    if let Some(object) = value.as_object_mut() {
        object.insert("title".to_owned(), json!(kind));
        object.insert(
            "description".to_owned(),
            json!(format!("A Cofferdam document of kind {kind}.")),
        );
    }
    for (field, word) in [("apiVersion", API_VERSION), ("kind", kind)] {
        if let Some(slot) = value.pointer_mut(&format!("/properties/{field}")) {
            *slot = json!({ "const": word, "type": "string" });
        }
    }
    Some(value)
}

fn schema_of<T: JsonSchema>() -> Schema {
    SchemaGenerator::new(SchemaSettings::draft2020_12()).into_root_schema_for::<T>()
}

/// A field that may be left out may not be null: nobody can tell what was meant.
fn strip_null(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(strip_null),
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            for key in ["anyOf", "oneOf"] {
                if let Some(Value::Array(choices)) = object.get_mut(key) {
                    choices.retain(|choice| choice.get("type") != Some(&json!("null")));
                }
            }
            object.values_mut().for_each(strip_null);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
