//! `compile`: each cluster's bundle as YAML, from the documents and the stored capabilities.

use anyhow::{Context as _, Result};
use cofferdam_model::diagnostic::{Diagnostic, Severity};
use cofferdam_report::{files, manifest, output, text};

use crate::args::{Arguments, CompileArguments};
use crate::exit::Exit;
use crate::project;

pub(crate) fn run(arguments: &Arguments, command: &CompileArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut bundles = Vec::new();
    for cluster in model.clusters.values() {
        let stored = model.capabilities.get(&cluster.name);
        if let Some(compiled) = cofferdam_compiler::compile(model, cluster, stored) {
            diagnostics.extend(project::located(&loaded, &compiled.remarks));
            bundles.push(compiled.bundle);
        }
    }
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics.retain(|diagnostic| diagnostic.severity != Severity::Notice);
    if !diagnostics.is_empty() {
        output::talk(text::check(&diagnostics).trim_end())?;
    }
    if diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
    {
        output::talk("nothing was written: a bundle would lack what the model asks for")?;
        return Ok(Exit::Failure);
    }
    for bundle in &bundles {
        let cluster = format!("{}/", bundle.cluster);
        let tree: Vec<(String, String)> = manifest::bundle_files(bundle)
            .into_iter()
            .filter_map(|(path, text)| Some((path.strip_prefix(&cluster)?.to_owned(), text)))
            .collect();
        let directory = command.out.join(bundle.cluster.as_str());
        std::fs::create_dir_all(&directory)
            .and_then(|()| files::write_tree(&directory, &tree))
            .with_context(|| format!("cannot write to `{}`", directory.display()))?;
        let (count, hash) = (tree.len(), &bundle.hash);
        output::talk(&format!("{}: {count} files, bundle {hash}", bundle.cluster))?;
    }
    Ok(Exit::Fine)
}
