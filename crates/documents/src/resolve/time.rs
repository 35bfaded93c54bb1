//! Dates and durations.

use std::time::Duration;

use cofferdam_model::flow::{Approval, Date, Review};
use jiff::civil;

use crate::finding::Reporter;
use crate::raw;

/// Reads `YYYY-MM-DD`.
pub(crate) fn date(reporter: &mut Reporter<'_>, path: &str, text: &str) -> Option<Date> {
    if calendar_day(text).is_none() {
        let message = format!("`{text}` is not a date such as `2026-09-01`");
        reporter.error(path, "invalid-date", message);
        return None;
    }
    Some(Date(text.to_owned()))
}

fn calendar_day(text: &str) -> Option<civil::Date> {
    let shaped = text.len() == 10
        && text.chars().enumerate().all(|(index, c)| match index {
            4 | 7 => c == '-',
            _ => c.is_ascii_digit(),
        });
    shaped.then(|| text.parse().ok()).flatten()
}

/// The day so many days after another.
pub(crate) fn days_after(date: &Date, days: u32) -> Option<Date> {
    let span = jiff::Span::new().try_days(i64::from(days)).ok()?;
    let later = calendar_day(&date.0)?.checked_add(span).ok()?;
    Some(Date(later.to_string()))
}

/// Reads a duration such as `1h30m`; units are s, m, h, d.
pub(crate) fn duration(reporter: &mut Reporter<'_>, path: &str, text: &str) -> Option<Duration> {
    let read = parse_duration(text);
    if read.is_none() {
        let message = format!("`{text}` is not a duration such as `10m`, `1h30m` or `180d`");
        reporter.error(path, "invalid-duration", message);
    }
    read
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (mut total, mut number, mut last) = (0_u64, None::<u64>, u64::MAX);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            let so_far = number.unwrap_or(0).checked_mul(10)?;
            number = Some(so_far.checked_add(u64::from(digit))?);
            continue;
        }
        let unit = match c {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        if unit >= last {
            return None;
        }
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
        last = unit;
    }
    (number.is_none() && last != u64::MAX && total <= 86_400 * 36_500)
        .then(|| Duration::from_secs(total))
}

/// Reads a duration of whole days.
pub(crate) fn days(reporter: &mut Reporter<'_>, path: &str, text: &str) -> Option<u32> {
    let seconds = duration(reporter, path, text)?.as_secs();
    if seconds == 0 || seconds % 86_400 != 0 {
        let message = format!("`{text}` is not a number of whole days such as `180d`");
        reporter.error(path, "invalid-duration", message);
        return None;
    }
    u32::try_from(seconds / 86_400).ok()
}

/// Reads an approval.
pub(crate) fn approval(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &raw::flow::Approval,
) -> Option<Approval> {
    let raw::flow::Approval { by, at, ticket } = raw;
    Some(Approval {
        by: by.clone(),
        at: date(reporter, &format!("{path}.at"), at)?,
        ticket: ticket.clone(),
    })
}

/// Reads a review.
pub(crate) fn review(
    reporter: &mut Reporter<'_>,
    path: &str,
    raw: &raw::flow::Review,
) -> Option<Review> {
    let raw::flow::Review { last, by } = raw;
    Some(Review {
        last: date(reporter, &format!("{path}.last"), last)?,
        by: by.clone(),
    })
}
