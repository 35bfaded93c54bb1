//! Flows and external networks, from policies.

use std::collections::{BTreeMap, BTreeSet};

use cofferdam_model::flow::ClusterService;
use cofferdam_model::labels::Selector;
use cofferdam_objects::policy::Direction;
use serde_json::{Value, json};

use super::draft::{Draft, Names};
use super::edges::{By, Ends};
use super::notes::Notes;
use super::outside::{Outside, Outsides, Target};
use super::rules::{Sides, sides};
use super::zones::{Zones, team};
use super::{Scene, join, outside, remarks, resolution, selectors, services};

/// Policies, namespaces or nodes that a text names one by one.
pub(super) const NAMED: usize = 5;

/// The flows, and the networks that they name.
pub(super) fn drafts(scene: &Scene<'_>, zones: &mut Zones, notes: &mut Notes) -> Vec<Draft> {
    let sides = sides(scene, zones, notes);
    // Of policies that were not read nobody knows what they deny.
    if scene.live.policies.is_some() {
        open_within(zones, &sides);
    }
    let mut used = By::new();
    let skip = resolutions(scene, &sides, notes);
    used.extend(skip.iter().cloned());
    let edges = join::join(&sides, &skip, notes);
    let mut outsides = Outsides::default();
    for ((namespace, direction), side) in &sides {
        let place = (namespace.as_str(), *direction, side);
        outside::add(scene, place, &skip, &mut outsides, notes);
    }
    let taken = scene.model.flows.keys().map(AsRef::as_ref);
    let networks = scene.model.external_networks.keys().map(AsRef::as_ref);
    let mut maker = Maker {
        scene,
        zones,
        notes,
        names: Names::taken(taken),
        networks: Names::taken(networks),
        named: BTreeMap::new(),
        drafts: Vec::new(),
    };
    for (ends, by) in edges.merged() {
        used.extend(by.iter().cloned());
        maker.inner(ends, &by);
    }
    for (outside, by) in outsides.merged() {
        used.extend(by.iter().cloned());
        maker.outer(outside, &by);
    }
    let drafts = maker.drafts;
    remarks::tell(scene, zones, (&sides, &used, &skip), notes);
    drafts
}

/// Zones whose namespaces are all open to themselves, in both directions.
fn open_within(zones: &mut Zones, sides: &Sides) {
    for sketch in zones.all.values_mut() {
        sketch.same_namespace = sketch.namespaces.iter().all(|name| {
            Direction::BOTH.iter().all(|direction| {
                let side = sides.get(&(name.clone(), *direction));
                side.is_some_and(|side| side.opens_to(name))
            })
        });
    }
}

/// Rules for name resolution, which need no flow.
fn resolutions(scene: &Scene<'_>, sides: &Sides, notes: &mut Notes) -> By {
    let dns = &scene.live.capabilities.dns;
    let mut found = By::new();
    for ((namespace, direction), side) in sides {
        if *direction == Direction::Ingress || side.open {
            continue;
        }
        if !resolution::is_granted(side, dns) {
            let reason = "wider in the draft: every pod of it may ask the DNS servers on all of their ports, which its policies allow some pods, or on some ports, only";
            notes.unmapped(format!("Namespace/{namespace}"), reason);
        }
        for allow in side
            .allows
            .iter()
            .filter(|allow| resolution::is_meant(allow, dns))
        {
            if resolution::is_wider(allow, dns) {
                let reason = format!(
                    "{}: of these DNS ports only those of the DNS servers are drafted",
                    allow.place
                );
                notes.unmapped(&allow.policy, reason);
            }
            found.insert((allow.policy.clone(), allow.place.clone()));
        }
    }
    found
}

struct Maker<'a, 'b> {
    scene: &'b Scene<'a>,
    zones: &'b mut Zones,
    notes: &'b mut Notes,
    names: Names,
    networks: Names,
    /// Networks that are drafted already.
    named: BTreeMap<Target, String>,
    drafts: Vec<Draft>,
}

impl Maker<'_, '_> {
    fn inner(&mut self, mut ends: Ends, by: &By) {
        // What a zone lets its namespaces do among themselves needs no flow.
        let granted = |zones: &Zones, name: &String| {
            let zone = zones.of.get(name).and_then(|zone| zones.all.get(zone));
            zone.is_some_and(|zone| zone.same_namespace)
        };
        let (open, others): (BTreeSet<String>, BTreeSet<String>) =
            ends.from.iter().cloned().partition(|name| {
                ends.to.len() == 1 && ends.to.contains(name) && granted(self.zones, name)
            });
        for name in &open {
            for (policy, _) in by {
                let zone = self.zones.of.get(name).map_or("", String::as_str);
                self.notes.mapped(policy, format!("Zone/{zone}"));
            }
        }
        ends.from = others;
        if ends.from.is_empty() {
            return;
        }
        let words = [&ends.from, &ends.to].map(|names| self.word(names));
        let [from, to] = words;
        let flow = json!({
            "from": self.end(&ends.from, &ends.sources),
            "to": self.end(&ends.to, &ends.destinations),
            "ports": ends.ports.written(),
        });
        let owner = self.owner(&ends.to).or_else(|| self.owner(&ends.from));
        self.add(&format!("{from}-to-{to}"), flow, owner, by);
    }

    fn outer(&mut self, outside: Outside, by: &By) {
        let Outside {
            direction,
            namespaces,
            pods,
            target,
            ports,
        } = outside;
        let (word, end) = match &target {
            Target::Internet => ("internet".to_owned(), json!({ "internet": true })),
            Target::Service(service) => (
                service.as_str().to_lowercase(),
                json!({ "clusterService": service.as_str() }),
            ),
            Target::Network { .. } => {
                let name = self.network(&target);
                let end = json!({ "externalNetwork": name });
                (name, end)
            }
        };
        if target == Target::Internet {
            for name in &namespaces {
                let zone = self.zones.of.get(name).cloned().unwrap_or_default();
                if let Some(zone) = self.zones.all.get_mut(&zone) {
                    match direction {
                        Direction::Ingress => zone.from_internet = true,
                        Direction::Egress => zone.to_internet = true,
                    }
                }
            }
        }
        let pods = self.end(&namespaces, &pods);
        let place = self.word(&namespaces);
        let (name, from, to) = match direction {
            Direction::Ingress => (format!("{word}-to-{place}"), end, pods),
            Direction::Egress => (format!("{place}-to-{word}"), pods, end),
        };
        let mut flow = json!({ "from": from, "to": to });
        // Its ports are known.
        if target != Target::Service(ClusterService::ApiServer)
            && let Some(fields) = flow.as_object_mut()
        {
            fields.insert("ports".to_owned(), ports.written());
        }
        let owner = self.owner(&namespaces);
        self.add(&name, flow, owner, by);
    }

    /// The external network of these addresses, drafted where it is new.
    fn network(&mut self, target: &Target) -> String {
        if let Some(name) = self.named.get(target) {
            return name.clone();
        }
        let Target::Network { cidrs, except } = target else {
            return String::new();
        };
        let first = cidrs.first().map(ToString::to_string).unwrap_or_default();
        let name = self
            .networks
            .free(&format!("net-{first}"), &self.scene.cluster.name);
        let texts = |nets: &BTreeSet<_>| -> Vec<String> {
            nets.iter().map(ipnet::IpNet::to_string).collect()
        };
        let mut spec = json!({ "cidrs": texts(cidrs) });
        if !except.is_empty()
            && let Some(fields) = spec.as_object_mut()
        {
            fields.insert("except".to_owned(), json!(texts(except)));
        }
        self.drafts.push(Draft {
            kind: "ExternalNetwork",
            name: name.clone(),
            remarks: services::network_remarks(cidrs),
            spec,
            inactive: None,
        });
        self.named.insert(target.clone(), name.clone());
        name
    }

    fn add(&mut self, wanted: &str, flow: Value, owner: Option<String>, by: &By) {
        let name = self.names.free(wanted, &self.scene.cluster.name);
        let policies: BTreeSet<&String> = by.iter().map(|(policy, _)| policy).collect();
        for policy in &policies {
            self.notes.mapped(policy, format!("Flow/{name}"));
        }
        let listed = policies.iter().take(NAMED);
        let listed = listed.map(|policy| policy.strip_prefix("NetworkPolicy/").unwrap_or(policy));
        let mut reason = format!(
            "imported from NetworkPolicy {}",
            listed.collect::<Vec<&str>>().join(", ")
        );
        if let Some(more) = policies.len().checked_sub(NAMED).filter(|more| *more > 0) {
            reason = format!("{reason} and {more} more");
        }
        let mut spec = flow;
        if let Some(fields) = spec.as_object_mut() {
            fields.insert("justification".to_owned(), json!(reason));
            let owner = owner.unwrap_or_else(|| "unknown".to_owned());
            fields.insert("owner".to_owned(), json!(owner));
        }
        self.drafts.push(Draft {
            kind: "Flow",
            name,
            remarks: vec!["nobody approved this flow: add `approval` once somebody has".to_owned()],
            spec,
            inactive: None,
        });
    }

    fn zones_of(&self, names: &BTreeSet<String>) -> BTreeSet<&String> {
        names
            .iter()
            .filter_map(|name| self.zones.of.get(name))
            .collect()
    }

    fn word(&self, names: &BTreeSet<String>) -> String {
        let zones = self.zones_of(names);
        let (mut zones, mut names) = (zones.into_iter(), names.iter());
        let word = match ((names.next(), names.next()), (zones.next(), zones.next())) {
            ((Some(name), None), _) | (_, (Some(name), None)) => name.as_str(),
            _ => "several",
        };
        word.chars().take(20).collect()
    }

    fn end(&self, names: &BTreeSet<String>, pods: &Selector) -> Value {
        let zones = self.zones_of(names);
        let held = zones.iter().filter_map(|zone| self.zones.all.get(*zone));
        let held: usize = held.map(|zone| zone.namespaces.len()).sum();
        let mut end = serde_json::Map::new();
        match zones.first() {
            Some(zone) if zones.len() == 1 => end.insert("zone".to_owned(), json!(zone)),
            _ => end.insert("zones".to_owned(), json!(zones)),
        };
        if held != names.len() {
            end.insert("namespaces".to_owned(), json!(names));
        }
        if !pods.is_empty() {
            end.insert("workload".to_owned(), selectors::written(pods));
        }
        Value::Object(end)
    }

    /// The team of all of these namespaces.
    fn owner(&self, names: &BTreeSet<String>) -> Option<String> {
        let teams: BTreeSet<Option<&str>> =
            names.iter().map(|name| team(self.scene, name)).collect();
        let mut teams = teams.into_iter();
        match (teams.next(), teams.next()) {
            (Some(Some(team)), None) => Some(team.to_owned()),
            _ => None,
        }
    }
}
