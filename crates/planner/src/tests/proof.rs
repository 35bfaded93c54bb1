//! Guarantees over what a bundle promises, and what somebody else adds to it.

use cofferdam_semantics::guarantee::Ground;
use cofferdam_testkit::Trial;
use serde_json::{Value, json};

use super::claims::{self, add, dialects, guarantee};
use super::planner;
use crate::promised;

const MODEL: &str = "
apiVersion: cofferdam.io/v1alpha1
kind: Cluster
metadata: { name: prod, labels: { environment: production } }
spec: { access: { kubeconfig: prod.yaml } }
---
apiVersion: cofferdam.io/v1alpha1
kind: TrustDomain
metadata: { name: production }
spec: { clusters: { matchLabels: { environment: production } } }
---
apiVersion: cofferdam.io/v1alpha1
kind: ZoneModel
metadata: { name: acme }
spec: { tiers: [edge, application, data], defaults: { enforcement: enforce } }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: web }
spec: { tier: edge, sensitivity: low, trustDomains: [production], namespaces: [{ name: web }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: orders }
spec: { tier: application, sensitivity: medium, trustDomains: [production], namespaces: [{ name: orders }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Zone
metadata: { name: vault }
spec: { tier: data, sensitivity: high, trustDomains: [production], namespaces: [{ name: vault }] }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: web-to-orders }
spec: { from: { zone: web }, to: { zone: orders }, ports: [{ port: 8080 }], justification: shop, owner: shop }
---
apiVersion: cofferdam.io/v1alpha1
kind: Flow
metadata: { name: orders-to-vault }
spec: { from: { zone: orders, workload: { matchLabels: { app: orders } } }, to: { zone: vault }, ports: [{ port: 5432 }], justification: shop, owner: shop }
";

/// A policy that lets everybody into the vault.
fn open() -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "vault", "name": "temporary"}, "spec": {"ingress": [{}]}})
}

/// What becomes of a guarantee with this spec under a plugin, where these objects are added to what the bundle promises.
fn outcome(spec: &str, added: &[Value], plugin: &str) -> String {
    let trial = Trial::new(&format!("{MODEL}{}", guarantee(spec)), planner);
    let (model, bundle) = (&trial.model, trial.bundle());
    let mut facts = promised(&bundle, None);
    add(&mut facts, added);
    let ground = Ground {
        cluster: trial.document(),
        zones: bundle.zones(),
        facts,
        tells_exposed: false,
        dialects: dialects(plugin),
        pod_networks: Vec::new(),
        capabilities: None,
        closed: [].into(),
    };
    claims::outcome(model, vec![ground])
}

#[track_caller]
fn check(spec: &str, added: &[Value], expected: &str) {
    check_under("calico", spec, added, expected);
}

#[track_caller]
fn check_under(plugin: &str, spec: &str, added: &[Value], expected: &str) {
    let told = outcome(spec, added, plugin);
    assert_eq!(told, expected, "{spec} with {added:?}");
}

#[test]
fn what_the_bundle_denies_is_proved_of_pods_that_do_not_exist_yet() {
    check(
        "{ never: { from: { zone: web }, to: { zone: vault } } }",
        &[],
        "proved",
    );
    check(
        "{ never: { from: { internet: true }, to: { zone: vault } } }",
        &[],
        "proved",
    );
    check(
        "{ never: { from: { zone: vault }, to: { internet: true } } }",
        &[],
        "proved",
    );
    check(
        "{ never: { from: { zone: orders }, to: { zone: vault } } }",
        &[],
        "broken: orders/app=orders[any new pod] -> vault/no labels[any new pod] on TCP 5432",
    );
}

#[test]
fn a_foreign_policy_breaks_a_guarantee_and_is_seen_by_its_witness() {
    // Both sides have to let it through: what the source still denies stays proved.
    check(
        "{ never: { from: { zone: web }, to: { zone: vault } } }",
        &[open()],
        "proved",
    );
    check(
        "{ never: { from: { internet: true }, to: { zone: vault } } }",
        &[open()],
        "broken: 1.0.0.0 -> vault/no labels[any new pod] on all",
    );
}

#[test]
fn chains_of_connections_count_where_they_are_asked_for() {
    check(
        "{ never: { from: { zone: web }, to: { zone: vault } }, hops: any }",
        &[],
        "broken: web/no labels[any new pod] -> orders/app=orders[any new pod] on TCP 8080, then \
         orders/app=orders[any new pod] -> vault/no labels[any new pod] on TCP 5432",
    );
    check(
        "{ never: { from: { zone: vault }, to: { zone: web } }, hops: any }",
        &[],
        "proved",
    );
}

#[test]
fn what_must_always_be_possible_is() {
    let workload = "workload: { matchLabels: { app: orders } }";
    let always = |port: u16, workload: &str| {
        format!(
            "{{ always: {{ from: {{ zone: orders{workload} }}, to: {{ zone: vault }}, ports: [{{ port: {port} }}] }} }}"
        )
    };
    check(&always(5432, &format!(", {workload}")), &[], "proved");
    check(
        &always(5433, &format!(", {workload}")),
        &[],
        "broken: orders/app=orders[any new pod] -> vault/no labels[any new pod] on TCP 5433",
    );
    check(
        &always(5432, ""),
        &[],
        "broken: orders/no labels[any new pod] -> vault/no labels[any new pod] on TCP 5432",
    );
}

#[test]
fn nothing_is_proved_where_something_is_not_understood() {
    let cilium = json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"namespace": "vault", "name": "x"}});
    check(
        "{ never: { from: { zone: web }, to: { zone: vault } } }",
        &[cilium],
        "unknown: CiliumNetworkPolicy.cilium.io/vault/x: CiliumNetworkPolicy (cilium.io/v2) of Cilium is not modelled",
    );
}

/// A running pod, in the network of its node or not.
fn pod((namespace, name): (&str, &str), node: &str, host_network: bool) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"nodeName": node, "hostNetwork": host_network, "containers": []},
        "status": {"phase": "Running"},
    })
}

#[test]
fn a_way_through_a_node_that_pods_share_leaves_it_unknown() {
    let spec = "{ never: { from: { zone: vault }, to: { zone: web } }, hops: any }";
    let vault = pod(("vault", "db"), "one", false);
    let agent = pod(("agents", "agent"), "one", true);
    let beside = pod(("web", "front"), "one", false);
    let together = [vault.clone(), agent.clone(), beside];
    check_under(
        "kindnet",
        spec,
        &together,
        "unknown: a way may lead through a node, over an address of a node or of a load balancer, to a pod that would have to be exposed first, or arrive with addresses that are not declared: \
         vault/db[Pod] -> agents/agent[Pod] on all, then agents/agent[Pod] -> web/front[Pod] on all",
    );
    let elsewhere = pod(("web", "front"), "two", false);
    check_under(
        "kindnet",
        spec,
        &[vault, agent, elsewhere],
        "unknown: a way may lead through a node, over an address of a node or of a load balancer, to a pod that would have to be exposed first, or arrive with addresses that are not declared: \
         vault/db[Pod] -> agents/agent[Pod] on all, then agents/agent[Pod] -> web/no labels[any new pod] on all",
    );
    // It governs what pods send to their own node.
    check_under("calico", spec, &together, "proved");
}

#[test]
fn a_new_pod_may_run_beside_one_that_no_policy_governs() {
    let spec = "{ never: { from: { zone: web }, to: { zone: vault } } }";
    let agent = pod(("web", "agent"), "one", true);
    check(
        spec,
        &[agent],
        "unknown: a way may lead through a node, over an address of a node or of a load balancer, to a pod that would have to be exposed first, or arrive with addresses that are not declared: \
         web/agent[Pod] -> vault/no labels[any new pod] on all",
    );
}
