//! Every label, annotation and field-manager name that is ours, or that we read.

/// Field manager of everything we write.
pub const FIELD_MANAGER: &str = "cofferdam";

/// Label: the program that manages an object.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Value of [`MANAGED_BY`] on what is ours.
pub const MANAGED_BY_VALUE: &str = "cofferdam";
/// Label: the zone model that an object comes from.
pub const INSTANCE: &str = "cofferdam.io/instance";
/// Annotation: the documents that an object comes from, as `Kind/name`, comma separated.
pub const SOURCE: &str = "cofferdam.io/source";
/// Annotation: what the flow carries that this back end cannot express or enforce.
pub const NOTE: &str = "cofferdam.io/note";

/// Namespace label: the zone.
pub const ZONE: &str = "cofferdam.io/zone";
/// Namespace label: the tier.
pub const TIER: &str = "cofferdam.io/tier";
/// Namespace label: the trust domain.
pub const TRUST_DOMAIN: &str = "cofferdam.io/trust-domain";
/// Namespace label: the team that answers for it; written only where absent.
pub const TEAM: &str = "team";

/// Namespace label: the Pod Security level below which pods are refused.
pub const POD_SECURITY_ENFORCE: &str = "pod-security.kubernetes.io/enforce";
/// Namespace label: the version of the enforce level.
pub const POD_SECURITY_ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";
/// Namespace label: the Pod Security level below which callers are warned.
pub const POD_SECURITY_WARN: &str = "pod-security.kubernetes.io/warn";
/// Namespace label: the version of the warn level.
pub const POD_SECURITY_WARN_VERSION: &str = "pod-security.kubernetes.io/warn-version";
/// Namespace label: the Pod Security level below which the audit log notes it.
pub const POD_SECURITY_AUDIT: &str = "pod-security.kubernetes.io/audit";
/// Namespace label: the version of the audit level.
pub const POD_SECURITY_AUDIT_VERSION: &str = "pod-security.kubernetes.io/audit-version";

/// Namespace label: whether OpenShift sets the Pod Security labels of a namespace by the rights of its
/// service accounts.
pub const OPENSHIFT_LABEL_SYNC: &str = "security.openshift.io/scc.podSecurityLabelSync";
/// The API group whose kinds tell that a cluster has what reads [`OPENSHIFT_LABEL_SYNC`].
pub const OPENSHIFT_SECURITY_GROUP: &str = "security.openshift.io";

/// Namespace label that the API server sets to the namespace's name and nobody can change.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// The namespace of our record and lease.
pub const SYSTEM_NAMESPACE: &str = "cofferdam-system";
/// Namespaces whose pods no guard rail ever holds up, whatever is known of the cluster or said by a zone.
pub const NEVER_HELD_UP: [&str; 4] = [
    SYSTEM_NAMESPACE,
    "kube-node-lease",
    "kube-public",
    "kube-system",
];
/// The namespace in which guard rails are tried out; nothing is ever kept there.
pub const PROBE_NAMESPACE: &str = "cofferdam-probe";
/// Label of an object that tries a guard rail out: the name of the rail's policy. No rail lets it pass.
pub const PROBE: &str = "cofferdam.io/probe";
/// Label of a node that was given the taint of its pool at registration: which taint, as a digest. It goes once the
/// record holds that.
pub const REGISTERED: &str = "cofferdam.io/registered";
/// The name of our record (ConfigMap) and lease (Lease).
pub const RECORD_NAME: &str = "cofferdam";
/// The name of the Lease of the active controller, in [`SYSTEM_NAMESPACE`] of the cluster that elects it.
pub const CONTROLLER_LEASE: &str = "cofferdam-controller";

/// Every label key that we may write on a namespace.
pub const NAMESPACE_KEYS: [&str; 11] = [
    ZONE,
    TIER,
    TRUST_DOMAIN,
    TEAM,
    OPENSHIFT_LABEL_SYNC,
    POD_SECURITY_ENFORCE,
    POD_SECURITY_ENFORCE_VERSION,
    POD_SECURITY_WARN,
    POD_SECURITY_WARN_VERSION,
    POD_SECURITY_AUDIT,
    POD_SECURITY_AUDIT_VERSION,
];

/// The domain of labels that only we write.
pub const OUR_DOMAIN: &str = "cofferdam.io/";
/// The domain of node labels that only we write: no kubelet may set them (plugin `NodeRestriction`).
pub const OUR_NODE_DOMAIN: &str = "cofferdam.node-restriction.kubernetes.io/";
/// The domain of Pod Security labels.
pub const POD_SECURITY_DOMAIN: &str = "pod-security.kubernetes.io/";

/// Whether a label key is in a domain that is ours alone.
pub fn is_ours(key: &str) -> bool {
    key.starts_with(OUR_DOMAIN) || key.starts_with(OUR_NODE_DOMAIN)
}

/// Who wrote an EndpointSlice.
pub const SLICE_MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";

/// Who writes the `EndpointSlice`s of Services with selectors, which say nothing that the selectors do not.
pub const SLICES_OF_SELECTORS: &str = "endpointslice-controller.k8s.io";
