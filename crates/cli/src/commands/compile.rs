//! `compile`: each cluster's bundle as YAML or JSON, from the documents and the stored capabilities.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cofferdam_model::diagnostic::{Diagnostic, Severity};
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::compile::{CompileCluster, CompileReport};
use cofferdam_report::{files, json, manifest, output, text};
use cofferdam_state::bundle::Bundle;
use serde_json::Value;

use crate::args::{Arguments, CompileArguments, Format};
use crate::exit::Exit;
use crate::project;
use crate::selected::some_clusters;

pub(crate) fn run(arguments: &Arguments, command: &CompileArguments) -> Result<Exit> {
    if command.out.is_none() && arguments.output != Format::Json {
        bail!("say where to write with `--out DIR`, or print the objects with `-o json`");
    }
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    some_clusters(model)?;
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
    let mut clusters = Vec::new();
    for bundle in &bundles {
        let objects = manifest::bundle_files(bundle);
        if let Some(out) = &command.out {
            write(bundle, &objects, out)?;
        }
        let objects: Vec<Value> = objects.into_iter().map(|(_, object)| object).collect();
        clusters.push(CompileCluster {
            name: bundle.cluster.to_string(),
            trust_domain: bundle.trust_domain.to_string(),
            bundle_hash: bundle.hash.clone(),
            objects: manifest::list(&objects),
        });
    }
    if arguments.output == Format::Json {
        let report = CompileReport {
            api_version: API_VERSION,
            kind: "CompileReport",
            clusters,
        };
        output::data(&json::render(&report))?;
    }
    Ok(Exit::Fine)
}

fn write(bundle: &Bundle, objects: &[(String, Value)], out: &Path) -> Result<()> {
    let tree: Vec<(String, String)> = objects
        .iter()
        .map(|(path, object)| (path.clone(), manifest::yaml(object)))
        .collect();
    let directory = out.join(bundle.cluster.as_str());
    std::fs::create_dir_all(&directory)
        .and_then(|()| files::write_tree(&directory, &tree))
        .with_context(|| format!("cannot write to `{}`", directory.display()))?;
    let (count, hash) = (tree.len(), &bundle.hash);
    output::talk(&format!("{}: {count} files, bundle {hash}", bundle.cluster))?;
    Ok(())
}
