//! Durations on the command line.

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// How long a cluster may be silent: without any time at all, every cluster would be given up.
pub(crate) fn patience(text: &str) -> Result<Duration, String> {
    within(text, SECOND, ("1s", HOUR, "1h"))
}

/// How long policies get to take effect; none at all is a choice.
pub(crate) fn settling(text: &str) -> Result<Duration, String> {
    within(text, Duration::ZERO, ("0s", HOUR, "1h"))
}

/// How long a controller pauses: it must get to know of it, and is not to be forgotten.
pub(crate) fn pause(text: &str) -> Result<Duration, String> {
    let week = Duration::from_hours(24 * 7);
    within(text, Duration::from_mins(1), ("1m", week, "168h"))
}

/// A time in RFC 3339, or how long ago it was; as RFC 3339 in UTC with whole seconds.
pub(crate) fn moment(text: &str) -> Result<String, String> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        let seconds = jiff::Timestamp::from_second(at.as_second());
        return Ok(seconds.unwrap_or(at).to_string());
    }
    let ago = text.parse::<jiff::SignedDuration>().ok();
    let ago = ago.and_then(|ago| Duration::try_from(ago).ok());
    let ago = ago.ok_or_else(|| {
        format!("`{text}` is neither a time such as `2026-11-23T12:00:00Z` nor how long ago such as `24h`")
    })?;
    Ok(cofferdam_pass::clock::before(ago))
}

fn within(
    text: &str,
    least: Duration,
    (least_text, most, most_text): (&str, Duration, &str),
) -> Result<Duration, String> {
    let no_duration = || format!("`{text}` is no duration: write `10s`, `5m` or `1h30m`");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| no_duration())?;
    let wrong = || format!("`{text}` is not from {least_text} to {most_text}");
    let duration = Duration::try_from(parsed).map_err(|_| wrong())?;
    if (least..=most).contains(&duration) {
        Ok(duration)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them_and_nonsense_is_refused() {
        let outside = |text: &str, range: &str| Err(format!("`{text}` is not from {range}"));
        let no_duration = Err("`x` is no duration: write `10s`, `5m` or `1h30m`".to_owned());
        for (parsed, want) in [
            (patience("10s"), Ok(10)),
            (patience("1m30s"), Ok(90)),
            (patience("x"), no_duration),
            (patience("0s"), outside("0s", "1s to 1h")),
            (patience("-5s"), outside("-5s", "1s to 1h")),
            (patience("9999h"), outside("9999h", "1s to 1h")),
            (settling("0s"), Ok(0)),
            (settling("-1s"), outside("-1s", "0s to 1h")),
            (pause("1h"), Ok(3600)),
            (pause("0s"), outside("0s", "1m to 168h")),
        ] {
            assert_eq!(parsed.map(|duration| duration.as_secs()), want);
        }
    }
}
