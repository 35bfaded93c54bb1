//! Services that are published, and what policies say to who comes through them.

use super::{POD, check_ways, check_ways_under, exposures, parts};

/// A Service before the pod, and policies behind it.
pub(super) fn with(service: &str, policies: &str) -> String {
    format!(
        "{POD}
---
apiVersion: v1
kind: Service
metadata: {{namespace: shop, name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: http}}], {service}}}
---
{policies}"
    )
}

/// Lets in what an ingress rule of a policy lets in.
pub(super) fn policy(from: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{namespace: shop, name: p}}
spec: {{podSelector: {{}}, ingress: [{from}]}}
"
    )
}

#[test]
fn a_service_is_a_way_in_where_it_is_published() {
    for (service, how) in [
        ("type: ClusterIP", None),
        (
            "type: NodePort",
            Some("NodePort, seen as Client or Node or OwnNode"),
        ),
        (
            "type: LoadBalancer",
            Some("LoadBalancer, seen as Client or Node or OwnNode or LoadBalancer"),
        ),
        (
            "type: LoadBalancer, externalTrafficPolicy: Local",
            Some("LoadBalancer, seen as Client or OwnNode or LoadBalancer"),
        ),
        (
            "externalIPs: [203.0.113.7]",
            Some("ExternalAddresses, seen as Client or Node or OwnNode"),
        ),
    ] {
        let way = how
            .map(|how| format!("shop/web[Pod]: TCP 8080 through Service/shop/web {how}: allowed"));
        let expected: Vec<&str> = way.iter().map(String::as_str).collect();
        check_ways(&with(service, ""), &expected);
    }
}

/// Checklist 43: nobody knows whether the pod sees the client or a node, and its own node is let in whatever policies say.
#[test]
fn whom_pods_see_decides_and_is_said() {
    let of_nodes = "{from: [{ipBlock: {cidr: 192.168.0.0/16}}]}";
    let of_clients = "{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [192.168.0.0/16]}}]}";
    let maybe = "maybe TCP 8080, surely ";
    for (traffic, rule, verdict) in [
        ("Cluster", of_nodes, maybe),
        ("Local", of_nodes, maybe),
        ("Cluster", of_clients, maybe),
        ("Local", of_clients, "allowed"),
        ("Local", "", maybe),
        ("Cluster", "", maybe),
        ("Cluster", "{}", "allowed"),
        ("Local", "{ports: [{port: 80}]}", maybe),
    ] {
        let seen = match traffic {
            "Local" => "Client or OwnNode",
            _ => "Client or Node or OwnNode",
        };
        let service = format!("type: NodePort, externalTrafficPolicy: {traffic}");
        let expected = format!(
            "shop/web[Pod]: TCP 8080 through Service/shop/web NodePort, seen as {seen}: {verdict}"
        );
        check_ways(&with(&service, &policy(rule)), &[&expected]);
    }
    check_ways(
        &with(
            "type: NodePort, externalTrafficPolicy: Local",
            &policy("{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}"),
        ),
        &[
            "shop/web[Pod]: TCP 8080 through Service/shop/web NodePort from 203.0.113.0/24, seen as Client or OwnNode: allowed",
        ],
    );
}

/// Nothing is denied but what every policy in question, and for every source, denies.
#[test]
fn only_a_policy_that_governs_the_own_node_denies_all() {
    let policy = "
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: p}
spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{}]}]}
";
    for (plugin, verdict) in [
        ("calico", "maybe TCP 8080, surely "),
        ("aws-vpc-cni", "denied"),
    ] {
        let objects = with("type: NodePort, externalTrafficPolicy: Local", policy);
        let expected = format!(
            "shop/web[Pod]: TCP 8080 through Service/shop/web NodePort, seen as Client or OwnNode: {verdict}"
        );
        check_ways_under(plugin, &objects, &[&expected]);
    }
}

#[test]
fn whom_pods_may_see_is_noted() {
    let starts = |service: &str| -> Vec<String> {
        let notes = exposures(&with(service, ""), "calico").notes;
        let first = notes.iter().map(|note| note.split(' ').take(3));
        first
            .map(|words| words.collect::<Vec<_>>().join(" "))
            .collect()
    };
    let of_own_node = "what the node";
    let of_nodes = "without externalTrafficPolicy Local,";
    assert_eq!(starts("type: ClusterIP"), Vec::<String>::new());
    assert_eq!(starts("type: NodePort"), [of_own_node, of_nodes]);
    assert_eq!(
        starts("type: NodePort, externalTrafficPolicy: Local"),
        [of_own_node]
    );
}

/// Of a node whose address is not known it is not known whether a block holds it.
#[test]
fn nodes_that_are_not_known_may_have_any_address() {
    let of_nodes = policy("{from: [{ipBlock: {cidr: 192.168.0.0/16}}]}");
    let objects = with("type: NodePort", &of_nodes);
    let (pod, rest) = objects.split_once("---").unwrap();
    let (_, rest) = rest.split_once("---").unwrap();
    check_ways(
        &format!("{pod}---{rest}"),
        &[
            "shop/web[Pod]: TCP 8080 through Service/shop/web NodePort, seen as Client or Node or OwnNode: maybe TCP 8080, surely ",
        ],
    );
}

#[test]
fn slices_say_where_a_service_without_selector_leads() {
    let service = |rest: &str| {
        format!(
            "{POD}
---
apiVersion: v1
kind: Service
metadata: {{namespace: shop, name: web}}
spec: {{type: NodePort, externalTrafficPolicy: Local, ports: [{{name: http, port: 80}}]}}
---
{rest}"
        )
    };
    let slice = |endpoints: &str, port: &str| {
        service(&format!(
            "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {{namespace: shop, name: a, labels: {{kubernetes.io/service-name: web}}}}, addressType: IPv4, endpoints: [{endpoints}], ports: [{port}]}}"
        ))
    };
    let to_pod = "shop/web[Pod]: TCP 8080 through Service/shop/web NodePort, seen as Client or OwnNode: allowed";
    check_ways(
        &slice("{addresses: [10.0.0.1]}", "{name: http, port: 8080}"),
        &[to_pod],
    );
    check_ways(
        &slice(
            "{addresses: [10.9.9.9], targetRef: {kind: Pod, name: web}}",
            "{name: http, port: 8080}",
        ),
        &[to_pod],
    );
    check_ways(
        &slice(
            "{addresses: [198.51.100.1, 10.0.0.1]}",
            "{name: http, port: 8080}",
        ),
        &[
            to_pod,
            "note: Service/shop/web leads to addresses of no pod: 198.51.100.1",
        ],
    );
    check_ways(
        &slice("{addresses: [10.0.0.1]}", "{name: other, port: 8080}"),
        &[
            "note: Service/shop/web has no selector, and no EndpointSlice of it has an address on such a port",
        ],
    );
    check_ways(
        &service(
            "{apiVersion: v1, kind: Endpoints, metadata: {namespace: shop, name: web}, subsets: [{addresses: [{ip: 10.0.0.1}], ports: [{name: http, port: 8080}]}]}",
        ),
        &[to_pod],
    );
    check_ways(
        &service(""),
        &[
            "gap: Service/shop/web: has no selector, and no EndpointSlice that was read says where it leads",
        ],
    );
}

#[test]
fn a_published_service_that_leads_nowhere_is_told() {
    let service = |spec: &str| {
        format!(
            "{POD}\n---\n{{apiVersion: v1, kind: Service, metadata: {{namespace: shop, name: web}}, spec: {{type: LoadBalancer, {spec}}}}}"
        )
    };
    for (spec, expected) in [
        (
            "selector: {app: wev}, ports: [{port: 80}]",
            "note: Service/shop/web selects no pod",
        ),
        (
            "selector: {app: web}, ports: [{port: 80, targetPort: htpt}]",
            "note: Service/shop/web asks for a port by a name that none of its pods has",
        ),
    ] {
        check_ways(&service(spec), &[expected]);
    }
}

#[test]
fn the_internet_is_what_is_routed_there() {
    let egress = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: p}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}, {to: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: 443}]}]}
";
    let told = exposures(&format!("{POD}---{egress}"), "calico");
    let [one] = told.all.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(parts(&one.to_internet), ["TCP 443 with 198.51.100.0/24"]);
    assert_eq!(parts(&one.from_internet), ["all with the internet"]);
}
