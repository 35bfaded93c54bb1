//! All objects that one cluster must hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cofferdam_model::cluster::Guards;
use cofferdam_model::labels::Labels;
use cofferdam_model::names::{
    ClusterName, InstanceName, InvalidName, NamespaceName, PoolName, TrustDomainName, ZoneName,
};
use cofferdam_model::node_pool::NodePool;
use cofferdam_model::zone::{Enforcement, Sensitivity};
use cofferdam_objects::keys::PROBE_NAMESPACE;
use cofferdam_objects::policy::Direction;
use k8s_openapi::api::networking::v1::NetworkPolicy;

use crate::guard::{DesiredGuard, GuardLevel, Rail};

/// All objects that one cluster must hold, compiled from the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// The cluster.
    pub cluster: ClusterName,
    /// The zone model's name.
    pub instance: InstanceName,
    /// The cluster's trust domain.
    pub trust_domain: TrustDomainName,
    /// Hash of model and fleet.
    pub revision: String,
    /// Hash of everything below.
    pub hash: String,
    /// Namespaces of zones, also those in `observe`.
    pub namespaces: BTreeMap<NamespaceName, DesiredNamespace>,
    /// Policies by namespace and name.
    pub policies: BTreeMap<(NamespaceName, String), DesiredPolicy>,
    /// Namespaces of which ingress stays open although the zone is enforced, with the reason.
    pub held_open: BTreeMap<NamespaceName, String>,
    /// Node pools of the cluster's trust domain, apart from those whose zones are all in `observe`.
    pub pools: Vec<NodePool>,
    /// Those of them that get their label only, because none of their zones is enforced: a taint denies.
    pub staged_pools: BTreeSet<PoolName>,
    /// Namespaces that are never touched.
    pub system_namespaces: BTreeSet<NamespaceName>,
    /// Guard rails by name.
    pub guards: BTreeMap<String, DesiredGuard>,
    /// Whom they let change what they protect.
    pub guarded_by: Guards,
}

impl Bundle {
    /// Namespaces in which nobody can make a pod while its guard rails are in force, which is asked of each.
    pub fn closed_namespaces(
        &self,
        is_in_force: impl Fn(&DesiredGuard) -> bool,
    ) -> BTreeSet<&'static str> {
        let mut guards = self.guards.values();
        let is_closed = guards.any(|guard| {
            guard.rail == Rail::Probes && guard.level == GuardLevel::Deny && is_in_force(guard)
        });
        is_closed.then_some(PROBE_NAMESPACE).into_iter().collect()
    }

    /// The bundle of a cluster that belongs to no trust domain any more: it asks for nothing. An error where no
    /// name can stand for the trust domain.
    pub fn nothing(cluster: ClusterName, instance: InstanceName) -> Result<Self, InvalidName> {
        Ok(Self {
            cluster,
            instance,
            trust_domain: TrustDomainName::parse("none")?,
            revision: String::new(),
            hash: String::new(),
            namespaces: BTreeMap::new(),
            policies: BTreeMap::new(),
            held_open: BTreeMap::new(),
            pools: Vec::new(),
            staged_pools: BTreeSet::new(),
            system_namespaces: BTreeSet::new(),
            guards: BTreeMap::new(),
            guarded_by: Guards::default(),
        })
    }

    /// The zone of each namespace that is in one.
    pub fn zones(&self) -> BTreeMap<NamespaceName, ZoneName> {
        let namespaces = self.namespaces.iter();
        namespaces
            .map(|(name, wanted)| (name.clone(), wanted.zone.clone()))
            .collect()
    }

    /// Whether the nodes of a pool are to be tainted: one of its zones is enforced here.
    pub fn is_pool_tainted(&self, pool: &NodePool) -> bool {
        !self.staged_pools.contains(&pool.name)
    }

    /// Names of the namespaces of a pool's zones, however far they are taken.
    pub fn namespaces_of_pool<'a>(
        &'a self,
        pool: &'a NodePool,
    ) -> impl Iterator<Item = (&'a NamespaceName, &'a DesiredNamespace)> {
        let all = self.namespaces.iter();
        all.filter(|(_, wanted)| pool.zones.contains(&wanted.zone))
    }

    /// Whether the pods of a namespace are to be denied in a direction: it holds the deny.
    pub fn denies(&self, namespace: &NamespaceName, direction: Direction) -> bool {
        let deny = (namespace.clone(), deny_name(direction));
        self.policies.contains_key(&deny)
    }
}

/// A namespace of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredNamespace {
    /// Its zone.
    pub zone: ZoneName,
    /// The zone's sensitivity.
    pub sensitivity: Sensitivity,
    /// How far it is taken here.
    pub enforcement: Enforcement,
    /// Whether we create it.
    pub create: bool,
    /// Labels that we write; empty in `observe`.
    pub labels: Labels,
    /// Labels that we write only where the key is absent.
    pub labels_if_absent: Labels,
    /// The documents it comes from.
    pub source: String,
}

/// A policy of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredPolicy {
    /// The object, fully defaulted.
    pub object: Arc<NetworkPolicy>,
    /// What it is for.
    pub role: Role,
    /// The zone of its namespace; none for an isolated namespace that no zone holds.
    pub zone: Option<ZoneName>,
    /// Whether the flow behind it lacks an approval.
    pub unapproved: bool,
    /// Whether it admits a whole cluster's addresses.
    pub cluster_granular: bool,
}

/// What a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Allows everything in one direction, so that other policies isolate nothing yet.
    Open(Direction),
    /// Allows something.
    Allow,
    /// Isolates every pod of the namespace in one direction.
    Deny(Direction),
}

/// The name of the policy that keeps a namespace open.
pub fn open_name(direction: Direction) -> String {
    format!("cofferdam-open-{}", direction.field())
}

/// The name of the policy that isolates a namespace.
pub fn deny_name(direction: Direction) -> String {
    format!("cofferdam-default-deny-{}", direction.field())
}

/// What a policy with this name of ours is for.
pub fn role_of(name: &str) -> Role {
    for direction in Direction::BOTH {
        if name == open_name(direction) {
            return Role::Open(direction);
        }
        if name == deny_name(direction) {
            return Role::Deny(direction);
        }
    }
    Role::Allow
}
