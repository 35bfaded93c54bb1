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

/// Whether an object has a pod template, or other objects within it.
fn makes_pods(object: &Value) -> bool {
    let list = |path| at(object, path).is_some_and(Value::is_array);
    list("/spec/template/spec/containers") || list("/objects")
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
        None if makes_pods(object) => Some((
            format!("{kind} ({version}) makes pods, and is not read"),
            GapKind::MakesPods,
        )),
        None => None,
    }
}
