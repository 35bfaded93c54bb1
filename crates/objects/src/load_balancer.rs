//! What annotations say of the load balancers of Services and Ingresses.

use std::collections::BTreeMap;

/// The annotations by which a load balancer is internal, with the values that say so; without any, every value but
/// `false` does. The words of values are compared without regard to case.
const INTERNAL: [(&str, &[&str]); 13] = [
    ("service.beta.kubernetes.io/aws-load-balancer-internal", &[]),
    (
        "service.beta.kubernetes.io/aws-load-balancer-scheme",
        &["internal"],
    ),
    ("alb.ingress.kubernetes.io/scheme", &["internal"]),
    ("networking.gke.io/load-balancer-type", &["internal"]),
    ("cloud.google.com/load-balancer-type", &["internal"]),
    (
        "service.beta.kubernetes.io/azure-load-balancer-internal",
        &["true"],
    ),
    ("appgw.ingress.kubernetes.io/use-private-ip", &["true"]),
    (
        "service.beta.kubernetes.io/openstack-internal-load-balancer",
        &["true"],
    ),
    (
        "service.beta.kubernetes.io/oci-load-balancer-internal",
        &["true"],
    ),
    (
        "oci-network-load-balancer.oraclecloud.com/internal",
        &["true"],
    ),
    (
        "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type",
        &["intranet"],
    ),
    (
        "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type",
        &["private"],
    ),
    ("kubernetes.io/ingress.class", &["gce-internal"]),
];

/// The annotation that stood for `loadBalancerSourceRanges` before there was a field.
pub const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// Whether annotations say that a load balancer is reached from private networks alone.
pub fn is_internal(annotations: &BTreeMap<String, String>) -> bool {
    INTERNAL.iter().any(|(key, values)| {
        let value = annotations.get(*key).map(|value| value.to_lowercase());
        value.is_some_and(|value| {
            if values.is_empty() {
                value != "false"
            } else {
                values.contains(&value.as_str())
            }
        })
    })
}

/// Whether an annotation says something of a load balancer.
pub fn is_told_by(key: &str) -> bool {
    key == SOURCE_RANGES || INTERNAL.iter().any(|(known, _)| *known == key)
}
