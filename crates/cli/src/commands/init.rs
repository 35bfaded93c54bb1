//! `init`: a start that overwrites nothing.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cofferdam_documents::{ContextStart, starter};
use cofferdam_report::{files, output};

use crate::args::{Arguments, InitArguments};
use crate::exit::Exit;

pub(crate) fn run(arguments: &Arguments, command: &InitArguments) -> Result<Exit> {
    let contexts = match &command.kubeconfig {
        Some(path) => contexts(path)?,
        None => Vec::new(),
    };
    let start = starter(&contexts);
    let taken: Vec<&str> = start
        .iter()
        .filter(|file| arguments.directory.join(&file.path).exists())
        .map(|file| file.path.as_str())
        .collect();
    if !taken.is_empty() {
        bail!("{} exist already; nothing was written", taken.join(", "));
    }
    for file in &start {
        let path = arguments.directory.join(&file.path);
        files::create(&path, &file.text)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        output::talk(&format!("wrote {}", file.path))?;
    }
    output::talk(
        "next: `cofferdam doctor --pin --write`, then edit `policies/` and `cofferdam plan`",
    )?;
    Ok(Exit::Fine)
}

fn contexts(path: &Path) -> Result<Vec<ContextStart>> {
    let absolute =
        std::path::absolute(path).with_context(|| format!("no such path: {}", path.display()))?;
    let names = cofferdam_cluster::context_names(&absolute)
        .map_err(|reason| anyhow::anyhow!("kubeconfig `{}`: {reason}", path.display()))?;
    if names.is_empty() {
        bail!("kubeconfig `{}` has no context", path.display());
    }
    let start = |context| ContextStart {
        context,
        kubeconfig: absolute.to_string_lossy().into_owned(),
    };
    Ok(names.into_iter().map(start).collect())
}
