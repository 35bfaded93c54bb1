//! What a cluster must hold beside what it holds.

mod past;

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::cluster::Delivery;
use cofferdam_model::names::NamespaceName;
use cofferdam_model::zone::Enforcement;
use cofferdam_objects::compare::{Difference, spec_differences};
use cofferdam_objects::key::ObjectKey;
use cofferdam_objects::keys;
use cofferdam_objects::managed_fields::is_held_by_us;
use cofferdam_objects::policy::{Direction, isolates};
use cofferdam_state::bundle::{Bundle, DesiredNamespace, DesiredPolicy};
use cofferdam_state::observed::{LiveNamespace, LivePolicy, Observed};
use cofferdam_state::plan::label_field;
use cofferdam_state::record::{Record, entry_key};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::Value;

/// Live policies by namespace and name.
pub type LivePolicies = BTreeMap<(String, String), LivePolicy>;

/// A bundle beside an observed cluster.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// What the cluster must hold.
    pub bundle: &'a Bundle,
    /// What it was seen to hold.
    pub observed: &'a Observed,
    /// Who applies the bundle.
    pub delivery: Delivery,
    /// Namespaces and names of the live policies that are ours. Every question begins with whose a
    /// policy is, and the record answers by digest, which is too dear to be asked each time.
    ours: BTreeSet<(&'a str, &'a str)>,
    /// Staged namespaces that get labels only.
    labels_only: BTreeSet<&'a NamespaceName>,
    /// Namespaces that are to be isolated no longer.
    released: BTreeSet<NamespaceName>,
}

/// How a policy of the bundle is found in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyState {
    /// It is not there.
    Missing,
    /// It is as wanted.
    InSync,
    /// It is ours and differs.
    Changed(Vec<Difference>),
    /// It is ours by name, but somebody deleted it and made it again.
    Remade(Vec<Difference>),
    /// It is ours and being deleted: it will vanish, and cannot be written anew before.
    Terminating,
    /// It carries our label, but we did not write it.
    Impostor,
    /// Somebody else's object has the name.
    NameTaken,
}

/// How a key of a shared object is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is as wanted.
    InSync,
    /// It was never written.
    Missing,
    /// We wrote it and somebody changed or removed it.
    Changed,
    /// We never wrote it, and another manager holds it with another value.
    Conflict,
}

impl<'a> View<'a> {
    /// A bundle beside what a cluster was seen to hold.
    pub fn new(bundle: &'a Bundle, observed: &'a Observed, delivery: Delivery) -> Self {
        let mut view = Self {
            bundle,
            observed,
            delivery,
            ours: BTreeSet::new(),
            labels_only: BTreeSet::new(),
            released: BTreeSet::new(),
        };
        let ours = view
            .policies()
            .filter(|((namespace, name), live)| view.belongs_to_us(namespace, name, live))
            .map(|((namespace, name), _)| (namespace.as_str(), name.as_str()))
            .collect();
        view.ours = ours;
        let staged = bundle.namespaces.iter();
        let staged = staged.filter(|(_, wanted)| wanted.enforcement == Enforcement::Stage);
        view.labels_only = staged
            .map(|(namespace, _)| namespace)
            .filter(|namespace| view.is_isolated_before_us(namespace))
            .collect();
        view.released = view.to_be_released();
        view
    }

    /// The record, where there is one.
    pub fn record(&self) -> Option<&'a Record> {
        self.observed.our_record()
    }

    /// Live policies; none where they are unknown.
    pub fn policies(&self) -> impl Iterator<Item = (&'a (String, String), &'a LivePolicy)> {
        self.observed.policies.known().into_iter().flatten()
    }

    /// Live policies of one namespace.
    pub(crate) fn policies_of(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = (&'a (String, String), &'a LivePolicy)> {
        let first = (namespace.to_owned(), String::new());
        let all = self.observed.policies.known();
        all.into_iter()
            .flat_map(move |all| all.range(first.clone()..))
            .take_while({
                let namespace = namespace.to_owned();
                move |((ns, _), _)| *ns == namespace
            })
    }

    /// A live namespace.
    pub fn namespace(&self, name: &str) -> Option<&'a LiveNamespace> {
        self.observed.namespaces.known()?.get(name)
    }

    /// Whether policies can be written to a namespace: it exists or is created, and is not going away.
    pub fn is_usable(&self, name: &NamespaceName) -> bool {
        match self.namespace(name.as_str()) {
            Some(live) => !live.terminating && !self.is_zone_in_conflict(name, live),
            None => self
                .bundle
                .namespaces
                .get(name)
                .is_some_and(|wanted| wanted.create),
        }
    }

    /// Whether another manager holds the zone label of a namespace with another value.
    pub fn is_zone_in_conflict(&self, name: &NamespaceName, live: &LiveNamespace) -> bool {
        let wanted = self
            .bundle
            .namespaces
            .get(name)
            .and_then(|wanted| wanted.labels.get(keys::ZONE));
        let object = ObjectKey::namespace(name.as_str());
        wanted.is_some_and(|value| {
            let label = live.labels.get(keys::ZONE);
            self.key_state((&object, &live.uid), keys::ZONE, value, label) == KeyState::Conflict
        })
    }

    /// Whether a live policy is ours: recorded; while a pass that was cut off may have made it, recorded
    /// as pending and with our label; for GitOps in the bundle and with our label.
    pub fn is_ours(&self, namespace: &str, name: &str) -> bool {
        self.ours.contains(&(namespace, name))
    }

    fn belongs_to_us(&self, namespace: &str, name: &str, live: &LivePolicy) -> bool {
        match self.delivery {
            Delivery::Push => {
                let object = ObjectKey::policy(namespace, name);
                self.record()
                    .is_some_and(|record| record.has_written(&object, ""))
                    || (self.observed.is_pending(&object, "") && self.carries_our_label(live))
            }
            Delivery::Gitops => {
                self.carries_our_label(live)
                    && NamespaceName::parse(namespace).is_ok_and(|namespace| {
                        self.bundle
                            .policies
                            .contains_key(&(namespace, name.to_owned()))
                    })
            }
        }
    }

    /// Whether a live policy carries the label of this zone model.
    pub fn carries_our_label(&self, live: &LivePolicy) -> bool {
        live.labels.get(keys::INSTANCE).map(String::as_str) == Some(self.bundle.instance.as_str())
    }

    /// Whether a policy of that name is there and is not ours.
    pub fn is_held_by_others(&self, namespace: &str, name: &str) -> bool {
        let key = (namespace.to_owned(), name.to_owned());
        let live = self.observed.policies.known();
        live.is_some_and(|policies| policies.contains_key(&key)) && !self.is_ours(namespace, name)
    }

    /// Whether a policy of that name is there and being deleted.
    pub fn is_terminating(&self, namespace: &str, name: &str) -> bool {
        let key = (namespace.to_owned(), name.to_owned());
        let live = self.observed.policies.known();
        live.and_then(|policies| policies.get(&key))
            .is_some_and(|live| live.terminating)
    }

    /// How a policy of the bundle is found.
    pub fn policy_state(&self, namespace: &str, name: &str, wanted: &DesiredPolicy) -> PolicyState {
        let key = (namespace.to_owned(), name.to_owned());
        let Some(live) = self
            .observed
            .policies
            .known()
            .and_then(|policies| policies.get(&key))
        else {
            return PolicyState::Missing;
        };
        if !self.is_ours(namespace, name) {
            let ours = self.carries_our_label(live);
            return if ours {
                PolicyState::Impostor
            } else {
                PolicyState::NameTaken
            };
        }
        if live.terminating {
            return PolicyState::Terminating;
        }
        let found = policy_differences(&wanted.object, live);
        let object = ObjectKey::policy(namespace, name);
        let remade = self.delivery == Delivery::Push && self.is_remade(&object, live);
        match (remade, found.is_empty()) {
            (true, _) => PolicyState::Remade(found),
            (false, true) => PolicyState::InSync,
            (false, false) => PolicyState::Changed(found),
        }
    }

    /// Whether somebody deleted a policy of ours and made it again, and we have not written it since: what
    /// a pass under way was to write and our manager holds, it has written.
    pub fn is_remade(&self, object: &ObjectKey, live: &LivePolicy) -> bool {
        self.record().is_some_and(|record| {
            // Few are: who wrote what takes long to read.
            record.knows_other_uid(object, "", &live.uid)
                && !(record.pending.contains(&entry_key(object, ""))
                    && is_held_by_us(&live.managed_fields, &["spec"]))
        })
    }

    /// How a key of a shared object, given with its UID, is found. An equal value is in sync, whoever
    /// wrote it; a namespace or node that was made anew holds nothing that we wrote.
    pub fn key_state(
        &self,
        (object, uid): (&ObjectKey, &str),
        key: &str,
        wanted: &str,
        live: Option<&String>,
    ) -> KeyState {
        let recorded = self.observed.is_recorded(object, &label_field(key), uid);
        match live {
            Some(value) if value == wanted => KeyState::InSync,
            Some(_) | None if recorded => KeyState::Changed,
            None => KeyState::Missing,
            Some(_) => KeyState::Conflict,
        }
    }

    /// Whether a policy that is not ours, and that stays, isolates pods of a namespace in a direction. What a GitOps
    /// controller applied of an earlier bundle is not of others.
    pub fn is_isolated_by_others(&self, namespace: &str, direction: Direction) -> bool {
        self.policies_of(namespace)
            .any(|((_, name), live)| self.isolates_for_others((namespace, name), live, direction))
    }

    /// Whether a policy is such a one.
    pub(crate) fn isolates_for_others(
        &self,
        (namespace, name): (&str, &str),
        live: &LivePolicy,
        direction: Direction,
    ) -> bool {
        let is_former = self.delivery == Delivery::Gitops && self.carries_our_label(live);
        let theirs = !self.is_ours(namespace, name) && !is_former;
        !live.terminating && theirs && isolates(&live.spec, direction)
    }

    /// Our live policies of a namespace.
    pub fn our_policies(&self, namespace: &str) -> BTreeMap<&'a str, &'a LivePolicy> {
        self.policies_of(namespace)
            .filter(|((ns, name), _)| self.is_ours(ns, name))
            .map(|((_, name), live)| (name.as_str(), live))
            .collect()
    }

    /// The policies that a namespace is to hold now.
    ///
    /// While a namespace is staged and others isolate its pods already, our open policies would widen
    /// what these allow, and our allows without them would isolate: only labels are written then. Where
    /// policies of ours are in place already, taking them away would deny what they allow; they stay, and who
    /// deletes them there is found out.
    pub fn wanted_policies(
        &self,
        namespace: &NamespaceName,
    ) -> BTreeMap<&'a str, &'a DesiredPolicy> {
        if self.is_labels_only(namespace) {
            return BTreeMap::new();
        }
        let first = (namespace.clone(), String::new());
        self.bundle
            .policies
            .range(first..)
            .take_while(|((ns, _), _)| ns == namespace)
            .map(|((_, name), policy)| (name.as_str(), policy))
            .collect()
    }

    /// Whether a namespace is to hold a policy of that name now.
    pub(crate) fn is_wanted(&self, namespace: &str, name: &str) -> bool {
        self.wanted_policy(namespace, name).is_some()
    }

    /// The policy of that name that a namespace is to hold now.
    pub(crate) fn wanted_policy(&self, namespace: &str, name: &str) -> Option<&'a DesiredPolicy> {
        let namespace = NamespaceName::parse(namespace).ok()?;
        let labels_only = self.is_labels_only(&namespace);
        let policy = (namespace, name.to_owned());
        let wanted = self.bundle.policies.get(&policy);
        wanted.filter(|_| !labels_only)
    }

    /// Whether a staged namespace gets labels only, because others isolate its pods.
    pub fn is_labels_only(&self, namespace: &NamespaceName) -> bool {
        self.labels_only.contains(namespace)
    }

    fn is_isolated_before_us(&self, namespace: &NamespaceName) -> bool {
        !self.is_governed_already(namespace)
            && Direction::BOTH
                .into_iter()
                .any(|direction| self.is_isolated_by_others(namespace.as_str(), direction))
    }

    /// Namespaces that we isolated because no zone holds them, and that are to be isolated no longer, by
    /// what the record says. What left a zone stays as last applied.
    pub fn released(&self) -> &BTreeSet<NamespaceName> {
        &self.released
    }

    /// Every namespace that has, or is to have, policies of ours in a zone or by isolation.
    pub fn governed(&self) -> BTreeSet<&'a NamespaceName> {
        let with_policies = self.bundle.policies.keys().map(|(namespace, _)| namespace);
        self.bundle.namespaces.keys().chain(with_policies).collect()
    }

    /// Their names, as live objects carry them.
    pub(crate) fn governed_names(&self) -> BTreeSet<&'a str> {
        let governed = self.governed().into_iter();
        governed.map(NamespaceName::as_str).collect()
    }

    /// Every namespace that a pass attends to: governed, or to be released.
    pub(crate) fn attended(&self) -> BTreeSet<&NamespaceName> {
        self.governed().into_iter().chain(&self.released).collect()
    }

    /// What the bundle says of a namespace.
    pub fn wanted_namespace(&self, name: &str) -> Option<&'a DesiredNamespace> {
        self.bundle.namespaces.get(name)
    }
}

/// The fields of a policy in which live and wanted differ.
pub(crate) fn policy_differences(wanted: &NetworkPolicy, live: &LivePolicy) -> Vec<Difference> {
    let mut found = Vec::new();
    let metadata = &wanted.metadata;
    let ours = [
        ("metadata.labels", &metadata.labels, &live.labels),
        (
            "metadata.annotations",
            &metadata.annotations,
            &live.annotations,
        ),
    ];
    for (path, wanted, live) in ours {
        for (key, value) in wanted.iter().flatten() {
            if live.get(key) != Some(value) {
                found.push(Difference {
                    path: format!("{path}[{key}]"),
                    want: Some(Value::String(value.clone())),
                    have: live.get(key).cloned().map(Value::String),
                });
            }
        }
    }
    let spec = wanted.spec.iter();
    found.extend(spec.flat_map(|spec| spec_differences(spec, &live.spec)));
    found
}
