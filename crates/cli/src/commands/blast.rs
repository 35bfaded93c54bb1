//! `blast`: what a compromised workload reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Result, bail};
use cofferdam_model::Model;
use cofferdam_model::flow::{Across, End};
use cofferdam_model::names::ZoneName;
use cofferdam_model::zone::Sensitivity;
use cofferdam_objects::keys::ZONE;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::blast::{BlastCluster, BlastReport, WireExtent, WireReached};
use cofferdam_semantics::Classes;
use cofferdam_semantics::blast::{Target, blast, worst};
use cofferdam_semantics::facts::{Facts, Pod};
use cofferdam_semantics::parties::Party;

use crate::args::{Arguments, BlastArguments};
use crate::exit::Exit;
use crate::fleet::{Authors, Examined, examine};
use crate::input::Input;
use crate::origin::Origin;
use crate::project;
use crate::show::show;

pub(crate) async fn run(arguments: &Arguments, command: &BlastArguments) -> Result<Exit> {
    let origin = command.from.as_deref().map(Origin::parse).transpose()?;
    let clusters = if command.paths.is_empty() {
        of_fleet(arguments, command, origin.as_ref()).await?
    } else {
        let input = Input::of_paths(&command.paths, &command.reading)?;
        let zones = labelled(&input.facts);
        let seen = Seen {
            name: None,
            input,
            zones,
            high: BTreeSet::new(),
        };
        vec![seen.told(origin.as_ref(), command.top)]
    };
    if let Some(from) = command.from.as_deref()
        && clusters.iter().all(|one| one.is_without_origin)
        && clusters.iter().all(|one| one.cluster.complete)
    {
        bail!("`--from {from}` names no pod that is there");
    }
    let clusters = clusters.into_iter().map(|one| one.cluster);
    let report = BlastReport {
        api_version: API_VERSION,
        kind: "BlastReport",
        from: command.from.clone(),
        clusters: clusters.collect(),
    };
    show(&report, arguments.output, text::blast)?;
    let exits = report.clusters.iter();
    let exits = exits.map(|cluster| Exit::of_answer(cluster.complete));
    Ok(Exit::of(exits))
}

async fn of_fleet(
    arguments: &Arguments,
    command: &BlastArguments,
    origin: Option<&Origin>,
) -> Result<Vec<Told>> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let (directory, selection) = (&arguments.directory, &command.selection);
    let examined = examine(&loaded, model, directory, selection, Authors::Unnamed).await?;
    let told = examined.iter().map(|one| {
        let seen = Seen::of(one, Input::of_examined(one, &command.reading));
        let mut told = seen.told(origin, command.top);
        told.note_ways_out(model);
        told
    });
    Ok(told.collect())
}

/// A cluster, or manifests, with what is known of its zones.
struct Seen {
    name: Option<String>,
    input: Input,
    zones: BTreeMap<String, ZoneName>,
    /// Zones of sensitivity high.
    high: BTreeSet<ZoneName>,
}

/// What is told of a cluster.
struct Told {
    cluster: BlastCluster,
    /// Whether a question named pods, and none of them is here.
    is_without_origin: bool,
    /// The zones of all that is compromised.
    zones: BTreeSet<ZoneName>,
}

impl Seen {
    fn of(one: &Examined<'_>, input: Input) -> Self {
        let namespaces = || one.bundle.namespaces.iter();
        let high = namespaces().filter(|(_, wanted)| wanted.sensitivity == Sensitivity::High);
        Self {
            name: Some(one.cluster.name.to_string()),
            input,
            zones: namespaces()
                .map(|(name, wanted)| (name.to_string(), wanted.zone.clone()))
                .collect(),
            high: high.map(|(_, wanted)| wanted.zone.clone()).collect(),
        }
    }

    fn told(self, origin: Option<&Origin>, top: usize) -> Told {
        let grounds = self.input.grounds();
        let mut facts = Arc::clone(&self.input.facts);
        if grounds.enforced == "no" {
            Arc::make_mut(&mut facts).policies.clear();
        }
        let classes = Arc::new(Classes::of(&facts));
        let mut told = Told {
            cluster: BlastCluster::new(self.name.clone(), grounds),
            is_without_origin: false,
            zones: BTreeSet::new(),
        };
        match origin {
            Some(origin) => self.tell_reached(&classes, origin, &mut told),
            None => self.tell_worst(&classes, top, &mut told),
        }
        told
    }

    fn tell_reached(&self, classes: &Arc<Classes>, origin: &Origin, told: &mut Told) {
        let is_source = |pod: &Pod| origin.holds(pod, self.zone(&pod.namespace));
        let pods = classes.facts().pods.iter();
        let sources: Vec<&Pod> = pods.filter(|pod| is_source(pod)).collect();
        told.is_without_origin = sources.is_empty();
        let of_sources = sources.iter().filter_map(|pod| self.zone(&pod.namespace));
        told.zones.extend(of_sources.cloned());
        for reached in blast(classes, &self.input.dialects, is_source) {
            let zone = |target: &Target| self.zone_of(target).cloned();
            let last = reached.way.last().and_then(|hop| zone(&hop.to));
            told.zones.extend(last);
            let zone = |target: &Target| zone(target).map(|zone| zone.to_string());
            let row = WireReached::new(&reached, zone);
            told.cluster.reached.extend(row);
        }
    }

    fn tell_worst(&self, classes: &Arc<Classes>, top: usize, told: &mut Told) {
        let is_high = |pod: &Pod| {
            let zone = self.zone(&pod.namespace);
            zone.is_some_and(|zone| self.high.contains(zone))
        };
        told.zones.extend(self.zones.values().cloned());
        let all = worst(classes, &self.input.dialects, is_high);
        let rows = all.into_iter().take(top).map(|one| WireExtent {
            workload: one.party.to_string(),
            zone: self
                .zone_of(&Target::Party(one.party))
                .map(ToString::to_string),
            direct: one.direct.into(),
            any: one.any.into(),
        });
        told.cluster.worst = rows.collect();
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

impl Told {
    /// That connections into other clusters are not followed, where flows of what is compromised lead there.
    fn note_ways_out(&mut self, model: &Model) {
        let leads_out = model.flows.values().filter(|flow| match &flow.from {
            End::Pods(pods) => {
                let mut zones = self.zones.iter();
                flow.across != Across::SameCluster && zones.any(|zone| pods.zones.contains(zone))
            }
            End::ExternalNetwork(_) | End::Internet | End::ClusterService(_) => false,
        });
        let because = leads_out.map(|flow| {
            let name = &flow.name;
            format!(
                "flow `{name}` leads into other clusters: what is reached there is not followed"
            )
        });
        self.cluster.incomplete_because.extend(because);
        self.cluster.complete = self.cluster.incomplete_because.is_empty();
    }
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
