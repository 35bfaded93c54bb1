//! What the engine says, on small clusters.

mod blast;
mod checklist;
mod crossings;
mod differential;
mod explain;
mod exposure;
mod future;
mod hops;
mod neighbours;
mod node_ports;
mod pod_by_pod;
mod prove;
mod service_addresses;
mod services;
mod solver;
mod states;

use std::sync::Arc;

use cofferdam_model::dialect::{DIALECTS, Dialect};
use proptest::test_runner::Config;
use serde::Deserialize as _;
use serde_json::Value;

use crate::facts::Facts;
use crate::parties::Workloads;
use crate::policy::Source;
use crate::{Classes, Reader, reach};

/// So many; `PROPTEST_CASES`, 256 where it is not set, makes it more.
fn cases(usual: u64) -> u64 {
    usual * u64::from(Config::default().cases) / 256
}

fn dialect(name: &str) -> Dialect {
    DIALECTS.into_iter().find(|one| one.name == name).unwrap()
}

/// The documents of some YAML.
fn objects(yaml: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(yaml);
    let objects = documents.map(|document| Value::deserialize(document).unwrap());
    objects.filter(|object| !object.is_null()).collect()
}

/// What objects say, each by its number.
fn read(objects: &[Value]) -> Arc<Facts> {
    let mut reader = Reader::default();
    for (number, object) in (0..).zip(objects) {
        reader.read(object, Source(number));
    }
    Arc::new(reader.finish())
}

/// Every row that `reach` tells of some YAML, as `from -> to: ports`.
fn rows(yaml: &str, plugin: &str) -> Vec<String> {
    let classes = Arc::new(Classes::of(&read(&objects(yaml))));
    let reached = reach::reach(&classes, &[dialect(plugin)], &Workloads::new());
    let told = reached
        .iter()
        .map(|one| format!("{} -> {}: {}", one.from, one.to, one.allowed));
    told.collect()
}

const SHOP: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, ports: [{name: sql, containerPort: 5432}]}]}}}
";

#[test]
fn without_policies_everything_is_allowed() {
    let anywhere = "0.0.0.0/0";
    assert_eq!(
        rows(SHOP, "calico"),
        [
            "shop/db[Deployment] -> shop/db[Deployment]: all".to_owned(),
            "shop/db[Deployment] -> shop/web[Deployment]: all".to_owned(),
            format!("shop/db[Deployment] -> {anywhere}: all"),
            "shop/web[Deployment] -> shop/db[Deployment]: all".to_owned(),
            "shop/web[Deployment] -> shop/web[Deployment]: all".to_owned(),
            format!("shop/web[Deployment] -> {anywhere}: all"),
            format!("{anywhere} -> shop/db[Deployment]: all"),
            format!("{anywhere} -> shop/web[Deployment]: all"),
        ]
    );
}

#[test]
fn a_policy_lets_only_those_in_whom_it_names() {
    let policy = "---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: sql}]}]
  egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 53, protocol: UDP}]}]
";
    assert_eq!(
        rows(&format!("{SHOP}{policy}"), "calico"),
        [
            "shop/db[Deployment] -> shop/web[Deployment]: UDP 53",
            "shop/db[Deployment] -> 10.0.0.0/16: UDP 53",
            "shop/db[Deployment] -> 10.2.0.0-10.255.255.255: UDP 53",
            "shop/web[Deployment] -> shop/db[Deployment]: TCP 5432",
            "shop/web[Deployment] -> shop/web[Deployment]: all",
            "shop/web[Deployment] -> 0.0.0.0/0: all",
            "0.0.0.0/0 -> shop/web[Deployment]: all",
        ]
    );
}

#[test]
fn a_replica_set_that_was_read_belongs_to_a_deployment_only_where_it_says_so() {
    let pod = "
apiVersion: v1
kind: Pod
metadata:
  name: web-7-1
  namespace: shop
  labels: {pod-template-hash: '7'}
  ownerReferences: [{kind: ReplicaSet, name: web-7, controller: true}]
status: {podIP: 10.0.0.1}
";
    let set = "---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-7, namespace: shop}
spec: {template: {metadata: {labels: {pod-template-hash: '7'}}}}
";
    let check = |yaml: &str, workload: &str| {
        let anywhere = "0.0.0.0/0";
        assert_eq!(
            rows(yaml, "calico"),
            [
                format!("{workload} -> {anywhere}: all"),
                format!("{anywhere} -> {workload}: all"),
            ]
        );
    };
    check(pod, "shop/web[Deployment]");
    check(&format!("{pod}{set}"), "shop/web-7[ReplicaSet]");
}

/// A template counts where nothing that was read controls it and no pod of it was seen.
#[test]
fn what_somebody_unknown_controls_is_not_lost() {
    let owned = |kind: &str| {
        format!(
            "
apiVersion: apps/v1
kind: {kind}
metadata: {{name: db, namespace: a, ownerReferences: [{{apiVersion: example.com/v1, kind: Database, name: main, controller: true}}]}}
spec: {{template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: a}}]}}}}}}
"
        )
    };
    for kind in ["StatefulSet", "ReplicaSet", "DaemonSet"] {
        let told = rows(&owned(kind), "calico");
        assert!(
            told.contains(&format!("0.0.0.0/0 -> a/db[{kind}]: all")),
            "{told:?}"
        );
    }
    let pod = "---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: a, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, controller: true}]}
";
    let told = rows(&format!("{}{pod}", owned("StatefulSet")), "calico");
    assert_eq!(
        told,
        [
            "a/main[Database] -> 0.0.0.0/0: all",
            "0.0.0.0/0 -> a/main[Database]: all"
        ]
    );
}

#[test]
fn the_pods_of_a_job_carry_its_name() {
    let objects = "
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: a}
spec: {template: {spec: {containers: [{name: a}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: a, labels: {app: db}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: a}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {job-name: migrate}}}]}]}
";
    let told = rows(objects, "calico");
    assert!(
        told.contains(&"a/migrate[Job] -> a/db[Pod]: all".to_owned()),
        "{told:?}"
    );
}
