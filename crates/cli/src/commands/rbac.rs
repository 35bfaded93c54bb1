//! `rbac`: the least rights for a purpose, complete in themselves.

use anyhow::{Result, bail};
use cofferdam_objects::keys::{RECORD_NAME, SYSTEM_NAMESPACE};
use cofferdam_objects::policy_kind::POLICY_KINDS;
use cofferdam_report::manifest::yaml;
use cofferdam_report::output;
use serde_json::{Value, json};

use crate::args::{Profile, RbacArguments};
use crate::exit::Exit;

pub(crate) fn run(command: &RbacArguments) -> Result<Exit> {
    let subject = subject(&command.subject)?;
    let name = format!("cofferdam-{}", word(command.profile));
    let objects = [
        object(
            "ClusterRole",
            &name,
            None,
            &json!({ "rules": cluster_rules(command.profile) }),
        ),
        binding("ClusterRole", &name, None, &subject),
        object(
            "Role",
            &name,
            Some(SYSTEM_NAMESPACE),
            &json!({ "rules": own_rules(command.profile) }),
        ),
        binding("Role", &name, Some(SYSTEM_NAMESPACE), &subject),
    ];
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": SYSTEM_NAMESPACE },
    });
    let documents: Vec<String> = [namespace].iter().chain(&objects).map(yaml).collect();
    output::data(&documents.join("---\n"))?;
    Ok(Exit::Fine)
}

fn word(profile: Profile) -> &'static str {
    match profile {
        Profile::Observe => "observe",
        Profile::Policies => "policies",
        Profile::Nodes => "nodes",
    }
}

/// Rights on the whole cluster: everything is read, because what was not read is unknown; what is
/// written goes by profile.
fn cluster_rules(profile: Profile) -> Vec<Value> {
    let list = |group: &str, resources: &[&str]| json!({ "apiGroups": [group], "resources": resources, "verbs": ["get", "list"] });
    let write = |group: &str, resource: &str, verbs: &[&str]| json!({ "apiGroups": [group], "resources": [resource], "verbs": verbs });
    let mut rules = vec![
        list(
            "",
            &[
                "namespaces",
                "nodes",
                "pods",
                "replicationcontrollers",
                "services",
            ],
        ),
        list("discovery.k8s.io", &["endpointslices"]),
        list(
            "apps",
            &["daemonsets", "deployments", "replicasets", "statefulsets"],
        ),
        list("batch", &["cronjobs", "jobs"]),
        list(
            "networking.k8s.io",
            &["ingresses", "networkpolicies", "servicecidrs"],
        ),
        list(
            "admissionregistration.k8s.io",
            &[
                "mutatingwebhookconfigurations",
                "validatingwebhookconfigurations",
            ],
        ),
        list("apiregistration.k8s.io", &["apiservices"]),
        list("apiextensions.k8s.io", &["customresourcedefinitions"]),
        json!({
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["amazon-vpc-cni", "cilium-config", "coredns"],
            "verbs": ["get"],
        }),
    ];
    rules.extend(
        POLICY_KINDS
            .iter()
            .map(|kind| list(kind.group(), &[kind.plural])),
    );
    match profile {
        Profile::Observe => {}
        Profile::Policies => {
            rules.push(write("", "namespaces", &["create", "patch"]));
            let verbs = ["create", "patch", "delete"];
            rules.push(write("networking.k8s.io", "networkpolicies", &verbs));
        }
        Profile::Nodes => rules.push(write("", "nodes", &["patch"])),
    }
    rules
}

/// Rights in our own namespace: record and lease, by name.
fn own_rules(profile: Profile) -> Vec<Value> {
    let verbs: &[&str] = match profile {
        Profile::Observe => &["get"],
        Profile::Policies | Profile::Nodes => &["get", "create", "patch", "update"],
    };
    let by_name = |group: &str, resource: &str| {
        json!({
            "apiGroups": [group],
            "resources": [resource],
            "resourceNames": [RECORD_NAME],
            "verbs": verbs,
        })
    };
    vec![
        by_name("", "configmaps"),
        by_name("coordination.k8s.io", "leases"),
    ]
}

fn object(kind: &str, name: &str, namespace: Option<&str>, body: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": { "name": name },
    });
    if let (Some(fields), Some(body)) = (object.as_object_mut(), body.as_object()) {
        fields.extend(body.clone());
    }
    if let (Some(namespace), Some(metadata)) = (namespace, object.pointer_mut("/metadata")) {
        *metadata = json!({ "name": name, "namespace": namespace });
    }
    object
}

fn binding(role: &str, name: &str, namespace: Option<&str>, subject: &Value) -> Value {
    let body = json!({
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name },
        "subjects": [subject],
    });
    object(&format!("{role}Binding"), name, namespace, &body)
}

fn subject(text: &str) -> Result<Value> {
    let group = "rbac.authorization.k8s.io";
    match text.split_once(':') {
        Some(("user", name)) => Ok(json!({ "kind": "User", "apiGroup": group, "name": name })),
        Some(("group", name)) => Ok(json!({ "kind": "Group", "apiGroup": group, "name": name })),
        Some(("serviceaccount", path)) => match path.split_once('/') {
            Some((namespace, name)) => {
                Ok(json!({ "kind": "ServiceAccount", "namespace": namespace, "name": name }))
            }
            None => bail!("`{text}`: write `serviceaccount:NAMESPACE/NAME`"),
        },
        Some(_) | None => {
            bail!(
                "`{text}` is no subject: write `user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME`"
            )
        }
    }
}
