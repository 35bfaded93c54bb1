//! `diff`: connections opened and closed between two states.

use std::sync::Arc;

use anyhow::Result;
use cofferdam_report::text;
use cofferdam_report::wire::diff::DiffReport;
use cofferdam_semantics::{Classes, reach};

use crate::args::{Arguments, DiffArguments};
use crate::exit::Exit;
use crate::input::Input;
use crate::show::show;

pub(crate) async fn run(arguments: &Arguments, command: &DiffArguments) -> Result<Exit> {
    let how = (&command.reading, &command.live);
    let mut before = Input::read_state(arguments, &command.before, how).await?;
    let mut after = Input::read_state(arguments, &command.after, how).await?;
    // Manifests do not say that they name every node, and are compared with a cluster that does.
    Arc::make_mut(&mut before.facts).share_nodes(&after.facts);
    Arc::make_mut(&mut after.facts).share_nodes(&before.facts);
    let classes = [&before, &after].map(|input| Arc::new(Classes::of(&input.facts)));
    // A workload that either state divides is told by pod in both.
    let split = classes
        .iter()
        .flat_map(|classes| classes.divided())
        .collect();
    let [of_before, of_after] = &classes;
    let was = &reach::reach(of_before, &before.dialects, &split);
    let is = &reach::reach(of_after, &after.dialects, &split);
    let changes = reach::difference(was, is);
    let report = DiffReport::new(
        before.grounds_of_connections(),
        after.grounds_of_connections(),
        &changes,
    );
    show(&report, arguments.output, text::diff)?;
    Ok(match (changes.is_empty(), report.complete) {
        (false, _) => Exit::Difference,
        (true, false) => Exit::Unknown,
        (true, true) => Exit::Fine,
    })
}
