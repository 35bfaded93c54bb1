//! `reach --zones` as people read it.

use super::reach::grounds;
use super::table;
use crate::wire::reach::ReachReport;
use crate::wire::zones::WireBetweenZones;

/// A row per pair of zones, then what it rests on.
pub fn render(report: &ReachReport) -> String {
    let rows = report.zones.iter().flatten().map(|row| {
        let WireBetweenZones {
            from,
            to,
            declared,
            effective,
            beyond,
            missing,
            witness,
        } = row;
        let witness = witness
            .as_ref()
            .map(|one| format!("{} -> {} {}", one.from, one.to, one.ports));
        vec![
            from.clone(),
            to.clone(),
            declared.join(", "),
            effective.clone(),
            beyond.clone(),
            missing.clone(),
            witness.unwrap_or_default(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let mut text = match (rows.is_empty(), report.complete) {
        (true, true) => "nothing is declared or possible between zones\n".to_owned(),
        (true, false) => "nothing is known to be declared or possible between zones\n".to_owned(),
        (false, _) => {
            let header = [
                "from",
                "to",
                "declared by",
                "possible",
                "beyond",
                "missing",
                "such as",
            ];
            table(&header, rows)
        }
    };
    text.push_str(&grounds(
        report.dialect,
        &report.notes,
        &report.incomplete_because,
    ));
    text
}
