//! How long nobody asks a server that does not tell.

use std::time::Duration;

use crate::error::Category;

/// The first pause; each further one in a row is twice as long.
const FIRST: Duration = Duration::from_millis(250);
/// The longest pause before a server is asked again that does not answer, or not as expected.
const LONGEST: Duration = Duration::from_secs(30);
/// The longest where the server said no: that changes when somebody changes it there. At first it is asked again soon,
/// as one that was just started says so before it knows who may what, and which kinds there are.
const REFUSED: Duration = Duration::from_mins(5);

/// The pause after so many failures in a row, 1 the first. `spread`, from 0 to 1, keeps those that failed together from
/// returning together.
pub(super) fn pause(failures: u32, category: Category, spread: f64) -> Duration {
    let doubled = FIRST * 2_u32.saturating_pow(failures.saturating_sub(1).min(11));
    let longest = if is_refused(category) {
        REFUSED
    } else {
        LONGEST
    };
    doubled
        .min(longest)
        .mul_f64(1.0 + 0.5 * spread.clamp(0.0, 1.0))
}

/// Whether the server said no, and was not only silent or in trouble.
pub(super) fn is_refused(category: Category) -> bool {
    matches!(
        category,
        Category::Forbidden | Category::NotFound | Category::UnsupportedKind
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failures: u32, category: Category, spread: f64, milliseconds: u64) {
        let expected = Duration::from_millis(milliseconds);
        assert_eq!(pause(failures, category, spread), expected);
    }

    #[test]
    fn pauses_grow_to_a_limit_and_longer_where_the_server_said_no() {
        check(1, Category::Unreachable, 0.0, 250);
        check(1, Category::Unreachable, 1.0, 375);
        check(3, Category::Timeout, 0.0, 1_000);
        check(9, Category::Unreachable, 0.0, 30_000);
        check(u32::MAX, Category::Unreachable, 1.0, 45_000);
        check(1, Category::Forbidden, 0.0, 250);
        check(9, Category::UnsupportedKind, 0.0, 64_000);
        check(u32::MAX, Category::Forbidden, 0.0, 300_000);
    }
}
