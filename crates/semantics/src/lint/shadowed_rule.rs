//! Rules that decide nothing, because others do.

use std::collections::BTreeSet;

use cofferdam_model::lint::Lint;

use super::scene::{Placed, Scene, listed, warning};
use super::{Fault, redundant};
use crate::policy::Stage;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Fault> {
    let rules = redundant::rules(scene).into_iter();
    // Of what is compiled, the documents are judged and not the policies.
    let written = rules.filter(|(rule, _)| !rule.policy.is_compiled);
    written.map(|(rule, others)| fault(rule, &others)).collect()
}

fn fault(rule: Placed<'_>, others: &[Placed<'_>]) -> Fault {
    let names: BTreeSet<String> = others.iter().map(|other| name(rule, *other)).collect();
    let others = listed(&names);
    let (lint, policy, path) = (Lint::ShadowedRule, rule.policy, rule.path());
    match rule.policy.stage {
        Stage::Namespaced => {
            let message = format!("all that this rule allows is allowed already, by {others}");
            warning(lint, policy, path, message).notice()
        }
        Stage::Admin(_) | Stage::Baseline(_) => {
            let message =
                format!("this rule never decides: {others} comes first and matches the same");
            let fault = warning(lint, policy, path, message);
            fault.hint("put it before that one, or remove it")
        }
    }
}

fn name(rule: Placed<'_>, other: Placed<'_>) -> String {
    let path = other.path();
    if rule.number == other.number {
        format!("`{path}`")
    } else {
        format!("`{path}` of {}", other.policy.id)
    }
}
