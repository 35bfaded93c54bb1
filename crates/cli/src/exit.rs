//! Exit codes, decided in one place.

use std::process::ExitCode;

use cofferdam_pass::between::Between;
use cofferdam_report::wire::drift::Verdict;

/// How a command ended. Where several apply, failure goes before difference before unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Fine, and nothing to do; apply: all converged.
    Fine,
    /// Usage, failure or refusal.
    Failure,
    /// A difference was found.
    Difference,
    /// Nothing was found, but something is unknown.
    Unknown,
}

impl Exit {
    /// The one that counts of what was seen.
    pub(crate) fn of(seen: impl IntoIterator<Item = Self>) -> Self {
        let seen: Vec<Self> = seen.into_iter().collect();
        [Self::Failure, Self::Difference, Self::Unknown]
            .into_iter()
            .find(|exit| seen.contains(exit))
            .unwrap_or(Self::Fine)
    }

    /// A difference for each of clusters that should agree and do not.
    pub(crate) fn of_between(between: &Between) -> impl Iterator<Item = Self> {
        between.unwaived().map(|_| Self::Difference)
    }

    /// Of an answer that claims nothing but to be whole.
    pub(crate) fn of_answer(complete: bool) -> Self {
        if complete { Self::Fine } else { Self::Unknown }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::InSync => Self::Fine,
            Verdict::Drifted => Self::Difference,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Failure => 1,
            Exit::Difference => 2,
            Exit::Unknown => 3,
        })
    }
}
