//! What of a cluster a plan changes and what decides what can be reached: policies, and labels of namespaces.

use std::collections::BTreeMap;

use cofferdam_model::labels::Labels;
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::ZONE;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::{Value, json};

use crate::action::{Action, KeyChange};
use crate::bundle::Bundle;
use crate::observed::Observed;
use crate::plan::Plan;

/// Policies and labels of namespaces, as they are or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segmentation {
    /// Specs of policies of the kinds that are modelled.
    pub policies: BTreeMap<ObjectKey, Value>,
    /// Labels of namespaces by name.
    pub namespaces: BTreeMap<String, Labels>,
}

impl Segmentation {
    /// What was seen; what is unknown is not among it.
    pub fn of(observed: &Observed) -> Self {
        let policies = observed.policies.known().into_iter().flatten();
        let policies = policies.map(|((namespace, name), live)| {
            (ObjectKey::policy(namespace, name), live.spec.read())
        });
        let of_cluster = observed.cluster_policies.known().into_iter().flatten();
        let of_cluster = of_cluster.map(|(key, live)| (key.clone(), live.spec.read()));
        let namespaces = observed.namespaces.known().into_iter().flatten();
        Self {
            policies: policies.chain(of_cluster).collect(),
            namespaces: namespaces
                .map(|(name, live)| (name.clone(), live.labels.clone()))
                .collect(),
        }
    }

    /// What it is once every step of a plan was carried out.
    #[must_use]
    pub fn after(mut self, plan: &Plan) -> Self {
        for step in &plan.steps {
            self.carry_out(&step.action);
        }
        self
    }

    /// Puts a policy in place.
    pub fn put(&mut self, object: &NetworkPolicy) {
        let metadata = &object.metadata;
        let namespace = metadata.namespace.as_deref().unwrap_or_default();
        let key = ObjectKey::policy(namespace, metadata.name.as_deref().unwrap_or_default());
        let spec = serde_json::to_value(&object.spec).unwrap_or_default();
        self.policies.insert(key, spec);
    }

    /// Labels namespaces as a bundle wants it: no other carries a zone.
    pub fn label_as(&mut self, bundle: &Bundle) {
        for (name, labels) in &mut self.namespaces {
            match bundle.namespaces.get(name.as_str()) {
                Some(wanted) => labels.extend(wanted.labels.clone()),
                None => {
                    labels.remove(ZONE);
                }
            }
        }
    }

    /// Its policies as objects.
    pub fn objects(&self) -> impl Iterator<Item = Value> {
        let policies = self.policies.iter();
        policies.map(|(key, spec)| Self::object(key, spec))
    }

    /// Its namespaces as objects.
    pub fn labelled(&self) -> impl Iterator<Item = Value> {
        let namespaces = self.namespaces.iter();
        namespaces.map(|(name, labels)| Self::namespace(name, labels))
    }

    /// A namespace with these labels as an object.
    pub fn namespace(name: &str, labels: &Labels) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": labels},
        })
    }

    /// A policy of it as an object.
    pub fn object(key: &ObjectKey, spec: &Value) -> Value {
        json!({
            "apiVersion": key.kind.api_version(),
            "kind": key.kind.as_str(),
            "metadata": {"namespace": key.namespace, "name": key.name},
            "spec": spec,
        })
    }

    fn carry_out(&mut self, action: &Action) {
        match action {
            Action::CreateNamespace { name, labels } => {
                self.namespaces.insert(name.clone(), labels.clone());
            }
            Action::PatchNamespace { name, labels, .. } => {
                let of = self.namespaces.entry(name.clone()).or_default();
                for KeyChange { key, new, .. } in &labels.changes {
                    match new {
                        Some(value) => of.insert(key.clone(), value.clone()),
                        None => of.remove(key),
                    };
                }
            }
            Action::CreatePolicy { object } | Action::ReplacePolicy { object, .. } => {
                self.put(object);
            }
            Action::DeletePolicy {
                namespace, name, ..
            }
            | Action::DeleteOpened { namespace, name } => {
                self.policies.remove(&ObjectKey::policy(namespace, name));
            }
            // No policy selects nodes by labels of ours, and guard rails stop no packet.
            Action::PatchNode { .. }
            | Action::ReleasePolicy { .. }
            | Action::CreateGuard { .. }
            | Action::ReplaceGuard { .. }
            | Action::DeleteGuard { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_model::names::ClusterName;
    use serde_json::json;

    use super::*;
    use crate::action::LabelPatch;
    use crate::finding::Effect;
    use crate::phase::Phase;
    use crate::plan::Step;

    fn policy(name: &str, spec: &Value) -> std::sync::Arc<NetworkPolicy> {
        let object = json!({"metadata": {"namespace": "web", "name": name}, "spec": spec});
        serde_json::from_value::<NetworkPolicy>(object)
            .unwrap()
            .into()
    }

    #[test]
    fn a_plan_is_carried_out_step_by_step() {
        let labels = |team: &str| -> Labels { [("team".to_owned(), team.to_owned())].into() };
        let mut before = Segmentation::default();
        before.namespaces.insert("web".to_owned(), labels("a"));
        let deny = json!({"podSelector": {}});
        before.put(&policy("gone", &deny));
        let change = KeyChange {
            key: "team".to_owned(),
            old: Some("a".to_owned()),
            new: Some("b".to_owned()),
        };
        let actions = [
            Action::CreateNamespace {
                name: "new".to_owned(),
                labels: labels("c"),
            },
            Action::PatchNamespace {
                name: "web".to_owned(),
                uid: String::new(),
                labels: LabelPatch {
                    has_labels: true,
                    changes: vec![change],
                },
            },
            Action::CreatePolicy {
                object: policy("open", &json!({"podSelector": {}, "ingress": [{}]})),
            },
            Action::CreatePolicy {
                object: policy("deny", &deny),
            },
            Action::DeletePolicy {
                namespace: "web".to_owned(),
                name: "gone".to_owned(),
                uid: String::new(),
                resource_version: String::new(),
            },
            Action::DeleteOpened {
                namespace: "web".to_owned(),
                name: "open".to_owned(),
            },
        ];
        let steps = actions.into_iter().map(|action| Step {
            phase: Phase::Labels,
            action,
            reason: String::new(),
            effect: Effect::Unknown,
            zone: None,
        });
        let plan = Plan {
            cluster: ClusterName::parse("prod").unwrap(),
            sequence: 0,
            revision: String::new(),
            bundle_hash: String::new(),
            steps: steps.collect(),
            notices: Vec::new(),
            kept: BTreeMap::new(),
            probes: Vec::new(),
            footings: BTreeMap::new(),
            resumes: false,
        };
        let after = before.after(&plan);
        let policies: Vec<String> = after.policies.keys().map(ToString::to_string).collect();
        assert_eq!(policies, ["NetworkPolicy/web/deny"]);
        let wanted = [
            ("new".to_owned(), labels("c")),
            ("web".to_owned(), labels("b")),
        ];
        assert_eq!(after.namespaces, BTreeMap::from(wanted));
    }
}
