//! What can be reached between zones, beside what the model declares there.
//!
//! Declared is what the bundle would allow if every zone were enforced and nobody else wrote policies. Pods that do not
//! exist yet count.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::Model;
use cofferdam_model::flow::{Across, End};
use cofferdam_model::names::ZoneName;
use cofferdam_model::zone::{Enforcement, EnforcementByDomain, WithinZone};
use cofferdam_objects::key::ObjectKey;
use cofferdam_state::change::Change;
use cofferdam_state::segmentation::Segmentation;
use serde_json::json;

use super::{Ground, Scene, state, told};

/// Connections from the pods of one zone to those of another, or among its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BetweenZones {
    /// Where they come from.
    pub from: ZoneName,
    /// Where they go.
    pub to: ZoneName,
    /// The flows that declare some of them; `withinZone` for what the zone itself declares.
    pub declared: Vec<String>,
    /// What is possible.
    pub effective: Option<Change>,
    /// What of it nothing declares.
    pub beyond: Option<Change>,
    /// What is declared and not possible.
    pub missing: Option<Change>,
}

/// Every pair of zones of the cluster between which something is possible or declared, with why this may not be the
/// whole truth; only why, where nothing can be told.
pub fn between_zones(ground: Ground<'_>) -> Result<(Vec<BetweenZones>, Vec<String>), Vec<String>> {
    let live = ground.segmentation()?;
    let declared = declared(ground, &live)?;
    let closed = closed(&live);
    let mut draft = ground.draft();
    let states = [&closed, &declared, &live].map(|one| state(&mut draft, one));
    let mut scene = Scene::new(ground, draft);
    let [closed, declared, live] = states.map(|one| scene.solve(&one));
    let effective = told(scene.changes(&closed, &live)).opens;
    let differs = told(scene.changes(&declared, &live));
    let mut rows = flows(ground);
    let mut note = |changes: Vec<Change>, set: fn(&mut BetweenZones, Change)| {
        for change in changes {
            if let (Some(from), Some(to)) = (change.from.zone(), change.to.zone()) {
                let ends = (from.clone(), to.clone());
                set(
                    rows.entry(ends.clone()).or_insert_with(|| row(ends)),
                    change,
                );
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

type Rows = BTreeMap<(ZoneName, ZoneName), BetweenZones>;

fn row((from, to): (ZoneName, ZoneName)) -> BetweenZones {
    BetweenZones {
        from,
        to,
        declared: Vec::new(),
        effective: None,
        beyond: None,
        missing: None,
    }
}

/// The pairs of zones of the cluster for which the model has flows.
fn flows(ground: Ground<'_>) -> Rows {
    let zones: BTreeSet<ZoneName> = ground.view.bundle.zones().into_values().collect();
    let pairs = zones
        .iter()
        .flat_map(|from| zones.iter().map(move |to| (from, to)));
    let mut rows = Rows::new();
    for (from, to) in pairs {
        let declared = declared_between(ground.model, from, to);
        if !declared.is_empty() {
            let ends = (from.clone(), to.clone());
            rows.entry(ends.clone())
                .or_insert_with(|| row(ends))
                .declared = declared;
        }
    }
    rows
}

fn declared_between(model: &Model, from: &ZoneName, to: &ZoneName) -> Vec<String> {
    let holds = |end: &End, zone| match end {
        End::Pods(pods) => pods.zones.contains(zone),
        End::ExternalNetwork(_) | End::Internet | End::ClusterService(_) => false,
    };
    let flows = model.flows.values().filter(|flow| {
        flow.across == Across::SameCluster && holds(&flow.from, from) && holds(&flow.to, to)
    });
    let mut names: Vec<String> = flows.map(|flow| flow.name.to_string()).collect();
    let zone = model.zones.get(from).filter(|_| from == to);
    if zone.is_some_and(|zone| zone.within_zone != WithinZone::Deny) {
        names.push("withinZone".to_owned());
    }
    names
}

/// The cluster as the model declares it.
fn declared(ground: Ground<'_>, live: &Segmentation) -> Result<Segmentation, Vec<String>> {
    let mut model = ground.model.clone();
    for zone in model.zones.values_mut() {
        zone.enforcement = EnforcementByDomain {
            default: Enforcement::Enforce,
            by_domain: BTreeMap::new(),
        };
        for rule in &mut zone.namespaces {
            rule.enforcement = None;
        }
    }
    let known = ground.view.observed.capabilities.known();
    let compiled = cofferdam_compiler::compile(&model, ground.cluster, known);
    let bundle = compiled
        .ok_or_else(|| vec!["the cluster belongs to no trust domain".to_owned()])?
        .bundle;
    let mut declared = Segmentation {
        policies: BTreeMap::new(),
        namespaces: live.namespaces.clone(),
    };
    for policy in bundle.policies.values() {
        declared.put(&policy.object);
    }
    for (name, wanted) in &bundle.namespaces {
        if let Some(labels) = declared.namespaces.get_mut(name.as_str()) {
            labels.extend(wanted.labels.clone());
        }
    }
    Ok(declared)
}

/// The cluster with no connection between pods, so that whatever opens from there is everything that is possible.
fn closed(live: &Segmentation) -> Segmentation {
    let policies = live.namespaces.keys().map(|namespace| {
        let deny = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
        (ObjectKey::policy(namespace, "closed"), deny)
    });
    Segmentation {
        policies: policies.collect(),
        namespaces: live.namespaces.clone(),
    }
}
