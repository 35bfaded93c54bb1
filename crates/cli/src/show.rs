//! A report as it was asked for.

use std::io;

use cofferdam_report::{json, output};
use serde::Serialize;

use crate::args::Format;

/// Writes a report to standard output, for programs or for people; other formats are refused before.
pub(crate) fn show<R: Serialize>(
    report: &R,
    format: Format,
    for_people: impl FnOnce(&R) -> String,
) -> io::Result<()> {
    output::data(&if format == Format::Json {
        json::render(report)
    } else {
        for_people(report)
    })
}
