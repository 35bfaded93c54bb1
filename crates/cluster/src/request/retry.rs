//! What is tried again, and after how long.

use std::time::Duration;

use crate::error::Category;

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The server had no time (429) and may have said when it will; it carried nothing out.
    Busy(Option<Duration>, String),
    /// No answer came, or none of the API server itself: what was asked may have been carried out.
    Lost(Category, String),
    /// Asking again would change nothing.
    Final(Category, String),
}

/// How often a busy server is asked again.
const BUSY_RETRIES: u32 = 5;
/// How often a lost read is tried again.
const LOST_RETRIES: u32 = 2;
const FIRST_DELAY: Duration = Duration::from_millis(200);
/// A server that asks for a longer pause is taken as one that does not answer.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

impl Fault {
    pub(super) fn category(&self) -> Category {
        match self {
            Self::Busy(..) => Category::Busy,
            Self::Lost(category, _) | Self::Final(category, _) => *category,
        }
    }

    pub(super) fn words(&self) -> &str {
        match self {
            Self::Busy(_, why) | Self::Lost(_, why) | Self::Final(_, why) => why,
        }
    }

    pub(super) fn into_words(self) -> String {
        match self {
            Self::Busy(_, why) | Self::Lost(_, why) | Self::Final(_, why) => why,
        }
    }
}

/// The pause before the next attempt; none where there is to be none. `attempt` counts from 0; `spread`,
/// from 0 to 1, keeps requests that failed together from returning together.
pub(super) fn delay(attempt: u32, fault: &Fault, is_read: bool, spread: f64) -> Option<Duration> {
    let backoff = FIRST_DELAY * 2_u32.saturating_pow(attempt);
    let backoff = backoff.mul_f64(1.0 + spread.clamp(0.0, 1.0));
    match fault {
        Fault::Busy(asked, _) if attempt < BUSY_RETRIES => {
            let delay = asked.map_or(backoff, |asked| asked.max(backoff));
            (delay <= LONGEST_DELAY).then_some(delay)
        }
        Fault::Lost(..) if is_read && attempt < LOST_RETRIES => Some(backoff),
        Fault::Busy(..) | Fault::Lost(..) | Fault::Final(..) => None,
    }
}

/// A number from 0 to 1 that differs much between neighbours.
pub(crate) fn spread(number: u64) -> f64 {
    // Multiples of the golden ratio fall evenly over an interval (Knuth, vol. 3, 6.4).
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48;
    f64::from(u32::try_from(scattered).unwrap_or_default()) / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(attempt: u32, fault: &Fault, is_read: bool, milliseconds: Option<u64>) {
        let expected = milliseconds.map(Duration::from_millis);
        assert_eq!(delay(attempt, fault, is_read, 0.0), expected, "{fault:?}");
    }

    #[test]
    fn only_what_is_safe_is_tried_again_and_not_forever() {
        let busy =
            |seconds: Option<u64>| Fault::Busy(seconds.map(Duration::from_secs), String::new());
        let lost = Fault::Lost(Category::Unreachable, String::new());
        let refused = Fault::Final(Category::Forbidden, String::new());
        check(0, &busy(None), false, Some(200));
        check(2, &busy(None), false, Some(800));
        check(0, &busy(Some(3)), false, Some(3_000));
        check(0, &busy(Some(60)), false, None);
        check(5, &busy(None), true, None);
        check(0, &lost, true, Some(200));
        check(2, &lost, true, None);
        check(0, &lost, false, None);
        check(0, &refused, true, None);
    }

    #[test]
    fn spread_stays_within_its_bounds() {
        for number in [0, 1, 2, 1_000, u64::MAX] {
            assert!((0.0..=1.0).contains(&spread(number)), "{number}");
        }
        assert!((spread(1) - spread(2)).abs() > 0.1);
    }
}
