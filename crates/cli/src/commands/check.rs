//! `check`: parse, validate and lint, compile for every cluster, prove what the model guarantees, talk to none.

use anyhow::Result;
use cofferdam_model::diagnostic::Severity;
use cofferdam_pass::project;
use cofferdam_report::wire::check::CheckReport;
use cofferdam_report::{json, output, sarif, text};

use crate::args::{Arguments, Format};
use crate::exit::Exit;
use crate::guarantees;

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let mut diagnostics = loaded.diagnostics.clone();
    if let Some(model) = &loaded.model {
        let faults = cofferdam_documents::lint(model);
        diagnostics.extend(project::located(&loaded, &faults));
        let broken = guarantees::broken(&model.enforced());
        diagnostics.extend(project::located(&loaded, &broken));
        for cluster in model.clusters.values() {
            let stored = model.capabilities.get(&cluster.name);
            if let Some(compiled) = cofferdam_compiler::compile(model, cluster, stored) {
                diagnostics.extend(project::located(&loaded, &compiled.remarks));
                let faults = cofferdam_compiler::guard_faults(&compiled.bundle);
                diagnostics.extend(project::located(&loaded, &faults));
            }
        }
    }
    diagnostics.sort();
    diagnostics.dedup();
    let text = match arguments.output {
        Format::Json => json::render(&CheckReport::new(&diagnostics)),
        Format::Sarif => sarif::render(&diagnostics),
        Format::Text | Format::Csv | Format::Dot | Format::Svg => text::check(&diagnostics),
    };
    output::data(&text)?;
    let failed = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    Ok(if failed { Exit::Failure } else { Exit::Fine })
}
