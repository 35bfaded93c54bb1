//! `init`: a start, or what a fleet lacks of one; overwrites nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use cofferdam_cluster::{ConnectOptions, Contexts, contexts};
use cofferdam_documents::{ContextStart, NamedContext, Present, starter};
use cofferdam_pass::project;
use cofferdam_report::{files, output};

use crate::args::{Arguments, InitArguments};
use crate::exit::Exit;
use crate::paths::{named, resolved, tidied};

pub(crate) fn run(arguments: &Arguments, command: &InitArguments) -> Result<Exit> {
    let directory = &arguments.directory;
    if directory.exists() && !directory.is_dir() {
        bail!("`{}` is no directory", directory.display());
    }
    let present = Present::of(&project::files(directory)?)
        .map_err(|why| anyhow::anyhow!("{why}; mend it first, it may name contexts already"))?;
    let wanted = match &command.kubeconfig {
        Some(path) => starts(path, &present, directory)?,
        None => Vec::new(),
    };
    let start = starter(&wanted, &present);
    for file in &start {
        let path = directory.join(&file.path);
        files::create(&path, &file.text)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        output::talk(&format!("wrote {}", file.path))?;
    }
    if present.has_model {
        output::talk("left alone: the zone model that is there")?;
    }
    let has_clusters = !(wanted.is_empty() && present.contexts.is_empty());
    output::talk(if !has_clusters {
        "next: `cofferdam init --kubeconfig FILE` adds a cluster for each of its contexts"
    } else if start.is_empty() {
        "nothing was missing"
    } else {
        "next: `cofferdam doctor --pin --write`, then edit `policies/` and `cofferdam plan`"
    })?;
    Ok(Exit::Fine)
}

/// The contexts of a kubeconfig that no Cluster document names yet; says which ones do.
fn starts(path: &Path, present: &Present, directory: &Path) -> Result<Vec<ContextStart>> {
    let shown = path.display();
    let home = std::env::home_dir();
    let expanded = match (path.strip_prefix("~"), &home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    };
    let absolute = tidied(&expanded).with_context(|| format!("no such path: {shown}"))?;
    let found =
        contexts(&absolute).map_err(|why| anyhow::anyhow!("kubeconfig `{shown}`: {why}"))?;
    if found.names.is_empty() {
        bail!("kubeconfig `{shown}` has no context");
    }
    if let Some(why) = &found.exposed {
        output::talk(&format!(
            "warning: kubeconfig `{shown}`: {why}; until then it is refused"
        ))?;
    }
    let from = resolved(&directory.join("fleet/clusters"))?;
    let home = home.and_then(|home| resolved(&home).ok());
    let kubeconfig = named(path, &absolute, &from, home.as_deref());
    let mut starts = Vec::new();
    for context in &found.names {
        let is_it = |one: &&NamedContext| names(one, context, &found, (&absolute, directory));
        match present.contexts.iter().find(is_it) {
            Some(named) => output::talk(&format!(
                "left alone: context `{context}` is cluster `{}` already ({})",
                named.cluster, named.file
            ))?,
            None => starts.push(ContextStart {
                context: context.clone(),
                kubeconfig: kubeconfig.to_string_lossy().into_owned(),
            }),
        }
    }
    Ok(starts)
}

/// Whether a document names this context of this kubeconfig, by whatever path.
fn names(
    named: &NamedContext,
    context: &String,
    found: &Contexts,
    (kubeconfig, directory): (&Path, &Path),
) -> bool {
    let options = ConnectOptions {
        home: std::env::home_dir(),
        ..ConnectOptions::new(directory.to_path_buf())
    };
    let real = |path: &Path| -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
    };
    let meant = named.context.as_ref().or(found.current.as_ref());
    meant == Some(context) && real(&options.resolve(&named.kubeconfig)) == real(kubeconfig)
}
