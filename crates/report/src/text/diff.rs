//! `diff` as people read it.

use super::reach::grounds;
use super::table;
use crate::wire::diff::{DiffReport, WireChange};

/// A row per connection that opens or closes, then what it rests on.
pub fn render(report: &DiffReport) -> String {
    let row = |sign: &str, change: &WireChange| {
        let WireChange { from, to, ports } = change;
        vec![sign.to_owned(), from.clone(), to.clone(), ports.clone()]
    };
    let opens = report.opens.iter().map(|change| row("opens", change));
    let rows = opens.chain(report.closes.iter().map(|change| row("closes", change)));
    let rows: Vec<Vec<String>> = rows.collect();
    let mut text = match (rows.is_empty(), report.complete) {
        (true, true) => "no connection opens or closes\n".to_owned(),
        (true, false) => "no connection is known to open or close\n".to_owned(),
        (false, _) => table(&["", "from", "to", "ports"], rows),
    };
    text.push_str(&grounds(
        report.dialect,
        &report.notes,
        &report.incomplete_because,
    ));
    text
}
