//! `lint`: faults that policies often have.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use cofferdam_documents::Loaded;
use cofferdam_model::diagnostic::{Diagnostic, Severity};
use cofferdam_model::lint::Lint;
use cofferdam_pass::project;
use cofferdam_report::wire::check::CheckReport;
use cofferdam_report::{json, output, sarif, text};
use cofferdam_semantics::Classes;
use cofferdam_semantics::facts::{Gap, GapKind};
use cofferdam_semantics::lint::{self, Fault};

use crate::args::{Arguments, Format, LintArguments};
use crate::exit::Exit;
use crate::input::Input;

pub(crate) async fn run(arguments: &Arguments, command: &LintArguments) -> Result<Exit> {
    if command.list {
        return list();
    }
    let input = Input::read(arguments, &command.objects).await?;
    let documents = documents(&arguments.directory)?;
    let mut diagnostics = input.of_files().to_vec();
    let found = lint::lint(&Arc::new(Classes::of(&input.facts)), &input.dialects);
    let waive = |object: &str, fault| match &documents {
        Some(documents) => {
            documents.waive_lint((object, command.objects.cluster.as_deref()), fault)
        }
        None => fault,
    };
    diagnostics.extend(placed(&input, found, waive)?);
    diagnostics.sort();
    output::data(&match arguments.output {
        Format::Json => json::render(&CheckReport::new(&diagnostics)),
        Format::Sarif => sarif::render(&diagnostics),
        Format::Text | Format::Csv | Format::Dot | Format::Svg => text::check(&diagnostics),
    })?;
    for gap in unseen(&input) {
        output::talk(&format!("incomplete: {gap}"))?;
    }
    if let Some(without) = input.without_pods() {
        output::talk(&format!(
            "note: {without}: what only these show was not looked for"
        ))?;
    }
    let is_fault = |one: &Diagnostic| one.severity != Severity::Notice;
    Ok(if diagnostics.iter().any(is_fault) {
        Exit::Difference
    } else if input.facts.gaps.is_empty() {
        Exit::Fine
    } else {
        Exit::Unknown
    })
}

/// What was not seen of a live cluster; what was not read of files is among the findings.
fn unseen(input: &Input) -> impl Iterator<Item = &Gap> {
    let gaps = input.facts.gaps.iter();
    gaps.filter(|gap| gap.kind == GapKind::NotRead && input.of_files().is_empty())
}

/// Every lint with what it finds, one line each.
fn list() -> Result<Exit> {
    let mut lines = String::new();
    for lint in Lint::ALL {
        // Writing to a String cannot fail.
        writeln!(lines, "{:<18} {}", lint.id(), lint.title()).ok();
    }
    output::data(&lines)?;
    Ok(Exit::Fine)
}

/// The documents whose waivers hold, where there are any.
fn documents(directory: &Path) -> Result<Option<Loaded>> {
    if !project::exists(directory) {
        return Ok(None);
    }
    let loaded = project::read(directory)?;
    if loaded.model.is_none() {
        let shown = directory.display();
        output::talk(&format!(
            "no waiver is applied: the documents below `{shown}` have errors, which `check` shows"
        ))?;
        return Ok(None);
    }
    Ok(Some(loaded))
}

/// Every fault with its place, as far as `waive` leaves it one.
fn placed(
    input: &Input,
    faults: Vec<Fault>,
    waive: impl Fn(&str, Diagnostic) -> Diagnostic,
) -> Result<Vec<Diagnostic>> {
    let parts = faults.iter();
    let places = input.places_of(parts.map(|fault| (fault.source, fault.path.as_str())))?;
    let told = faults.into_iter().zip(places);
    let told = told.map(|(fault, place)| {
        let diagnostic = Diagnostic {
            place,
            severity: fault.severity,
            code: fault.lint.id(),
            message: format!("{}: {}", fault.object, fault.message),
            hint: fault.hint,
        };
        waive(&fault.object, diagnostic)
    });
    Ok(told.collect())
}
