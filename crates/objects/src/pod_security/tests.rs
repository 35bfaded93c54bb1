use serde_json::{Value, json};

use super::*;

const LATEST: u32 = NEWEST_KNOWN;

/// The template of a pod that every level allows, with some fields on top: of the pod, of its container.
fn template(pod: &Value, container: &Value) -> PodTemplate {
    let mut template = json!({"spec": {
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "c", "image": "i", "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
        }}],
    }});
    json_patch::merge(&mut template, pod);
    json_patch::merge(
        template.pointer_mut("/spec/containers/0").unwrap(),
        container,
    );
    serde_json::from_value(template).unwrap()
}

/// What `baseline` and `restricted` refuse in a version.
#[track_caller]
fn check_in(minor: u32, template: &PodTemplate, baseline: &[&str], restricted: &[&str]) {
    let security = PodSecurity::of(template);
    assert_eq!(
        security.refusals(Level::Baseline, minor),
        baseline,
        "v1.{minor}"
    );
    assert_eq!(
        security.refusals(Level::Restricted, minor),
        restricted,
        "v1.{minor}"
    );
}

#[track_caller]
fn check(template: &PodTemplate, baseline: &[&str], restricted: &[&str]) {
    check_in(LATEST, template, baseline, restricted);
}

fn of_pod(pod: &Value) -> PodTemplate {
    template(pod, &json!({}))
}

fn of_spec(spec: &Value) -> PodTemplate {
    of_pod(&json!({"spec": spec}))
}

fn of_container(container: &Value) -> PodTemplate {
    template(&json!({}), container)
}

fn of_context(context: &Value) -> PodTemplate {
    of_container(&json!({"securityContext": context}))
}

#[test]
fn a_hardened_pod_passes_and_a_plain_one_passes_baseline() {
    check(&of_pod(&json!({})), &[], &[]);
    let plain = json!({"spec": {"containers": [{"name": "c"}]}});
    let plain: PodTemplate = serde_json::from_value(plain).unwrap();
    let all = [
        "allowPrivilegeEscalation != false",
        "unrestricted capabilities",
        "runAsNonRoot != true",
        "seccompProfile",
    ];
    check(&plain, &[], &all);
    check_in(21, &plain, &[], &[all[0], all[2], all[3]]);
    check_in(18, &plain, &[], &[all[0], all[2]]);
    check_in(7, &plain, &[], &[all[2]]);
}

#[test]
fn what_is_of_the_node_is_refused_at_both_levels() {
    for (template, reason) in [
        (of_spec(&json!({"hostNetwork": true})), "host namespaces"),
        (of_spec(&json!({"hostPID": true})), "host namespaces"),
        (of_spec(&json!({"hostIPC": true})), "host namespaces"),
        (
            of_container(&json!({"ports": [{"containerPort": 80, "hostPort": 80}]})),
            "hostPort",
        ),
        (of_context(&json!({"privileged": true})), "privileged"),
        (
            of_context(&json!({"windowsOptions": {"hostProcess": true}})),
            "hostProcess",
        ),
        (
            of_spec(&json!({"securityContext": {"windowsOptions": {"hostProcess": true}}})),
            "hostProcess",
        ),
        (of_context(&json!({"procMount": "Unmasked"})), "procMount"),
        (
            of_context(&json!({"seLinuxOptions": {"type": "spc_t"}})),
            "seLinuxOptions",
        ),
        (
            of_context(&json!({"seLinuxOptions": {"user": "u"}})),
            "seLinuxOptions",
        ),
        (
            of_spec(&json!({"securityContext": {"seLinuxOptions": {"role": "r"}}})),
            "seLinuxOptions",
        ),
        (
            of_spec(
                &json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}),
            ),
            "forbidden sysctls",
        ),
        (
            of_context(&json!({"appArmorProfile": {"type": "Unconfined"}})),
            "forbidden AppArmor profile",
        ),
        (
            of_spec(&json!({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}})),
            "forbidden AppArmor profile",
        ),
        (
            of_pod(
                &json!({"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}}),
            ),
            "forbidden AppArmor profile",
        ),
        (
            of_spec(&json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}})),
            "seccompProfile",
        ),
        (
            of_context(&json!({"seccompProfile": {"type": "Unconfined"}})),
            "seccompProfile",
        ),
    ] {
        check(&template, &[reason], &[reason]);
    }
    let ports = json!({"ports": [{"containerPort": 80}]});
    let own_port = template(&json!({"spec": {"hostNetwork": true}}), &ports);
    let both = ["host namespaces", "hostPort"];
    check(&own_port, &both, &both);
    check(&of_container(&ports), &[], &[]);
}

#[test]
fn what_restricted_words_in_its_own_way_is_told_once() {
    let volume = of_spec(&json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}));
    check(&volume, &["hostPath volumes"], &["restricted volume types"]);
    let raw = of_context(&json!({"capabilities": {"add": ["NET_RAW"]}}));
    check(
        &raw,
        &["non-default capabilities"],
        &["unrestricted capabilities"],
    );
    check_in(
        21,
        &raw,
        &["non-default capabilities"],
        &["non-default capabilities"],
    );
    let chown = of_context(&json!({"capabilities": {"add": ["CHOWN"]}}));
    check(&chown, &[], &["unrestricted capabilities"]);
    let bind = of_context(&json!({"capabilities": {"add": ["NET_BIND_SERVICE"]}}));
    check(&bind, &[], &[]);
}

#[test]
fn restricted_asks_for_what_baseline_does_not() {
    for (template, reason) in [
        (
            of_context(&json!({"allowPrivilegeEscalation": true})),
            "allowPrivilegeEscalation != false",
        ),
        (
            of_context(&json!({"runAsNonRoot": false})),
            "runAsNonRoot != true",
        ),
        (of_context(&json!({"runAsUser": 0})), "runAsUser=0"),
        (
            of_spec(&json!({"securityContext": {"runAsUser": 0}})),
            "runAsUser=0",
        ),
        (
            of_spec(&json!({"securityContext": {"seccompProfile": null}})),
            "seccompProfile",
        ),
        (
            of_spec(&json!({"volumes": [{"name": "v", "nfs": {}}]})),
            "restricted volume types",
        ),
    ] {
        check(&template, &[], &[reason]);
    }
    let own = template(
        &json!({"spec": {"securityContext": {"runAsNonRoot": null, "seccompProfile": null}}}),
        &json!({"securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "Localhost"}}}),
    );
    check(&own, &[], &[]);
    let allowed = json!({"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "image": {}}]});
    check(&of_spec(&allowed), &[], &[]);
}

#[test]
fn containers_that_run_first_count_as_well() {
    let first = json!({"name": "first", "securityContext": {"privileged": true}});
    let template = of_spec(&json!({"initContainers": [first]}));
    let missing = [
        "privileged",
        "allowPrivilegeEscalation != false",
        "unrestricted capabilities",
    ];
    check(&template, &["privileged"], &missing);
}

#[test]
fn versions_differ_where_the_standards_changed() {
    let sysctl = |name: &str| {
        of_spec(&json!({"securityContext": {"sysctls": [{"name": name, "value": "1"}]}}))
    };
    for (name, since) in [
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_rmem", 32),
    ] {
        let refused = ["forbidden sysctls"];
        check_in(since - 1, &sysctl(name), &refused, &refused);
        check_in(since, &sysctl(name), &[], &[]);
    }
    let engine = of_context(&json!({"seLinuxOptions": {"type": "container_engine_t"}}));
    check_in(30, &engine, &["seLinuxOptions"], &["seLinuxOptions"]);
    check_in(31, &engine, &[], &[]);
    for handler in ["livenessProbe", "readinessProbe", "startupProbe"] {
        for way in ["httpGet", "tcpSocket"] {
            let probe = of_container(&json!({handler: {way: {"host": "h", "port": 80}}}));
            check_in(33, &probe, &[], &[]);
            check_in(
                34,
                &probe,
                &["probe or lifecycle host"],
                &["probe or lifecycle host"],
            );
        }
    }
    for stage in ["postStart", "preStop"] {
        let hook = of_container(&json!({"lifecycle": {stage: {"httpGet": {"host": "h"}}}}));
        check_in(
            34,
            &hook,
            &["probe or lifecycle host"],
            &["probe or lifecycle host"],
        );
    }
    let key = "container.seccomp.security.alpha.kubernetes.io/c";
    let annotated = of_pod(&json!({"metadata": {"annotations": {key: "unconfined"}}}));
    check_in(18, &annotated, &["seccompProfile"], &["seccompProfile"]);
    check_in(19, &annotated, &[], &[]);
}

#[test]
fn a_user_namespace_of_its_own_and_windows_relax_later_versions() {
    let users = template(
        &json!({"spec": {"hostUsers": false, "securityContext": {"runAsNonRoot": false, "runAsUser": 0}}}),
        &json!({"securityContext": {"procMount": "Unmasked"}}),
    );
    let root = ["procMount", "runAsNonRoot != true", "runAsUser=0"];
    check_in(34, &users, &["procMount"], &root);
    check_in(35, &users, &[], &["procMount"]);
    let windows = template(
        &json!({"spec": {"os": {"name": "windows"}, "securityContext": {"seccompProfile": null}}}),
        &json!({"securityContext": {"allowPrivilegeEscalation": null, "capabilities": null}}),
    );
    let of_linux = [
        "allowPrivilegeEscalation != false",
        "unrestricted capabilities",
        "seccompProfile",
    ];
    check_in(24, &windows, &[], &of_linux);
    check_in(25, &windows, &[], &[]);
}

#[test]
fn a_volume_of_an_unknown_type_leaves_restricted_open() {
    let template = of_spec(&json!({"volumes": [{"name": "v", "quantum": {}}]}));
    check(&template, &[], &[]);
    let security = PodSecurity::of(&template);
    assert!(security.unclear(Level::Restricted).is_some());
    assert_eq!(security.unclear(Level::Baseline), None);
    assert_eq!(
        PodSecurity::of(&of_pod(&json!({}))).unclear(Level::Restricted),
        None
    );
}

#[test]
fn what_a_server_does_not_know_is_the_strictest_level() {
    assert_eq!(Level::of_label("privileged"), None);
    assert_eq!(Level::of_label("baseline"), Some(Level::Baseline));
    for label in ["restricted", "Baseline", ""] {
        assert_eq!(Level::of_label(label), Some(Level::Restricted));
    }
}
