//! Which pairs of ends may exchange something else than before, found without asking about every pair.
//!
//! Sources of the same rows share what they may send to sets of destinations; two such lists of sets tell in few steps
//! where they differ. What was already told between two places is not looked at again.

use std::collections::BTreeMap;
use std::rc::Rc;

use roaring::RoaringBitmap;

use super::Solution;
use super::kinds::{End, Kind};
use super::told::{Most, Told};
use crate::addresses::Family;
use crate::connectivity::Connectivity;
use crate::connectivity::in_force::InForce;
use crate::connectivity::inbound::Inbound;
use crate::sets::index;
use crate::verdict::Allowed;

/// So many destinations are asked one by one; hardly any in tests, whose clusters are small.
const FEW: u64 = if cfg!(test) { 1 } else { 16 };

/// Destinations with what may open and close there at most.
type Region = (RoaringBitmap, Most);

/// Destinations with what they may be sent.
type Part = (RoaringBitmap, Allowed);

/// The kinds of a comparison, as sources and as destinations.
pub(super) struct Candidates<'k, 'a, N> {
    kinds: &'k [Kind<'a, N>],
    /// One for each dialect and family.
    comparisons: Vec<Comparison<'k>>,
    all: RoaringBitmap,
    /// Those of which policies may say something else of what they accept.
    accepting: RoaringBitmap,
    /// Those that are addresses.
    addresses: RoaringBitmap,
    /// Those with several classes in one family, which are always asked.
    odd: RoaringBitmap,
}

impl<'k, 'a, N> Candidates<'k, 'a, N> {
    pub(super) fn new(
        (before, after): (Solution<'k>, Solution<'k>),
        kinds: &'k [Kind<'a, N>],
    ) -> Self {
        let numbered = || (0_u32..).zip(kinds);
        let those = |holds: &dyn Fn(&Kind<'a, N>) -> bool| -> RoaringBitmap {
            let those = numbered().filter(|(_, kind)| holds(kind));
            those.map(|(number, _)| number).collect()
        };
        let of_dialects = solved(before).zip(solved(after));
        let comparisons = of_dialects.flat_map(|(before, after)| {
            Family::BOTH.map(|family| Comparison {
                family,
                before: Side::new(
                    before,
                    family,
                    numbered().map(|(id, kind)| (id, &*kind.classes.0)),
                ),
                after: Side::new(
                    after,
                    family,
                    numbered().map(|(id, kind)| (id, &*kind.classes.1)),
                ),
                known: BTreeMap::new(),
            })
        });
        let comparisons: Vec<Comparison<'k>> = comparisons.collect();
        let is_odd = |kind: &Kind<'a, N>| {
            let mut comparisons = comparisons.iter();
            comparisons.any(|one| matches!(one.faces(kind), Faces::Several))
        };
        Self {
            all: those(&|_| true),
            accepting: those(&|kind| kind.touched.1),
            addresses: those(&|kind| matches!(kind.end, End::Addresses(_))),
            odd: those(&is_odd),
            kinds,
            comparisons,
        }
    }

    /// The destinations to which a source may send something else than before, in order, with what may open and close
    /// at most; those without which all is told already are left out.
    pub(super) fn of(&mut self, source: u32, told: &mut Told<'_, N>) -> Vec<(u32, u32)>
    where
        N: Ord + Clone,
    {
        let Some(kind) = self.kinds.get(index(source)) else {
            return Vec::new();
        };
        let mut asked = if kind.touched.0 {
            self.all.clone()
        } else {
            self.accepting.clone()
        };
        if matches!(kind.end, End::Addresses(_)) {
            asked -= &self.addresses;
        }
        let mut regions: Vec<Region> = Vec::new();
        if asked.len() <= FEW || self.odd.contains(source) {
            regions.push((asked.clone(), Most::anything()));
        } else {
            regions.push((&self.odd & &asked, Most::anything()));
            for comparison in &mut self.comparisons {
                if let Faces::One(was, is) = comparison.faces(kind) {
                    let own = comparison.regions(was, is);
                    regions.extend(own.iter().cloned());
                }
            }
        }
        let mut found = Vec::new();
        for (set, most) in regions {
            let most = told.most(most);
            let mut left = set & &asked;
            if let Some(told) = told.between(source, most) {
                left -= told;
            }
            found.extend(left.iter().map(|target| (target, most)));
        }
        found.sort_unstable();
        found
    }
}

/// A state under each dialect.
fn solved((solved, variant): Solution<'_>) -> impl Iterator<Item = (&Connectivity, &InForce)> {
    variant.under.iter().zip(&solved.rows)
}

/// The classes of a kind in a family, before and after.
enum Faces {
    None,
    One(u32, u32),
    Several,
}

/// Two states under one dialect, in one family.
struct Comparison<'k> {
    family: Family,
    before: Side<'k>,
    after: Side<'k>,
    /// What was compared already, by the lists of parts.
    known: BTreeMap<(usize, usize), Rc<Vec<Region>>>,
}

impl Comparison<'_> {
    fn faces<N>(&self, kind: &Kind<'_, N>) -> Faces {
        let was = self.before.of_family(&kind.classes.0, self.family);
        let is = self.after.of_family(&kind.classes.1, self.family);
        match (was.as_slice(), is.as_slice()) {
            ([], []) => Faces::None,
            ([was], [is]) => Faces::One(*was, *is),
            _ => Faces::Several,
        }
    }

    /// Where what a source may send differs.
    fn regions(&mut self, was: u32, is: u32) -> Rc<Vec<Region>> {
        let (was, is) = (self.before.parts(was), self.after.parts(is));
        let lists = (Rc::as_ptr(&was).addr(), Rc::as_ptr(&is).addr());
        let known = self.known.entry(lists);
        Rc::clone(known.or_insert_with(|| Rc::new(differences(&was, &is))))
    }
}

/// Where two lists of parts differ; what is in no part may be sent nothing.
fn differences(was: &[Part], is: &[Part]) -> Vec<Region> {
    let mut regions = Vec::new();
    let mut push = |set: RoaringBitmap, was: &Allowed, is: &Allowed| {
        let most = Most::between(was, is);
        if !set.is_empty() && !most.is_nothing() {
            regions.push((set, most));
        }
    };
    let nothing = Allowed::nothing();
    let mut only_after: Vec<RoaringBitmap> = is.iter().map(|(set, _)| set.clone()).collect();
    for (set, was) in was {
        let mut only_before = set.clone();
        for ((other, is), only_after) in is.iter().zip(&mut only_after) {
            push(set & other, was, is);
            only_before -= other;
            *only_after -= set;
        }
        push(only_before, was, &nothing);
    }
    for ((_, is), set) in is.iter().zip(only_after) {
        push(set, &nothing, is);
    }
    regions
}

/// What sources share that may send the same: the row of egress, and the rows of ingress that name them with what these say.
type Alike = (u32, Vec<(u32, u32)>);

/// A state under one dialect, in one family, with kinds in place of classes.
struct Side<'k> {
    connectivity: &'k Connectivity,
    rows: &'k InForce,
    kinds: BTreeMap<u32, RoaringBitmap>,
    inbound: Inbound,
    /// Rows of egress: the kinds in each cell.
    cells: BTreeMap<u32, Rc<Vec<(RoaringBitmap, u32)>>>,
    /// What was joined already; held, since comparisons go by where it is.
    known: BTreeMap<Alike, Rc<Vec<Part>>>,
    nothing: Rc<Vec<Part>>,
}

impl<'k> Side<'k> {
    fn new<'c>(
        (connectivity, rows): (&'k Connectivity, &'k InForce),
        family: Family,
        classes: impl Iterator<Item = (u32, &'c [u32])>,
    ) -> Self {
        let mut kinds: BTreeMap<u32, RoaringBitmap> = BTreeMap::new();
        for (kind, classes) in classes {
            for class in classes {
                if connectivity.is_of(*class, family) {
                    kinds.entry(*class).or_default().insert(kind);
                }
            }
        }
        let ingress = kinds.keys().filter_map(|class| {
            let of = rows.of(std::slice::from_ref(class)).next()?;
            Some((*class, of.ingress))
        });
        let inbound = Inbound::of(&connectivity.rows, ingress, |class, to| {
            if let Some(kinds) = kinds.get(&class) {
                *to |= kinds;
            }
        });
        Self {
            connectivity,
            rows,
            inbound,
            kinds,
            cells: BTreeMap::new(),
            known: BTreeMap::new(),
            nothing: Rc::default(),
        }
    }

    fn of_family(&self, classes: &[u32], family: Family) -> Vec<u32> {
        let classes = classes.iter().copied();
        let own = classes.filter(|class| self.connectivity.is_of(*class, family));
        own.collect()
    }

    /// What sources of a class may send to whom.
    fn parts(&mut self, class: u32) -> Rc<Vec<Part>> {
        let Some(of) = self.rows.of(&[class]).next() else {
            return Rc::clone(&self.nothing);
        };
        let naming = self.inbound.naming(class).to_vec();
        let alike = (of.egress, naming);
        if let Some(known) = self.known.get(&alike) {
            return Rc::clone(known);
        }
        let answers = &self.connectivity.rows.answers;
        let cells = self.cells(of.egress);
        let rest = self.connectivity.rows.get(of.egress).map(|row| row.rest);
        let rest = rest.map_or_else(Allowed::nothing, |rest| answers.get(rest));
        let mut parts = Vec::new();
        for (mut left, ingress) in self.inbound.segments(&alike.1) {
            let ingress = answers.get(ingress);
            for (cell, egress) in &*cells {
                let inside = &left & cell;
                if !inside.is_empty() {
                    left -= cell;
                    parts.push((inside, answers.get(*egress).and(&ingress)));
                }
            }
            parts.push((left, rest.and(&ingress)));
        }
        parts.retain(|(set, allowed)| !set.is_empty() && !allowed.is_nothing());
        let parts = Rc::new(parts);
        self.known.insert(alike, Rc::clone(&parts));
        parts
    }

    /// The cells of a row of egress.
    fn cells(&mut self, row: u32) -> Rc<Vec<(RoaringBitmap, u32)>> {
        let (connectivity, kinds) = (self.connectivity, &self.kinds);
        let known = self.cells.entry(row).or_insert_with(|| {
            let row = connectivity.rows.get(row);
            let cells = row.into_iter().flat_map(|row| &row.cells);
            let cells = cells.map(|(classes, answer)| {
                let own = classes.iter().filter_map(|class| kinds.get(&class));
                (
                    own.fold(RoaringBitmap::new(), |all, one| all | one),
                    *answer,
                )
            });
            Rc::new(cells.collect())
        });
        Rc::clone(known)
    }
}
