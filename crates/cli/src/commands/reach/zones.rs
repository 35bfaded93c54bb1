//! `reach --zones`: what is possible between zones, beside what the model declares.

use std::sync::Arc;

use anyhow::{Result, bail};
use cofferdam_planner::reach::{BetweenZones, Ground, between_zones};
use cofferdam_report::text;
use cofferdam_report::wire::reach::ReachReport;
use cofferdam_report::wire::zones::{Compared, WireBetweenZones};
use cofferdam_semantics::Classes;
use cofferdam_semantics::parties::Workloads;
use cofferdam_semantics::reach;
use cofferdam_state::change::Region;

use crate::args::{Arguments, Format, ReachArguments};
use crate::exit::Exit;
use crate::fleet::{Authors, examine};
use crate::input::Input;
use crate::project;
use crate::show::show;

pub(super) async fn run(arguments: &Arguments, command: &ReachArguments) -> Result<Exit> {
    if !matches!(arguments.output, Format::Text | Format::Json) {
        bail!("`--zones` is text or json");
    }
    let objects = &command.objects;
    let selection = objects
        .live
        .selection(objects.cluster.as_deref().unwrap_or_default());
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let directory = &arguments.directory;
    let examined = examine(&loaded, model, directory, &selection, Authors::Unnamed).await?;
    let Some(one) = examined.first() else {
        bail!("no cluster was looked at");
    };
    let compared = between_zones(Ground {
        view: &one.view(),
        model,
        cluster: one.cluster,
    });
    let (rows, because) = compared.unwrap_or_else(|because| (Vec::new(), because));
    let input = Input::of_examined(one, &objects.reading);
    let mut grounds = input.grounds();
    for reason in because {
        if !grounds
            .incomplete_because
            .iter()
            .any(|known| known.ends_with(&reason))
        {
            grounds.incomplete_because.push(reason);
        }
    }
    // Only JSON has room for both.
    let mut reached = Vec::new();
    if arguments.output == Format::Json {
        let classes = Arc::new(Classes::of(&input.facts));
        reached = reach::reach(&classes, &input.dialects, &Workloads::new());
    }
    let rows = rows.iter().map(told).collect();
    let report = ReachReport::new(grounds, &reached).with_zones(rows);
    show(&report, arguments.output, text::zones)?;
    Ok(Exit::of_answer(report.complete))
}

fn told(row: &BetweenZones) -> WireBetweenZones {
    let BetweenZones {
        from,
        to,
        declared,
        effective,
        beyond,
        missing,
    } = row;
    let compared = Compared {
        effective: effective.as_ref(),
        beyond: beyond.as_ref(),
        missing: missing.as_ref(),
    };
    WireBetweenZones::new((name(from), name(to)), declared, &compared)
}

/// A zone by its name; no other region is told in one word.
fn name(region: &Region) -> String {
    let zone = region.zone();
    zone.map_or_else(|| region.to_string(), ToString::to_string)
}
