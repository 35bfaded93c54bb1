//! The clock, read here and nowhere else.

use cofferdam_model::flow::Date;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Now, RFC 3339 in UTC with whole seconds.
pub(crate) fn now() -> String {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

/// Today in UTC.
pub(crate) fn today() -> Date {
    Date(Timestamp::now().to_zoned(TimeZone::UTC).date().to_string())
}

/// Seconds from a time that [`now`] gave until now.
pub(crate) fn age_seconds(at: &str) -> u64 {
    let seconds = at
        .parse::<Timestamp>()
        .map(|at| Timestamp::now().as_second() - at.as_second());
    seconds
        .ok()
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or_default()
}
