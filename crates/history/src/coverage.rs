//! When clusters were watched, and when nobody did.

use cofferdam_report::wire::history::{Coverage, Watched};
use jiff::Timestamp;

use crate::entry::Seen;

/// Whoever looks at least this often, in seconds, looks all the time.
pub const LONGEST_SILENCE_SECONDS: i64 = 180;

/// What is known after a cluster was seen again: how the last time goes on, where it does, and the time that begins,
/// where one does.
///
/// What was between two looks counts as the worse of the two.
pub(crate) fn continued(last: Option<&Coverage>, cluster: &str, seen: &Seen) -> Continued {
    let begun = |since: &str| Coverage {
        cluster: cluster.to_owned(),
        since: since.to_owned(),
        until: seen.at.clone(),
        watched: seen.watched,
        reason: seen.reason.clone(),
    };
    let Some(last) = last.filter(|last| !is_silence(&last.until, &seen.at)) else {
        return Continued {
            last: None,
            next: Some(begun(&seen.at)),
        };
    };
    let goes_on = || Coverage {
        until: seen.at.clone(),
        ..last.clone()
    };
    if last.watched == seen.watched && last.reason == seen.reason {
        Continued {
            last: Some(goes_on()),
            next: None,
        }
    } else if rank(seen.watched) > rank(last.watched) {
        Continued {
            last: None,
            next: Some(begun(&last.until)),
        }
    } else {
        Continued {
            last: Some(goes_on()),
            next: Some(begun(&seen.at)),
        }
    }
}

/// What [`continued`] says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Continued {
    pub(crate) last: Option<Coverage>,
    pub(crate) next: Option<Coverage>,
}

/// Adds the times at which nobody looked, between the times of each cluster and up to `now`.
pub fn with_gaps(coverage: Vec<Coverage>, now: &str) -> Vec<Coverage> {
    let mut all: Vec<Coverage> = Vec::new();
    let mut coverage = coverage.into_iter().peekable();
    while let Some(one) = coverage.next() {
        let next = coverage
            .peek()
            .filter(|next| next.cluster == one.cluster)
            .map(|next| next.since.clone());
        let gap = match next {
            Some(next) => (next > one.until).then_some(next),
            None => is_silence(&one.until, now).then(|| now.to_owned()),
        };
        let gap = gap.map(|until| Coverage {
            cluster: one.cluster.clone(),
            since: one.until.clone(),
            until,
            watched: Watched::Not,
            reason: None,
        });
        all.push(one);
        all.extend(gap);
    }
    all
}

/// Whether nobody looked for too long between two times; also where that cannot be told.
fn is_silence(from: &str, to: &str) -> bool {
    let parsed = |text: &str| text.parse::<Timestamp>().ok();
    let between = parsed(from).zip(parsed(to));
    let seconds = between.map(|(from, to)| to.as_second() - from.as_second());
    seconds.is_none_or(|seconds| !(0..=LONGEST_SILENCE_SECONDS).contains(&seconds))
}

fn rank(watched: Watched) -> u8 {
    match watched {
        Watched::Whole => 0,
        Watched::Partly => 1,
        Watched::Unreachable => 2,
        Watched::Not => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes after midnight, as a time.
    fn at(minutes: u32) -> String {
        format!("2026-11-23T{:02}:{:02}:00Z", minutes / 60, minutes % 60)
    }

    /// What is on record after a cluster was seen at some minutes: `w`hole, `p`artly, `u`nreachable; asked for at a
    /// minute.
    #[track_caller]
    fn check(seen: &[(u32, char)], now: u32, expected: &[&str]) {
        let mut all: Vec<Coverage> = Vec::new();
        for (minute, watched) in seen {
            let seen = Seen {
                at: at(*minute),
                watched: match watched {
                    'w' => Watched::Whole,
                    'p' => Watched::Partly,
                    _ => Watched::Unreachable,
                },
                reason: None,
            };
            let Continued { last, next } = continued(all.last(), "prod", &seen);
            if let Some(last) = last {
                all.pop();
                all.push(last);
            }
            all.extend(next);
        }
        let told = with_gaps(all, &at(now));
        let told = told.iter().map(|one| {
            let minute = |at: &str| at.chars().skip(11).take(5).collect::<String>();
            let (since, until) = (minute(&one.since), minute(&one.until));
            format!("{since}-{until} {}", one.watched.as_str())
        });
        assert_eq!(told.collect::<Vec<_>>(), expected, "{seen:?}");
    }

    #[test]
    fn looks_in_short_order_make_one_time() {
        check(&[(0, 'w'), (1, 'w'), (3, 'w')], 4, &["00:00-00:03 whole"]);
        check(&[(0, 'w')], 2, &["00:00-00:00 whole"]);
    }

    #[test]
    fn a_time_without_looks_is_a_gap() {
        check(
            &[(0, 'w'), (1, 'w'), (9, 'w')],
            20,
            &[
                "00:00-00:01 whole",
                "00:01-00:09 NOT WATCHED",
                "00:09-00:09 whole",
                "00:09-00:20 NOT WATCHED",
            ],
        );
    }

    #[test]
    fn between_two_looks_the_worse_counts() {
        check(
            &[(0, 'w'), (2, 'u'), (4, 'p'), (6, 'w')],
            6,
            &[
                "00:00-00:00 whole",
                "00:00-00:04 UNREACHABLE",
                "00:04-00:06 partly",
                "00:06-00:06 whole",
            ],
        );
    }

    #[test]
    fn a_clock_that_is_put_back_makes_a_gap_and_no_compliance() {
        check(
            &[(10, 'w'), (12, 'w'), (5, 'w')],
            6,
            &["00:10-00:12 whole", "00:05-00:05 whole"],
        );
    }
}
