//! `doctor`: what each cluster is and can do, what could not be read, and what the credential lacks.

use anyhow::{Context as _, Result};
use cofferdam_documents::{Loaded, capabilities_document, pin};
use cofferdam_model::Model;
use cofferdam_model::capabilities::Capabilities;
use cofferdam_model::diagnostic::{DocumentId, Remark, Severity};
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::{files, json, output};
use serde_json::{Value, json};

use crate::args::{Arguments, DoctorArguments, Format};
use crate::exit::Exit;
use crate::fleet::{Examined, examine};
use crate::project;

pub(crate) async fn run(arguments: &Arguments, command: &DoctorArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let examined = examine(&loaded, model, &arguments.directory, &command.selection).await?;
    let clusters: Vec<Value> = examined.iter().map(cluster).collect();
    match arguments.output {
        Format::Json => {
            let report = json!({
                "apiVersion": API_VERSION, "kind": "DoctorReport", "clusters": clusters,
            });
            output::data(&json::render(&report))?;
        }
        Format::Text | Format::Sarif => {
            for one in &examined {
                output::data(&text(one))?;
            }
        }
    }
    let mut exits = Vec::new();
    for one in &examined {
        exits.push(verdict(one));
        if one.twin.is_some() {
            continue;
        }
        if command.pin {
            pin_identity(arguments, &loaded, one)?;
        }
        if command.write {
            store(arguments, model, one)?;
        }
    }
    Ok(Exit::of(exits))
}

fn verdict(one: &Examined<'_>) -> Exit {
    let wrong = matches!(
        (&one.cluster.uid, one.observed.uid.known()),
        (Some(pinned), Some(live)) if pinned != live
    );
    if wrong || one.twin.is_some() {
        Exit::Failure
    } else if one.observed.unknowns().is_empty() {
        Exit::Fine
    } else {
        Exit::Unknown
    }
}

/// What is found of a cluster, as word and text.
fn facts(one: &Examined<'_>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(why) = &one.unreachable {
        facts.push(("reached", format!("NO: {}", why.reason)));
        facts.extend(why.hint.iter().map(|hint| ("hint", hint.clone())));
        return facts;
    }
    if let Some(uid) = one.observed.uid.known() {
        let pinned = match &one.cluster.uid {
            None => "not pinned",
            Some(pinned) if pinned == uid => "as pinned",
            Some(_) => "NOT THE PINNED ONE",
        };
        facts.push(("identity", format!("{uid} ({pinned})")));
    }
    if let Some(twin) = &one.twin {
        facts.push(("identity", format!("THE SAME CLUSTER AS `{twin}`")));
    }
    if let Some(identity) = one.observed.identity.known() {
        facts.push(("user", identity.user.clone()));
    }
    if let Some(connection) = &one.connection {
        facts.extend(
            connection
                .credential_expires_at()
                .map(|at| ("credential until", at)),
        );
    }
    if let Some(known) = one.observed.capabilities.known() {
        facts.extend(of_capabilities(known));
    }
    for (what, reason) in one.observed.unknowns() {
        facts.push(("UNKNOWN", format!("{what}: {reason}")));
    }
    facts
}

fn of_capabilities(known: &Capabilities) -> Vec<(&'static str, String)> {
    let cni = &known.cni;
    let joined = |items: Vec<String>| items.join(", ");
    let endpoints = known
        .api_server
        .endpoints
        .iter()
        .map(|(ip, port)| format!("{ip}:{port}"));
    let mesh = known.mesh.as_ref().map_or_else(
        || "none detected".to_owned(),
        |mesh| format!("{} ({})", mesh.kind.as_str(), mesh.evidence),
    );
    let policies = |served: bool| if served { "served" } else { "not served" };
    vec![
        ("version", known.version.clone()),
        (
            "cni",
            format!(
                "{}, enforces: {} ({})",
                cni.name,
                cni.enforces.as_str(),
                cni.evidence
            ),
        ),
        ("dns", known.dns.evidence.clone()),
        ("api server", joined(endpoints.collect())),
        ("callers", known.callers.evidence.clone()),
        ("mesh", mesh),
        (
            "admission",
            format!(
                "ValidatingAdmissionPolicy {}, MutatingAdmissionPolicy {}",
                policies(known.admission.validating_policies),
                policies(known.admission.mutating_policies)
            ),
        ),
        ("namespaces", known.namespaces.len().to_string()),
        ("nodes", format!("{} addresses", known.node_addresses.len())),
    ]
}

fn text(one: &Examined<'_>) -> String {
    let lines: Vec<String> = facts(one)
        .iter()
        .map(|(word, text)| format!("  {word:<17} {text}\n"))
        .collect();
    format!(
        "{} ({})\n{}\n",
        one.cluster.name,
        one.bundle.trust_domain,
        lines.join("")
    )
}

fn cluster(one: &Examined<'_>) -> Value {
    let facts: Vec<Value> = facts(one)
        .into_iter()
        .map(|(check, result)| json!({ "check": check, "result": result }))
        .collect();
    json!({
        "name": one.cluster.name.as_str(),
        "trustDomain": one.bundle.trust_domain.as_str(),
        "reachable": one.unreachable.is_none(),
        "checks": facts,
    })
}

/// Writes the identity into the cluster's document; every other byte stays.
fn pin_identity(arguments: &Arguments, loaded: &Loaded, one: &Examined<'_>) -> Result<()> {
    let Some(uid) = one.observed.uid.known() else {
        return Ok(());
    };
    let name = one.cluster.name.as_str();
    if one.cluster.uid.as_ref().is_some_and(|pinned| pinned != uid) {
        output::talk(&format!(
            "{name} is pinned to another cluster; remove `identity` from its document to pin it anew"
        ))?;
        return Ok(());
    }
    let remark = Remark {
        document: DocumentId {
            kind: "Cluster",
            name: name.to_owned(),
        },
        path: String::new(),
        severity: Severity::Notice,
        code: "pin",
        message: String::new(),
        hint: None,
    };
    let file = loaded.locate(&remark).place.file;
    let path = arguments.directory.join(&file);
    let old = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{file}`"))?;
    let writer = one
        .observed
        .identity
        .known()
        .map(|identity| format!("user:{}", identity.user));
    let new = pin(&old, name, uid, writer.as_deref())
        .map_err(|reason| anyhow::anyhow!("cannot pin `{name}` in `{file}`: {reason}"))?;
    if new != old {
        files::write(&path, &new).with_context(|| format!("cannot write `{file}`"))?;
        output::talk(&format!("pinned {name} in {file}"))?;
    }
    Ok(())
}

/// Stores what was found in `fleet/capabilities/`.
fn store(arguments: &Arguments, model: &Model, one: &Examined<'_>) -> Result<()> {
    let Some(known) = one.observed.capabilities.known() else {
        return Ok(());
    };
    if model.capabilities.get(&one.cluster.name) == Some(known) {
        return Ok(());
    }
    let file = format!("fleet/capabilities/{}.yaml", one.cluster.name);
    files::write(
        &arguments.directory.join(&file),
        &capabilities_document(known),
    )
    .with_context(|| format!("cannot write `{file}`"))?;
    output::talk(&format!("wrote {file}"))?;
    Ok(())
}
