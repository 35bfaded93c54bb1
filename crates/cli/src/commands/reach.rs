//! `reach`: who reaches whom, by workload.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use cofferdam_report::wire::reach::ReachReport;
use cofferdam_report::{json, output, svg, text};
use cofferdam_semantics::Classes;
use cofferdam_semantics::parties::Workloads;
use cofferdam_semantics::reach::{self, Reached};

use crate::args::{Arguments, Format, ReachArguments};
use crate::ends::Ends;
use crate::exit::Exit;
use crate::input::Input;

pub(crate) async fn run(arguments: &Arguments, command: &ReachArguments) -> Result<Exit> {
    let (mut from, mut to) = (Ends::parse(&command.from)?, Ends::parse(&command.to)?);
    let input = Input::read(arguments, &command.objects).await?;
    from.look_up("--from", &input.facts)?;
    to.look_up("--to", &input.facts)?;
    let classes = Arc::new(Classes::of(&input.facts));
    let reached = reach::reach(&classes, &input.dialects, &Workloads::new()).into_iter();
    let reached: Vec<Reached> = reached
        .filter(|one| from.include(&one.from) && to.include(&one.to))
        .collect();
    let report = ReachReport::new(input.grounds(), &reached);
    output::data(&match arguments.output {
        Format::Json => json::render(&report),
        Format::Csv => text::reach::csv(&report),
        Format::Dot => text::reach::dot(&report),
        Format::Svg => svg::render(&text::reach::dot(&report))
            .map_err(|error| anyhow!("cannot draw it: {error}"))?,
        Format::Text | Format::Sarif => text::reach(&report),
    })?;
    if !matches!(arguments.output, Format::Text | Format::Json) {
        for note in &report.notes {
            output::talk(&format!("note: {note}"))?;
        }
        for reason in &report.incomplete_because {
            output::talk(&format!("incomplete: {reason}"))?;
        }
    }
    Ok(if report.complete {
        Exit::Fine
    } else {
        Exit::Unknown
    })
}
