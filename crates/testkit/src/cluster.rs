//! What a cluster in memory holds.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::labels::Labels;
use cofferdam_model::names::{ClusterName, NamespaceName};
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys::{NAMESPACE_NAME, SYSTEM_NAMESPACE};
use cofferdam_objects::managed_fields::ManagedFields;
use cofferdam_state::audit::AuditedWrite;
use cofferdam_state::observed::{
    Identity, LiveAdmission, LiveNamespace, LiveNode, LivePod, LivePolicy, LiveRecord, LiveService,
    Observed, Reading, Template,
};
use cofferdam_state::record::Record;
use k8s_openapi::api::core::v1::Toleration;

use crate::capabilities::kubeadm;

/// A cluster in memory. Set the scene by its fields; all of it can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Its name in the fleet.
    pub name: ClusterName,
    /// What it is and can do.
    pub capabilities: Capabilities,
    /// Our record.
    pub record: Option<LiveRecord>,
    /// Namespaces.
    pub namespaces: BTreeMap<String, LiveNamespace>,
    /// NetworkPolicies.
    pub policies: BTreeMap<(String, String), LivePolicy>,
    /// Policies of administrators.
    pub cluster_policies: BTreeMap<ObjectKey, LivePolicy>,
    /// Policies of other kinds, of which only the names are seen.
    pub other_policies: Vec<ObjectKey>,
    /// Nodes.
    pub nodes: BTreeMap<String, LiveNode>,
    /// Pods.
    pub pods: Vec<LivePod>,
    /// Pod templates.
    pub templates: Vec<Template>,
    /// Services.
    pub services: Vec<LiveService>,
    /// Admission policies and bindings.
    pub admission: BTreeMap<ObjectKey, LiveAdmission>,
    /// What Ingresses send traffic to.
    pub ingress_backends: Vec<(String, String, String)>,
    /// The audit log.
    pub writes: Vec<AuditedWrite>,
    /// Pods that violate every Pod Security level but `privileged`, by namespace.
    pub privileged_pods: BTreeMap<String, BTreeSet<String>>,
    ticks: u64,
}

impl Cluster {
    /// An empty cluster with the namespaces that every cluster has.
    pub fn new(name: &str) -> Self {
        let Ok(name) = ClusterName::parse(name) else {
            panic!("`{name}` is no name of a cluster")
        };
        let mut cluster = Self {
            capabilities: kubeadm(name.clone()),
            name,
            record: None,
            namespaces: BTreeMap::new(),
            policies: BTreeMap::new(),
            cluster_policies: BTreeMap::new(),
            other_policies: Vec::new(),
            nodes: BTreeMap::new(),
            pods: Vec::new(),
            templates: Vec::new(),
            services: Vec::new(),
            admission: BTreeMap::new(),
            ingress_backends: Vec::new(),
            writes: Vec::new(),
            privileged_pods: BTreeMap::new(),
            ticks: 0,
        };
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            cluster.add_namespace(name, &[]);
        }
        cluster
    }

    /// Adds a namespace as its owner made it.
    pub fn add_namespace(&mut self, name: &str, labels: &[(&str, &str)]) {
        let labels = labels.iter().copied().chain([(NAMESPACE_NAME, name)]);
        let namespace = LiveNamespace {
            uid: self.tick(),
            labels: owned(labels),
            terminating: false,
            managed_fields: ManagedFields::default(),
        };
        self.namespaces.insert(name.to_owned(), namespace);
    }

    /// What is seen of it, all of it known.
    pub fn observe(&self) -> Observed {
        let namespaces = self.namespaces.iter().filter_map(|(name, live)| {
            Some((NamespaceName::parse(name).ok()?, live.labels.clone()))
        });
        let capabilities = Capabilities {
            namespaces: namespaces.collect(),
            ..self.capabilities.clone()
        };
        let of_cluster = self.cluster_policies.keys();
        let other_policies = of_cluster.chain(&self.other_policies).cloned().collect();
        Observed {
            cluster: self.name.clone(),
            at: self.now(),
            uid: Reading::Known(self.capabilities.uid.clone()),
            capabilities: Reading::Known(capabilities),
            record: Reading::Known(self.record.clone()),
            namespaces: Reading::Known(self.namespaces.clone()),
            policies: Reading::Known(self.policies.clone()),
            cluster_policies: Reading::Known(self.cluster_policies.clone()),
            other_policies: Reading::Known(other_policies),
            nodes: Reading::Known(self.nodes.clone()),
            pods: Reading::Known(self.pods.clone()),
            templates: Reading::Known(self.templates.clone()),
            services: Reading::Known(self.services.clone()),
            admission: Reading::Known(self.admission.clone()),
            ingress_backends: Reading::Known(self.ingress_backends.clone()),
            entrances: BTreeMap::new(),
            identity: Reading::Known(Identity {
                user: "cofferdam".to_owned(),
                groups: Vec::new(),
            }),
            writes: Reading::Known(self.writes.clone()),
            enforce_answers: self.enforce_answers(),
        }
    }

    /// Writes the record, refused where it is not in the state that the writer saw.
    pub(crate) fn write_record(
        &mut self,
        expected: Option<&LiveRecord>,
        record: Record,
    ) -> Result<LiveRecord, String> {
        let state = |live: &LiveRecord| (live.uid.clone(), live.resource_version.clone());
        if self.record.as_ref().map(state) != expected.map(state) {
            return Err("the record is not as it was seen".to_owned());
        }
        if !self.namespaces.contains_key(SYSTEM_NAMESPACE) {
            self.add_namespace(SYSTEM_NAMESPACE, &[]);
        }
        let resource_version = self.tick();
        let uid = expected.map_or_else(|| resource_version.clone(), |live| live.uid.clone());
        let live = LiveRecord {
            record,
            uid,
            resource_version,
        };
        self.record = Some(live.clone());
        Ok(live)
    }

    /// A UID or resource version that nothing had before; time moves on by a second.
    pub(crate) fn tick(&mut self) -> String {
        self.ticks += 1;
        format!("t{}", self.ticks)
    }

    /// The time, RFC 3339 in UTC.
    pub fn now(&self) -> String {
        let (minutes, seconds) = (self.ticks / 60, self.ticks % 60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        format!("2026-11-21T{hours:02}:{minutes:02}:{seconds:02}Z")
    }
}

/// Labels of text.
pub(crate) fn owned<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Labels {
    let labels = labels.into_iter();
    labels
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// A running pod with these labels.
pub fn pod(namespace: &str, name: &str, labels: &[(&str, &str)]) -> LivePod {
    LivePod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        labels: owned(labels.iter().copied()),
        ..LivePod::default()
    }
}

/// A ready node without taints.
pub fn node(uid: &str, labels: &[(&str, &str)]) -> LiveNode {
    LiveNode {
        uid: uid.to_owned(),
        labels: owned(labels.iter().copied()),
        annotations: owned([]),
        taints: Vec::new(),
        provider_id: String::new(),
        ready: true,
        addresses: Vec::new(),
        managed_fields: ManagedFields::default(),
    }
}

/// A toleration of one key with one value.
pub fn toleration(key: &str, value: &str) -> Toleration {
    Toleration {
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
        ..Toleration::default()
    }
}
