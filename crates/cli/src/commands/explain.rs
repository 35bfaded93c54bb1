//! `explain`: why a connection is allowed or denied.

mod ends;
mod told;

use std::sync::Arc;

use anyhow::Result;
use cofferdam_model::dialect::Dialect;
use cofferdam_report::text;
use cofferdam_report::wire::explain::{Answer, ExplainReport};
use cofferdam_semantics::Classes;
use cofferdam_semantics::connectivity::Connectivity;
use cofferdam_semantics::connectivity::explain::Explanation;

use crate::args::{Arguments, ExplainArguments};
use crate::exit::Exit;
use crate::input::Input;
use crate::show::show;
use ends::{Asked, asked};
use told::Teller;

pub(crate) async fn run(arguments: &Arguments, command: &ExplainArguments) -> Result<Exit> {
    let input = Input::read(arguments, &command.objects).await?;
    let classes = Arc::new(Classes::of(&input.facts));
    let asked = asked(command, &classes)?;
    let under = input.dialects.iter().map(|dialect| {
        let connectivity = Connectivity::solve(Arc::clone(&classes), *dialect);
        (*dialect, connectivity)
    });
    let under: Vec<(Dialect, Connectivity)> = under.collect();
    let mut teller = Teller::new(&input);
    let answers = asked.iter().map(|asked| answer(asked, &under, &mut teller));
    let report = ExplainReport::new(input.grounds(), answers.collect::<Result<_>>()?);
    show(&report, arguments.output, text::explain)?;
    Ok(Exit::of_answer(report.complete))
}

/// The answer under the dialect that allows most, with what the others say.
fn answer(
    asked: &Asked,
    under: &[(Dialect, Connectivity)],
    teller: &mut Teller<'_>,
) -> Result<Answer> {
    let explained = under.iter().map(|(dialect, connectivity)| {
        let Asked {
            from,
            to,
            protocol,
            port,
        } = asked;
        let explanation = connectivity.explain(from.endpoint, to.endpoint, (*protocol, *port));
        (*dialect, explanation)
    });
    let explained: Vec<(Dialect, Explanation)> = explained.collect();
    teller.answer(asked, &explained)
}
