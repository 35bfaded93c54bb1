//! What the answers to one probe come to.

use std::time::Duration;

use cofferdam_objects::keys::PROBE_NAMESPACE;

/// How long a guard rail may take to be in force, or out of it.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long a rail must be found as it is waited for without an answer that it is not: several servers behind one
/// address learn of it one after the other.
const CONFIRMED_FOR: Duration = Duration::from_secs(3);
/// How many such answers there must be.
const CONFIRMED_BY: u32 = 5;
/// How long somebody else may go on refusing a probe: rights, quotas and service accounts of a namespace that
/// was just made are a moment late.
const GRACE: Duration = Duration::from_secs(5);

/// What one answer says of a rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is as it is waited for.
    Seen,
    /// It is not yet; what was said.
    NotYet(String),
    /// Nothing: somebody else refuses what is tried, with these words.
    Refused(String),
    /// Nothing: something failed that may be well again; what was said.
    Disturbed(String),
}

/// What all answers come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Conclusion {
    /// The rail is as it is waited for.
    Seen,
    /// It is not, and why that is thought.
    NotYet(String),
    /// That cannot be told, and why.
    Untried(String),
}

/// The answers to one probe. Times are since the first round began.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How many answers in a row found the rail as it is waited for, and since when.
    seen: Option<(u32, Duration)>,
    /// Since when somebody else has refused it in a row.
    refused_since: Option<Duration>,
    last: String,
}

impl Tally {
    /// What was last said but that the rail is as it is waited for; empty where nothing was.
    pub(super) fn last(&self) -> &str {
        &self.last
    }

    /// Counts an answer; none as long as more are wanted.
    pub(super) fn note(&mut self, answer: Answer, at: Duration) -> Option<Conclusion> {
        let seen = self.seen.take();
        let refused_since = self.refused_since.take();
        match answer {
            Answer::Seen => {
                let (before, since) = seen.unwrap_or((0, at));
                let count = before + 1;
                self.seen = Some((count, since));
                let confirmed = count >= CONFIRMED_BY && at.saturating_sub(since) >= CONFIRMED_FOR;
                confirmed.then_some(Conclusion::Seen)
            }
            Answer::NotYet(said) => {
                let why = format!(
                    "after {} s the server still answers: {said}",
                    PATIENCE.as_secs()
                );
                self.last = said;
                (at > PATIENCE).then_some(Conclusion::NotYet(why))
            }
            Answer::Refused(said) => {
                let since = refused_since.unwrap_or(at);
                self.refused_since = Some(since);
                let given_up = at.saturating_sub(since) >= GRACE || at > PATIENCE;
                self.last = said;
                given_up.then(|| self.untried())
            }
            Answer::Disturbed(said) => {
                self.last = said;
                (at > PATIENCE).then(|| self.untried())
            }
        }
    }

    fn untried(&self) -> Conclusion {
        Conclusion::Untried(format!(
            "{}; let dry runs in namespace `{PROBE_NAMESPACE}` pass",
            self.last
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_YET: &str = "not in force";
    const REFUSED: &str = "no pods here";
    const DISTURBED: &str = "failed calling webhook";

    fn answer(word: &str) -> Answer {
        match word {
            "yes" => Answer::Seen,
            NOT_YET => Answer::NotYet(word.to_owned()),
            REFUSED => Answer::Refused(word.to_owned()),
            _ => Answer::Disturbed(word.to_owned()),
        }
    }

    /// The answers, one each `every` milliseconds, until something comes of them: how many were needed, and
    /// what it is.
    fn check(every: u64, answers: &[&str], needed: usize, wanted: Option<&str>) {
        let mut tally = Tally::default();
        for (number, word) in answers.iter().enumerate() {
            let at = Duration::from_millis(every * u64::try_from(number).unwrap());
            let Some(found) = tally.note(answer(word), at) else {
                continue;
            };
            let told = match &found {
                Conclusion::Seen => "seen".to_owned(),
                Conclusion::NotYet(why) => format!("not yet: {why}"),
                Conclusion::Untried(why) => format!("untried: {why}"),
            };
            let found = (number + 1, Some(told.as_str()));
            assert_eq!(found, (needed, wanted), "{answers:?}");
            return;
        }
        assert_eq!((answers.len(), None), (needed, wanted), "{answers:?}");
    }

    #[test]
    fn a_rail_is_in_force_after_five_answers_and_three_seconds_without_another() {
        let wanted = Some("seen");
        check(750, &["yes"; 20], 5, wanted);
        check(100, &["yes"; 40], 31, wanted);
        check(1500, &["yes"; 9], 5, wanted);
        for other in [NOT_YET, REFUSED, DISTURBED] {
            let again = [&["yes", "yes", "yes", "yes", other], &["yes"; 9][..]].concat();
            check(750, &again, 10, wanted);
        }
        check(750, &["yes"; 4], 4, None);
    }

    #[test]
    fn who_refuses_for_good_is_not_waited_for_and_who_fails_is() {
        let told = "untried: no pods here; let dry runs in namespace `cofferdam-probe` pass";
        check(750, &[REFUSED; 60], 8, Some(told));
        let told =
            "untried: failed calling webhook; let dry runs in namespace `cofferdam-probe` pass";
        check(750, &[DISTURBED; 70], 62, Some(told));
        let told = "not yet: after 45 s the server still answers: not in force";
        check(750, &[NOT_YET; 70], 62, Some(told));
        // Only what refuses without a break is for good.
        check(
            750,
            &[
                REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, DISTURBED, REFUSED,
            ],
            7,
            None,
        );
        let late = [&[REFUSED; 5][..], &["yes"; 5]].concat();
        check(750, &late, 10, Some("seen"));
    }
}
