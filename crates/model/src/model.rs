//! The whole: zone model and fleet, with every reference resolved.

use std::collections::{BTreeMap, BTreeSet};

use crate::capabilities::Capabilities;
use crate::cluster::Cluster;
use crate::external_network::ExternalNetwork;
use crate::flow::Flow;
use crate::guarantee::Guarantee;
use crate::names::{
    ClusterName, ExternalNetworkName, FlowName, GuaranteeName, InstanceName, NamespaceName,
    PoolName, TierName, TrustDomainName, WaiverName, ZoneName,
};
use crate::node_pool::NodePool;
use crate::trust_domain::TrustDomain;
use crate::waiver::Waiver;
use crate::zone::Zone;

/// Zone model and fleet. Every cluster belongs to exactly one trust domain, and every name that a
/// document mentions exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The name of the zone model.
    pub instance: InstanceName,
    /// The tiers, from the internet to the data.
    pub tiers: Vec<TierName>,
    /// System namespaces beyond the built-in ones.
    pub system_namespaces: BTreeSet<NamespaceName>,
    /// Days after which a flow without `review` of its own is due.
    pub review_every_days: u32,
    /// Zones by name.
    pub zones: BTreeMap<ZoneName, Zone>,
    /// Flows by name.
    pub flows: BTreeMap<FlowName, Flow>,
    /// External networks by name.
    pub external_networks: BTreeMap<ExternalNetworkName, ExternalNetwork>,
    /// Guarantees by name.
    pub guarantees: BTreeMap<GuaranteeName, Guarantee>,
    /// Waivers by name.
    pub waivers: BTreeMap<WaiverName, Waiver>,
    /// Clusters by name.
    pub clusters: BTreeMap<ClusterName, Cluster>,
    /// Trust domains by name.
    pub trust_domains: BTreeMap<TrustDomainName, TrustDomain>,
    /// Node pools by name.
    pub node_pools: BTreeMap<PoolName, NodePool>,
    /// Stored capabilities by cluster.
    pub capabilities: BTreeMap<ClusterName, Capabilities>,
    /// Hash of model and fleet without capabilities, 16 hexadecimal digits; independent of file
    /// names and of the order of documents.
    pub revision: String,
}

/// Namespaces that are never segmented unless a zone names them with `system: true`.
const BUILT_IN_SYSTEM_NAMESPACES: [&str; 5] = [
    "cofferdam-probe",
    "cofferdam-system",
    "kube-node-lease",
    "kube-public",
    "kube-system",
];

/// How names begin that OpenShift keeps for itself: it refuses them to whoever asks for a project.
const OPENSHIFT_PREFIX: &str = "openshift-";

impl Model {
    /// The same with every zone enforced: what is staged is open by intent, and says nothing of what the flows allow.
    #[must_use]
    pub fn enforced(&self) -> Self {
        let mut model = self.clone();
        model.zones.values_mut().for_each(Zone::enforce_everywhere);
        model
    }

    /// The trust domain of a cluster.
    pub fn trust_domain_of(&self, cluster: &Cluster) -> Option<&TrustDomain> {
        self.trust_domains
            .values()
            .find(|domain| domain.clusters.matches(&cluster.labels))
    }

    /// The clusters of a trust domain.
    pub fn clusters_of<'a>(&'a self, domain: &'a TrustDomain) -> impl Iterator<Item = &'a Cluster> {
        self.clusters
            .values()
            .filter(|cluster| domain.clusters.matches(&cluster.labels))
    }

    /// The zones that are present in a trust domain.
    pub fn zones_in<'a>(&'a self, domain: &'a TrustDomainName) -> impl Iterator<Item = &'a Zone> {
        self.zones
            .values()
            .filter(|zone| zone.trust_domains.contains(domain))
    }

    /// Whether a namespace of a cluster is a system namespace, `seen` being what the cluster showed.
    ///
    /// Of a cluster of which nothing is known, names that a platform keeps for itself count, so that nothing of
    /// the platform is put into a zone or isolated unawares; elsewhere anybody may have chosen such a name.
    pub fn is_system_namespace(&self, name: &str, seen: Option<&Capabilities>) -> bool {
        BUILT_IN_SYSTEM_NAMESPACES.contains(&name)
            || self.system_namespaces.contains(name)
            || seen.is_some_and(|seen| seen.system_namespaces.contains(name))
            || (name.starts_with(OPENSHIFT_PREFIX) && seen.is_none_or(Capabilities::is_openshift))
    }
}
