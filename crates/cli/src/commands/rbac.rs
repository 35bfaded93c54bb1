//! `rbac`: the least rights for a purpose, complete in themselves.

use std::collections::BTreeSet;

use anyhow::Result;
use cofferdam_compiler::guard_names;
use cofferdam_model::names::PoolName;
use cofferdam_objects::keys::{PROBE_NAMESPACE, SYSTEM_NAMESPACE};
use cofferdam_pass::project;
use cofferdam_report::manifest::{list, yaml};
use cofferdam_report::{json, output};
use serde_json::{Value, json};

use crate::args::{Arguments, Format, RbacArguments};
use crate::exit::Exit;
use crate::rights::{Names, Rule, cluster_rules, election_rule, own_rules, probe_rules};
use crate::subjects::subjects;

pub(crate) async fn run(arguments: &Arguments, command: &RbacArguments) -> Result<Exit> {
    let subjects = subjects(arguments, command).await?;
    let name = format!("cofferdam-{}", command.profile.as_str());
    let rules = |rules: Vec<Rule>| {
        let rules = rules.iter().map(|one| rule(one, command.watch));
        json!({ "rules": rules.collect::<Vec<_>>() })
    };
    let names = names(arguments, &command.former_pool)?;
    let everywhere = cluster_rules(command.profile, &names);
    let mut own = own_rules(command.profile);
    own.extend(command.standby.then(election_rule));
    let mut objects = vec![
        namespace(SYSTEM_NAMESPACE),
        object("ClusterRole", &name, None, &rules(everywhere)),
        binding("ClusterRole", &name, None, &subjects),
        object("Role", &name, Some(SYSTEM_NAMESPACE), &rules(own)),
        binding("Role", &name, Some(SYSTEM_NAMESPACE), &subjects),
    ];
    let probes = probe_rules(command.profile);
    if !probes.is_empty() {
        objects.extend([
            namespace(PROBE_NAMESPACE),
            object("Role", &name, Some(PROBE_NAMESPACE), &rules(probes)),
            binding("Role", &name, Some(PROBE_NAMESPACE), &subjects),
        ]);
    }
    output::data(&if arguments.output == Format::Json {
        json::render(&list(objects))
    } else {
        let documents: Vec<String> = objects.iter().map(yaml).collect();
        documents.join("---\n")
    })?;
    Ok(Exit::Fine)
}

/// The names that the documents know; where there are none, those that every fleet has.
fn names(arguments: &Arguments, former: &[PoolName]) -> Result<Names> {
    if !project::exists(&arguments.directory) {
        output::talk(
            "there are no documents here: no rights about guard rails of node pools, and none to create namespaces of zones",
        )?;
        return Ok(Names {
            guards: guard_names(former),
            created: BTreeSet::new(),
        });
    }
    let loaded = project::read(&arguments.directory)?;
    Ok(Names::of(project::model(&loaded)?, former))
}

fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}

fn rule(rule: &Rule, watches: bool) -> Value {
    let verbs = if watches {
        rule.following()
    } else {
        rule.verbs.to_vec()
    };
    let mut value = json!({
        "apiGroups": [rule.group], "resources": rule.resources, "verbs": verbs,
    });
    if let (false, Some(fields)) = (rule.names.is_empty(), value.as_object_mut()) {
        fields.insert("resourceNames".to_owned(), json!(rule.names));
    }
    value
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

fn binding(role: &str, name: &str, namespace: Option<&str>, subjects: &[Value]) -> Value {
    let body = json!({
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name },
        "subjects": subjects,
    });
    object(&format!("{role}Binding"), name, namespace, &body)
}
