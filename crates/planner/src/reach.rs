//! What plans and drift do to what can be reached, as the engine sees it: everything that is live counts, whoever
//! wrote it, and every pod that could be made.

mod drift;
mod enforcing;
mod regions;
mod zones;

use std::collections::BTreeMap;

use cofferdam_model::Model;
use cofferdam_model::capabilities::{Capabilities, Enforces};
use cofferdam_model::cluster::Cluster;
use cofferdam_semantics::reach::dialects_of;
use cofferdam_semantics::states::{Between, Draft, Solved, State, States};
use cofferdam_state::bundle::Bundle;
use cofferdam_state::change::{Change, Changes, Region, Witness};
use cofferdam_state::plan::Plan;
use cofferdam_state::segmentation::Segmentation;

use crate::view::View;
use regions::Regions;

pub use drift::weigh;
pub use enforcing::{Enforcing, enforcing};
pub use zones::{BetweenZones, between_zones, between_zones_of_manifests};

/// What the documents say of a cluster, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// Zone model and fleet.
    pub model: &'a Model,
    /// Its document.
    pub cluster: &'a Cluster,
    /// What it must hold.
    pub bundle: &'a Bundle,
    /// What it is and can do, where that is known.
    pub capabilities: Option<&'a Capabilities>,
}

/// A cluster of which it is asked what can be reached.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// What it must hold beside what it holds.
    pub view: &'a View<'a>,
    /// Zone model and fleet.
    pub model: &'a Model,
    /// Its document.
    pub cluster: &'a Cluster,
}

/// What opens and closes, as far as that can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Computed {
    /// By zone.
    pub changes: Changes,
    /// Why this may not be the whole truth, one line each.
    pub incomplete_because: Vec<String>,
}

/// What a plan opens and closes; why that cannot be told, where something was not read.
pub fn of_plan(ground: Ground<'_>, plan: &Plan) -> Result<Computed, Vec<String>> {
    let before = ground.segmentation()?;
    let after = before.clone().after(plan);
    if before == after {
        return Ok(Computed::default());
    }
    let mut draft = ground.draft();
    let (before, after) = (state(&mut draft, &before), state(&mut draft, &after));
    let mut scene = Scene::new(ground.declared(), draft);
    let (before, after) = (scene.solve(&before), scene.solve(&after));
    Ok(Computed {
        changes: told(scene.changes(&before, &after)),
        incomplete_because: scene.states.incomplete_because(),
    })
}

impl<'a> Ground<'a> {
    fn declared(self) -> Declared<'a> {
        Declared {
            model: self.model,
            cluster: self.cluster,
            bundle: self.view.bundle,
            capabilities: self.view.observed.capabilities.known(),
        }
    }
}

impl Ground<'_> {
    /// What was seen of policies and labels; why nothing is said of what can be reached, where something that decides was
    /// not read or nothing enforces policies.
    fn segmentation(&self) -> Result<Segmentation, Vec<String>> {
        let observed = self.view.observed;
        let mut because = observed.unread_objects();
        because.extend(self.declared().unenforced());
        if because.is_empty() {
            Ok(Segmentation::of(observed))
        } else {
            Err(because)
        }
    }

    /// What all states of the cluster share.
    fn draft(&self) -> Draft {
        Draft::of_cluster(self.view.observed.unchanging_objects())
    }
}

impl Declared<'_> {
    /// That no policy counts here, where none does.
    fn unenforced(self) -> Option<String> {
        let known = self.capabilities?;
        let is_unenforced = known.cni.enforces == Enforces::No;
        is_unenforced.then(|| "nothing enforces NetworkPolicy here".to_owned())
    }
}

/// States of a cluster, with the regions between which their differences are told.
struct Scene {
    states: States,
    regions: Regions,
}

impl Scene {
    fn new(of: Declared<'_>, draft: Draft) -> Self {
        let Declared {
            model,
            cluster,
            bundle,
            capabilities,
        } = of;
        let networks = cluster.pod_networks(capabilities);
        let dialects = dialects_of(capabilities.map(|known| known.cni.name.as_str()));
        Self {
            states: draft.finish(&networks, &dialects),
            regions: Regions::of(bundle, model),
        }
    }

    fn solve(&mut self, state: &State) -> Solved {
        self.states.solve(state)
    }

    fn changes(&self, before: &Solved, after: &Solved) -> ByRegion {
        let changes = self
            .states
            .changes(before, after, |place| self.regions.of_place(place));
        ByRegion {
            opens: changes.opens,
            closes: changes.closes,
        }
    }

    /// The same with what only a common node allows, which opens in no state: what of it policies before do not let
    /// through counts as opened.
    fn opened(&self, before: &Solved, after: &Solved) -> ByRegion {
        let on_nodes = self
            .states
            .on_common_nodes(before, after, |place| self.regions.of_place(place));
        let mut changes = self.changes(before, after);
        changes.add(ByRegion {
            opens: on_nodes,
            closes: BTreeMap::new(),
        });
        changes
    }
}

/// What opens and closes between regions.
#[derive(Debug, Clone, Default)]
struct ByRegion {
    opens: BTreeMap<(Region, Region), Between>,
    closes: BTreeMap<(Region, Region), Between>,
}

/// Policies and labels as a state.
fn state(draft: &mut Draft, segmentation: &Segmentation) -> State {
    draft.state(segmentation.objects(), &segmentation.namespaces)
}

fn told(by_region: ByRegion) -> Changes {
    let list = |all: BTreeMap<(Region, Region), Between>| -> Vec<Change> {
        let known = all.into_iter().filter_map(|((from, to), between)| {
            let witness = between.witness?;
            Some(Change {
                from,
                to,
                ports: between.ports.to_string(),
                witness: Witness {
                    from: witness.from,
                    to: witness.to,
                    ports: witness.ports.to_string(),
                },
            })
        });
        known.collect()
    };
    Changes {
        opens: list(by_region.opens),
        closes: list(by_region.closes),
    }
}
