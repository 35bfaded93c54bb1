//! Durations on the command line.

use std::time::Duration;

/// Parses `10s`, `1m30s`, `0s`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration: write `10s`, `5m` or `1h30m`");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, want) in [
            ("10s", Some(10)),
            ("1m30s", Some(90)),
            ("0s", Some(0)),
            ("x", None),
        ] {
            assert_eq!(
                parse(text).ok().map(|duration| duration.as_secs()),
                want,
                "{text}"
            );
        }
    }
}
