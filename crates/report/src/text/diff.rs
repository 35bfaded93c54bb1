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
    let mut text = if rows.is_empty() {
        "no connection opens or closes\n".to_owned()
    } else {
        table(&["", "from", "to", "ports"], rows)
    };
    text.push_str(&grounds(
        report.dialect,
        &report.notes,
        &report.incomplete_because,
    ));
    text
}
