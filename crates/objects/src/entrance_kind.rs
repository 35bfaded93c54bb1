//! Kinds that let connections in from outside.

/// The group of the Gateway API.
pub const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// The kinds of the Gateway API that say where connections go, with their plurals.
pub const GATEWAY_KINDS: [(&str, &str); 8] = [
    ("Gateway", "gateways"),
    ("GatewayClass", "gatewayclasses"),
    ("GRPCRoute", "grpcroutes"),
    ("HTTPRoute", "httproutes"),
    ("ReferenceGrant", "referencegrants"),
    ("TCPRoute", "tcproutes"),
    ("TLSRoute", "tlsroutes"),
    ("UDPRoute", "udproutes"),
];

/// Groups of which some kinds let connections in from outside, with these kinds and whose they are.
const NOT_MODELLED: [(&str, &[&str], &str); 15] = [
    ("extensions", &["Ingress"], "an old version of Kubernetes"),
    ("route.openshift.io", &["Route"], "OpenShift"),
    (
        "networking.istio.io",
        &["Gateway", "VirtualService"],
        "Istio",
    ),
    (
        "traefik.io",
        &["IngressRoute", "IngressRouteTCP", "IngressRouteUDP"],
        "Traefik",
    ),
    (
        "traefik.containo.us",
        &["IngressRoute", "IngressRouteTCP", "IngressRouteUDP"],
        "Traefik",
    ),
    ("projectcontour.io", &["HTTPProxy"], "Contour"),
    (
        "configuration.konghq.com",
        &["TCPIngress", "UDPIngress"],
        "Kong",
    ),
    (
        "k8s.nginx.org",
        &["VirtualServer", "TransportServer"],
        "NGINX",
    ),
    ("getambassador.io", &["Mapping", "TCPMapping"], "Emissary"),
    ("apisix.apache.org", &["ApisixRoute"], "APISIX"),
    ("networking.gke.io", &["MultiClusterIngress"], "GKE"),
    (
        "cilium.io",
        &["CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig"],
        "Cilium",
    ),
    ("elbv2.k8s.aws", &["TargetGroupBinding"], "AWS"),
    (GATEWAY_API, &["ListenerSet"], "the Gateway API"),
    (
        "gateway.networking.x-k8s.io",
        &["XListenerSet"],
        "the Gateway API",
    ),
];

/// Whose a kind is that lets connections in and is not modelled; `None` of any other kind.
pub fn not_modelled(group: &str, kind: &str) -> Option<&'static str> {
    let mut known = NOT_MODELLED.iter();
    let known = known.find(|(of, kinds, _)| *of == group && kinds.contains(&kind));
    known.map(|(_, _, whose)| *whose)
}

/// Whether a kind says where connections from outside go.
pub fn is_of_gateway_api(group: &str, kind: &str) -> bool {
    group == GATEWAY_API && GATEWAY_KINDS.iter().any(|(one, _)| *one == kind)
}

/// Whether a group has a kind that lets connections in.
pub fn is_group(group: &str) -> bool {
    group == GATEWAY_API || NOT_MODELLED.iter().any(|(of, ..)| *of == group)
}
