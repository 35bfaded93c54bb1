//! What `doctor` writes into the documents.

use anyhow::{Context as _, Result};
use cofferdam_documents::{Loaded, capabilities_document, pin};
use cofferdam_model::Model;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project;
use cofferdam_report::{files, output};

use crate::args::Arguments;

/// Writes the cluster's identity into its document, and as whom we write among the writers whom guard rails let pass;
/// every other byte stays.
pub(crate) fn pin_identity(
    arguments: &Arguments,
    loaded: &Loaded,
    one: &Examined<'_>,
) -> Result<()> {
    let Some(uid) = one.observed.uid.known() else {
        return Ok(());
    };
    let name = one.cluster.name.as_str();
    let guards = &one.cluster.guards;
    let identity = one.observed.identity.known();
    let is_let_pass = identity.is_none_or(|who| {
        guards.is_writer(&who.user, &who.groups)
            || (!guards.writers.is_empty() && guards.is_break_glass(&who.user, &who.groups))
    });
    let is_pinned = one.cluster.uid.as_ref() == Some(uid);
    if is_pinned && is_let_pass {
        return Ok(());
    }
    if is_another(one, uid) {
        output::talk(&format!(
            "{name} is pinned to another cluster: check its kubeconfig; only where the cluster was made anew, remove \
             `identity` from its document and pin it again"
        ))?;
        return Ok(());
    }
    let file = project::file_of(loaded, &one.cluster.name);
    let path = arguments.directory.join(&file);
    let old = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{file}`"))?;
    let writer = identity.map(|identity| format!("user:{}", identity.user));
    let new = pin(&old, name, uid, writer.as_deref())
        .map_err(|reason| anyhow::anyhow!("cannot pin `{name}` in `{file}`: {reason}"))?;
    if new != old {
        files::write(&path, &new).with_context(|| format!("cannot write `{file}`"))?;
        output::talk(&match (is_pinned, &writer) {
            (true, Some(writer)) => format!("added {writer} to the writers of {name} in {file}"),
            (true, None) | (false, _) => format!("pinned {name} in {file}"),
        })?;
    }
    Ok(())
}

/// Stores what was found in `fleet/capabilities/`.
pub(crate) fn store(arguments: &Arguments, model: &Model, one: &Examined<'_>) -> Result<()> {
    let Some(known) = one.observed.capabilities.known() else {
        return Ok(());
    };
    let name = one.cluster.name.as_str();
    if is_another(one, &known.uid) {
        output::talk(&format!(
            "{name} is pinned to another cluster: its capabilities are not written"
        ))?;
        return Ok(());
    }
    if model.capabilities.get(&one.cluster.name) == Some(known) {
        return Ok(());
    }
    let file = format!("fleet/capabilities/{name}.yaml");
    files::write(
        &arguments.directory.join(&file),
        &capabilities_document(known),
    )
    .with_context(|| format!("cannot write `{file}`"))?;
    output::talk(&format!("wrote {file}"))?;
    Ok(())
}

/// Whether this is the UID of another cluster than the one that the document is pinned to.
fn is_another(one: &Examined<'_>, uid: &str) -> bool {
    let pinned = one.cluster.uid.as_deref();
    pinned.is_some_and(|pinned| pinned != uid)
}
