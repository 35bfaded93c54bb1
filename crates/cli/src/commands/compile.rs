//! `compile`: each cluster's bundle as YAML or JSON, from the documents and the stored capabilities.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cofferdam_documents::{Loaded, WRONG_IDENTITY};
use cofferdam_model::Model;
use cofferdam_model::cluster::Delivery;
use cofferdam_model::count::counted;
use cofferdam_model::diagnostic::{Diagnostic, Severity};
use cofferdam_pass::project::{self, ROOTS};
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::compile::{CompileCluster, CompileReport};
use cofferdam_report::{files, json, manifest, output, text};
use cofferdam_state::bundle::Bundle;

use crate::args::{Arguments, CompileArguments, Format};
use crate::exit::Exit;
use crate::paths;
use crate::selected::some_clusters;

pub(crate) fn run(arguments: &Arguments, command: &CompileArguments) -> Result<Exit> {
    if command.out.is_none() && arguments.output != Format::Json {
        bail!("say where to write with `--out DIR`, or print the objects with `-o json`");
    }
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    some_clusters(model)?;
    if let Some(out) = &command.out {
        refuse_documents(&arguments.directory, out, model)?;
    }
    let mut diagnostics: Vec<Diagnostic> = of_other_clusters(&loaded).collect();
    let mut bundles = Vec::new();
    for cluster in model.clusters.values() {
        let stored = model.capabilities.get(&cluster.name);
        if let Some(compiled) = cofferdam_compiler::compile(model, cluster, stored) {
            diagnostics.extend(project::located(&loaded, &compiled.remarks));
            bundles.push((compiled.bundle, cluster.delivery));
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
        output::talk("nothing was written: a bundle would not be what the model asks for")?;
        return Ok(Exit::Failure);
    }
    if let Some(out) = &command.out {
        for (bundle, delivery) in &bundles {
            write(bundle, *delivery, out)?;
        }
    }
    if arguments.output == Format::Json {
        let report = CompileReport {
            api_version: API_VERSION,
            kind: "CompileReport",
            clusters: bundles
                .iter()
                .map(|(bundle, delivery)| listed(bundle, *delivery))
                .collect(),
        };
        output::data(&json::render(&report))?;
    }
    Ok(Exit::Fine)
}

/// That stored capabilities are those of another cluster, where a plan reads live ones: here a bundle would
/// allow the addresses of that one.
fn of_other_clusters(loaded: &Loaded) -> impl Iterator<Item = Diagnostic> {
    let all = loaded.diagnostics.iter();
    all.filter(|diagnostic| diagnostic.code == WRONG_IDENTITY)
        .map(|diagnostic| Diagnostic {
            severity: Severity::Error,
            ..diagnostic.clone()
        })
}

/// Refuses to write where documents are read: the next command would take the bundles for some.
fn refuse_documents(directory: &Path, out: &Path, model: &Model) -> Result<()> {
    let roots = ROOTS.map(|root| (root, paths::resolved(&directory.join(root))));
    for cluster in model.clusters.keys() {
        let place = out.join(cluster.as_str());
        let resolved = paths::resolved(&place)
            .with_context(|| format!("cannot write to `{}`", place.display()))?;
        let mut roots = roots.iter();
        let read =
            roots.find(|(_, root)| root.as_ref().is_ok_and(|root| resolved.starts_with(root)));
        if let Some((root, _)) = read {
            bail!(
                "`{}` would be below `{root}/`, where documents are read; write elsewhere, as with `--out bundles`",
                place.display()
            );
        }
    }
    Ok(())
}

fn listed(bundle: &Bundle, delivery: Delivery) -> CompileCluster {
    let objects = manifest::bundle_files(bundle, delivery).into_iter();
    CompileCluster {
        name: bundle.cluster.to_string(),
        trust_domain: bundle.trust_domain.to_string(),
        bundle_hash: bundle.hash.clone(),
        objects: manifest::list(objects.map(|(_, object)| object).collect()),
    }
}

fn write(bundle: &Bundle, delivery: Delivery, out: &Path) -> Result<()> {
    let objects = manifest::bundle_files(bundle, delivery).into_iter();
    let tree: Vec<(String, String)> = objects
        .map(|(path, object)| (path, manifest::yaml(&object)))
        .collect();
    let directory = out.join(bundle.cluster.as_str());
    std::fs::create_dir_all(&directory)
        .and_then(|()| files::write_tree(&directory, &tree))
        .with_context(|| format!("cannot write to `{}`", directory.display()))?;
    let (files, hash) = (counted(tree.len(), "file"), &bundle.hash);
    output::talk(&format!("{}: {files}, bundle {hash}", bundle.cluster))?;
    Ok(())
}
