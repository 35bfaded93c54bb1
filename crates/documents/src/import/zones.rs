//! Namespaces in zones.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::labels::Labels;
use cofferdam_model::names::{NamespaceName, ZoneName};
use cofferdam_model::zone::NamespaceChoice;
use cofferdam_objects::keys;
use serde_json::{Value, json};

use super::draft::{Draft, Names};
use super::notes::Notes;
use super::{Scene, security};

/// Labels by which teams group their namespaces, the better ones first.
const GROUPING: [&str; 6] = [
    "app.kubernetes.io/part-of",
    "team",
    "owner",
    "department",
    "environment",
    "env",
];

/// The zones in the making.
#[derive(Debug, Default)]
pub(super) struct Zones {
    /// The zone of each namespace that is drafted.
    pub(super) of: BTreeMap<String, String>,
    /// The zones by name.
    pub(super) all: BTreeMap<String, ZoneSketch>,
    /// Why no zone is drafted for a namespace.
    pub(super) left_out: BTreeMap<String, String>,
    /// What is known of the grouping.
    grouped_by: String,
}

/// A zone in the making.
#[derive(Debug, Default)]
pub(super) struct ZoneSketch {
    /// Its namespaces.
    pub(super) namespaces: BTreeSet<String>,
    /// Whether its pods reach those of their own namespace.
    pub(super) same_namespace: bool,
    /// Whether a flow from the internet leads to it.
    pub(super) from_internet: bool,
    /// Whether a flow to the internet leads from it.
    pub(super) to_internet: bool,
}

/// What makes namespaces one zone.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group<'a> {
    /// Our own label.
    Zone(&'a str),
    /// A label that groups.
    Label(&'a str),
    /// Nothing: a zone of its own.
    Alone(&'a str),
}

impl Zones {
    /// Groups the namespaces that belong to no zone yet.
    pub(super) fn of(scene: &Scene<'_>, group_by: Option<&str>, notes: &mut Notes) -> Self {
        let mut zones = Self::default();
        let mut open: BTreeMap<&str, &Labels> = BTreeMap::new();
        for (name, seen) in &scene.live.namespaces {
            match left_out(scene, name) {
                Some(reason) => {
                    notes.unmapped(format!("Namespace/{name}"), reason.clone());
                    zones.left_out.insert(name.clone(), reason);
                }
                None => {
                    open.insert(name, &seen.labels);
                }
            }
        }
        let key = group_by.or_else(|| best(&open));
        zones.grouped_by = match key {
            Some(key) => format!("grouped by the namespace label `{key}`"),
            None => "no namespace label groups them: one zone each".to_owned(),
        };
        let mut groups: BTreeMap<Group<'_>, BTreeSet<String>> = BTreeMap::new();
        for (name, labels) in open {
            let value = |key| {
                labels
                    .get(key)
                    .map(String::as_str)
                    .filter(|v| !v.is_empty())
            };
            let group = value(keys::ZONE)
                .map(Group::Zone)
                .or_else(|| key.and_then(value).map(Group::Label))
                .unwrap_or(Group::Alone(name));
            groups.entry(group).or_default().insert(name.to_owned());
        }
        let mut names = Names::taken(scene.model.zones.keys().map(ZoneName::as_str));
        for (group, namespaces) in groups {
            let (Group::Zone(wanted) | Group::Label(wanted) | Group::Alone(wanted)) = group;
            let name = names.free(wanted, &scene.cluster.name);
            for namespace in &namespaces {
                zones.of.insert(namespace.clone(), name.clone());
                notes.mapped(&format!("Namespace/{namespace}"), format!("Zone/{name}"));
            }
            let sketch = ZoneSketch {
                namespaces,
                ..ZoneSketch::default()
            };
            zones.all.insert(name, sketch);
        }
        zones
    }

    /// What a reader of the documents is to know.
    pub(super) fn about(&self) -> Vec<String> {
        let lines = [
            self.grouped_by.as_str(),
            "review: `tier` (none keeps every flow possible) and `sensitivity`; nothing live tells them",
            "`observe` writes nothing; go on to `stage`, and only then to `enforce`",
        ];
        lines.map(str::to_owned).into()
    }

    /// The documents.
    pub(super) fn drafts(&self, scene: &Scene<'_>, notes: &mut Notes) -> Vec<Draft> {
        let only = only_here(scene);
        if only.is_none() && others(scene) {
            let reason = "its labels do not tell it from other clusters of its trust domain: the drafts mean namespaces of these names there too";
            notes.unmapped(format!("Cluster/{}", scene.cluster.name), reason);
        }
        let all = self.all.iter();
        all.map(|(name, sketch)| draft(scene, (name, sketch), only.as_ref(), notes))
            .collect()
    }
}

fn draft(
    scene: &Scene<'_>,
    (name, sketch): (&String, &ZoneSketch),
    only: Option<&Value>,
    notes: &mut Notes,
) -> Draft {
    let namespaces = sketch.namespaces.iter().map(|namespace| {
        let mut rule = json!({ "name": namespace });
        let team = team(scene, namespace);
        if let Some(fields) = rule.as_object_mut() {
            fields.extend(team.map(|team| ("team".to_owned(), json!(team))));
            fields.extend(only.map(|only| ("clusters".to_owned(), only.clone())));
        }
        rule
    });
    let word = |allowed| if allowed { "allow" } else { "deny" };
    let spec = json!({
        "tier": "none",
        "sensitivity": "medium",
        "trustDomains": [scene.domain.name.as_str()],
        "enforcement": "observe",
        "namespaces": namespaces.collect::<Vec<Value>>(),
        "podSecurity": security::of_zone(scene, name, &sketch.namespaces, notes),
        "internet": { "ingress": word(sketch.from_internet), "egress": word(sketch.to_internet) },
        "withinZone": if sketch.same_namespace { "same-namespace" } else { "deny" },
    });
    Draft {
        kind: "Zone",
        name: name.clone(),
        remarks: Vec::new(),
        spec,
        inactive: None,
    }
}

/// Why a namespace gets no zone, where it gets none.
fn left_out(scene: &Scene<'_>, name: &str) -> Option<String> {
    let seen = scene.live.namespaces.get(name)?;
    if scene
        .model
        .is_system_namespace(name, Some(&scene.live.capabilities))
    {
        return Some("a system namespace, never segmented unless a zone says so".to_owned());
    }
    if let Some(zone) = zone_in_model(scene, name, &seen.labels) {
        return Some(format!("in zone `{zone}` of the model already"));
    }
    if seen.terminating {
        return Some("being deleted".to_owned());
    }
    let policies = scene.live.policies.iter().flatten();
    let mut here = policies.filter(|((namespace, _), _)| namespace == name);
    if here.any(|(_, policy)| policy.ours) {
        let reason =
            "it holds policies that Cofferdam wrote and is in no zone: bring its zone back";
        return Some(reason.to_owned());
    }
    NamespaceName::parse(name)
        .err()
        .map(|why| format!("its name is not valid: {why}"))
}

/// The zone that holds a namespace already, here or where the drafts would reach.
fn zone_in_model<'a>(scene: &Scene<'a>, name: &str, labels: &Labels) -> Option<&'a ZoneName> {
    let everywhere = only_here(scene).is_none();
    let mut zones = scene.model.zones_in(&scene.domain.name);
    let zone = zones.find(|zone| {
        zone.namespaces.iter().any(|rule| {
            let here = rule.clusters.matches(&scene.cluster.labels);
            match &rule.choice {
                NamespaceChoice::Name(one) => one.as_str() == name && (here || everywhere),
                NamespaceChoice::Selector(selector) => selector.matches(labels) && here,
            }
        })
    });
    zone.map(|zone| &zone.name)
}

fn others(scene: &Scene<'_>) -> bool {
    let mut clusters = scene.model.clusters_of(scene.domain);
    clusters.any(|cluster| cluster.name != scene.cluster.name)
}

/// A selector for this cluster alone, where its trust domain has others and labels tell it from them.
fn only_here(scene: &Scene<'_>) -> Option<Value> {
    let own = &scene.cluster.labels;
    let mut clusters = scene.model.clusters_of(scene.domain);
    let told = clusters.all(|cluster| {
        let same = own
            .iter()
            .all(|(key, value)| cluster.labels.get(key) == Some(value));
        cluster.name == scene.cluster.name || !same
    });
    (others(scene) && told).then(|| json!({ "matchLabels": own }))
}

/// The label that groups best: on at least half of the namespaces, into several groups of which one at
/// least has two; among such labels the one on most of them.
fn best<'a>(namespaces: &BTreeMap<&str, &Labels>) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    for key in GROUPING {
        let values = namespaces.values().filter_map(|labels| labels.get(key));
        let values: Vec<&String> = values.filter(|value| !value.is_empty()).collect();
        let groups: BTreeSet<&String> = values.iter().copied().collect();
        let groups_some = (2..values.len()).contains(&groups.len());
        let better = best.is_none_or(|(most, _)| values.len() > most);
        if groups_some && values.len() * 2 >= namespaces.len() && better {
            best = Some((values.len(), key));
        }
    }
    best.map(|(_, key)| key)
}

/// The team that a namespace names.
pub(super) fn team<'a>(scene: &Scene<'a>, namespace: &str) -> Option<&'a str> {
    let seen = scene.live.namespaces.get(namespace)?;
    let team = seen.labels.get(keys::TEAM)?;
    (!team.is_empty()).then_some(team.as_str())
}
