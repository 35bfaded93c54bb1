//! A policy on its way out and back. There are thousands, so nothing is built that is not compared.

use cofferdam_model::labels::Labels;
use cofferdam_objects::compare::spec_differences;
use cofferdam_objects::live_spec::LiveSpec;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};
use serde::{Deserialize, Serialize};

use super::Written;

/// Few bodies are longer, so that they seldom grow.
const USUAL_BYTES: usize = 2048;

/// What is sent: the object, bound to one state of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: &'a Option<NetworkPolicySpec>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    name: &'a Option<String>,
    namespace: &'a Option<String>,
    labels: &'a Option<Labels>,
    annotations: &'a Option<Labels>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    resource_version: &'a str,
}

/// The body that overwrites the object with the expected UID and version, or without any creates it
/// and takes nothing over: the server answers this version with a conflict when the name exists.
pub(super) fn body(
    object: &NetworkPolicy,
    expected: Option<(&str, &str)>,
) -> Result<Vec<u8>, serde_json::Error> {
    let metadata = &object.metadata;
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    let body = Body {
        api_version: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: Metadata {
            name: &metadata.name,
            namespace: &metadata.namespace,
            labels: &metadata.labels,
            annotations: &metadata.annotations,
            uid: expected.map(|(uid, _)| uid),
            resource_version: expected.map_or("1", |(_, version)| version),
        },
        spec: &object.spec,
    };
    serde_json::to_writer(&mut bytes, &body)?;
    Ok(bytes)
}

/// What came back, without what nobody asks for.
#[derive(Deserialize)]
pub(super) struct Returned {
    metadata: ReturnedMetadata,
    #[serde(default)]
    spec: LiveSpec,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ReturnedMetadata {
    uid: String,
    resource_version: String,
    labels: Labels,
    annotations: Labels,
}

impl Returned {
    /// The fields in which it is not what was wanted.
    pub(super) fn differences(&self, object: &NetworkPolicy) -> Vec<String> {
        let spec = object.spec.iter();
        let mut found: Vec<String> = spec
            .flat_map(|spec| spec_differences(spec, &self.spec))
            .map(|difference| difference.path)
            .collect();
        let metadata = &object.metadata;
        let fields = [
            ("labels", &metadata.labels, &self.metadata.labels),
            (
                "annotations",
                &metadata.annotations,
                &self.metadata.annotations,
            ),
        ];
        for (field, wanted, live) in fields {
            let wanted = wanted.iter().flatten();
            let other = wanted.filter(|(key, value)| live.get(*key) != Some(*value));
            found.extend(other.map(|(key, _)| format!("metadata.{field}.{key}")));
        }
        found
    }

    /// What is remembered of it.
    pub(super) fn into_written(self) -> Written {
        Written {
            uid: self.metadata.uid,
            resource_version: self.metadata.resource_version,
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
    use serde_json::{Value, json};

    use super::*;

    fn wanted() -> NetworkPolicy {
        NetworkPolicy {
            metadata: ObjectMeta {
                name: Some("a".to_owned()),
                namespace: Some("n".to_owned()),
                labels: Some([("l".to_owned(), "x".to_owned())].into()),
                ..ObjectMeta::default()
            },
            spec: Some(NetworkPolicySpec {
                ingress: Some(Vec::new()),
                ..NetworkPolicySpec::default()
            }),
        }
    }

    #[test]
    fn a_policy_is_sent_bound_to_its_state() {
        let send = |expected| -> Value {
            serde_json::from_slice(&body(&wanted(), expected).unwrap()).unwrap()
        };
        let mut want = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {
                "name": "a",
                "namespace": "n",
                "labels": {"l": "x"},
                "annotations": null,
                "resourceVersion": "1",
            },
            "spec": {"ingress": []},
        });
        assert_eq!(send(None), want);
        want["metadata"]["uid"] = json!("u");
        want["metadata"]["resourceVersion"] = json!("7");
        assert_eq!(send(Some(("u", "7"))), want);
    }

    #[test]
    fn every_field_that_came_back_otherwise_is_named() {
        let live = json!({
            "metadata": {"uid": "u", "resourceVersion": "7", "labels": {"l": "y"}},
            "spec": {"ingress": [{}]},
        });
        let live: Returned = serde_json::from_value(live).unwrap();
        let found = live.differences(&wanted());
        assert_eq!(found, ["spec.ingress", "metadata.labels.l"]);
    }
}
