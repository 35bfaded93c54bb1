//! The Pod Security Standards: what is said of pod templates is what servers say to pods made from them.

#![expect(
    clippy::indexing_slicing,
    reason = "what a server did not send fails the test"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::{ADMIN, Cluster};
use cofferdam_integration::options::ClusterOptions;
use cofferdam_objects::pod_security::{Level, PodSecurity};
use serde_json::{Value, json};

/// Fields of a pod's spec that Pod Security looks at, and some that it allows.
const OF_PODS: &[&str] = &[
    "{}",
    r#"{"hostNetwork": true}"#,
    r#"{"hostPID": true}"#,
    r#"{"hostIPC": true}"#,
    r#"{"hostUsers": false}"#,
    r#"{"hostUsers": false, "securityContext": {"runAsUser": 0, "runAsNonRoot": false}}"#,
    r#"{"securityContext": {"sysctls": [{"name": "kernel.shm_rmid_forced", "value": "1"}]}}"#,
    r#"{"securityContext": {"sysctls": [{"name": "net.ipv4.ip_local_reserved_ports", "value": "1"}]}}"#,
    r#"{"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_keepalive_time", "value": "1"}]}}"#,
    r#"{"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]}}"#,
    r#"{"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}"#,
    r#"{"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}"#,
    r#"{"volumes": [{"name": "v", "emptyDir": {}}]}"#,
    r#"{"volumes": [{"name": "v", "configMap": {"name": "c"}}]}"#,
    r#"{"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}"#,
    r#"{"volumes": [{"name": "v", "csi": {"driver": "d"}}]}"#,
    r#"{"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]}"#,
    r#"{"volumes": [{"name": "v", "projected": {"sources": []}}]}"#,
    r#"{"volumes": [{"name": "v", "downwardAPI": {"items": []}}]}"#,
    r#"{"volumes": [{"name": "v", "image": {"reference": "i"}}]}"#,
    r#"{"volumes": [{"name": "v", "nfs": {"server": "s", "path": "/"}}]}"#,
    r#"{"volumes": [{"name": "v", "iscsi": {"targetPortal": "t", "iqn": "iqn.2001-04.com.example:s", "lun": 0}}]}"#,
    r#"{"volumes": [{"name": "v", "gitRepo": {"repository": "r"}}]}"#,
    r#"{"volumes": [{"name": "v", "flexVolume": {"driver": "a/b"}}]}"#,
    r#"{"volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}}]}"#,
];

/// Fields that both have.
const OF_EACH: &[&str] = &[
    r#"{"securityContext": {"runAsNonRoot": false}}"#,
    r#"{"securityContext": {"runAsUser": 0}}"#,
    r#"{"securityContext": {"appArmorProfile": {"type": "RuntimeDefault"}}}"#,
    r#"{"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}"#,
    r#"{"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}"#,
    r#"{"securityContext": {"seccompProfile": {"type": "Unconfined"}}}"#,
    r#"{"securityContext": {"seLinuxOptions": {"type": "container_t"}}}"#,
    r#"{"securityContext": {"seLinuxOptions": {"type": "container_engine_t"}}}"#,
    r#"{"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}"#,
    r#"{"securityContext": {"seLinuxOptions": {"user": "u"}}}"#,
    r#"{"securityContext": {"seLinuxOptions": {"role": "r"}}}"#,
    r#"{"securityContext": {"seLinuxOptions": {"level": "s0:c1"}}}"#,
];

/// Fields of a container.
const OF_CONTAINERS: &[&str] = &[
    r#"{"ports": [{"containerPort": 80, "hostPort": 8080}]}"#,
    r#"{"ports": [{"containerPort": 80}]}"#,
    r#"{"securityContext": {"privileged": true, "allowPrivilegeEscalation": true}}"#,
    r#"{"securityContext": {"privileged": false}}"#,
    r#"{"securityContext": {"allowPrivilegeEscalation": true}}"#,
    r#"{"securityContext": {"capabilities": {"add": ["NET_RAW"]}}}"#,
    r#"{"securityContext": {"capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}}}"#,
    r#"{"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}}}"#,
    r#"{"securityContext": {"capabilities": {"drop": ["NET_RAW"]}}}"#,
    r#"{"securityContext": {"procMount": "Default"}}"#,
    r#"{"securityContext": {"runAsNonRoot": true}}"#,
    r#"{"securityContext": {"runAsUser": 1000}}"#,
    r#"{"securityContext": {"windowsOptions": {"hostProcess": false}}}"#,
    r#"{"livenessProbe": {"httpGet": {"host": "10.0.0.1", "port": 80}}}"#,
    r#"{"readinessProbe": {"tcpSocket": {"host": "10.0.0.1", "port": 80}}}"#,
    r#"{"startupProbe": {"httpGet": {"host": "10.0.0.1", "port": 80}}}"#,
    r#"{"livenessProbe": {"httpGet": {"port": 80}}}"#,
    r#"{"lifecycle": {"postStart": {"httpGet": {"host": "10.0.0.1", "port": 80}}}}"#,
    r#"{"lifecycle": {"preStop": {"tcpSocket": {"host": "10.0.0.1", "port": 80}}}}"#,
];

/// Fields of a template, and of its container with them.
const OF_BOTH: &[(&str, &str)] = &[
    (
        r#"{"spec": {"hostNetwork": true}}"#,
        r#"{"ports": [{"containerPort": 80}]}"#,
    ),
    (
        r#"{"spec": {"hostUsers": false}}"#,
        r#"{"securityContext": {"procMount": "Unmasked"}}"#,
    ),
    (
        r#"{"spec": {"os": {"name": "windows"}, "securityContext": {"seccompProfile": null}}}"#,
        r#"{"securityContext": {"allowPrivilegeEscalation": null, "capabilities": null}}"#,
    ),
    (
        r#"{"spec": {"hostNetwork": true, "os": {"name": "windows"}, "securityContext": {"seccompProfile": null, "windowsOptions": {"hostProcess": true}}}}"#,
        r#"{"securityContext": {"allowPrivilegeEscalation": null, "capabilities": null}}"#,
    ),
    (
        r#"{"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}}"#,
        "{}",
    ),
    (
        r#"{"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "localhost/p"}}}"#,
        "{}",
    ),
    (
        r#"{"metadata": {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}}}"#,
        "{}",
    ),
    (
        r#"{"metadata": {"annotations": {"container.seccomp.security.alpha.kubernetes.io/c": "unconfined"}}}"#,
        "{}",
    ),
];

/// Fields of a template, and of its container with them.
fn fragments() -> Result<Vec<(Value, Value)>> {
    let mut all = Vec::new();
    for spec in OF_PODS.iter().chain(OF_EACH) {
        let spec: Value = serde_json::from_str(spec).context(*spec)?;
        all.push((json!({ "spec": spec }), json!({})));
    }
    for container in OF_CONTAINERS.iter().chain(OF_EACH) {
        let container = serde_json::from_str(container).context(*container)?;
        all.push((json!({}), container));
    }
    for (template, container) in OF_BOTH {
        let template = serde_json::from_str(template).context(*template)?;
        let container = serde_json::from_str(container).context(*container)?;
        all.push((template, container));
    }
    Ok(all)
}

/// Pod templates by name: each field on a plain and on a hardened pod, in a container that runs first too, and
/// with another field.
fn templates() -> Result<BTreeMap<String, Value>> {
    let fragments = fragments()?;
    let plain = json!({"metadata": {}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let mut hardened = plain.clone();
    let context = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    hardened["spec"]["securityContext"] = context;
    let context = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
    hardened["spec"]["containers"][0]["securityContext"] = context;
    let mut all = BTreeMap::new();
    let with = |base: &Value, (pod, container): &(Value, Value)| {
        let mut template = base.clone();
        json_patch::merge(&mut template, pod);
        json_patch::merge(&mut template["spec"]["containers"][0], container);
        template
    };
    for (place, fragment) in fragments.iter().enumerate() {
        let other = &fragments[(place * 7 + 3) % fragments.len()];
        all.insert(format!("plain-{place}"), with(&plain, fragment));
        all.insert(format!("hard-{place}"), with(&hardened, fragment));
        all.insert(
            format!("pair-{place}"),
            with(&with(&hardened, fragment), other),
        );
        let mut first = with(&hardened, fragment);
        let mut container = first["spec"]["containers"][0].clone();
        container["name"] = json!("first");
        container["restartPolicy"] = json!("Always");
        first["spec"]["initContainers"] = json!([container]);
        first["spec"]["containers"][0] = hardened["spec"]["containers"][0].clone();
        all.insert(format!("first-{place}"), first);
    }
    Ok(all)
}

fn manifest(kind: &str, name: &str, fields: &Value) -> String {
    let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
    json_patch::merge(&mut object, fields);
    object.to_string()
}

/// What `kubectl` created of these objects, and what it says of those that were refused.
fn create(cluster: &Cluster, arguments: &[&str], objects: &[String]) -> String {
    let create = ["create", "--validate=false", "-f", "-"];
    let arguments = [&create, arguments].concat();
    let told = cluster.kubectl_input(ADMIN, &arguments, &objects.join("\n---\n"));
    match told {
        Ok(_) => String::new(),
        Err(error) => format!("{error:#}"),
    }
}

/// Why the server refuses each pod in a namespace, by name; pods that it takes for no pods are left out.
fn verdicts(
    cluster: &Cluster,
    namespace: &str,
    pods: &BTreeMap<String, Value>,
) -> BTreeMap<String, Vec<String>> {
    let objects: Vec<String> = pods
        .iter()
        .map(|(name, template)| manifest("Pod", name, template))
        .collect();
    let told = create(cluster, &["-n", namespace, "--dry-run=server"], &objects);
    let mut verdicts: BTreeMap<String, Vec<String>> =
        pods.keys().map(|name| (name.clone(), Vec::new())).collect();
    // An answer about a pod may have several lines.
    for error in told.split("\nError").map(str::trim) {
        if let Some((name, why)) = refused(error) {
            verdicts.insert(name, why);
        } else if let Some(name) = error.split('"').find(|word| pods.contains_key(*word)) {
            verdicts.remove(name);
        }
    }
    verdicts
}

/// The pod in an answer that refuses it for a level, and why, without the details in brackets.
fn refused(error: &str) -> Option<(String, Vec<String>)> {
    let (_, about) = error.split_once("pods \"")?;
    let (name, about) = about.split_once("\" is forbidden: violates PodSecurity ")?;
    let (_, why) = about.split_once("\": ")?;
    let mut depth = 0_u32;
    let mut bare = String::new();
    for letter in why.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(letter),
            _ => {}
        }
    }
    let reasons = bare.split(", ").map(|reason| reason.trim().to_owned());
    Some((name.to_owned(), sorted(reasons)))
}

/// In one order, and without telling one from several.
fn sorted(reasons: impl Iterator<Item = String>) -> Vec<String> {
    let mut reasons: Vec<String> = reasons
        .map(|one| one.replace("AppArmor profiles", "AppArmor profile"))
        .collect();
    reasons.sort();
    reasons
}

#[test]
fn templates_are_judged_as_the_server_judges_their_pods() -> Result<()> {
    for (version, served) in [(Version::V1_36, 36), (Version::V1_33, 33)] {
        let cluster = Cluster::start(ClusterOptions::new("prod").version(version))?;
        let all = templates()?;
        // What the server makes of them as templates is what is judged.
        let objects: Vec<String> = all
            .iter()
            .map(|(name, template)| manifest("PodTemplate", name, &json!({ "template": template })))
            .collect();
        create(&cluster, &[], &objects);
        let stored = cluster.get_json(&["podtemplates"])?;
        let stored = stored["items"].as_array().context("a list")?;
        let mut judged = BTreeMap::new();
        for one in stored {
            let name = one["metadata"]["name"].as_str().context("a name")?;
            let template = serde_json::from_value(one["template"].clone())?;
            judged.insert(name.to_owned(), PodSecurity::of(&template));
        }
        let (mut compared, mut refused) = (0, 0);
        for (level, pinned) in [
            ("baseline", None),
            ("restricted", None),
            ("baseline", Some(18)),
            ("restricted", Some(18)),
            ("restricted", Some(24)),
            ("baseline", Some(30)),
            ("restricted", Some(34)),
            ("restricted", Some(36)),
        ] {
            let name = format!("{level}-{}", pinned.unwrap_or(0));
            let words =
                pinned.map_or_else(|| "latest".to_owned(), |minor: u32| format!("v1.{minor}"));
            let labels = json!({"pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/enforce-version": words});
            let namespace = manifest("Namespace", &name, &json!({"metadata": {"labels": labels}}));
            cluster.apply_yaml(ADMIN, &namespace)?;
            let minor = pinned.unwrap_or(served).min(served);
            let level = Level::of_label(level).context("a level")?;
            let mut unlike = String::new();
            for (pod, server) in verdicts(&cluster, &name, &all) {
                let Some(security) = judged.get(&pod) else {
                    continue;
                };
                let ours = security.refusals(level, minor).into_iter();
                let ours = sorted(ours.map(str::to_owned));
                compared += 1;
                refused += u32::from(!server.is_empty());
                if ours != server {
                    let spec = &all[&pod];
                    writeln!(
                        unlike,
                        "{name} {pod}: {ours:?}, the server: {server:?}: {spec}"
                    )?;
                }
            }
            ensure!(unlike.is_empty(), "{version:?}:\n{unlike}");
        }
        ensure!(
            compared > 1500,
            "{compared} pods of {} templates",
            judged.len()
        );
        ensure!(
            refused > 800 && refused < compared,
            "{refused} of {compared}"
        );
    }
    Ok(())
}
