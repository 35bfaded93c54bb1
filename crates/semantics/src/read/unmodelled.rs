//! Kinds that decide what can be reached, and are not modelled.

use cofferdam_objects::entrance_kind;
use serde_json::Value;

use super::pod::{at, text};
use crate::facts::GapKind;

/// Groups of which some kinds are policies, with these kinds and whose they are.
const POLICIES: [(&str, &[&str], &str); 17] = [
    (
        "cilium.io",
        &["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"],
        "Cilium",
    ),
    (
        "projectcalico.org",
        &["NetworkPolicy", "GlobalNetworkPolicy"],
        "Calico",
    ),
    (
        "crd.projectcalico.org",
        &["NetworkPolicy", "GlobalNetworkPolicy"],
        "Calico",
    ),
    (
        "crd.antrea.io",
        &["NetworkPolicy", "ClusterNetworkPolicy"],
        "Antrea",
    ),
    (
        "networking.k8s.aws",
        &["ApplicationNetworkPolicy", "ClusterNetworkPolicy"],
        "the Amazon VPC CNI",
    ),
    ("networking.gke.io", &["FQDNNetworkPolicy"], "GKE"),
    ("k8s.cni.cncf.io", &["MultiNetworkPolicy"], "Multus"),
    ("k8s.ovn.org", &["EgressFirewall"], "OVN-Kubernetes"),
    (
        "security.istio.io",
        &[
            "AuthorizationPolicy",
            "PeerAuthentication",
            "RequestAuthentication",
        ],
        "Istio",
    ),
    (
        "policy.linkerd.io",
        &[
            "Server",
            "AuthorizationPolicy",
            "ServerAuthorization",
            "EgressNetwork",
        ],
        "Linkerd",
    ),
    ("kuma.io", &["MeshTrafficPermission"], "Kuma"),
    ("consul.hashicorp.com", &["ServiceIntentions"], "Consul"),
    ("crd.nsx.vmware.com", &["SecurityPolicy"], "NSX"),
    ("nsx.vmware.com", &["SecurityPolicy"], "NSX"),
    (
        "vpcresources.k8s.aws",
        &["SecurityGroupPolicy"],
        "the Amazon VPC resource controller",
    ),
    ("kubeovn.io", &["SecurityGroup"], "Kube-OVN"),
    ("policy.networking.k8s.io", &[], "the network policy API"),
];

/// Names of Calico objects that only mirror Kubernetes' own.
const MIRRORS: [&str; 3] = [
    "knp.default.",
    "kanp.adminnetworkpolicy.",
    "kbanp.baselineadminnetworkpolicy.",
];

/// The kinds of the group of NetworkPolicy itself; an API server refuses any other.
const NETWORKING: (&str, [&str; 5]) = (
    "networking.k8s.io",
    [
        "NetworkPolicy",
        "Ingress",
        "IngressClass",
        "IPAddress",
        "ServiceCIDR",
    ],
);

fn is_no_kind(group: &str, kind: &str) -> bool {
    let (networking, kinds) = NETWORKING;
    group == networking && !kinds.contains(&kind)
}

/// Whether an object has a pod template, or containers of its own, or other objects within it.
fn makes_pods(object: &Value) -> bool {
    let list = |path| at(object, path).is_some_and(Value::is_array);
    let containers = ["/spec/template/spec/containers", "/spec/containers"];
    containers.into_iter().any(list) || list("/objects")
}

/// Why an object may be a way in from outside that is not told; `None` where it is none.
pub(super) fn entrance(group: &str, kind: &str, object: &Value) -> Option<String> {
    let whose = entrance_kind::not_modelled(group, kind)?;
    let version = text(object, "/apiVersion");
    Some(format!(
        "{kind} ({version}) of {whose} may let connections in, and is not modelled"
    ))
}

/// Why an object makes a verdict incomplete; `None` where it decides nothing about reachability.
pub(super) fn reason(group: &str, kind: &str, object: &Value) -> Option<(String, GapKind)> {
    let version = text(object, "/apiVersion");
    let name = text(object, "/metadata/name");
    if group.ends_with("projectcalico.org") && MIRRORS.iter().any(|prefix| name.starts_with(prefix))
    {
        return None;
    }
    let known = POLICIES
        .iter()
        .find(|(of, kinds, _)| *of == group && (kinds.is_empty() || kinds.contains(&kind)));
    match known {
        Some((_, _, whose)) => Some((
            format!("{kind} ({version}) of {whose} is not modelled"),
            GapKind::NotModelled,
        )),
        None if kind.to_ascii_lowercase().ends_with("networkpolicy") => Some((
            format!("{kind} ({version}) is not modelled"),
            GapKind::NotModelled,
        )),
        None if is_no_kind(group, kind) => Some((
            format!("{version} has no kind {kind}: an API server refuses it"),
            GapKind::NotModelled,
        )),
        None if makes_pods(object) => Some((
            format!("{kind} ({version}) makes pods, and is not read"),
            GapKind::MakesPods,
        )),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(version: &str, kind: &str, spec: &Value, expected: Option<&str>) {
        let object =
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": spec});
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let told = reason(group, kind, &object).map(|(reason, _)| reason);
        assert_eq!(told.as_deref(), expected, "{version} {kind}");
    }

    #[test]
    fn a_kind_that_kubernetes_does_not_have_is_named() {
        let networking = "networking.k8s.io/v1";
        let misspelt = "networking.k8s.io/v1 has no kind NetworkPolcy: an API server refuses it";
        check(networking, "NetworkPolcy", &json!({}), Some(misspelt));
        check(networking, "IngressClass", &json!({}), None);
        check("example.com/v1", "Thing", &json!({}), None);
    }

    #[test]
    fn what_has_containers_makes_pods() {
        let containers = json!({"containers": [{}]});
        let template = json!({"template": {"spec": containers}});
        let pdo = "Pdo (v1) makes pods, and is not read";
        check("v1", "Pdo", &containers, Some(pdo));
        let deploy = "Deployement (apps/v1) makes pods, and is not read";
        check("apps/v1", "Deployement", &template, Some(deploy));
    }
}
