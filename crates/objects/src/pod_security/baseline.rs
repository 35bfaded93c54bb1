//! What level `baseline` refuses. Level `restricted` refuses it as well, some of it by stricter rules of its own.

use std::collections::BTreeMap;

use super::{Minors, Violation};
use crate::pod_template::{Container, Handler, PodSpec, PodTemplate, Profile, SeLinux};

const CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Types of `SELinux` that a pod may choose, and since which minor version.
const SELINUX_TYPES: &[(&str, u32)] = &[
    ("", 0),
    ("container_t", 0),
    ("container_init_t", 0),
    ("container_kvm_t", 0),
    ("container_engine_t", 31),
];

/// Kernel parameters that a pod may set, and since which minor version.
const SYSCTLS: &[(&str, u32)] = &[
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];

const APPARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_ANNOTATION_OF: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// What `baseline` finds.
pub(super) fn violations(template: &PodTemplate) -> Vec<Violation> {
    let PodTemplate { metadata, spec } = template;
    let annotations = &metadata.annotations;
    let proc_mount = Violation {
        reason: "procMount",
        // In its own user namespace a pod harms nobody by that.
        baseline: if spec.host_users == Some(false) {
            Minors(0, 35)
        } else {
            Minors::ALL
        },
        restricted: Minors::ALL,
    };
    let host_path = Violation {
        restricted: Minors::NONE,
        ..everywhere("hostPath volumes", Minors::ALL)
    };
    let capabilities = Violation {
        restricted: Minors(0, 22),
        ..everywhere("non-default capabilities", Minors::ALL)
    };
    let by_field = Violation {
        restricted: Minors::NONE,
        ..everywhere("seccompProfile", Minors::since(19))
    };
    let by_annotation = everywhere("seccompProfile", Minors(0, 19));
    let found = [
        (app_armor(annotations, spec), "forbidden AppArmor profile"),
        (
            spec.host_network || spec.host_pid || spec.host_ipc,
            "host namespaces",
        ),
        (
            spec.all_containers().any(|one| uses_host_port(spec, one)),
            "hostPort",
        ),
        (
            any(spec, |one| one.security_context.privileged),
            "privileged",
        ),
        (is_host_process(spec), "hostProcess"),
    ];
    let found = found
        .into_iter()
        .map(|(is_found, reason)| is_found.then(|| everywhere(reason, Minors::ALL)));
    let in_some_versions = [
        any(spec, adds_capabilities).then_some(capabilities),
        has_host_path(spec).then_some(host_path),
        any(spec, names_host).then(|| everywhere("probe or lifecycle host", Minors::since(34))),
        any(spec, unmasks_proc).then_some(proc_mount),
        selinux(spec).map(|minors| everywhere("seLinuxOptions", minors)),
        sysctls(spec).map(|minors| everywhere("forbidden sysctls", minors)),
        is_unconfined(spec).then_some(by_field),
        is_annotated_unconfined(annotations, spec).then_some(by_annotation),
    ];
    found.chain(in_some_versions).flatten().collect()
}

fn everywhere(reason: &'static str, minors: Minors) -> Violation {
    Violation {
        reason,
        baseline: minors,
        restricted: minors,
    }
}

fn any(spec: &PodSpec, is_bad: fn(&Container) -> bool) -> bool {
    spec.all_containers().any(is_bad)
}

/// Whether it is said at all, and is another profile than the runtime's or one that the node has.
pub(super) fn is_bad_profile(profile: Option<&Profile>) -> bool {
    profile
        .is_some_and(|profile| !matches!(profile.r#type.as_str(), "RuntimeDefault" | "Localhost"))
}

fn app_armor(annotations: &BTreeMap<String, String>, spec: &PodSpec) -> bool {
    let is_bad = |value: &str| {
        !value.is_empty() && value != "runtime/default" && !value.starts_with("localhost/")
    };
    let of_apparmor = |(key, _): &(&String, &String)| key.starts_with(APPARMOR_ANNOTATION);
    let mut annotated = annotations.iter().filter(of_apparmor);
    is_bad_profile(spec.security_context.app_armor_profile.as_ref())
        || any(spec, |one| {
            is_bad_profile(one.security_context.app_armor_profile.as_ref())
        })
        || annotated.any(|(_, value)| is_bad(value))
}

fn adds_capabilities(container: &Container) -> bool {
    let mut added = container.security_context.capabilities.add.iter();
    added.any(|one| !CAPABILITIES.contains(&one.as_str()))
}

/// Also by a port of its own in the node's network: the server makes that a host port, of pods only.
fn uses_host_port(spec: &PodSpec, container: &Container) -> bool {
    let mut ports = container.ports.iter();
    ports.any(|port| port.host_port != 0 || (spec.host_network && port.container_port != 0))
}

fn has_host_path(spec: &PodSpec) -> bool {
    let mut sources = spec.volumes.iter().flat_map(|volume| &volume.sources);
    sources.any(|source| source == "hostPath")
}

fn names_host(container: &Container) -> bool {
    let names = |handler: &Handler| {
        !handler.http_get.host.is_empty() || !handler.tcp_socket.host.is_empty()
    };
    let handlers = [
        &container.liveness_probe,
        &container.readiness_probe,
        &container.startup_probe,
        &container.lifecycle.post_start,
        &container.lifecycle.pre_stop,
    ];
    handlers.into_iter().any(names)
}

fn unmasks_proc(container: &Container) -> bool {
    let mount = container.security_context.proc_mount.as_deref();
    mount.is_some_and(|mount| mount != "Default")
}

fn is_host_process(spec: &PodSpec) -> bool {
    spec.security_context.windows_options.host_process
        || any(spec, |one| {
            one.security_context.windows_options.host_process
        })
}

/// The versions in which a context is refused, if any.
fn selinux(spec: &PodSpec) -> Option<Minors> {
    let of_containers = spec.all_containers();
    let of_containers = of_containers.map(|one| &one.security_context.se_linux_options);
    let all = of_containers.chain([&spec.security_context.se_linux_options]);
    let until = |options: &SeLinux| {
        if options.user.is_empty() && options.role.is_empty() {
            allowed_from(SELINUX_TYPES, &options.r#type)
        } else {
            u32::MAX
        }
    };
    refused_until(all.map(until))
}

/// The versions in which a kernel parameter is refused, if any.
fn sysctls(spec: &PodSpec) -> Option<Minors> {
    let sysctls = spec.security_context.sysctls.iter();
    refused_until(sysctls.map(|one| allowed_from(SYSCTLS, &one.name)))
}

/// The minor version in which it came to be allowed; none has that number where it never was.
fn allowed_from(table: &[(&str, u32)], wanted: &str) -> u32 {
    let known = table.iter().find(|(name, _)| *name == wanted);
    known.map_or(u32::MAX, |(_, since)| *since)
}

fn refused_until(each: impl Iterator<Item = u32>) -> Option<Minors> {
    let until = each.max().unwrap_or(0);
    (until > 0).then_some(Minors(0, until))
}

fn is_unconfined(spec: &PodSpec) -> bool {
    is_bad_profile(spec.security_context.seccomp_profile.as_ref())
        || any(spec, |one| {
            is_bad_profile(one.security_context.seccomp_profile.as_ref())
        })
}

/// As it was said before there was a field for it.
fn is_annotated_unconfined(annotations: &BTreeMap<String, String>, spec: &PodSpec) -> bool {
    let is_bad = |value: &String| {
        !matches!(value.as_str(), "runtime/default" | "docker/default")
            && !value.starts_with("localhost/")
    };
    let of_containers = spec
        .all_containers()
        .map(|one| format!("{SECCOMP_ANNOTATION_OF}{}", one.name));
    let mut keys = of_containers.chain([SECCOMP_ANNOTATION.to_owned()]);
    keys.any(|key| annotations.get(&key).is_some_and(is_bad))
}
