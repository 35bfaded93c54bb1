//! What makes pods: its template counts as a pod where no pod of it was seen.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::pod::{at, host_ports, is_host_network, items, labels, text};
use super::{OwnerKey, Reader};
use crate::facts::{Place, Pod, Workload};
use crate::policy::Source;

/// Who made a pod, as its own object tells.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) owner: Option<Workload>,
    /// The hash with which the name of its `ReplicaSet` ends, if a Deployment made that.
    pub(super) of_template: Option<String>,
}

/// A workload and the pod that its template makes.
#[derive(Debug)]
pub(super) struct Template {
    key: OwnerKey,
    /// Who controls it, whether or not that was read.
    owner: Option<OwnerKey>,
    pod: Pod,
}

/// The labels by which pods tell their Job.
const JOB_NAMES: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

/// How often an owner may have an owner.
const DEEPEST: usize = 8;

/// The pod template of an object that makes pods.
pub(super) fn template_of<'a>(group: &str, kind: &str, object: &'a Value) -> Option<&'a Value> {
    let path = match (group, kind) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("", "ReplicationController")
        | ("batch", "Job")
        | ("apps.openshift.io", "DeploymentConfig")
        | ("argoproj.io", "Rollout") => "/spec/template",
        ("batch", "CronJob") => "/spec/jobTemplate/spec/template",
        _ => return None,
    };
    at(object, path)
}

impl Reader {
    pub(super) fn workload(&mut self, object: &Value, source: Source) {
        let (group, kind) = super::group_and_kind(object);
        let Some(template) = template_of(group, kind, object) else {
            return;
        };
        let (namespace, name) = (self.namespace_of(object), self.name_of(object));
        let kind = self.shared(kind);
        let key = (Arc::clone(&namespace), Arc::clone(&kind), Arc::clone(&name));
        let owner = self.controller_of(object);
        if let Some(owner) = &owner {
            self.controllers.insert(key.clone(), owner.clone());
        }
        let owner = owner.map(|owner| self::key(&namespace, &owner));
        let spec = template.get("spec").unwrap_or(&Value::Null);
        let mut labels = labels(template);
        if &*kind == "Job" {
            // Its controller gives them to its pods, and policies name them.
            let given = JOB_NAMES.map(|key| (key.to_owned(), name.to_string()));
            labels.extend(given);
        }
        let pod = Pod {
            workload: Workload {
                kind,
                name: Arc::clone(&name),
            },
            labels: self.shared_labels(labels),
            ports: self.container_ports(spec),
            host_ports: host_ports(spec),
            addresses: Box::default(),
            place: Place {
                host_network: is_host_network(spec),
                ..Place::default()
            },
            is_template: true,
            is_future: false,
            namespace,
            name,
            source,
        };
        self.templates.push(Template { key, owner, pod });
    }

    /// The owner of an object that controls it.
    pub(super) fn controller_of(&mut self, object: &Value) -> Option<Workload> {
        let metadata = object.get("metadata")?;
        let owners = items(metadata, "ownerReferences").iter();
        let mut owners =
            owners.filter(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true));
        let owner = owners.next()?;
        Some(Workload {
            kind: self.shared(text(owner, "/kind")),
            name: self.shared(text(owner, "/name")),
        })
    }

    /// Gives every pod the topmost of its owners, and adds the templates of which no pod was seen.
    pub(super) fn settle_owners(&mut self) {
        let makers = std::mem::take(&mut self.owned);
        let mut pods = std::mem::take(&mut self.facts.pods);
        let templates = std::mem::take(&mut self.templates);
        let read: BTreeSet<OwnerKey> = templates.iter().map(|one| one.key.clone()).collect();
        let mut seen: BTreeSet<OwnerKey> = BTreeSet::new();
        for (pod, made) in pods.iter_mut().zip(makers) {
            // A pod that a kubelet runs by itself belongs to nobody but its node.
            let Some(owner) = made.owner.filter(|owner| &*owner.kind != "Node") else {
                continue;
            };
            let owners = self.owners(&pod.namespace, owner);
            seen.extend(owners.iter().map(|owner| key(&pod.namespace, owner)));
            let Some(mut top) = owners.into_iter().next_back() else {
                continue;
            };
            // Of a ReplicaSet that was read it is known who controls it; only of others do names tell.
            if !read.contains(&key(&pod.namespace, &top)) {
                top = self.deployment_by_name(top, made.of_template.as_deref());
                seen.insert(key(&pod.namespace, &top));
            }
            pod.workload = top;
        }
        // What something else controls, that was read or has pods, is only a part of that.
        let is_part = |one: &Template| {
            let owner = one.owner.as_ref();
            owner.is_some_and(|owner| read.contains(owner) || seen.contains(owner))
        };
        let unseen = templates
            .into_iter()
            .filter(|one| !seen.contains(&one.key) && !is_part(one));
        pods.extend(unseen.map(|template| template.pod));
        self.facts.pods = pods;
    }

    /// An owner and those above it, the topmost last.
    fn owners(&self, namespace: &Arc<str>, owner: Workload) -> Vec<Workload> {
        let above = |one: &Workload| self.controllers.get(&key(namespace, one)).cloned();
        let owners = std::iter::successors(Some(owner), above);
        owners.take(DEEPEST).collect()
    }

    /// The Deployment of a `ReplicaSet` whose name ends with the hash of a pod template, else the workload itself.
    fn deployment_by_name(&mut self, workload: Workload, hash: Option<&str>) -> Workload {
        let name = match (&*workload.kind, hash) {
            ("ReplicaSet", Some(hash)) => workload.name.strip_suffix(hash),
            _ => None,
        };
        match name.and_then(|name| name.strip_suffix('-')) {
            Some(name) => Workload {
                kind: self.shared("Deployment"),
                name: self.shared(name),
            },
            None => workload,
        }
    }
}

fn key(namespace: &Arc<str>, workload: &Workload) -> OwnerKey {
    let Workload { kind, name } = workload;
    (Arc::clone(namespace), Arc::clone(kind), Arc::clone(name))
}
