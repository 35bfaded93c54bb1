//! Connections that open and close, by zone, as people read them.

use std::fmt::Write as _;

use cofferdam_model::count::counted;

use crate::wire::change::WireZoneChange;

/// More than these are only counted: the JSON has them all.
const MOST: usize = 8;

/// A line per pair of zones, after `indent`, beginning with a word such as `opens`; ways into zones come first.
pub(super) fn render_changes(
    word: &str,
    changes: &[WireZoneChange],
    indent: &str,
    text: &mut String,
) {
    let (into_zones, others): (Vec<_>, Vec<_>) =
        (changes.iter()).partition(|change| change.to_zone.is_some());
    for change in into_zones.into_iter().chain(others).take(MOST) {
        let witness = &change.witness;
        let ports = if witness.ports == change.ports {
            String::new()
        } else {
            format!(", {}", witness.ports)
        };
        // Writing to a String cannot fail.
        writeln!(
            text,
            "{indent}{word} {} -> {}: {} (such as {} -> {}{ports})",
            change.from, change.to, change.ports, witness.from, witness.to
        )
        .ok();
    }
    let more = changes.len().saturating_sub(MOST);
    if more > 0 {
        let told = counted(more, "more zone pair");
        writeln!(text, "{indent}{word} {told}; `-o json` tells them").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::{WireZoneChange, render_changes};
    use crate::wire::change::WireWitness;

    fn change(from: &str, to: &str) -> WireZoneChange {
        let zone = |end: &str| end.strip_prefix("zone ").map(ToOwned::to_owned);
        WireZoneChange {
            from_zone: zone(from),
            to_zone: zone(to),
            from: from.to_owned(),
            to: to.to_owned(),
            ports: "all".to_owned(),
            witness: WireWitness {
                from: "a/a".to_owned(),
                to: "b/b".to_owned(),
                ports: "TCP 1".to_owned(),
            },
        }
    }

    #[track_caller]
    fn check(changes: &[WireZoneChange], expected: &[&str]) {
        let mut text = String::new();
        render_changes("opens", changes, "", &mut text);
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn ways_into_zones_are_told_before_ways_out_of_them() {
        check(
            &[
                change("zone a", "the internet"),
                change("the internet", "zone a"),
            ],
            &[
                "opens the internet -> zone a: all (such as a/a -> b/b, TCP 1)",
                "opens zone a -> the internet: all (such as a/a -> b/b, TCP 1)",
            ],
        );
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let many = |number: usize| vec![change("zone a", "zone b"); number];
        let line = "opens zone a -> zone b: all (such as a/a -> b/b, TCP 1)";
        let check = |number: usize, last: &str| {
            check(&many(number), &[&[line; 8][..], &[last]].concat());
        };
        check(9, "opens 1 more zone pair; `-o json` tells them");
        check(10, "opens 2 more zone pairs; `-o json` tells them");
    }
}
