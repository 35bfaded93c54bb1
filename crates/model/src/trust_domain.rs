//! Trust domains: clusters that share a level of trust.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::healing::Healing;
use crate::labels::Selector;
use crate::names::TrustDomainName;

/// A set of clusters that share a level of trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustDomain {
    /// Its name.
    pub name: TrustDomainName,
    /// Its clusters, by label.
    pub clusters: Selector,
    /// How changes are rolled out.
    pub rollout: Rollout,
    /// What a controller does about findings in them.
    pub healing: Healing,
    /// What happens to namespaces that no zone holds.
    pub unassigned_namespaces: Unassigned,
    /// The trust domain of the mesh's identities.
    pub mesh_trust_domain: Option<String>,
}

/// How changes reach the clusters of a trust domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// Lower goes first, and is less trusted.
    pub order: i64,
    /// Clusters at once.
    pub max_concurrent: u32,
    /// Wait after each wave.
    pub soak: Duration,
    /// Failures after which the rollout stops.
    pub max_failures: u32,
    /// When a controller may write what is new, in UTC; at any time where there is none.
    pub windows: Vec<Window>,
}

/// A time of the week, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The days on which it begins.
    pub days: BTreeSet<Weekday>,
    /// When it begins, in minutes after midnight.
    pub from: u16,
    /// When it is over, in minutes after midnight; on the next day where that is not after it begins.
    pub to: u16,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl Weekday {
    /// Every day, as weeks begin.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// The word of the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "mon",
            Self::Tuesday => "tue",
            Self::Wednesday => "wed",
            Self::Thursday => "thu",
            Self::Friday => "fri",
            Self::Saturday => "sat",
            Self::Sunday => "sun",
        }
    }

    fn before(self) -> Self {
        let index = Self::ALL.iter().position(|day| *day == self);
        let before = index.and_then(|index| index.checked_sub(1));
        before
            .and_then(|index| Self::ALL.get(index))
            .copied()
            .unwrap_or(Self::Sunday)
    }
}

impl Rollout {
    /// Whether what is new may be written on a day, so many minutes after midnight.
    pub fn is_open(&self, day: Weekday, minute: u16) -> bool {
        self.windows.is_empty() || self.windows.iter().any(|window| window.holds(day, minute))
    }
}

impl Window {
    fn holds(&self, day: Weekday, minute: u16) -> bool {
        let begins = |day| self.days.contains(&day);
        if self.from < self.to {
            return begins(day) && (self.from..self.to).contains(&minute);
        }
        (begins(day) && minute >= self.from) || (begins(day.before()) && minute < self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a window from 22:00 on Saturdays is open.
    #[track_caller]
    fn check(to: u16, day: Weekday, hour: u16, expected: bool) {
        let window = Window {
            days: [Weekday::Saturday].into(),
            from: 22 * 60,
            to: to * 60,
        };
        assert_eq!(
            window.holds(day, hour * 60),
            expected,
            "{to} {day:?} {hour}"
        );
    }

    #[test]
    fn a_window_may_go_on_after_midnight() {
        use Weekday::{Monday, Saturday, Sunday};
        check(23, Saturday, 21, false);
        check(23, Saturday, 22, true);
        check(23, Saturday, 23, false);
        check(4, Saturday, 23, true);
        check(4, Saturday, 3, false);
        check(4, Sunday, 3, true);
        check(4, Sunday, 4, false);
        check(4, Sunday, 23, false);
        check(4, Monday, 3, false);
        // All of a day.
        check(22, Sunday, 21, true);
        check(22, Sunday, 22, false);
    }

    #[test]
    fn without_windows_it_is_always_open() {
        let rollout = Rollout {
            order: 0,
            max_concurrent: 1,
            soak: Duration::ZERO,
            max_failures: 0,
            windows: Vec::new(),
        };
        assert!(rollout.is_open(Weekday::Monday, 0));
    }
}

/// What happens to namespaces that no zone holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unassigned {
    /// They are reported.
    Report,
    /// They get default denies, never the system namespaces.
    Isolate,
}
