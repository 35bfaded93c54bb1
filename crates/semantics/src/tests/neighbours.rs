//! What only a common node allows, as it is told beside all other connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::dialect::{DIALECTS, Dialect, Sctp};
use cofferdam_model::flow::Protocol;
use cofferdam_oracle::generate::{Corners, cluster};

use super::pod_by_pod::party;
use super::{cases, dialect, objects, read};
use crate::connectivity::{Connectivity, Endpoint};
use crate::facts::Facts;
use crate::parties::{Party, Workloads};
use crate::ports::PortSet;
use crate::reach::{self, Reached};
use crate::verdict::Allowed;
use crate::{Classes, Reader};

const CLUSTERS: u64 = 300;

/// Namespaces that nobody may enter or leave.
const DENY: &str = "
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: web}, spec: {policyTypes: [Ingress, Egress]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: vault}, spec: {policyTypes: [Ingress, Egress]}}
---
";

/// Every connection between pods, as `from -> to: ports`, and what of it is denied where under which plugin.
#[track_caller]
fn check(yaml: &str, plugins: &[&str], expected: &[&str]) {
    let dialects: Vec<Dialect> = plugins.iter().map(|plugin| dialect(plugin)).collect();
    let classes = Arc::new(Classes::of(&read(&objects(&format!("{DENY}{yaml}")))));
    let reached = reach::reach(&classes, &dialects, &Workloads::new());
    let is_pods = |party: &Party| matches!(party, Party::Workload { .. });
    let between_pods = reached
        .iter()
        .filter(|one| is_pods(&one.from) && is_pods(&one.to));
    let told = between_pods.map(|one| {
        let unless = one.unless.iter();
        let unless: Vec<String> = unless
            .map(|(name, denied)| format!(", but under {name} {denied}"))
            .collect();
        let unless = unless.concat();
        format!("{} -> {}: {}{unless}", one.from, one.to, one.allowed)
    });
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

fn pod(name: &str, namespace: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{{spec}}}}}\n---\n"
    )
}

#[test]
fn who_shares_a_node_with_a_pod_in_its_network_exchanges_what_that_node_does() {
    let host = pod("hp", "web", "nodeName: n1, hostNetwork: true");
    let on_it = pod("db", "vault", "nodeName: n1");
    let elsewhere = pod("other", "vault", "nodeName: n2");
    check(
        &[host, on_it, elsewhere].concat(),
        &["calico", "antrea"],
        &[
            "vault/db[Pod] -> web/hp[Pod]: all, but under calico all",
            "web/hp[Pod] -> vault/db[Pod]: all",
        ],
    );
}

#[test]
fn one_replica_on_the_node_of_another_is_enough() {
    let replica = |name: &str, namespace: &str, of: &str, spec: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {namespace}, ownerReferences: [{{kind: {of}, controller: true}}]}}, spec: {{{spec}}}}}\n---\n"
        )
    };
    let agent = |node: &str| {
        replica(
            &format!("agent-{node}"),
            "web",
            "DaemonSet, name: agent",
            &format!("nodeName: {node}, hostNetwork: true"),
        )
    };
    let db = |node: &str| {
        replica(
            &format!("db-{node}"),
            "vault",
            "StatefulSet, name: db",
            &format!("nodeName: {node}"),
        )
    };
    check(
        &[agent("n1"), agent("n2"), db("n2"), db("n3")].concat(),
        &["calico"],
        &[
            "web/agent[DaemonSet] -> vault/db[StatefulSet]: all",
            "web/agent[DaemonSet] -> web/agent[DaemonSet]: all",
        ],
    );
}

#[test]
fn where_nodes_are_not_known_it_is_possible_and_not_certain() {
    let host = "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: web}, spec: {template: {spec: {hostNetwork: true}}}}\n---\n";
    let on_some_node = pod("db", "vault", "nodeName: n1");
    check(
        &(host.to_owned() + &on_some_node),
        &["calico"],
        &[
            "web/agent[DaemonSet] -> vault/db[Pod]: all, but under calico all",
            "web/agent[DaemonSet] -> web/agent[DaemonSet]: all",
        ],
    );
}

#[test]
fn a_policy_of_the_cluster_may_keep_the_own_node_out() {
    let host = pod("hp", "web", "nodeName: n1, hostNetwork: true");
    let on_it = pod("db", "vault", "nodeName: n1");
    let policy = "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: p}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}, {}]}]}}\n---\n";
    check(
        &[host, on_it, policy.to_owned()].concat(),
        &["calico", "aws-vpc-cni"],
        &[
            "vault/db[Pod] -> web/hp[Pod]: all, but under calico all",
            "web/hp[Pod] -> vault/db[Pod]: all, but under aws-vpc-cni all",
        ],
    );
}

/// What is told between workloads, of clusters that were made up, beside what is allowed from pod to pod.
#[test]
fn connections_between_workloads_are_those_of_their_pods() {
    let mut checked = 0;
    for seed in 0..cases(CLUSTERS) {
        let mut reader = Reader::default();
        for object in &cluster(seed, Corners::ALL) {
            reader.read(object, crate::policy::Source(0));
        }
        let facts = Arc::new(reader.finish());
        for dialect in DIALECTS {
            checked += check_pod_by_pod(seed, &facts, dialect);
        }
    }
    assert!(checked > 0);
}

fn check_pod_by_pod(seed: u64, facts: &Arc<Facts>, dialect: Dialect) -> usize {
    let classes = Arc::new(Classes::of(facts));
    let connectivity = Connectivity::solve(Arc::clone(&classes), dialect);
    let divided = classes.divided();
    let mut expected: BTreeMap<(Party, Party), Allowed> = BTreeMap::new();
    for (source, from) in facts.pods.iter().enumerate() {
        for (target, to) in facts.pods.iter().enumerate() {
            if source == target && !from.is_template {
                continue;
            }
            let allowed = connectivity.allowed(Endpoint::Pod(source), Endpoint::Pod(target));
            let all = expected.entry((party(from, &divided), party(to, &divided)));
            let all = all.or_default();
            *all = all.or(&allowed);
        }
    }
    expected.retain(|_, allowed| !allowed.is_nothing());
    let reached = reach::reach(&classes, &[dialect], &Workloads::new());
    let is_pods = |one: &Reached| {
        let ends = [&one.from, &one.to];
        ends.iter().all(|end| matches!(end, Party::Workload { .. }))
    };
    let said = reached.into_iter().filter(is_pods);
    let said = said.map(|one| {
        let unless = one.unless.get(dialect.name).cloned();
        (
            (one.from, one.to),
            (one.allowed, unless.unwrap_or_default()),
        )
    });
    let said: BTreeMap<(Party, Party), (PortSet, PortSet)> = said.collect();
    let may_be_off = match dialect.sctp {
        Sctp::MayBeOff => PortSet::of_protocols([Protocol::Sctp]),
        Sctp::Governed => PortSet::none(),
    };
    let expected = expected.into_iter().map(|(ends, one)| {
        let unless = one.possible.without(&one.certain).without(&may_be_off);
        (ends, (one.possible, unless))
    });
    let expected: BTreeMap<(Party, Party), (PortSet, PortSet)> = expected.collect();
    assert_eq!(said, expected, "{seed} under {}", dialect.name);
    said.len()
}
