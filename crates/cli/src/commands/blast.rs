//! `blast`: what a compromised workload reaches.

mod nodes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Result, bail};
use cofferdam_model::cluster::Cluster;
use cofferdam_model::names::ZoneName;
use cofferdam_model::zone::Sensitivity;
use cofferdam_objects::keys::ZONE;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project;
use cofferdam_pass::reach::Authors;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::blast::{BlastCluster, BlastReport, WireExtent, WireReached};
use cofferdam_semantics::blast::{Hop, Target, blast, worst};
use cofferdam_semantics::facts::{Facts, Pod};
use cofferdam_semantics::hops::{Location, Site};
use cofferdam_semantics::parties::Party;
use cofferdam_semantics::solver::{Solved, Solver};

use crate::args::{Arguments, BlastArguments};
use crate::exit::Exit;
use crate::fleet::examine;
use crate::input::Input;
use crate::origin::Origin;
use crate::show::show;
use nodes::PassedOn;

pub(crate) async fn run(arguments: &Arguments, command: &BlastArguments) -> Result<Exit> {
    let origin = command.from.as_deref().map(Origin::parse).transpose()?;
    let seen = if command.paths.is_empty() {
        of_fleet(arguments, command).await?
    } else {
        let input = Input::of_paths(&command.paths, &command.reading)?;
        Scene {
            clusters: vec![Seen::of_manifests(input, &mut Solver::default())],
            unseen: Vec::new(),
        }
    };
    let told = match &origin {
        Some(origin) => seen.reached_from(origin),
        None => seen.worst(command.top.get()),
    };
    if let Some(from) = command.from.as_deref()
        && seen.is_without(origin.as_ref())
        && seen.is_read_and_understood()
    {
        bail!("`--from {from}` names no pod that is there");
    }
    let report = BlastReport {
        api_version: API_VERSION,
        kind: "BlastReport",
        from: command.from.clone(),
        clusters: told.clusters,
        worst: told.worst,
    };
    show(&report, arguments.output, text::blast)?;
    let exits = report.clusters.iter();
    let exits = exits.map(|cluster| Exit::of_answer(cluster.complete));
    Ok(Exit::of(exits))
}

async fn of_fleet(arguments: &Arguments, command: &BlastArguments) -> Result<Scene> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let (directory, selection) = (&arguments.directory, &command.selection);
    let examined = examine(&loaded, model, directory, selection, Authors::Unnamed).await?;
    let others = model.clusters.values();
    let unseen = others.filter(|cluster| {
        let mut examined = examined.iter();
        !examined.any(|one| one.cluster.name == cluster.name)
    });
    let mut solver = Solver::default();
    let clusters = examined.iter().map(|one| {
        let input = Input::of_examined(one, &command.reading);
        Seen::of(one, input, &mut solver)
    });
    Ok(Scene {
        unseen: unseen.cloned().collect(),
        clusters: clusters.collect(),
    })
}

/// Clusters, or manifests, through which connections are followed.
struct Scene {
    clusters: Vec<Seen>,
    /// Clusters of the fleet that were not looked at.
    unseen: Vec<Cluster>,
}

/// What is told of each cluster, and of all of them.
struct Told {
    clusters: Vec<BlastCluster>,
    worst: Vec<WireExtent>,
}

impl Scene {
    fn sites(&self) -> Vec<Site> {
        let seen = self.clusters.iter().map(Seen::site);
        seen.chain(self.unseen.iter().map(Site::unseen)).collect()
    }

    fn is_without(&self, origin: Option<&Origin>) -> bool {
        origin.is_some_and(|origin| {
            let mut clusters = self.clusters.iter();
            clusters.all(|seen| !seen.has(origin))
        })
    }

    fn is_read_and_understood(&self) -> bool {
        let mut clusters = self.clusters.iter();
        clusters.all(|seen| seen.input.facts.gaps.is_empty())
    }

    fn reached_from(&self, origin: &Origin) -> Told {
        let blast = blast(&self.sites(), |site, pod| {
            let seen = self.clusters.get(site);
            seen.is_some_and(|seen| origin.holds(pod, seen.zone(&pod.namespace)))
        });
        let mut clusters = self.told(&blast.knocked, &blast.supposed);
        for reached in &blast.reached {
            let at = |hop: &Hop| self.clusters.get(hop.site);
            let zone = |hop: &Hop| Some(at(hop)?.zone_of(&hop.to)?.to_string());
            let elsewhere = |hop: &Hop| at(hop)?.name.clone().filter(|_| hop.site != reached.site);
            if let Some(cluster) = clusters.get_mut(reached.site) {
                let row = WireReached::new(reached, zone, elsewhere);
                cluster.reached.extend(row);
            }
        }
        Told {
            clusters,
            worst: Vec::new(),
        }
    }

    fn worst(&self, top: usize) -> Told {
        let all = worst(&self.sites(), |site, pod| {
            let seen = self.clusters.get(site);
            seen.is_some_and(|seen| seen.is_high(pod))
        });
        let mut clusters = self.told(&all.knocked, &all.supposed);
        let mut of_fleet = Vec::new();
        for one in all.extents {
            let Some(seen) = self.clusters.get(one.site) else {
                continue;
            };
            let target = Target::Party(one.party);
            let row = WireExtent {
                cluster: seen.name.clone(),
                zone: seen.zone_of(&target).map(ToString::to_string),
                workload: target.to_string(),
                direct: one.direct.into(),
                any: one.any.into(),
            };
            if of_fleet.len() < top {
                of_fleet.push(row.clone());
            }
            let cluster = clusters.get_mut(one.site);
            if let Some(cluster) = cluster.filter(|cluster| cluster.worst.len() < top) {
                cluster.worst.push(row);
            }
        }
        Told {
            clusters,
            worst: of_fleet,
        }
    }

    /// What each rests on, and what of the clusters that may be entered from others is not known.
    fn told(
        &self,
        knocked: &BTreeSet<(usize, usize)>,
        supposed: &BTreeSet<String>,
    ) -> Vec<BlastCluster> {
        let entered: BTreeSet<usize> = knocked.iter().map(|(_, to)| *to).collect();
        let unknown: BTreeMap<usize, String> = entered
            .into_iter()
            .filter_map(|to| Some((to, self.unknown_of(to)?)))
            .collect();
        let numbered = self.clusters.iter().enumerate();
        let told = numbered.map(|(number, seen)| {
            let mut grounds = seen.input.grounds_of_connections();
            grounds.notes.extend(supposed.iter().cloned());
            grounds.notes.extend(seen.note.clone());
            grounds.incomplete_because.extend(seen.unknown.clone());
            let others = unknown.iter().filter(|(to, _)| **to != number);
            let others = others.map(|(_, why)| why.clone());
            grounds.incomplete_because.extend(others);
            BlastCluster::new(seen.name.clone(), grounds)
        });
        told.collect()
    }

    /// Why it is not known what is reached in a cluster, where it is not.
    fn unknown_of(&self, site: usize) -> Option<String> {
        if let Some(Seen { name, input, .. }) = self.clusters.get(site) {
            let name = name.as_ref().filter(|_| !input.facts.gaps.is_empty())?;
            return Some(format!(
                "cluster `{name}` is entered, of which not everything was read"
            ));
        }
        let unseen = self.unseen.get(site.checked_sub(self.clusters.len())?)?;
        Some(format!(
            "cluster `{}` is entered, which was not looked at",
            unseen.name
        ))
    }
}

/// A cluster, or manifests, with what is known of its zones.
struct Seen {
    name: Option<String>,
    location: Location,
    input: Input,
    solved: Solved,
    zones: BTreeMap<String, ZoneName>,
    /// Zones of sensitivity high.
    high: BTreeSet<ZoneName>,
    /// What nodes pass on, where only manifests tell of it.
    note: Option<String>,
    /// What of that cannot be followed.
    unknown: Vec<String>,
}

impl Seen {
    fn of(one: &Examined<'_>, input: Input, solver: &mut Solver) -> Self {
        let namespaces = || one.bundle.namespaces.iter();
        let high = namespaces().filter(|(_, wanted)| wanted.sensitivity == Sensitivity::High);
        let capabilities = one.observed.capabilities.known();
        let location = Location {
            pod_networks: one.cluster.pod_networks(capabilities),
            ..Location::of(one.cluster)
        };
        Self {
            name: Some(one.cluster.name.to_string()),
            location: location.as_seen(&input.facts),
            note: None,
            unknown: Vec::new(),
            zones: namespaces()
                .map(|(name, wanted)| (name.to_string(), wanted.zone.clone()))
                .collect(),
            high: high.map(|(_, wanted)| wanted.zone.clone()).collect(),
            solved: enforced(&input, solver),
            input,
        }
    }

    fn of_manifests(input: Input, solver: &mut Solver) -> Self {
        let PassedOn {
            location,
            note,
            unknown,
        } = PassedOn::of(&input.facts);
        Self {
            name: None,
            location,
            note,
            unknown,
            zones: labelled(&input.facts),
            high: BTreeSet::new(),
            solved: enforced(&input, solver),
            input,
        }
    }

    fn site(&self) -> Site {
        Site {
            solved: self.solved.clone(),
            location: Some(self.location.clone()),
        }
    }

    fn has(&self, origin: &Origin) -> bool {
        let mut pods = self.input.facts.pods.iter();
        pods.any(|pod| origin.holds(pod, self.zone(&pod.namespace)))
    }

    fn is_high(&self, pod: &Pod) -> bool {
        let zone = self.zone(&pod.namespace);
        zone.is_some_and(|zone| self.high.contains(zone))
    }

    fn zone(&self, namespace: &str) -> Option<&ZoneName> {
        self.zones.get(namespace)
    }

    fn zone_of(&self, target: &Target) -> Option<&ZoneName> {
        match target {
            Target::Party(Party::Workload { namespace, .. }) => self.zone(namespace),
            Target::Party(Party::Addresses(..)) | Target::Nodes => None,
        }
    }
}

/// What is in force: no policy where nobody enforces them.
fn enforced(input: &Input, solver: &mut Solver) -> Solved {
    let mut facts = Arc::clone(&input.facts);
    if input.grounds().enforced == "no" {
        Arc::make_mut(&mut facts).policies.clear();
    }
    solver.solve(&facts, &input.dialects)
}

/// The zones that labels of namespaces name.
fn labelled(facts: &Facts) -> BTreeMap<String, ZoneName> {
    let namespaces = facts.namespaces.iter();
    let zones = namespaces.filter_map(|(name, namespace)| {
        let zone = namespace.labels.get(ZONE)?;
        Some((name.to_string(), ZoneName::parse(zone).ok()?))
    });
    zones.collect()
}
