//! Who may open connections to whom, pod by pod: what searches over workloads are compared with.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_oracle::generate::Corners;

use crate::connectivity::{Connectivity, Endpoint};
use crate::facts::{Pod, Workload};
use crate::parties::{Party, Workloads};
use crate::ports::PortSet;

/// Clusters without what is possible only on the node of a pod.
pub(super) const WITHOUT_NODES: Corners = Corners {
    nodes: false,
    ..Corners::ALL
};

/// Who a pod is told as.
pub(super) fn party(pod: &Pod, apart: &Workloads) -> Party {
    let namespace = Arc::clone(&pod.namespace);
    let workload = if apart.contains(&(Arc::clone(&namespace), pod.workload.clone())) {
        Workload {
            kind: "Pod".into(),
            name: Arc::clone(&pod.name),
        }
    } else {
        pod.workload.clone()
    };
    Party::Workload {
        namespace,
        workload,
    }
}

pub(super) type Edges = BTreeMap<Party, BTreeMap<Party, PortSet>>;

/// Every connection between workloads that one of their pods may open to one of the others', pod by pod.
pub(super) fn edges(connectivity: &Connectivity, apart: &Workloads) -> Edges {
    let pods = &connectivity.facts().pods;
    let mut edges = Edges::new();
    for (source, from) in pods.iter().enumerate() {
        for (target, to) in pods.iter().enumerate() {
            let (from, to) = (party(from, apart), party(to, apart));
            let allowed = connectivity.allowed(Endpoint::Pod(source), Endpoint::Pod(target));
            if from != to && !allowed.is_nothing() {
                let ports = edges.entry(from).or_default().entry(to).or_default();
                *ports = ports.or(&allowed.possible);
            }
        }
    }
    edges
}
