//! What proofs about a cluster as it was found rest on.

use cofferdam_model::capabilities::Enforces;
use cofferdam_model::cluster::Cluster;
use cofferdam_semantics::guarantee::Ground;
use cofferdam_semantics::reach::dialects_of;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::observed::Observed;

use crate::reading::facts_of;

/// A cluster as it was found, with what it must hold.
pub fn ground<'a>(cluster: &'a Cluster, bundle: &Bundle, observed: &'a Observed) -> Ground<'a> {
    let mut facts = facts_of(observed);
    if enforces(observed) == Enforces::No {
        facts.policies.clear();
    }
    let capabilities = observed.capabilities.known();
    Ground {
        cluster,
        zones: bundle.zones(),
        facts,
        tells_exposed: true,
        dialects: dialects_of(capabilities.map(|known| known.cni.name.as_str())),
        pod_networks: cluster.pod_networks(capabilities),
        capabilities,
        closed: bundle.closed_namespaces(|guard| guard.is_in_force(observed)),
    }
}

/// Whether policies are enforced in a cluster.
pub fn enforces(observed: &Observed) -> Enforces {
    let capabilities = observed.capabilities.known();
    capabilities.map_or(Enforces::Unknown, |known| known.cni.enforces)
}
