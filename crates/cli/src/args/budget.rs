//! What plans are made of, and what they may do.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use cofferdam_judge::Allowances;
use cofferdam_model::Model;
use cofferdam_pass::decide::Terms;
use cofferdam_pass::only::{Only, Part};

/// What a plan may do beyond the budgets.
#[derive(Debug, Args)]
#[command(next_help_heading = "What may be done")]
pub(crate) struct BudgetArguments {
    /// Only these parts of the bundle
    #[arg(long, value_delimiter = ',', value_parser = part(), value_name = "PART,…")]
    pub(crate) only: Vec<Part>,
    /// Allow this many deletions per cluster
    #[arg(long, value_name = "N")]
    pub(crate) allow_deletions: Option<usize>,
    /// Allow weakening a default-deny, a taint or a Pod Security level
    #[arg(long)]
    pub(crate) allow_weakening: bool,
    /// Allow new flows into zones of sensitivity high that nobody approved
    #[arg(long)]
    pub(crate) allow_unapproved: bool,
    /// Allow a revision that was applied before and is not the newest
    #[arg(long)]
    pub(crate) rollback: bool,
}

impl BudgetArguments {
    /// What plans are made of and judged by.
    pub(crate) fn terms<'a>(&'a self, model: &'a Model, take_over: bool) -> Terms<'a> {
        let allowances = Allowances {
            deletions: self.allow_deletions,
            weakening: self.allow_weakening,
            unapproved: self.allow_unapproved,
            rollback: self.rollback,
            take_over,
        };
        Terms {
            model,
            allowances,
            only: Only::parts(&self.only),
        }
    }
}

/// The parts of a bundle, and what is told of them.
const PARTS: [(&str, &str, Part); 4] = [
    (
        "namespaces",
        "Namespaces and their labels",
        Part::Namespaces,
    ),
    ("policies", "NetworkPolicies", Part::Policies),
    ("nodes", "Labels and taints of nodes", Part::Nodes),
    (
        "guards",
        "Guard rails: admission policies and their bindings",
        Part::Guards,
    ),
];

/// Reads the name of a part.
fn part() -> impl TypedValueParser<Value = Part> {
    let values = PARTS.map(|(name, told, _)| PossibleValue::new(name).help(told));
    PossibleValuesParser::new(values).try_map(|name| {
        let mut parts = PARTS.iter();
        let part = parts.find(|(known, _, _)| *known == name);
        part.map(|(_, _, part)| *part).ok_or("no part")
    })
}
