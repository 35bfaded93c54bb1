//! Shops on several clusters in two trust domains: the fixture of suites that look at a fleet.

use anyhow::{Result, ensure};

use crate::assets::Version;
use crate::cluster::{ADMIN, Cluster};
use crate::cofferdam::Project;
use crate::options::ClusterOptions;
use crate::seed::{SeedOptions, Workload, seed_standard};
use crate::user::User;

/// Zone `shop` on every cluster; trust domain `staging` comes before `production`.
const MODEL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: shop }
spec:
  tiers: [application]
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: shop }
spec:
  tier: application
  sensitivity: medium
  trustDomains: [staging, production]
  enforcement: enforce
  namespaces: [{ name: shop }]
  internet: { ingress: deny, egress: deny }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: staging }
spec: { clusters: { matchLabels: { environment: staging } }, rollout: { order: 10 } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } }, rollout: { order: 20 } }
";

/// Who may do what: everything that `apply` writes, reading, and nothing.
const USERS: [(&str, &[&str]); 3] = [
    ("cofferdam", &["policies", "guards"]),
    ("reader", &["observe"]),
    ("nobody", &[]),
];

/// Starts clusters, given as name, environment (`staging` or `production`) and version; seeds them, with
/// pods at 10.244.0.0/16 in the first, 10.245.0.0/16 in the second and so on,
/// grants users `cofferdam` and `reader` what `cofferdam rbac` prints, and pins them.
pub fn start(members: &[(&str, &str, Version)]) -> Result<(Vec<Cluster>, Project)> {
    let options = members.iter().map(|(name, _, version)| {
        let mut options = ClusterOptions::new(name).version(*version);
        for (user, _) in USERS {
            options = options.user(User::new(user, &[])?);
        }
        Ok(options)
    });
    let clusters = Cluster::start_all(options.collect::<Result<_>>()?)?;
    let project = Project::new(&[("policies/model.yaml", MODEL)])?;
    for ((cluster, (_, environment, _)), number) in clusters.iter().zip(members).zip(244..) {
        let seed = SeedOptions {
            pod_prefix: format!("10.{number}"),
            workloads: vec![Workload::new("shop", &[], "shop", 8080)],
            ..SeedOptions::default()
        };
        seed_standard(cluster, &seed)?;
        let labels = format!("{{ environment: {environment} }}");
        project.add_cluster(cluster, "cofferdam", &labels)?;
        for (user, profile) in profiles() {
            let subject = format!("user:{user}");
            let manifests = project.run(&["rbac", "--profile", profile, "--subject", &subject])?;
            cluster.apply_yaml(ADMIN, &manifests.stdout)?;
        }
    }
    let pinned = project.run(&["doctor", "--pin", "--write"])?;
    ensure!(pinned.code == 0, "{}\n{}", pinned.stdout, pinned.stderr);
    Ok((clusters, project))
}

fn profiles() -> impl Iterator<Item = (&'static str, &'static str)> {
    let users = USERS.into_iter();
    users.flat_map(|(user, profiles)| profiles.iter().map(move |profile| (user, *profile)))
}
