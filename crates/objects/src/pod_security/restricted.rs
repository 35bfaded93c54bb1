//! What level `restricted` refuses, beyond `baseline`.

use super::baseline::is_bad_profile;
use super::{Minors, Violation};
use crate::pod_template::{Container, PodSpec, PodTemplate};

/// Types of volumes that a pod may have.
const ALLOWED_VOLUMES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Types of volumes that it may not have.
const REFUSED_VOLUMES: &[&str] = &[
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "iscsi",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

/// What `restricted` finds, and whether there is a volume of an unknown type.
pub(super) fn violations(template: &PodTemplate) -> (Vec<Violation>, bool) {
    let spec = &template.spec;
    // What Windows does not have is asked of no pod that says to be for Windows.
    let unless_windows = |since| match spec.os.name.as_str() {
        "windows" => Minors(since, 25),
        _ => Minors::since(since),
    };
    // Root in its own user namespace is nobody outside.
    let unless_own_users = |since| match spec.host_users {
        Some(false) => Minors(since, 35),
        _ => Minors::since(since),
    };
    let mut sources = spec.volumes.iter().flat_map(|volume| &volume.sources);
    let has_refused_volume = sources
        .clone()
        .any(|source| REFUSED_VOLUMES.contains(&source.as_str()));
    let has_unknown_volume = sources.any(|source| {
        !ALLOWED_VOLUMES.contains(&source.as_str()) && !REFUSED_VOLUMES.contains(&source.as_str())
    });
    let found = [
        (
            spec.all_containers().any(may_escalate),
            "allowPrivilegeEscalation != false",
            unless_windows(8),
        ),
        (
            spec.all_containers().any(keeps_capabilities),
            "unrestricted capabilities",
            unless_windows(22),
        ),
        (has_refused_volume, "restricted volume types", Minors::ALL),
        (
            may_be_root(spec),
            "runAsNonRoot != true",
            unless_own_users(0),
        ),
        (is_root(spec), "runAsUser=0", unless_own_users(23)),
        (
            lacks_seccomp_profile(spec),
            "seccompProfile",
            unless_windows(19),
        ),
    ];
    let found = found.into_iter().filter(|(is_found, ..)| *is_found);
    let found = found.map(|(_, reason, restricted)| Violation {
        reason,
        baseline: Minors::NONE,
        restricted,
    });
    (found.collect(), has_unknown_volume)
}

fn may_escalate(container: &Container) -> bool {
    container.security_context.allow_privilege_escalation != Some(false)
}

fn keeps_capabilities(container: &Container) -> bool {
    let capabilities = &container.security_context.capabilities;
    !capabilities.drop.iter().any(|one| one == "ALL")
        || capabilities.add.iter().any(|one| one != "NET_BIND_SERVICE")
}

fn may_be_root(spec: &PodSpec) -> bool {
    let of_pod = spec.security_context.run_as_non_root;
    let says_root = |one: &Container| one.security_context.run_as_non_root == Some(false);
    let says_nothing = |one: &Container| one.security_context.run_as_non_root.is_none();
    of_pod == Some(false)
        || spec.all_containers().any(says_root)
        || (of_pod.is_none() && spec.all_containers().any(says_nothing))
}

fn is_root(spec: &PodSpec) -> bool {
    spec.security_context.run_as_user == Some(0)
        || spec
            .all_containers()
            .any(|one| one.security_context.run_as_user == Some(0))
}

fn lacks_seccomp_profile(spec: &PodSpec) -> bool {
    let of_pod = spec.security_context.seccomp_profile.as_ref();
    let lacks = |one: &Container| match one.security_context.seccomp_profile.as_ref() {
        Some(profile) => is_bad_profile(Some(profile)),
        None => of_pod.is_none(),
    };
    is_bad_profile(of_pod) || spec.all_containers().any(lacks)
}
