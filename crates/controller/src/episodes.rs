//! What begins, changes and ends between two looks.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_history::Occasion;
use cofferdam_model::names::TrustDomainName;
use cofferdam_report::wire::history::Episode;
use cofferdam_state::change::Change;
use cofferdam_state::digest::short_digest;
use cofferdam_state::finding::{Class, CrossClusterFinding, Effect, Finding, Severity};

/// What became of an episode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) what: What,
    pub(crate) episode: Episode,
}

/// What an episode did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// It was not there before.
    Began,
    /// It is worse than it was.
    Worsened,
    /// It is not as it was, and no worse.
    Changed,
    /// It is there no more.
    Ended,
}

impl What {
    /// Why somebody may have to be told of it.
    pub(crate) fn occasion(self) -> Option<Occasion> {
        match self {
            Self::Began => Some(Occasion::Began),
            Self::Worsened => Some(Occasion::Worsened),
            Self::Ended => Some(Occasion::Ended),
            Self::Changed => None,
        }
    }
}

/// A look.
#[derive(Debug, Clone)]
pub(crate) struct Look<'a> {
    /// When, RFC 3339 in UTC.
    pub(crate) at: &'a str,
    /// When the last one was that saw everything.
    pub(crate) before: Option<&'a str>,
    /// What was found, as it is told.
    pub(crate) found: Vec<Episode>,
    /// Objects that this program wrote since then.
    pub(crate) healed: &'a BTreeSet<String>,
}

/// Episodes that are open, by the ids of their findings.
#[derive(Debug, Default, Clone)]
pub(crate) struct Episodes {
    open: BTreeMap<String, Episode>,
    /// How many began: one may come back within a second.
    begun: u64,
}

impl Episodes {
    /// Those that were open when somebody last kept them.
    pub(crate) fn open(kept: Vec<Episode>) -> Self {
        let kept = kept.into_iter();
        Self {
            open: kept.map(|one| (one.finding.clone(), one)).collect(),
            begun: 0,
        }
    }

    /// Takes in what was found; what became of each episode by that. An episode of which `is_unknown` says that it may
    /// be there although it was not found neither ends nor changes.
    pub(crate) fn take(
        &mut self,
        look: Look<'_>,
        is_unknown: impl Fn(&Episode) -> bool,
    ) -> Vec<Turn> {
        let mut turns = Vec::new();
        let found: BTreeSet<String> = look.found.iter().map(|one| one.finding.clone()).collect();
        for one in look.found {
            let (what, episode) = match self.open.get(&one.finding) {
                None => {
                    self.begun += 1;
                    let number = self.begun;
                    (What::Began, begun(one, number, (look.at, look.before)))
                }
                Some(before) => {
                    let now = continued(before, one);
                    let is_worse = urgency(&now) > urgency(before);
                    if now == *before || (is_unknown(&now) && !is_worse) {
                        continue;
                    }
                    (
                        if is_worse {
                            What::Worsened
                        } else {
                            What::Changed
                        },
                        now,
                    )
                }
            };
            self.open.insert(episode.finding.clone(), episode.clone());
            turns.push(Turn { what, episode });
        }
        let gone = self
            .open
            .extract_if(.., |id, one| !found.contains(id) && !is_unknown(one));
        turns.extend(gone.map(|(_, episode)| {
            let by_us = look.healed.contains(&episode.object);
            let ended_by = by_us.then(|| "cofferdam".to_owned());
            ended(episode, look.at, ended_by)
        }));
        turns
    }

    /// Ends every episode, as nobody looks any more.
    pub(crate) fn leave(&mut self, at: &str) -> Vec<Turn> {
        let all = std::mem::take(&mut self.open).into_values();
        all.map(|one| ended(one, at, Some("left the fleet".to_owned())))
            .collect()
    }

    /// Those that are open.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Episode> {
        self.open.values()
    }
}

/// Whether an episode says that something is unknown.
pub(crate) fn is_unknown(one: &Episode) -> bool {
    one.class == Class::Unknown.as_str()
}

/// Whether it makes a cluster drifted: above info, and covered by no waiver.
pub(crate) fn counts(one: &Episode) -> bool {
    let info = Severity::Info.as_str();
    one.waiver.is_none()
        && one
            .severity
            .as_deref()
            .is_some_and(|severity| severity != info)
}

/// A finding as it is told.
pub(crate) fn told(finding: &Finding, domain: &TrustDomainName) -> Episode {
    let by = finding.by.as_ref();
    let user = by.and_then(|by| by.user.clone());
    let from = match (by.and_then(|by| by.at.as_ref()), &user) {
        (None, _) => "detection",
        (Some(_), Some(_)) => "audit",
        (Some(_), None) => "managedFields",
    };
    let opens = finding.changes.as_ref().map(|changes| &changes.opens);
    Episode {
        finding: finding.id(),
        class: finding.class.as_str().to_owned(),
        severity: finding
            .severity
            .map(|severity| severity.as_str().to_owned()),
        effect: finding.effect.as_str().to_owned(),
        cluster: Some(finding.cluster.to_string()),
        trust_domain: domain.to_string(),
        zone: finding.zone.as_ref().map(ToString::to_string),
        object: finding.object.to_string(),
        message: finding.message.clone(),
        fields: finding
            .fields
            .iter()
            .map(|field| field.path.clone())
            .collect(),
        manager: by.and_then(|by| by.manager.clone()),
        user,
        started_at: by.and_then(|by| by.at.clone()).unwrap_or_default(),
        started_from: from.to_owned(),
        opened: opens.map(|opens| {
            let each: BTreeSet<String> = opens.iter().map(connection).collect();
            each.into_iter().collect()
        }),
        waiver: finding.waiver.clone(),
        ..Episode::default()
    }
}

/// A finding between clusters as it is told.
pub(crate) fn told_between(finding: &CrossClusterFinding) -> Episode {
    let values = finding.values.iter();
    let values = values.map(|(cluster, value)| format!("{cluster}: {value}"));
    Episode {
        finding: finding.id(),
        class: Class::CrossCluster.as_str().to_owned(),
        severity: Some(Severity::Medium.as_str().to_owned()),
        effect: Effect::Unknown.as_str().to_owned(),
        trust_domain: finding.trust_domain.to_string(),
        object: finding.subject.clone(),
        message: finding.message.clone(),
        fields: values.collect(),
        started_from: "detection".to_owned(),
        waiver: finding.waiver.clone(),
        ..Episode::default()
    }
}

fn connection(change: &Change) -> String {
    format!("{} -> {} {}", change.from, change.to, change.ports)
}

/// A finding that was not there before, as an episode. What somebody claims of the time when it began is only taken where
/// it lies between the looks.
fn begun(one: Episode, number: u64, (at, before): (&str, Option<&str>)) -> Episode {
    let is_known = one.started_from != "detection"
        && *one.started_at <= *at
        && before.is_none_or(|before| before <= &*one.started_at);
    let (started_at, started_from) = if is_known {
        (one.started_at, one.started_from)
    } else {
        (at.to_owned(), "detection".to_owned())
    };
    Episode {
        id: short_digest(format!("{}|{at}|{number}", one.finding)),
        absent_at: before.map(ToOwned::to_owned),
        started_at,
        started_from,
        detected_at: at.to_owned(),
        ..one
    }
}

/// An episode as it is told now: what it was and did before stays.
fn continued(before: &Episode, now: Episode) -> Episode {
    let opened = match (&before.opened, now.opened) {
        (Some(before), Some(now)) => {
            let all: BTreeSet<String> = before.iter().cloned().chain(now).collect();
            Some(all.into_iter().collect())
        }
        (before, now) => now.or_else(|| before.clone()),
    };
    let before = before.clone();
    Episode {
        id: before.id,
        absent_at: before.absent_at,
        started_at: before.started_at,
        started_from: before.started_from,
        detected_at: before.detected_at,
        alerted_at: before.alerted_at,
        acknowledged: before.acknowledged,
        opened,
        ..now
    }
}

fn ended(episode: Episode, at: &str, ended_by: Option<String>) -> Turn {
    Turn {
        what: What::Ended,
        episode: Episode {
            ended_at: Some(at.to_owned()),
            ended_by,
            ..episode
        },
    }
}

/// How urgent an episode is; more is more urgent.
fn urgency(one: &Episode) -> u8 {
    if one.waiver.is_some() {
        return 0;
    }
    match one.severity.as_deref() {
        Some("critical") => 5,
        Some("high") => 4,
        Some("medium") => 3,
        Some("low") => 2,
        Some(_) | None => 1,
    }
}

#[cfg(test)]
mod tests;
