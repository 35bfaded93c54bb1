//! What can be reached between zones, beside what the model declares there.
//!
//! Declared is what the bundle would allow if every zone were enforced and nobody else wrote policies. Pods that do not
//! exist yet count.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::flow::{Across, ClusterService, End};
use cofferdam_model::labels::Labels;
use cofferdam_model::zone::WithinZone;
use cofferdam_objects::key::ObjectKey;
use cofferdam_semantics::policy::PolicyKind;
use cofferdam_semantics::states::Draft;
use cofferdam_state::change::{Change, Region};
use cofferdam_state::segmentation::Segmentation;
use serde_json::{Value, json};

use super::{Declared, Ground, Scene, state, told};

/// Connections from the pods of one zone to those of another, among its own, or to or from where no zone is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BetweenZones {
    /// Where they come from.
    pub from: Region,
    /// Where they go.
    pub to: Region,
    /// The flows that declare some of them; `withinZone` for what the zone itself declares.
    pub declared: Vec<String>,
    /// What is possible.
    pub effective: Option<Change>,
    /// What of it nothing declares.
    pub beyond: Option<Change>,
    /// What is declared and not possible.
    pub missing: Option<Change>,
}

/// Every pair of zones of the cluster, or of a zone and what is in none, between which something is possible or declared, with why this may not be the
/// whole truth; only why, where nothing can be told.
pub fn between_zones(ground: Ground<'_>) -> Result<Compared, Vec<String>> {
    let live = ground.segmentation()?;
    let policies = live.objects().collect();
    compare(
        ground.declared(),
        ground.draft(),
        (policies, &live.namespaces),
    )
}

/// The same of manifests that are to be all that the cluster holds, with the labels of their namespaces.
pub fn between_zones_of_manifests(
    of: Declared<'_>,
    objects: Vec<Value>,
    namespaces: &BTreeMap<String, Labels>,
) -> Result<Compared, Vec<String>> {
    if let Some(why) = of.unenforced() {
        return Err(vec![why]);
    }
    let is_policy = |object: &Value| PolicyKind::of(object).is_some();
    let (policies, others): (Vec<Value>, Vec<Value>) = objects.into_iter().partition(is_policy);
    let mut draft = Draft::default();
    for object in &others {
        draft.shared(object);
    }
    compare(of, draft, (policies, namespaces))
}

/// Rows, with why these may not be the whole truth.
type Compared = (Vec<BetweenZones>, Vec<String>);

/// Compares these policies and labels of namespaces with what the model declares.
fn compare(
    of: Declared<'_>,
    mut draft: Draft,
    (policies, namespaces): (Vec<Value>, &BTreeMap<String, Labels>),
) -> Result<Compared, Vec<String>> {
    let states = [closed(namespaces), declared(of, namespaces)?];
    let [closed, declared] = states.map(|one| state(&mut draft, &one));
    let live = draft.state(policies.into_iter(), namespaces);
    let mut scene = Scene::new(of, draft);
    let [closed, declared, live] = [closed, declared, live].map(|one| scene.solve(&one));
    let effective = told(scene.opened(&closed, &live)).opens;
    let differs = told(scene.opened(&declared, &live));
    let mut rows = flows(of);
    let mut note = |changes: Vec<Change>, set: fn(&mut BetweenZones, Change)| {
        for change in changes {
            if change.from.zone().is_some() || change.to.zone().is_some() {
                let ends = (change.from.clone(), change.to.clone());
                let known = rows.entry(ends.clone());
                set(known.or_insert_with(|| row(of.model, ends)), change);
            }
        }
    };
    note(effective, |row, change| row.effective = Some(change));
    note(differs.opens, |row, change| row.beyond = Some(change));
    note(differs.closes, |row, change| row.missing = Some(change));
    Ok((
        rows.into_values().collect(),
        scene.states.incomplete_because(),
    ))
}

type Rows = BTreeMap<(Region, Region), BetweenZones>;

fn row(model: &Model, (from, to): (Region, Region)) -> BetweenZones {
    BetweenZones {
        declared: declared_between(model, &from, &to),
        from,
        to,
        effective: None,
        beyond: None,
        missing: None,
    }
}

/// The pairs of zones of the cluster for which the model has flows.
fn flows(of: Declared<'_>) -> Rows {
    let zones = of.bundle.zones().into_values();
    let zones: BTreeSet<Region> = zones.map(Region::Zone).collect();
    let pairs = zones
        .iter()
        .flat_map(|from| zones.iter().map(move |to| (from.clone(), to.clone())));
    let rows = pairs.map(|ends| (ends.clone(), row(of.model, ends)));
    rows.filter(|(_, row)| !row.declared.is_empty()).collect()
}

fn declared_between(model: &Model, from: &Region, to: &Region) -> Vec<String> {
    let holds = |end: &End, region: &Region| match (end, region) {
        (End::Pods(pods), Region::Zone(zone)) => pods.zones.contains(zone),
        (End::ExternalNetwork(name), Region::ExternalNetwork(known)) => name == known,
        (End::Internet, Region::Internet)
        | (End::ClusterService(ClusterService::Nodes), Region::Nodes) => true,
        (
            End::Pods(_) | End::ExternalNetwork(_) | End::Internet | End::ClusterService(_),
            Region::Zone(_)
            | Region::NoZone
            | Region::Nodes
            | Region::ExternalNetwork(_)
            | Region::Internet
            | Region::Outside,
        ) => false,
    };
    let flows = model.flows.values().filter(|flow| {
        flow.across == Across::SameCluster && holds(&flow.from, from) && holds(&flow.to, to)
    });
    let mut names: Vec<String> = flows.map(|flow| flow.name.to_string()).collect();
    let own = from.zone().filter(|_| from == to);
    let zone = own.and_then(|zone| model.zones.get(zone));
    if zone.is_some_and(|zone| zone.within_zone != WithinZone::Deny) {
        names.push("withinZone".to_owned());
    }
    names
}

/// The cluster as the model declares it.
fn declared(
    of: Declared<'_>,
    namespaces: &BTreeMap<String, Labels>,
) -> Result<Segmentation, Vec<String>> {
    let model = of.model.enforced();
    let compiled = cofferdam_compiler::compile(&model, of.cluster, of.capabilities);
    let bundle = compiled
        .ok_or_else(|| vec!["the cluster belongs to no trust domain".to_owned()])?
        .bundle;
    let mut declared = Segmentation {
        policies: BTreeMap::new(),
        namespaces: namespaces.clone(),
    };
    for policy in bundle.policies.values() {
        declared.put(&policy.object);
    }
    declared.label_as(&bundle);
    Ok(declared)
}

/// The cluster with no connection between pods, so that whatever opens from there is everything that is possible.
fn closed(namespaces: &BTreeMap<String, Labels>) -> Segmentation {
    let policies = namespaces.keys().map(|namespace| {
        let deny = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
        (ObjectKey::policy(namespace, "closed"), deny)
    });
    Segmentation {
        policies: policies.collect(),
        namespaces: namespaces.clone(),
    }
}
