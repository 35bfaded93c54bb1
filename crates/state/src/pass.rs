//! One write pass, apart from waiting and writing: in which turns its steps go, and what the record
//! says before the first write and after the last.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_objects::key::ObjectKey;

use crate::footing::Footing;
use crate::guard::Probe;
use crate::plan::{Action, Phase, Plan, Step};
use crate::record::{Apply, HISTORY, Record, entry_key};

/// The steps of one phase. A stage begins when every step of the one before was acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage<'a> {
    /// The phase.
    pub phase: Phase,
    /// Whether what came before must have settled first, also where an earlier pass wrote it.
    pub settles_first: bool,
    /// Guard rails that must be in force first.
    pub probes: Vec<&'a Probe>,
    /// Steps that go at once; each turn begins when the one before was acknowledged.
    pub turns: Vec<Vec<&'a Step>>,
}

impl Stage<'_> {
    /// How many steps it has.
    pub fn steps(&self) -> usize {
        self.turns.iter().map(Vec::len).sum()
    }
}

impl Plan {
    /// The stages that have steps, in order.
    pub fn stages(&self) -> Vec<Stage<'_>> {
        let stage = |phase: Phase| Stage {
            phase,
            settles_first: phase.waits_for_settling(),
            probes: self.probes_before(Some(phase)),
            turns: turns(phase, self.phase(phase)),
        };
        let stages = Phase::ALL.into_iter().map(stage);
        stages.filter(|stage| stage.steps() > 0).collect()
    }

    /// Guard rails that must be in force before a phase, or with none at the end.
    pub fn probes_before(&self, phase: Option<Phase>) -> Vec<&Probe> {
        let due = self.probes.iter().filter(|due| due.before == phase);
        due.map(|due| &due.probe).collect()
    }

    /// Whether a step may be begun although these objects could not be written.
    pub fn is_founded(&self, step: &Step, failed: &BTreeSet<ObjectKey>) -> bool {
        let footing = self.footings.get(&step.action.object());
        footing.is_none_or(|footing| footing.holds_without(failed))
    }

    /// The writes of nodes that steps rest on and that do not come before them: whether the server will take them is
    /// to be found out first.
    pub fn rested_on_ahead(&self, steps: &[&Step]) -> Vec<&Step> {
        let Some(phase) = steps.iter().map(|step| step.phase).max() else {
            return Vec::new();
        };
        let footings = steps
            .iter()
            .filter_map(|step| self.footings.get(&step.action.object()));
        let objects: BTreeSet<&ObjectKey> = footings.flat_map(Footing::objects).collect();
        let ahead = self.steps.iter().filter(|step| step.phase >= phase);
        ahead
            .filter(|step| {
                matches!(step.action, Action::PatchNode { .. })
                    && objects.contains(&step.action.object())
            })
            .collect()
    }

    /// The keys under which the record will hold what the plan writes.
    fn written_keys(&self) -> BTreeSet<String> {
        let keys = self.steps.iter().flat_map(|step| {
            let object = step.action.object();
            let fields = step.action.recorded_fields().into_iter();
            fields.map(move |field| entry_key(&object, &field))
        });
        keys.collect()
    }
}

/// Open policies are closed zone by zone, the most sensitive last; policies of a namespace give up one
/// after the other what the next one gains; all else in a phase goes at once.
fn turns<'a>(phase: Phase, steps: impl Iterator<Item = &'a Step>) -> Vec<Vec<&'a Step>> {
    if phase == Phase::Narrow {
        return one_by_one(steps);
    }
    if matches!(phase, Phase::Guard | Phase::Pin | Phase::Protect) {
        return bindings_before_policies(steps);
    }
    let mut turns: Vec<Vec<&Step>> = Vec::new();
    for step in steps {
        let together = |turn: &&mut Vec<&Step>| {
            phase != Phase::Close || turn.first().is_some_and(|first| first.zone == step.zone)
        };
        match turns.last_mut().filter(together) {
            Some(turn) => turn.push(step),
            None => turns.push(vec![step]),
        }
    }
    turns
}

/// What is written, and then what is deleted, which may rest on that: bindings before their policies, so that a pass
/// that is cut off in between leaves nothing in force.
fn bindings_before_policies<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<Vec<&'a Step>> {
    let mut turns: [Vec<&Step>; 3] = Default::default();
    let [written, bindings, policies] = &mut turns;
    for step in steps {
        let is_binding =
            matches!(step.action, Action::DeleteGuard { kind, .. } if kind.is_binding());
        if is_binding {
            bindings.push(step);
        } else if step.action.deletes_guard() {
            policies.push(step);
        } else {
            written.push(step);
        }
    }
    turns.into_iter().filter(|turn| !turn.is_empty()).collect()
}

/// The first step of every namespace, then the second of every one, and so on.
fn one_by_one<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<Vec<&'a Step>> {
    let mut places: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let mut turns: BTreeMap<usize, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        let place = places.entry(step.action.object().namespace).or_default();
        turns.entry(*place).or_default().push(step);
        *place += 1;
    }
    turns.into_values().collect()
}

/// Who writes, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    /// The zone model's name.
    pub instance: String,
    /// The cluster's name in the fleet.
    pub cluster: String,
    /// The cluster's UID.
    pub cluster_uid: String,
    /// The user.
    pub user: String,
}

/// How a pass ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Entries of what is ours, as it was read afterwards; none where it could not be read.
    pub kept: Option<BTreeMap<String, String>>,
    /// The revision that was applied.
    pub revision: String,
    /// The hash of the bundle, where the whole of it is in place now.
    pub converged: Option<String>,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// How many steps were written.
    pub written: u64,
    /// Whether all of them succeeded.
    pub complete: bool,
}

impl Record {
    /// What the record says before the first write: with what the plan is about to create as pending,
    /// so that a pass that is cut off finds its own again.
    pub fn begun(before: Option<&Self>, plan: &Plan, writer: Writer) -> Self {
        let Writer {
            instance,
            cluster,
            cluster_uid,
            user,
        } = writer;
        Self {
            instance,
            cluster,
            cluster_uid,
            writer: user,
            entries: plan.kept.clone(),
            pending: plan.written_keys(),
            ..before.cloned().unwrap_or_default()
        }
    }

    /// What it says after the last write. Nothing is forgotten because it could not be read: what the
    /// pass made is pending until somebody has read it back.
    #[must_use]
    pub fn ended(&self, ending: Ending) -> Self {
        let Ending {
            kept,
            revision,
            converged,
            at,
            written,
            complete,
        } = ending;
        let mut record = self.clone();
        record.sequence += 1;
        if let Some(kept) = kept {
            record.entries = kept;
            record.pending = BTreeSet::new();
        }
        if let Some(hash) = converged {
            record.revision.clone_from(&revision);
            record.bundle_hash = hash;
        }
        record.applies.push(Apply {
            sequence: record.sequence,
            revision,
            at,
            writer: record.writer.clone(),
            written,
            complete,
        });
        // A controller applies one revision again and again; those before it are still known to be older.
        while record.applies.len() > HISTORY {
            let mut neighbours = record.applies.windows(2);
            let again = neighbours.position(|two| match two {
                [one, next] => one.revision == next.revision,
                _ => false,
            });
            record.applies.remove(again.unwrap_or(0));
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use cofferdam_model::names::{ClusterName, ZoneName};
    use cofferdam_objects::key::ObjectKey;

    use super::*;
    use crate::finding::Effect;

    /// A plan of steps given as phase, zone and `namespace/name` of a policy of ours that goes.
    fn plan(steps: &[(Phase, &str, &str)], resumes: bool) -> Plan {
        let step = |(phase, zone, object): &(Phase, &str, &str)| {
            let (namespace, name) = object.split_once('/').unwrap();
            Step {
                phase: *phase,
                action: Action::DeleteOpened {
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                },
                reason: String::new(),
                effect: Effect::Narrows,
                zone: Some(ZoneName::parse(zone).unwrap()),
            }
        };
        Plan {
            cluster: ClusterName::parse("prod").unwrap(),
            sequence: 4,
            revision: "r2".to_owned(),
            bundle_hash: "b2".to_owned(),
            steps: steps.iter().map(step).collect(),
            notices: Vec::new(),
            kept: [("kept".to_owned(), "uid".to_owned())].into(),
            probes: Vec::new(),
            footings: BTreeMap::new(),
            resumes,
        }
    }

    /// One line per turn: the phase, whether it settles first, and the objects.
    fn check_stages(plan: &Plan, want: &[&str]) {
        let mut lines = Vec::new();
        for stage in plan.stages() {
            let mut head = format!("{} settles: {}", stage.phase.as_str(), stage.settles_first);
            for turn in stage.turns {
                let names: Vec<String> = turn.iter().map(|s| s.action.object().name).collect();
                lines.push(format!("{head}: {}", names.join(" ")));
                head = "then".to_owned();
            }
        }
        assert_eq!(lines, want);
    }

    #[test]
    fn open_policies_close_zone_by_zone_and_all_else_of_a_phase_goes_at_once() {
        let steps = [
            (Phase::Prune, "front", "web/p1"),
            (Phase::Prune, "back", "orders/p2"),
            (Phase::Close, "front", "web/c1"),
            (Phase::Close, "front", "shop/c2"),
            (Phase::Close, "back", "orders/c3"),
        ];
        check_stages(
            &plan(&steps, false),
            &[
                "prune settles: true: p1 p2",
                "close settles: true: c1 c2",
                "then: c3",
            ],
        );
    }

    #[test]
    fn policies_of_a_namespace_give_up_connections_one_after_the_other() {
        let steps = [
            (Phase::Narrow, "front", "web/n1"),
            (Phase::Narrow, "back", "orders/n2"),
            (Phase::Narrow, "front", "web/n3"),
        ];
        let plan = plan(&steps, false);
        check_stages(&plan, &["narrow settles: true: n1 n2", "then: n3"]);
    }

    #[test]
    fn settling_is_not_skipped_when_a_pass_is_resumed() {
        // All that is left of the pass: this one writes nothing before it closes.
        let left = [(Phase::Close, "front", "web/c1")];
        check_stages(&plan(&left, true), &["close settles: true: c1"]);
    }

    fn writer() -> Writer {
        Writer {
            instance: "shop".to_owned(),
            cluster: "prod".to_owned(),
            cluster_uid: "uid-prod".to_owned(),
            user: "cofferdam".to_owned(),
        }
    }

    fn ending(kept: Option<BTreeMap<String, String>>) -> Ending {
        Ending {
            kept,
            revision: "r2".to_owned(),
            converged: None,
            at: "2026-11-21T10:00:00Z".to_owned(),
            written: 1,
            complete: false,
        }
    }

    fn before() -> Record {
        Record {
            sequence: 4,
            revision: "r1".to_owned(),
            bundle_hash: "b1".to_owned(),
            paused_until: Some("2026-11-22T10:00:00Z".to_owned()),
            ..Record::default()
        }
    }

    #[test]
    fn what_a_plan_creates_is_pending_before_it_is_created() {
        let mut plan = plan(&[(Phase::Close, "front", "web/c1")], false);
        plan.steps.first_mut().unwrap().action = Action::CreateNamespace {
            name: "ledger".to_owned(),
            labels: [("team".to_owned(), "books".to_owned())].into(),
        };
        let record = Record::begun(Some(&before()), &plan, writer());
        let object = ObjectKey::namespace("ledger");
        assert_eq!(record.pending, [entry_key(&object, "label:team")].into());
        assert_eq!(record.entries, plan.kept);
        assert_eq!((record.sequence, record.revision.as_str()), (4, "r1"));
        assert_eq!(record.paused_until, before().paused_until);
    }

    #[test]
    fn a_record_is_not_wiped_by_a_pass_that_could_not_be_read_back() {
        let begun = Record {
            entries: [("kept".to_owned(), "uid".to_owned())].into(),
            pending: ["made".to_owned()].into(),
            ..before()
        };
        let unread = begun.ended(ending(None));
        assert_eq!(unread.entries, begun.entries);
        assert_eq!(unread.pending, begun.pending);
        assert_eq!((unread.sequence, unread.revision.as_str()), (5, "r1"));
        let kept = [("made".to_owned(), "uid".to_owned())].into();
        let read = begun.ended(ending(Some(kept)));
        assert_eq!(read.entries.keys().collect::<Vec<_>>(), ["made"]);
        assert!(read.pending.is_empty());
    }

    #[test]
    fn the_revision_moves_only_when_the_whole_bundle_is_in_place() {
        let converged = Some("b2".to_owned());
        let whole = before().ended(Ending {
            converged,
            ..ending(None)
        });
        assert_eq!(
            (whole.revision.as_str(), whole.bundle_hash.as_str()),
            ("r2", "b2")
        );
        let part = before().ended(ending(None));
        assert_eq!(
            (part.revision.as_str(), part.bundle_hash.as_str()),
            ("r1", "b1")
        );
    }

    #[test]
    fn a_record_remembers_the_last_applies_only() {
        let mut record = before();
        for _ in 0..=HISTORY {
            record = record.ended(ending(None));
        }
        assert_eq!(record.applies.len(), HISTORY);
        assert_eq!(record.applies.first().map(|apply| apply.sequence), Some(6));
    }

    #[test]
    fn a_revision_stays_known_however_often_another_is_applied_after_it() {
        let mut record = before().ended(Ending {
            revision: "old".to_owned(),
            ..ending(None)
        });
        for _ in 0..2 * HISTORY {
            record = record.ended(ending(None));
        }
        assert_eq!(record.applies.len(), HISTORY);
        assert!(record.is_older("old"));
    }
}
