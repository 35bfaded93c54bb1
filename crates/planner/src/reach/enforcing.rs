//! What would be cut if a zone were taken to `enforce`.

use cofferdam_model::names::ZoneName;
use cofferdam_model::zone::Enforcement;
use cofferdam_state::change::Change;
use cofferdam_state::plan::Plan;

use super::{Ground, Scene, state, told};
use crate::view::View;

/// What would be cut if a zone were taken to `enforce`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforcing {
    /// The zone.
    pub zone: ZoneName,
    /// Connections that are possible once the plan was carried out, and would not be any more.
    pub cuts: Vec<Change>,
}

/// Every zone that is not enforced everywhere in the cluster, with what that would cut beyond the plan; nothing where
/// that cannot be told.
pub fn enforcing(ground: Ground<'_>, plan: &Plan) -> Vec<Enforcing> {
    let Ok(live) = ground.segmentation() else {
        return Vec::new();
    };
    let planned = live.clone().after(plan);
    let mut draft = ground.draft();
    let before = state(&mut draft, &planned);
    let zones = unenforced(&ground).into_iter();
    let states = zones.filter_map(|zone| {
        let after = live.clone().after(&plan_enforcing(ground, &zone)?);
        Some((zone, state(&mut draft, &after)))
    });
    let states: Vec<_> = states.collect();
    if states.is_empty() {
        return Vec::new();
    }
    let mut scene = Scene::new(ground.declared(), draft);
    let before = scene.solve(&before);
    let cut = states.into_iter().map(|(zone, after)| {
        let after = scene.solve(&after);
        let cuts = told(scene.changes(&before, &after)).closes;
        Enforcing { zone, cuts }
    });
    cut.collect()
}

/// The zones of the cluster that are staged or only observed in some namespace, in the order of names.
fn unenforced(ground: &Ground<'_>) -> Vec<ZoneName> {
    let namespaces = ground.view.bundle.namespaces.values();
    let some = namespaces.filter(|wanted| wanted.enforcement != Enforcement::Enforce);
    let mut zones: Vec<ZoneName> = some.map(|wanted| wanted.zone.clone()).collect();
    zones.sort();
    zones.dedup();
    zones
}

/// The plan for the model in which the zone is enforced.
fn plan_enforcing(ground: Ground<'_>, zone: &ZoneName) -> Option<Plan> {
    let mut model = ground.model.clone();
    model.zones.get_mut(zone)?.enforce_everywhere();
    let observed = ground.view.observed;
    let known = observed.capabilities.known();
    let compiled = cofferdam_compiler::compile(&model, ground.cluster, known)?;
    let view = View::new(&compiled.bundle, observed, ground.view.delivery);
    crate::plan(&view, &model).ok()
}
