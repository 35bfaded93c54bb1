//! What cannot be judged: it is refused as what is known to be wrong.
//!
//! What was not read may open what we deny, and of kinds of pods that are not looked at nothing is known.

use cofferdam_semantics::future::TooMany;

use super::Outcome;
use crate::{Refusal, refusal};

const CODE: &str = "not-judged";

/// That a question cannot be answered because policies were not read.
pub(super) fn of_unread(outcome: &Outcome<'_>, question: &str) -> Option<Refusal> {
    if outcome.unread.is_empty() {
        return None;
    }
    let hint = format!(
        "see to it that they can be read: `cofferdam rbac --profile policies --cluster {}` prints the rights",
        outcome.case.cluster.name
    );
    Some(refused(question, &outcome.unread, &hint))
}

/// That a question cannot be answered because namespaces have more kinds of pods than are looked at; the hint says what
/// else there is to do about it.
pub(super) fn of_too_many(question: &str, too_many: &[TooMany], or: &str) -> Option<Refusal> {
    if too_many.is_empty() {
        return None;
    }
    let because: Vec<String> = too_many.iter().map(ToString::to_string).collect();
    let hint = format!("let policies there ask for fewer labels that may go together, or {or}");
    Some(refused(question, &because, &hint))
}

fn refused(question: &str, because: &[String], hint: &str) -> Refusal {
    let message = format!("{question} cannot be judged: {}", because.join("; "));
    refusal(CODE, message, hint)
}
