//! Ingresses, Gateways and routes.

use super::{POD, check_ways, exposures};

/// Two Services of the pod, of which none is published, and who serves Ingresses.
const INSIDE: &str = "
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {name: admin, port: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: alias}
spec: {type: ExternalName, externalName: example.com, ports: [{port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: edge, labels: {team: edge}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: edge, name: nginx, labels: {app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}}
status: {podIP: 10.0.0.9}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: outside}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: cloud}
spec: {controller: ingress.k8s.aws/alb}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: strange}
spec: {controller: example.com/proxy}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {namespace: edge, name: public}
spec:
  gatewayClassName: any
  listeners:
  - {name: own, protocol: HTTP, port: 80}
  - {name: shops, protocol: HTTP, port: 8080, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: shop}}}}}
  - {name: raw, protocol: TCP, port: 9000, allowedRoutes: {namespaces: {from: All}}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: edge, name: envoy, labels: {gateway.networking.k8s.io/gateway-name: public}}
status: {podIP: 10.0.0.10}
";

#[track_caller]
fn check(objects: &str, expected: &[&str]) {
    check_ways(&format!("{POD}---{INSIDE}---{objects}"), expected);
}

fn from(peer: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{namespace: shop, name: p}}
spec: {{podSelector: {{}}, ingress: [{{from: [{peer}]}}]}}
---"
    )
}

fn ingress(class: &str, backend: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{namespace: shop, name: i}}
spec: {{{class}rules: [{{http: {{paths: [{{path: /, pathType: Prefix, backend: {{{backend}}}}}]}}}}]}}
"
    )
}

const TO_WEB: &str = "service: {name: web, port: {name: http}}";

/// From its own node a pod is always reached, by what is in the network of that node too.
#[test]
fn a_controller_in_the_network_of_a_node_is_that_node() {
    let deny = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: shop, name: p}
spec: {podSelector: {matchLabels: {app: web}}}
---";
    let placed = |web: &str, controllers: &[&str]| {
        let controllers = controllers.iter().enumerate().map(|(number, place)| {
            format!(
                "
apiVersion: v1
kind: Pod
metadata: {{namespace: edge, name: nginx-{number}, labels: {{app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}}}}
{place}
---"
            )
        });
        let controllers: String = controllers.collect();
        let inside = INSIDE.replace("ingress-nginx, app", "other, app");
        let pod = POD.replace("spec: {", &format!("spec: {{{web}"));
        let ingress = ingress("ingressClassName: outside, ", TO_WEB);
        format!("{pod}---{inside}---{controllers}{deny}{ingress}")
    };
    let host = |node: &str, address: &str| {
        format!("spec: {{hostNetwork: true, {node}}}\nstatus: {{{address}}}")
    };
    let on_n1 = host("nodeName: n1", "podIP: 192.168.0.1");
    let on_n2 = host("nodeName: n2", "podIP: 192.168.0.2");
    let at_n1 = host("", "podIP: 192.168.0.1");
    let nowhere = host("", "");
    let pod_on_n1 = "spec: {nodeName: n1}\nstatus: {podIP: 10.0.0.7}";
    let (n1, nowhere_yet) = ("nodeName: n1, ", "");
    for (web, controllers, seen) in [
        (n1, vec![&*on_n1], "OwnNode or Controller: allowed"),
        (n1, vec![&*at_n1], "OwnNode or Controller: allowed"),
        (n1, vec![&*on_n2, &*on_n1], "OwnNode or Controller: allowed"),
        (n1, vec![&*on_n2], "Controller: denied"),
        (n1, vec![pod_on_n1], "Controller: denied"),
        (
            n1,
            vec![&*nowhere],
            "OwnNode or Controller: maybe TCP 8080, surely ",
        ),
        (
            nowhere_yet,
            vec![&*on_n2],
            "OwnNode or Controller: maybe TCP 8080, surely ",
        ),
        (nowhere_yet, vec![pod_on_n1], "Controller: denied"),
    ] {
        let expected =
            format!("shop/web[Pod]: TCP 8080 through Ingress/shop/i Ingress, seen as {seen}");
        let objects = placed(web, &controllers);
        check_ways(&objects, &[&expected]);
        let notes = exposures(&objects, "calico").notes;
        let is_said = notes.iter().any(|note| note.starts_with("a controller of"));
        assert_eq!(is_said, seen.contains("maybe"), "{controllers:?}");
    }
}

/// Checklist 44: the source is the controller, and not the client.
#[test]
fn an_ingress_is_asked_from_its_controller() {
    let edge = from("{namespaceSelector: {matchLabels: {team: edge}}}");
    let everybody = from("{namespaceSelector: {}}");
    let clients = from("{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}");
    let cases: [(&str, &str, &str); 9] = [
        ("ingressClassName: outside, ", &edge, "Controller: allowed"),
        (
            "ingressClassName: outside, ",
            &clients,
            "Controller: denied",
        ),
        ("ingressClassName: nginx, ", &edge, "Controller: allowed"),
        ("", &edge, "Controller: allowed"),
        (
            "ingressClassName: strange, ",
            &edge,
            "Node or OwnNode or LoadBalancer or SomePod: maybe TCP 8080, surely ",
        ),
        (
            "ingressClassName: strange, ",
            &everybody,
            "Node or OwnNode or LoadBalancer or SomePod: maybe TCP 8080, surely ",
        ),
        (
            "ingressClassName: strange, ",
            "",
            "Node or OwnNode or LoadBalancer or SomePod: allowed",
        ),
        (
            "ingressClassName: cloud, ",
            &edge,
            "Node or OwnNode or LoadBalancer: maybe TCP 8080, surely ",
        ),
        (
            "ingressClassName: cloud, ",
            "",
            "Node or OwnNode or LoadBalancer: allowed",
        ),
    ];
    for (class, policy, seen) in cases {
        let expected =
            format!("shop/web[Pod]: TCP 8080 through Ingress/shop/i Ingress, seen as {seen}");
        check(&format!("{policy}{}", ingress(class, TO_WEB)), &[&expected]);
    }
}

#[test]
fn backends_that_cannot_be_followed_are_told() {
    for (backend, expected) in [
        (
            "service: {name: gone, port: {number: 80}}",
            "gap: Ingress/shop/i: leads to Service/shop/gone, which is not among the objects",
        ),
        (
            "service: {name: web, port: {name: htpt}}",
            "note: Ingress/shop/i: leads to Service/shop/web, which has no such port",
        ),
        (
            "service: {name: web}",
            "note: Ingress/shop/i: leads to no port of Service/shop/web: names none",
        ),
        (
            "service: {name: alias, port: {number: 80}}",
            "note: Ingress/shop/i: leads to Service/shop/alias, which only stands for a name in DNS",
        ),
        (
            "resource: {apiGroup: example.com, kind: Bucket, name: b}",
            "gap: Ingress/shop/i: leads to Bucket/shop/b, which is no Service: not followed",
        ),
    ] {
        check(
            &ingress("ingressClassName: outside, ", backend),
            &[expected],
        );
    }
    check(
        "\n{apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {namespace: shop, name: r}}",
        &[
            "gap: IngressRoute/shop/r: IngressRoute (traefik.io/v1alpha1) of Traefik may let connections in, and is not modelled",
        ],
    );
}

fn route(kind: &str, namespace: &str, parent: &str, backend: &str) -> String {
    format!(
        "
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{namespace: {namespace}, name: r}}
spec: {{parentRefs: [{{name: public, namespace: edge{parent}}}], rules: [{{backendRefs: [{{name: web{backend}}}]}}]}}
"
    )
}

#[test]
fn a_route_leads_in_where_a_listener_admits_it() {
    let of = |kind: &str| {
        format!(
            "shop/web[Pod]: TCP 8080 through {kind}/shop/r at Gateway/edge/public, seen as Controller: allowed"
        )
    };
    let refused = |kind: &str| {
        format!("note: {kind}/shop/r: is not admitted by any listener of Gateway/edge/public")
    };
    for (kind, parent, expected) in [
        ("HTTPRoute", "", of("HTTPRoute")),
        ("GRPCRoute", "", of("GRPCRoute")),
        ("TCPRoute", "", of("TCPRoute")),
        ("HTTPRoute", ", sectionName: shops", of("HTTPRoute")),
        ("HTTPRoute", ", sectionName: own", refused("HTTPRoute")),
        ("HTTPRoute", ", port: 9000", refused("HTTPRoute")),
        ("TLSRoute", "", refused("TLSRoute")),
        ("UDPRoute", "", refused("UDPRoute")),
        (
            "HTTPRoute",
            ", kind: ListenerSet",
            "gap: HTTPRoute/shop/r: is attached to ListenerSet/edge/public, which is no Gateway: not followed".to_owned(),
        ),
        (
            "HTTPRoute",
            "two",
            "gap: HTTPRoute/shop/r: is attached to Gateway/edgetwo/public, which is not among the objects".to_owned(),
        ),
    ] {
        check(&route(kind, "shop", parent, ", port: 80"), &[&expected]);
    }
}

#[test]
fn a_backend_of_another_namespace_takes_a_grant() {
    let route = route("HTTPRoute", "edge", "", ", namespace: shop, port: 80");
    let grant = |from: &str, to: &str| {
        format!(
            "{route}---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {{namespace: shop, name: g}}
spec: {{from: [{{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: {from}}}], to: [{{group: '', kind: Service{to}}}]}}
"
        )
    };
    let refused = "note: HTTPRoute/edge/r: may not lead to Service/shop/web: no ReferenceGrant of namespace shop says that it may";
    let admitted = "shop/web[Pod]: TCP 8080 through HTTPRoute/edge/r at Gateway/edge/public, seen as Controller: allowed";
    check(&route, &[refused]);
    check(&grant("edge", ""), &[admitted]);
    check(&grant("edge", ", name: web"), &[admitted]);
    check(&grant("edge", ", name: other"), &[refused]);
    check(&grant("shop", ""), &[refused]);
}
