//! `import`: drafts of zones, flows and node pools from what lives in a cluster; overwrites nothing.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cofferdam_documents::{
    ImportOptions, Imported, Live, SeenNamespace, SeenNode, SeenPod, SeenPolicy, SourceFile,
    capabilities_document, foundation, import, load,
};
use cofferdam_model::Model;
use cofferdam_model::cluster::Cluster;
use cofferdam_objects::keys;
use cofferdam_pass::clock;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project;
use cofferdam_pass::reach::Authors;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::import::{
    ImportCount, ImportFile, ImportMapped, ImportReport, ImportUnknown, ImportUnmapped,
};
use cofferdam_report::{files, output, text};
use cofferdam_state::observed::{LivePod, LivePolicy, Observed};

use crate::args::{Arguments, Format, ImportArguments, Selection};
use crate::exit::Exit;
use crate::fleet::examine;
use crate::show::show;

pub(crate) async fn run(
    arguments: &Arguments,
    command: &ImportArguments,
    selection: &Selection,
) -> Result<Exit> {
    let directory = &arguments.directory;
    let mut there = project::files(directory)?;
    let mut base = foundation(&there, &command.cluster)
        .map_err(|why| anyhow::anyhow!("{why}; mend it first, it may hold what is imported"))?;
    there.extend(base.iter().cloned());
    let loaded = load(&there, &clock::today());
    let model = project::model(&loaded)?;
    let examined = examine(&loaded, model, directory, selection, Authors::Unnamed).await?;
    let one = examined.first().context("no cluster was examined")?;
    refuse_another(one)?;
    let capabilities = stored(model, one);
    there.extend(capabilities.iter().cloned());
    base.extend(capabilities);
    let options = ImportOptions {
        group_by: command.group_by.clone(),
        today: clock::today(),
    };
    let imported = match live(model, one.cluster, &one.observed) {
        Some(live) => {
            let drafts = import(&live, one.cluster, model, &there, &options);
            Some(drafts.map_err(anyhow::Error::msg)?)
        }
        None => None,
    };
    let written = imported.is_some() && !command.dry_run;
    let mut new = Vec::new();
    if let Some(imported) = &imported {
        new = base;
        new.extend(imported.files.iter().cloned());
    }
    if written {
        write(directory, &new)?;
    }
    let report = report(one, imported, &new, written);
    tell(arguments.output, command.dry_run, &report)?;
    Ok(if report.unknown.is_empty() {
        Exit::Fine
    } else {
        Exit::Unknown
    })
}

/// Drafts of another cluster than the pinned one would be in its place.
fn refuse_another(one: &Examined<'_>) -> Result<()> {
    let name = &one.cluster.name;
    if let (Some(pinned), Some(uid)) = (&one.cluster.uid, one.observed.uid.known())
        && pinned != uid
    {
        bail!(
            "`{name}` is pinned to the cluster with uid `{pinned}`, and its kubeconfig leads to `{uid}`: nothing is imported"
        );
    }
    Ok(())
}

/// The capabilities, where none are stored: what is drafted rests on them.
fn stored(model: &Model, one: &Examined<'_>) -> Option<SourceFile> {
    if model.capabilities.contains_key(&one.cluster.name) {
        return None;
    }
    let known = one.observed.capabilities.known()?;
    Some(SourceFile {
        path: format!("fleet/capabilities/{}.yaml", one.cluster.name),
        text: capabilities_document(known),
    })
}

/// What was read; none where namespaces are unknown, or which of them are the system's.
fn live(model: &Model, cluster: &Cluster, observed: &Observed) -> Option<Live> {
    let live = observed.capabilities.known();
    let known = live.or_else(|| model.capabilities.get(&cluster.name))?;
    let namespaces = observed.namespaces.known()?.iter().map(|(name, live)| {
        let seen = SeenNamespace {
            labels: live.labels.clone(),
            terminating: live.terminating,
        };
        (name.clone(), seen)
    });
    let policies = observed.policies.known().map(|policies| {
        let seen = policies.iter();
        seen.map(|(key, live)| (key.clone(), policy(live)))
            .collect()
    });
    let nodes = observed.nodes.known().map(|nodes| {
        let seen = nodes.iter().map(|(name, live)| {
            let node = SeenNode {
                labels: live.labels.clone(),
                taints: live.taints.clone(),
                provider_id: live.provider_id.clone(),
            };
            (name.clone(), node)
        });
        seen.collect()
    });
    let pods = observed.pods.known().map(|pods| {
        let running = pods.iter().filter(|pod| !pod.finished);
        running.map(pod).collect()
    });
    Some(Live {
        capabilities: known.clone(),
        namespaces: namespaces.collect(),
        policies,
        other_policies: observed.other_policies.known().cloned().unwrap_or_default(),
        nodes,
        pods,
    })
}

fn policy(live: &LivePolicy) -> SeenPolicy {
    SeenPolicy {
        spec: live.spec.clone(),
        ours: live.labels.contains_key(keys::INSTANCE),
    }
}

fn pod(live: &LivePod) -> SeenPod {
    let owner = live.owner.as_ref().filter(|(kind, _)| kind == "DaemonSet");
    SeenPod {
        namespace: live.namespace.clone(),
        node: live.node.clone(),
        daemon_set: owner.map(|(_, name)| name.clone()),
        tolerations: live.tolerations.clone(),
    }
}

/// All files, or none where one of them is there.
fn write(directory: &Path, new: &[SourceFile]) -> Result<()> {
    let there = new.iter().map(|file| &file.path);
    let there: Vec<&str> = there
        .filter(|path| directory.join(path).symlink_metadata().is_ok())
        .map(String::as_str)
        .collect();
    if !there.is_empty() {
        bail!("there already, and never overwritten: {}", there.join(", "));
    }
    for file in new {
        let path = directory.join(&file.path);
        files::create(&path, &file.text)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

fn report(
    one: &Examined<'_>,
    imported: Option<Imported>,
    new: &[SourceFile],
    written: bool,
) -> ImportReport {
    let needed = [
        "capabilities",
        "namespaces",
        "NetworkPolicies",
        "policies of kinds that are not modelled",
        "nodes",
        "pods",
    ];
    let unknown = one.observed.all_unknowns().into_iter();
    let unknown = unknown.filter(|(what, _)| needed.contains(what));
    let unknown = unknown.map(|(what, reason)| ImportUnknown {
        what: what.to_owned(),
        reason: reason.to_owned(),
    });
    let (drafted, mapped, unmapped) = imported.map_or_else(Default::default, |imported| {
        let Imported {
            files: _,
            drafted,
            mapped,
            unmapped,
        } = imported;
        (drafted, mapped, unmapped)
    });
    let file = |file: &SourceFile| ImportFile {
        path: file.path.clone(),
        text: (!written).then(|| file.text.clone()),
    };
    let count = |(kind, count)| ImportCount { kind, count };
    ImportReport {
        api_version: API_VERSION,
        kind: "ImportReport",
        cluster: one.cluster.name.to_string(),
        trust_domain: one.bundle.trust_domain.to_string(),
        observed_at: one.observed.at.clone(),
        written,
        files: new.iter().map(file).collect(),
        drafted: drafted.into_iter().map(count).collect(),
        mapped: mapped
            .into_iter()
            .map(|one| ImportMapped {
                object: one.object,
                documents: one.documents,
            })
            .collect(),
        unmapped: unmapped
            .into_iter()
            .map(|one| ImportUnmapped {
                object: one.object,
                reason: one.reason,
            })
            .collect(),
        unknown: unknown.collect(),
    }
}

/// The report, and what is next; of a dry run for people, the files.
fn tell(format: Format, dry_run: bool, report: &ImportReport) -> Result<()> {
    if dry_run && format == Format::Text {
        for file in &report.files {
            let text = file.text.as_deref().unwrap_or_default();
            output::data(&format!("# file: {}\n---\n{text}", file.path))?;
        }
        output::talk(text::import(report).trim_end())?;
    } else {
        show(report, format, text::import)?;
    }
    if report.written {
        output::talk(
            "next: read the drafts, `cofferdam check`, `cofferdam doctor --pin --write`, then `cofferdam plan`: everything is \
             `observe`, so that it writes nothing",
        )?;
    }
    Ok(())
}
