//! A small shop: the scene of tables.

use crate::cluster::{node, pod, toleration};
use crate::trial::{Planner, Trial};

/// The shop: `web` may reach `orders`, which is sensitive; a pool is dedicated to it.
pub const SHOP: &str = "
kind: ZoneModel
metadata: { name: shop }
spec: { tiers: [edge, data], defaults: { enforcement: enforce } }
---
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } } }
---
kind: Cluster
metadata: { name: prod, labels: { environment: production } }
spec: { access: { kubeconfig: prod.yaml }, identity: { uid: uid-prod }, mode: manage }
---
kind: NodePool
metadata: { name: pci }
spec: { trustDomains: [production], nodes: [{ names: ['pci-*'] }], zones: [back] }
---
kind: Zone
metadata: { name: front }
spec: { tier: edge, sensitivity: low, trustDomains: [production], namespaces: [{ name: web }] }
---
kind: Zone
metadata: { name: back }
spec:
  tier: data
  sensitivity: high
  trustDomains: [production]
  namespaces: [{ name: orders }]
---
kind: Flow
metadata: { name: web-to-orders }
spec:
  from: { zone: front }
  to: { zone: back }
  ports: [{ protocol: TCP, port: 8080 }]
  justification: customers order
  owner: shop
  approval: { by: security, at: 2026-09-01 }
";

impl Trial {
    /// The shop, or another version of it, on a cluster with its namespaces, a pod in each that
    /// tolerates the pool, and one node of it.
    pub fn shop(text: &str, planner: Planner) -> Self {
        let mut trial = Self::new(text, planner);
        let cluster = &mut trial.cluster;
        for name in ["web", "orders"] {
            cluster.add_namespace(name, &[]);
            let mut server = pod(name, "server", &[("app", name)]);
            server
                .tolerations
                .push(toleration("cofferdam.io/pool", "pci"));
            cluster.pods.push(server);
        }
        let pool = cluster.nodes.entry("pci-1".to_owned());
        pool.or_insert_with(|| node("uid-pci-1", &[("os", "linux")]));
        trial
    }
}
