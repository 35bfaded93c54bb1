//! `explain`: why a connection is allowed or denied.

mod ends;
mod services;
mod told;

use std::sync::Arc;

use anyhow::Result;
use cofferdam_model::dialect::Dialect;
use cofferdam_report::text;
use cofferdam_report::wire::explain::{Answer, ExplainReport};
use cofferdam_semantics::Classes;
use cofferdam_semantics::connectivity::explain::Explanation;
use cofferdam_semantics::connectivity::{Connectivity, Endpoint, ServiceAddress};

use crate::args::{Arguments, ExplainArguments};
use crate::exit::Exit;
use crate::input::Input;
use crate::show::show;
use ends::{Asked, Question, Target, asked};
use services::Through;
use told::Teller;

pub(crate) async fn run(arguments: &Arguments, command: &ExplainArguments) -> Result<Exit> {
    let input = Input::read(arguments, &command.objects).await?;
    let classes = Arc::new(Classes::of(&input.facts));
    let Question {
        connections,
        unknown,
    } = asked(command, &classes, &input)?;
    let under = input.dialects.iter().map(|dialect| {
        let connectivity = Connectivity::solve(Arc::clone(&classes), *dialect);
        (*dialect, connectivity)
    });
    let under: Vec<(Dialect, Connectivity)> = under.collect();
    let mut teller = Teller::new(&input);
    let answers = connections.iter();
    let answers = answers.map(|asked| answer(asked, &under, &mut teller));
    let answers = answers.collect::<Result<_>>()?;
    let mut grounds = input.grounds();
    grounds.incomplete_because.extend(unknown);
    let report = ExplainReport::new(grounds, answers);
    show(&report, arguments.output, text::explain)?;
    Ok(Exit::of_answer(report.complete))
}

/// The answer under the dialect that allows most, with what the others say.
fn answer(
    asked: &Asked,
    under: &[(Dialect, Connectivity)],
    teller: &mut Teller<'_>,
) -> Result<Answer> {
    let explained = under
        .iter()
        .map(|(_, connectivity)| explained(asked, connectivity));
    let explained: Vec<Explained> = explained.collect();
    teller.answer(asked, &explained)
}

/// What is said under a dialect.
struct Explained {
    dialect: Dialect,
    explanation: Explanation,
    /// The address of the Service about which policies of egress were asked.
    service: Option<ServiceAddress>,
}

fn explained(asked: &Asked, connectivity: &Connectivity) -> Explained {
    let dialect = connectivity.dialect();
    let Target {
        end,
        protocol,
        port,
        through,
    } = &asked.to;
    let (from, to) = (asked.from.endpoint, end.endpoint);
    let on = (*protocol, *port);
    if let Some(at) = through.as_ref().and_then(|through| through.at_node) {
        let service = ServiceAddress {
            address: Some(at.address),
            port: at.port,
        };
        return Explained {
            dialect,
            explanation: connectivity.explain_at_node(from, at, (to, on)),
            service: connectivity.sees_services(from).then_some(service),
        };
    }
    let seen = through.iter().flat_map(Through::seen);
    let seen = seen.filter(|_| connectivity.sees_services(from));
    let through = seen.map(|service| Explained {
        dialect,
        explanation: connectivity.explain_through(from, service, (to, on)),
        service: Some(service),
    });
    // Of addresses of both families, that over which most is allowed is told.
    let through = through.min_by_key(|one| one.explanation.verdict);
    let is_outside = matches!(from, Endpoint::Address(_));
    let is_published = asked
        .to
        .through
        .as_ref()
        .is_some_and(|one| one.is_published && (is_outside || one.at_outside));
    through.unwrap_or_else(|| Explained {
        dialect,
        explanation: if is_published {
            connectivity.explain_by_own_node(from, to, on)
        } else {
            connectivity.explain(from, to, on)
        },
        service: None,
    })
}
