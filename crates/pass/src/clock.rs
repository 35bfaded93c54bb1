//! The clock, read here and nowhere else.

use std::time::Duration;

use cofferdam_model::flow::Date;
use cofferdam_model::trust_domain::Weekday;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Now, RFC 3339 in UTC with whole seconds.
pub fn now() -> String {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

/// A time in seconds since 1970, RFC 3339 in UTC.
pub fn at(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .unwrap_or(Timestamp::MIN)
        .to_string()
}

/// Now, in seconds since 1970.
pub fn seconds() -> i64 {
    Timestamp::now().as_second()
}

/// The time when this much has passed from now, RFC 3339 in UTC with whole seconds.
pub fn after(duration: Duration) -> String {
    let now = Timestamp::now().as_second();
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(now.saturating_add(seconds))
        .unwrap_or(Timestamp::MAX)
        .to_string()
}

/// The time this much before now, RFC 3339 in UTC with whole seconds.
pub fn before(duration: Duration) -> String {
    let now = Timestamp::now().as_second();
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(now.saturating_sub(seconds))
        .unwrap_or(Timestamp::MIN)
        .to_string()
}

/// The time this much after another, RFC 3339 in UTC with whole seconds; none where it is no time.
pub fn later(at: &str, duration: Duration) -> Option<String> {
    let at: Timestamp = at.parse().ok()?;
    let later = at.checked_add(duration).ok()?;
    Some(later.to_string())
}

/// Seconds from now until a time in RFC 3339; negative once it has passed, none where it is no time.
pub fn seconds_until(at: &str) -> Option<i64> {
    let at: Timestamp = at.parse().ok()?;
    Some(at.as_second() - Timestamp::now().as_second())
}

/// The day of the week in UTC, and the minutes since its midnight.
pub fn time_of_week() -> (Weekday, u16) {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    let day = now.weekday().to_monday_zero_offset();
    let day = usize::try_from(day)
        .ok()
        .and_then(|day| Weekday::ALL.get(day));
    let minute = i16::from(now.hour()) * 60 + i16::from(now.minute());
    (
        day.copied().unwrap_or(Weekday::Monday),
        u16::try_from(minute).unwrap_or_default(),
    )
}

/// Today in UTC.
pub fn today() -> Date {
    Date(Timestamp::now().to_zoned(TimeZone::UTC).date().to_string())
}

/// Seconds from a time that [`now`] gave until now.
pub fn age_seconds(at: &str) -> u64 {
    let seconds = at
        .parse::<Timestamp>()
        .map(|at| Timestamp::now().as_second() - at.as_second());
    seconds
        .ok()
        .and_then(|seconds| u64::try_from(seconds).ok())
        .unwrap_or_default()
}
