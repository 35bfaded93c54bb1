//! `reach --zones`: what is possible between zones, beside what the model declares.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, bail};
use cofferdam_documents::Loaded;
use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_model::count::listed;
use cofferdam_model::diagnostic::{Diagnostic, Severity};
use cofferdam_model::labels::Labels;
use cofferdam_model::names::{ClusterName, NamespaceName};
use cofferdam_pass::project;
use cofferdam_pass::reach::Authors;
use cofferdam_planner::reach::{
    BetweenZones, Declared, Ground, between_zones, between_zones_of_manifests,
};
use cofferdam_report::wire::reach::{Grounds, ReachReport};
use cofferdam_report::wire::zones::{Compared, WireBetweenZones};
use cofferdam_report::{output, text};
use cofferdam_semantics::Classes;
use cofferdam_semantics::facts::Facts;
use cofferdam_semantics::parties::Workloads;
use cofferdam_semantics::reach;
use cofferdam_state::bundle::Bundle;
use cofferdam_state::change::Region;

use crate::args::{Arguments, Format, ReachArguments};
use crate::exit::Exit;
use crate::fleet::examine;
use crate::input::Input;
use crate::selected::{known, some_clusters};
use crate::show::show;

/// What is compared, with what it rests on.
struct Told {
    input: Input,
    grounds: Grounds,
    rows: Vec<BetweenZones>,
}

pub(super) async fn run(arguments: &Arguments, command: &ReachArguments) -> Result<Exit> {
    if !matches!(arguments.output, Format::Text | Format::Json) {
        bail!("`--zones` is text or json");
    }
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let Told {
        input,
        grounds,
        rows,
    } = match &command.objects.cluster {
        Some(name) => of_cluster(arguments, command, (&loaded, model, name)).await?,
        None => of_manifests(command, &loaded, model)?,
    };
    // Only JSON has room for both.
    let mut reached = Vec::new();
    if arguments.output == Format::Json {
        let classes = Arc::new(Classes::of(&input.facts));
        reached = reach::reach(&classes, &input.dialects, &Workloads::new());
    }
    let rows = rows.iter().map(told).collect();
    let report = ReachReport::new(grounds, &reached).with_zones(rows);
    show(&report, arguments.output, text::zones)?;
    Ok(Exit::of_answer(report.complete))
}

async fn of_cluster(
    arguments: &Arguments,
    command: &ReachArguments,
    (loaded, model, name): (&Loaded, &Model, &str),
) -> Result<Told> {
    let objects = &command.objects;
    let selection = objects.live.selection(name);
    let directory = &arguments.directory;
    let examined = examine(loaded, model, directory, &selection, Authors::Unnamed).await?;
    let Some(one) = examined.first() else {
        bail!("no cluster was looked at");
    };
    let compared = between_zones(Ground {
        view: &one.view(),
        model,
        cluster: one.cluster,
    });
    let input = Input::of_examined(one, &objects.reading);
    Ok(resting(input, compared))
}

fn of_manifests(command: &ReachArguments, loaded: &Loaded, model: &Model) -> Result<Told> {
    let cluster = meant(model, command.of_cluster.as_deref())?;
    let capabilities = model.capabilities.get(&cluster.name);
    let bundle = bundle(loaded, model, cluster)?;
    let paths = &command.objects.paths;
    let (input, objects) = Input::of_cluster_to_be(paths, capabilities)?;
    let of = Declared {
        model,
        cluster,
        bundle: &bundle,
        capabilities,
    };
    let namespaces = namespaces(&bundle, &input.facts);
    let compared = between_zones_of_manifests(of, objects, &namespaces);
    let mut told = resting(input, compared);
    let Told { input, grounds, .. } = &mut told;
    let absent = absent(&bundle, &input.facts);
    if absent.len() == bundle.namespaces.len() {
        let name = &cluster.name;
        grounds.incomplete_because.push(format!(
            "there is no namespace of a zone of cluster `{name}`"
        ));
    } else if !absent.is_empty() {
        grounds.notes.push(format!(
            "namespaces of zones of which nothing is there: {}",
            listed(absent.into_iter())
        ));
    }
    let unlabelled = unlabelled(&bundle, &input.facts);
    if !unlabelled.is_empty() {
        grounds.notes.push(format!(
            "namespaces that lack labels of the bundle, so that what selects zones by these misses them: {}",
            listed(unlabelled.into_iter())
        ));
    }
    Ok(told)
}

/// The cluster for which manifests are meant.
fn meant<'a>(model: &'a Model, name: Option<&str>) -> Result<&'a Cluster> {
    some_clusters(model)?;
    let names = || model.clusters.keys().map(ClusterName::as_str);
    if let Some(name) = name {
        known("cluster", name, names())?;
    }
    let clusters = model.clusters.values();
    let mut meant =
        clusters.filter(|cluster| name.is_none_or(|name| cluster.name.as_str() == name));
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(one),
        _ => bail!(
            "say for which cluster the manifests are meant with `--for CLUSTER`: there are {}",
            names().collect::<Vec<_>>().join(", ")
        ),
    }
}

/// What a cluster must hold, as it is compiled with what is stored of it.
fn bundle(loaded: &Loaded, model: &Model, cluster: &Cluster) -> Result<Bundle> {
    let stored = model.capabilities.get(&cluster.name);
    let Some(compiled) = cofferdam_compiler::compile(model, cluster, stored) else {
        bail!("cluster `{}` belongs to no trust domain", cluster.name);
    };
    let mut errors: Vec<Diagnostic> = project::located(loaded, &compiled.remarks);
    errors.retain(|one| one.severity == Severity::Error);
    if !errors.is_empty() {
        output::talk(text::check(&errors).trim_end())?;
        bail!("the bundle would not be what the model asks for");
    }
    Ok(compiled.bundle)
}

/// The labels of every namespace that is there or that the bundle asks for.
fn namespaces(bundle: &Bundle, facts: &Facts) -> BTreeMap<String, Labels> {
    let wanted = bundle.namespaces.keys();
    let wanted = wanted.map(|name| (name.to_string(), Labels::new()));
    let known = facts.namespaces.iter();
    let known = known.map(|(name, known)| (name.to_string(), Labels::clone(&known.labels)));
    wanted.chain(known).collect()
}

/// The namespaces of zones of which nothing is there.
fn absent<'a>(bundle: &'a Bundle, facts: &Facts) -> Vec<&'a str> {
    let names = bundle.namespaces.keys().map(NamespaceName::as_str);
    let absent = names.filter(|name| !facts.namespaces.contains_key(*name));
    absent.collect()
}

/// The namespaces that are there without a label of the bundle.
fn unlabelled<'a>(bundle: &'a Bundle, facts: &Facts) -> Vec<&'a str> {
    let wanted = bundle.namespaces.iter();
    let without = wanted.filter(|(name, wanted)| {
        let known = facts.namespaces.get(name.as_str());
        // Of a namespace that nobody defines it is told that no label of it is known.
        let known = known.filter(|known| known.source.is_some());
        known.is_some_and(|known| {
            let mut labels = wanted.labels.iter();
            labels.any(|(key, value)| known.labels.get(key) != Some(value))
        })
    });
    without.map(|(name, _)| name.as_str()).collect()
}

/// Rows with what these and the rest rest on; none where nothing could be told.
fn resting(input: Input, compared: Result<(Vec<BetweenZones>, Vec<String>), Vec<String>>) -> Told {
    let (rows, because) = compared.unwrap_or_else(|because| (Vec::new(), because));
    let mut grounds = input.grounds_of_connections();
    for reason in because {
        let known = &mut grounds.incomplete_because;
        if !known.iter().any(|known| known.ends_with(&reason)) {
            known.push(reason);
        }
    }
    Told {
        input,
        grounds,
        rows,
    }
}

fn told(row: &BetweenZones) -> WireBetweenZones {
    let BetweenZones {
        from,
        to,
        declared,
        effective,
        beyond,
        missing,
    } = row;
    let compared = Compared {
        effective: effective.as_ref(),
        beyond: beyond.as_ref(),
        missing: missing.as_ref(),
    };
    WireBetweenZones::new((name(from), name(to)), declared, &compared)
}

/// A zone by its name; no other region is told in one word.
fn name(region: &Region) -> String {
    let zone = region.zone();
    zone.map_or_else(|| region.to_string(), ToString::to_string)
}
