//! `history` as people read it.

use std::fmt::Write as _;

use super::table;
use crate::wire::history::{Coverage, Episode, HistoryReport, Passed, Watched};

/// Episodes, passes, and the times at which something was not watched.
pub fn render(report: &HistoryReport) -> String {
    let mut sections = Vec::new();
    if !report.episodes.is_empty() {
        sections.push(episodes(&report.episodes));
    }
    if !report.changes.is_empty() {
        sections.push(changes(&report.changes));
    }
    let mut gaps = report.coverage.iter();
    if gaps.any(|one| one.watched != Watched::Whole) {
        sections.push(gaps_of(&report.coverage));
    }
    if sections.is_empty() {
        sections.push("nothing is on record\n".to_owned());
    }
    if report.truncated {
        sections.push("there is more: `--limit` shows it\n".to_owned());
    }
    sections.join("\n")
}

fn episodes(episodes: &[Episode]) -> String {
    let dash = || "-".to_owned();
    let rows = episodes.iter().map(|one| {
        let by = one.user.clone().or_else(|| one.manager.clone());
        vec![
            one.id.clone(),
            one.cluster
                .clone()
                .unwrap_or_else(|| one.trust_domain.clone()),
            one.severity.clone().unwrap_or_else(|| "unknown".to_owned()),
            one.class.clone(),
            one.object.clone(),
            one.effect.clone(),
            by.unwrap_or_else(dash),
            one.started_at.clone(),
            state(one),
        ]
    });
    let header = [
        "episode", "cluster", "severity", "class", "object", "effect", "by", "since", "state",
    ];
    let mut text = table(&header, rows.collect());
    for one in episodes {
        for opened in one.opened.iter().flatten() {
            // Writing to a String cannot fail.
            writeln!(text, "{}: opened {opened}", one.id).ok();
        }
    }
    text
}

/// What became of an episode.
fn state(one: &Episode) -> String {
    let Some(at) = &one.ended_at else {
        let accepted = one.acknowledged.as_ref();
        return match accepted.map(|one| (&one.by, &one.accepted_until)) {
            Some((by, Some(until))) => format!("open; accepted by {by} until {until}"),
            Some((by, None)) => format!("open; acknowledged by {by}"),
            None => "open".to_owned(),
        };
    };
    match one.ended_by.as_deref() {
        Some("cofferdam") => format!("healed {at}"),
        Some(by) => format!("ended {at} ({by})"),
        None => format!("ended {at}"),
    }
}

fn changes(changes: &[Passed]) -> String {
    let rows = changes.iter().map(|one| {
        vec![
            one.at.clone(),
            one.cluster.clone(),
            one.purpose.clone(),
            one.state.clone(),
            one.written.to_string(),
            one.sequence
                .map_or_else(|| "-".to_owned(), |number| number.to_string()),
            one.revision.clone(),
        ]
    });
    let header = [
        "at", "cluster", "for", "state", "written", "sequence", "revision",
    ];
    let mut text = table(&header, rows.collect());
    for one in changes {
        let about = one.steps.iter().chain(&one.reason).chain(&one.failed);
        for line in about {
            writeln!(text, "{} {}: {line}", one.at, one.cluster).ok();
        }
    }
    text
}

fn gaps_of(coverage: &[Coverage]) -> String {
    let gaps = coverage.iter().filter(|one| one.watched != Watched::Whole);
    let rows = gaps.map(|one| {
        vec![
            one.cluster.clone(),
            one.since.clone(),
            one.until.clone(),
            one.watched.as_str().to_owned(),
            one.reason.clone().unwrap_or_default(),
        ]
    });
    let header = ["cluster", "from", "until", "watched", "because"];
    table(&header, rows.collect())
}
