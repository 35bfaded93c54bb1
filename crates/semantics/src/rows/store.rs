//! Rows by what they are made from.

use std::collections::BTreeMap;
use std::sync::Arc;

use cofferdam_model::dialect::Dialect;
use indexmap::IndexMap;
use roaring::RoaringBitmap;
use rustc_hash::FxBuildHasher;

use super::order::{Said, decide};
use super::pieces::{Pieces, split};
use super::{Compiled, CompiledRule, Matches, Profile, Row, arriving};
use crate::classes::{Classes, PortNames};
use crate::policy::{Action, Stage};
use crate::ports::PortSet;
use crate::sets::{index, number};
use crate::verdict::{Allowed, Answers};

/// Makes rows, and keeps the answers in them.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    dialect: Dialect,
    /// What no policy denies.
    open: Allowed,
    by_profile: IndexMap<Arc<Profile>, u32, FxBuildHasher>,
    /// Rows by number, each with its profile; `None` where one was dropped.
    made: Vec<Option<(Arc<Profile>, Arc<Row>)>>,
    dropped: Vec<u32>,
    pub(crate) answers: Answers,
}

impl Rows {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            open: arriving(dialect),
            by_profile: IndexMap::default(),
            made: Vec::new(),
            dropped: Vec::new(),
            answers: Answers::default(),
        }
    }

    /// A row by its number.
    pub(crate) fn get(&self, row: u32) -> Option<&Arc<Row>> {
        let made = self.made.get(index(row))?.as_ref();
        made.map(|(_, row)| row)
    }

    /// Every row, to be held while rows change; `None` where one was dropped.
    pub(crate) fn all(&self) -> Vec<Option<Arc<Row>>> {
        let rows = self.made.iter();
        rows.map(|made| made.as_ref().map(|(_, row)| Arc::clone(row)))
            .collect()
    }

    /// What a row is made from.
    pub(crate) fn profile(&self, row: u32) -> Option<&Arc<Profile>> {
        let made = self.made.get(index(row))?.as_ref();
        made.map(|(profile, _)| profile)
    }

    /// The number of the row of a profile, which is made where it is new.
    pub(crate) fn id(&mut self, profile: Profile, policies: &[Compiled], classes: &Classes) -> u32 {
        if let Some(known) = self.by_profile.get(&profile) {
            return *known;
        }
        let row = Arc::new(self.make(&profile, policies, classes));
        let profile = Arc::new(profile);
        let made = Some((Arc::clone(&profile), row));
        let free = self.dropped.pop();
        let id = free.unwrap_or_else(|| number(self.made.len()));
        if let Some(place) = self.made.get_mut(index(id)) {
            *place = made;
        } else {
            self.made.push(made);
        }
        self.by_profile.insert(profile, id);
        id
    }

    /// Forgets a row that no class has any more; another one may get its number.
    pub(crate) fn drop_row(&mut self, row: u32) -> Option<Arc<Profile>> {
        let (profile, _) = self.made.get_mut(index(row))?.take()?;
        self.by_profile.swap_remove(&profile);
        self.dropped.push(row);
        Some(profile)
    }

    /// Answers anew what a row says to one class.
    pub(crate) fn answer_anew(
        &mut self,
        row: u32,
        class: u32,
        (policies, classes): (&[Compiled], &Classes),
    ) {
        let Some(profile) = self.profile(row).map(Arc::clone) else {
            return;
        };
        let allowed = self.decide(&profile, class, (policies, classes));
        let answer = self.answers.id(allowed);
        let known = self.get(row).map(|row| row.at(class));
        if known != Some(answer)
            && let Some((_, row)) = self.made.get_mut(index(row)).and_then(Option::as_mut)
        {
            Arc::make_mut(row).put(class, answer);
        }
    }

    fn decide(
        &self,
        profile: &Profile,
        class: u32,
        (policies, classes): (&[Compiled], &Classes),
    ) -> Allowed {
        let list = if profile.is_egress {
            classes.get(class).map_or(0, |class| class.ports)
        } else {
            profile.ports
        };
        let matches = |rule: &CompiledRule| rule.matches(class);
        self.said_by(profile, policies, (matches, classes.ports(list)))
    }

    /// Whether classes that no rule of a row names need not get the answer of its rest.
    pub(crate) fn is_uneven(&self, row: u32, (policies, classes): (&[Compiled], &Classes)) -> bool {
        let Some((profile, row)) = self.made.get(index(row)).and_then(Option::as_ref) else {
            return false;
        };
        let is_about_all = CompiledRule::matches_everything;
        let about_all = |rule: &CompiledRule| is_about_all(rule).then_some(Matches::Surely);
        let mut governing = profile.governing(policies);
        let depends = governing.any(|(_, policy)| {
            let rules = policy.rules(profile.direction()).unwrap_or_default();
            let mut rules = rules.iter().filter(|rule| is_about_all(rule));
            rules.any(CompiledRule::names_ports)
        });
        let named = classes.ports(profile.ports);
        let unnamed = || self.said_by(profile, policies, (about_all, named));
        profile.is_egress && depends || self.answers.get(row.rest) != unnamed()
    }

    /// What the rules of a profile that match say together, on a destination with these named ports.
    fn said_by(
        &self,
        profile: &Profile,
        policies: &[Compiled],
        (matches, named): (impl Fn(&CompiledRule) -> Option<Matches>, &PortNames),
    ) -> Allowed {
        let mut said = Vec::new();
        for (id, policy) in profile.governing(policies) {
            let rules = policy.rules(profile.direction()).unwrap_or_default();
            let matching = rules.iter().filter_map(|rule| Some((rule, matches(rule)?)));
            for (rule, matches) in matching {
                said.push(Said {
                    policy: id,
                    stage: policy.stage,
                    action: rule.action,
                    ports: rule.ports_on(named, self.dialect),
                    matches,
                });
            }
        }
        let isolated = profile.isolates(policies);
        if isolated && profile.own_node {
            said.push(Said {
                policy: 0,
                stage: Stage::Namespaced,
                action: Action::Allow,
                ports: PortSet::all(),
                matches: Matches::Surely,
            });
        }
        decide(&said, isolated, &self.open)
    }

    fn make(&mut self, profile: &Profile, policies: &[Compiled], classes: &Classes) -> Row {
        let universe = classes.of_family(profile.family);
        let own = (!profile.is_egress).then(|| classes.ports(profile.ports));
        let mut pieces = Pieces {
            classes,
            dialect: self.dialect,
            universe,
            own,
            found: Vec::new(),
            merged: BTreeMap::new(),
        };
        for (id, policy) in profile.governing(policies) {
            for rule in policy.rules(profile.direction()).unwrap_or_default() {
                pieces.take(id, policy.stage, rule);
            }
        }
        let isolated = profile.isolates(policies);
        if isolated && profile.own_node {
            let all = (PortSet::all(), Matches::Surely);
            pieces.merged.insert(all, universe.clone());
        }
        let pieces = pieces.all();
        let cells = split(universe, &pieces);
        let answered = cells.into_iter().map(|(set, hits)| {
            let said = hits
                .iter()
                .filter_map(|hit| pieces.get(*hit))
                .map(|(_, said)| said);
            (set, decide(said, isolated, &self.open))
        });
        let answered: Vec<(RoaringBitmap, Allowed)> = answered.collect();
        self.row(answered, isolated)
    }

    /// The row of cells: equal answers stand together, and the answer of most classes is the rest.
    fn row(&mut self, cells: Vec<(RoaringBitmap, Allowed)>, isolated: bool) -> Row {
        let mut by_answer: BTreeMap<u32, RoaringBitmap> = BTreeMap::new();
        for (set, allowed) in cells {
            *by_answer.entry(self.answers.id(allowed)).or_default() |= set;
        }
        let most = by_answer
            .iter()
            .max_by_key(|(answer, set)| (set.len(), **answer));
        let rest = most.map(|(answer, _)| *answer);
        let rest = rest.unwrap_or_else(|| self.answers.id(decide([], isolated, &self.open)));
        by_answer.remove(&rest);
        Row {
            rest,
            cells: by_answer
                .into_iter()
                .map(|(answer, set)| (set, answer))
                .collect(),
        }
    }
}
