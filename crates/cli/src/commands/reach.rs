//! `reach`: who reaches whom, by workload.

mod zones;

use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use cofferdam_report::wire::reach::{Grounds, ReachReport};
use cofferdam_report::{json, output, svg, text};
use cofferdam_semantics::Classes;
use cofferdam_semantics::exposure::{Exposure, Exposures, exposure};
use cofferdam_semantics::parties::Workloads;
use cofferdam_semantics::reach::{self, Reached};

use crate::args::{Arguments, Format, ReachArguments};
use crate::ends::Ends;
use crate::exit::Exit;
use crate::input::Input;

pub(crate) async fn run(arguments: &Arguments, command: &ReachArguments) -> Result<Exit> {
    if command.zones {
        return zones::run(arguments, command).await;
    }
    let (mut from, mut to) = (Ends::parse(&command.from)?, Ends::parse(&command.to)?);
    let input = Input::read(arguments, &command.objects).await?;
    from.look_up("--from", &input.facts)?;
    to.look_up("--to", &input.facts)?;
    // Only JSON has room for both.
    let mut reached = Vec::new();
    if !command.exposure || arguments.output == Format::Json {
        let classes = Arc::new(Classes::of(&input.facts));
        reached = reach::reach(&classes, &input.dialects, &Workloads::new());
        reached.retain(|one| from.include(&one.from) && to.include(&one.to));
    }
    let mut grounds = input.grounds_of_connections();
    let asked = from.namespaces().chain(to.namespaces());
    let without_pods = input.namespaces_without_pods(asked);
    grounds.incomplete_because.extend(without_pods);
    let report = if command.exposure {
        exposed((&input, grounds), &reached, &to)
    } else {
        ReachReport::new(grounds, &reached)
    };
    output::data(&rendered(&report, arguments.output)?)?;
    if !matches!(arguments.output, Format::Text | Format::Json) {
        for note in &report.notes {
            output::talk(&format!("note: {note}"))?;
        }
        for reason in &report.incomplete_because {
            output::talk(&format!("incomplete: {reason}"))?;
        }
    }
    Ok(Exit::of_answer(report.complete))
}

/// The report with how far workloads are open, and what of that is not known.
fn exposed((input, mut grounds): (&Input, Grounds), reached: &[Reached], to: &Ends) -> ReachReport {
    let Exposures { all, gaps, notes } = exposure(&input.facts, &input.dialects);
    let gaps = gaps.iter().map(|gap| input.told(gap));
    grounds.incomplete_because.extend(gaps);
    grounds.notes.extend(notes);
    let all = all.into_iter().filter(|one| to.include(&one.party));
    let all: Vec<Exposure> = all.collect();
    ReachReport::new(grounds, reached).with_exposure(&all)
}

fn rendered(report: &ReachReport, format: Format) -> Result<String> {
    let is_exposure = report.exposure.is_some();
    Ok(match format {
        Format::Json => json::render(report),
        Format::Csv if is_exposure => text::exposure::csv(report),
        Format::Csv => text::reach::csv(report),
        Format::Dot | Format::Svg if is_exposure => {
            bail!("there is no picture of `--exposure`: it is text, json or csv")
        }
        Format::Dot => text::reach::dot(report),
        Format::Svg => svg::render(&text::reach::dot(report))
            .map_err(|error| anyhow!("cannot draw it: {error}"))?,
        Format::Text | Format::Sarif if is_exposure => text::exposure::render(report),
        Format::Text | Format::Sarif => text::reach(report),
    })
}
