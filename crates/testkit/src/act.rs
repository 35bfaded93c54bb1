//! What somebody else does to a cluster.

use cofferdam_model::labels::Labels;
use cofferdam_objects::keys::{INSTANCE, NAMESPACE_NAME};
use cofferdam_objects::live_spec::LiveSpec;
use cofferdam_objects::managed_fields::ManagedFields;
use cofferdam_state::observed::LivePolicy;
use k8s_openapi::api::core::v1::Taint;
use serde_json::Value;

use crate::cluster::{Cluster, owned};
use crate::edit::Edit;
use crate::managed_fields::{claim, release};

/// The field manager of somebody else.
const SOMEBODY: &str = "kubectl-edit";

/// Something that somebody else does. What it is about may be missing; then nothing happens.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the words say it, and the values are theirs")]
pub enum Act {
    /// Writes a policy of their own, or over one that is there.
    WritePolicy {
        namespace: String,
        name: String,
        spec: Value,
    },
    /// Deletes a policy.
    DeletePolicy { namespace: String, name: String },
    /// Deletes a policy and makes the same again.
    RemakePolicy { namespace: String, name: String },
    /// Deletes the one of ours that stands at this place, counted around.
    DeleteOurs(usize),
    /// Begins to delete one of ours, which then waits for a finalizer.
    TerminateOurs(usize),
    /// Begins to delete a policy, which then waits for a finalizer.
    TerminatePolicy { namespace: String, name: String },
    /// Empties the rules of one of ours.
    EmptyOurs(usize),
    /// Edits the open policy of ours that stands at this place, counted around.
    EditOpen(usize, Edit),
    /// Makes one of ours again.
    RemakeOurs(usize),
    /// Removes our labels from one of ours.
    UnlabelOurs(usize),
    /// Makes a namespace.
    AddNamespace { name: String },
    /// Deletes a namespace and everything in it.
    DeleteNamespace { name: String },
    /// Begins to delete a namespace, which then waits for a finalizer.
    Terminate { name: String },
    /// Sets or removes a label of a namespace.
    Label {
        namespace: String,
        key: String,
        value: Option<String>,
    },
    /// Runs a pod that violates every Pod Security level but `privileged`.
    RunPrivileged { namespace: String, pod: String },
    /// Stops it.
    StopPrivileged { namespace: String, pod: String },
    /// Sets or removes a label of a node.
    LabelNode {
        node: String,
        key: String,
        value: Option<String>,
    },
    /// Sets a taint, over one of the same key and effect.
    Taint { node: String, taint: Taint },
    /// Removes the taints of a key.
    Untaint { node: String, key: String },
    /// Deletes the admission policy or binding that stands at this place, counted around.
    LoseGuard(usize),
    /// Lets it refuse or change nothing any more.
    WeakenGuard(usize),
}

impl Cluster {
    /// Lets somebody else act.
    pub fn act(&mut self, act: &Act) {
        match act {
            Act::WritePolicy {
                namespace,
                name,
                spec,
            } => self.write_policy(namespace, name, spec),
            Act::DeletePolicy { namespace, name } => {
                self.policies.remove(&(namespace.clone(), name.clone()));
            }
            Act::RemakePolicy { namespace, name } => {
                self.remake_policy(&(namespace.clone(), name.clone()));
            }
            Act::DeleteOurs(place) => self.on_ours(*place, |cluster, key| {
                cluster.policies.remove(key);
            }),
            Act::TerminateOurs(place) => self.on_ours(*place, Self::terminate_policy),
            Act::TerminatePolicy { namespace, name } => {
                self.terminate_policy(&(namespace.clone(), name.clone()));
            }
            Act::EmptyOurs(place) => self.on_ours(*place, Self::empty_policy),
            Act::EditOpen(place, edit) => self.edit_open(*place, *edit),
            Act::RemakeOurs(place) => self.on_ours(*place, Self::remake_policy),
            Act::UnlabelOurs(place) => self.on_ours(*place, Self::unlabel_policy),
            Act::AddNamespace { name } => {
                if !self.namespaces.contains_key(name) {
                    self.add_namespace(name, &[]);
                }
            }
            Act::DeleteNamespace { name } => {
                self.namespaces.remove(name);
                self.policies.retain(|(namespace, _), _| namespace != name);
                self.pods.retain(|pod| pod.namespace != *name);
                self.privileged_pods.remove(name);
            }
            Act::Terminate { name } => {
                if let Some(live) = self.namespaces.get_mut(name) {
                    live.terminating = true;
                }
            }
            Act::Label {
                namespace,
                key,
                value,
            } => self.label(namespace, key, value.as_ref()),
            Act::RunPrivileged { namespace, pod } => {
                if self.namespaces.contains_key(namespace) {
                    let pods = self.privileged_pods.entry(namespace.clone());
                    pods.or_default().insert(pod.clone());
                }
            }
            Act::StopPrivileged { namespace, pod } => {
                if let Some(pods) = self.privileged_pods.get_mut(namespace) {
                    pods.remove(pod);
                }
            }
            Act::LabelNode { node, key, value } => self.label_node(node, key, value.as_ref()),
            Act::Taint { node, taint } => {
                let same = |other: &Taint| other.key == taint.key && other.effect == taint.effect;
                self.set_taints(node, |taints| {
                    taints.retain(|other| !same(other));
                    taints.push(taint.clone());
                });
            }
            Act::Untaint { node, key } => {
                self.set_taints(node, |taints| taints.retain(|taint| taint.key != *key));
            }
            Act::LoseGuard(place) => self.lose_guard(*place),
            Act::WeakenGuard(place) => self.weaken_guard(*place),
        }
    }

    /// The keys of the policies that carry our label.
    pub fn ours(&self) -> Vec<(String, String)> {
        let ours = self
            .policies
            .iter()
            .filter(|(_, live)| live.labels.contains_key(INSTANCE));
        ours.map(|(key, _)| key.clone()).collect()
    }

    /// Does something to the one of ours that stands at this place, counted around.
    fn on_ours(&mut self, place: usize, act: impl FnOnce(&mut Self, &(String, String))) {
        let ours = self.ours();
        if let Some(key) = ours.get(place % ours.len().max(1)) {
            act(self, key);
        }
    }

    fn terminate_policy(&mut self, key: &(String, String)) {
        let version = self.tick();
        if let Some(live) = self.policies.get_mut(key) {
            live.terminating = true;
            live.resource_version = version;
        }
    }

    fn empty_policy(&mut self, key: &(String, String)) {
        let spec = self.policies.get(key).map(|live| (*live.spec).clone());
        let mut spec = spec.unwrap_or_default();
        if let Value::Object(fields) = &mut spec {
            fields.remove("ingress");
            fields.remove("egress");
        }
        self.write_policy(&key.0, &key.1, &spec);
    }

    fn edit_open(&mut self, place: usize, edit: Edit) {
        let open = self.open_policies();
        let key = open.get(place % open.len().max(1));
        let live = key.and_then(|key| self.policies.get_key_value(key));
        if let Some(((namespace, name), live)) = live {
            let (namespace, name, spec) = (namespace.clone(), name.clone(), edit.of(&live.spec));
            self.write_policy(&namespace, &name, &spec);
        }
    }

    fn unlabel_policy(&mut self, key: &(String, String)) {
        let version = self.tick();
        if let Some(live) = self.policies.get_mut(key) {
            live.labels.clear();
            live.resource_version = version;
            release(&mut live.managed_fields, &["metadata", "labels"]);
        }
    }

    fn write_policy(&mut self, namespace: &str, name: &str, spec: &Value) {
        if !self.namespaces.contains_key(namespace) {
            return;
        }
        let version = self.tick();
        let now = self.now();
        let key = (namespace.to_owned(), name.to_owned());
        let live = self.policies.entry(key).or_insert_with(|| LivePolicy {
            uid: version.clone(),
            resource_version: String::new(),
            labels: owned([]),
            annotations: owned([]),
            spec: LiveSpec::default(),
            terminating: false,
            managed_fields: ManagedFields::default(),
        });
        live.resource_version = version;
        let before = std::mem::replace(&mut live.spec, spec.clone().into());
        let fields = ["podSelector", "policyTypes", "ingress", "egress"];
        // Who writes the value that is there already holds nothing by that.
        for field in fields
            .into_iter()
            .filter(|field| before.get(field) != spec.get(field))
        {
            claim(&mut live.managed_fields, (SOMEBODY, &now), &["spec", field]);
        }
    }

    fn remake_policy(&mut self, key: &(String, String)) {
        let uid = self.tick();
        if let Some(live) = self.policies.get_mut(key) {
            live.uid.clone_from(&uid);
            live.resource_version = uid;
            live.terminating = false;
            live.managed_fields = ManagedFields::default();
        }
    }

    fn label(&mut self, namespace: &str, key: &str, value: Option<&String>) {
        self.tick();
        let now = self.now();
        if key == NAMESPACE_NAME {
            return;
        }
        let Some(live) = self.namespaces.get_mut(namespace) else {
            return;
        };
        set_label(
            &mut live.labels,
            &mut live.managed_fields,
            (key, value),
            &now,
        );
    }

    fn label_node(&mut self, node: &str, key: &str, value: Option<&String>) {
        self.tick();
        let now = self.now();
        let Some(live) = self.nodes.get_mut(node) else {
            return;
        };
        set_label(
            &mut live.labels,
            &mut live.managed_fields,
            (key, value),
            &now,
        );
    }

    fn set_taints(&mut self, node: &str, change: impl FnOnce(&mut Vec<Taint>)) {
        self.tick();
        let now = self.now();
        if let Some(live) = self.nodes.get_mut(node) {
            change(&mut live.taints);
            claim(
                &mut live.managed_fields,
                (SOMEBODY, &now),
                &["spec", "taints"],
            );
        }
    }
}

/// Sets or removes a label as somebody else, with the claim that a server would note.
fn set_label(
    labels: &mut Labels,
    held: &mut ManagedFields,
    (key, value): (&str, Option<&String>),
    now: &str,
) {
    let path = ["metadata", "labels", key];
    if let Some(value) = value {
        labels.insert(key.to_owned(), value.clone());
        claim(held, (SOMEBODY, now), &path);
    } else {
        labels.remove(key);
        release(held, &path);
    }
}
