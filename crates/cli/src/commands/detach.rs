//! `detach`: lets go of clusters, or of the namespaces of a zone.

mod rights;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;

use anyhow::{Result, bail};
use cofferdam_judge::{Departure, Fleet, Refusal, judge_detach};
use cofferdam_model::Model;
use cofferdam_model::cluster::Mode;
use cofferdam_model::names::ZoneName;
use cofferdam_objects::keys::SYSTEM_NAMESPACE;
use cofferdam_pass::clock;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project;
use cofferdam_pass::reach::{Authors, examine_abandoned};
use cofferdam_planner::detach::{Leaving, detach, namespaces_of_zone};
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::apply::ApplyState;
use cofferdam_report::wire::detach::{DetachCluster, DetachReport, DetachState};
use cofferdam_report::wire::plan::WireStep;
use cofferdam_report::{output, text};
use cofferdam_state::detach::{Detachment, Manner, Scope};
use cofferdam_state::observed::Reading;
use futures_util::future::join_all;

use crate::abandoned::{Abandoned, abandoned};
use crate::args::{Arguments, DetachArguments, Format};
use crate::confirm::confirmed;
use crate::exit::Exit;
use crate::fleet::{examine, reaching};
use crate::show::show;
use cofferdam_pass::apply::execute::take_back;
use cofferdam_pass::apply::outcome::INTERRUPTED;

pub(crate) async fn run(arguments: &Arguments, command: &DetachArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let zone = command.zone.as_deref().map(ZoneName::parse).transpose()?;
    if zone.is_none() && command.selection.cluster.is_empty() {
        bail!("say which: `--cluster NAME`, or `--zone NAME` for the namespaces of a zone");
    }
    let gone = without_document(model, command)?;
    let directory = &arguments.directory;
    let selection = &command.selection;
    let mut examined = match &gone {
        Some(gone) => {
            vec![examine_abandoned(model, gone.cluster(), &reaching(directory, selection)).await?]
        }
        None => examine(&loaded, model, directory, selection, Authors::Unnamed).await?,
    };
    examined.iter_mut().for_each(without_home);
    let leaving = examined.iter();
    let leaving = leaving.map(|one| decide_by_rights(one, model, zone.as_ref(), command));
    let leaving: Vec<Decided> = join_all(leaving).await;
    let mut report = DetachReport {
        api_version: API_VERSION,
        kind: "DetachReport",
        manner: if command.remove { "remove" } else { "leave" },
        zone: command.zone.clone(),
        clusters: examined
            .iter()
            .zip(&leaving)
            .map(|(one, decided)| planned(one, decided, &loaded))
            .collect(),
    };
    if command.dry_run {
        show(&report, arguments.output, text::detach)?;
        return Ok(Exit::of(report.clusters.iter().map(exit_of)));
    }
    let mut clusters = report.clusters.iter();
    let anything = clusters.any(|one| one.state == DetachState::Planned);
    let asks = anything && !command.yes;
    // Nobody is asked about what is not shown.
    if asks || arguments.output == Format::Text {
        output::talk(text::detach(&report).trim_end())?;
    }
    let question = if command.remove {
        "Take this back?"
    } else {
        "Let go of this?"
    };
    if asks && !confirmed(question, "--dry-run")? {
        output::talk("nothing was written")?;
        return Ok(Exit::Failure);
    }
    let mut all = examined.iter().zip(&leaving).zip(&mut report.clusters);
    while let Some(((one, decided), told)) = all.next() {
        if told.state != DetachState::Planned {
            continue;
        }
        let Ok(detachment) = &decided.detachment else {
            continue;
        };
        carry_out(one, detachment, (model, command), told).await;
        if told.reason.as_deref() == Some(INTERRUPTED) {
            for (_, later) in all.by_ref() {
                later.state = DetachState::Failed;
                later.reason = Some("detach was interrupted before its turn".to_owned());
            }
        }
    }
    show(&report, arguments.output, text::detach)?;
    Ok(Exit::of(report.clusters.iter().map(exit_of)))
}

/// Where our namespace is gone, so is the record, and so are the rights to read it: all of it was in there.
fn without_home(one: &mut Examined<'_>) {
    let namespaces = one.observed.namespaces.known();
    let gone = namespaces.is_some_and(|live| !live.contains_key(SYSTEM_NAMESPACE));
    if gone && one.observed.record.unknown().is_some() {
        one.observed.record = Reading::Known(None);
    }
}

/// The cluster that is meant and has no document any more.
fn without_document(model: &Model, command: &DetachArguments) -> Result<Option<Abandoned>> {
    let names = &command.selection.cluster;
    let all = abandoned(model);
    let Some(gone) = all
        .into_iter()
        .find(|one| names.iter().any(|name| one.is_named(name)))
    else {
        return Ok(None);
    };
    let name = gone.cluster().name.clone();
    if command.zone.is_some() {
        bail!("cluster `{name}` has no document: only the whole of it can be let go of");
    }
    if names.len() > 1 || command.selection.kubeconfig.is_none() {
        bail!(
            "cluster `{name}` has no document: `cofferdam detach --cluster {name} --kubeconfig FILE` says how it is reached"
        );
    }
    Ok(Some(gone))
}

/// What is to be done about a cluster, and why it may not be.
struct Decided {
    detachment: Result<Detachment, Vec<String>>,
    refusals: Vec<Refusal>,
}

/// What is to be done, unless rights lack for it.
async fn decide_by_rights(
    one: &Examined<'_>,
    model: &Model,
    zone: Option<&ZoneName>,
    command: &DetachArguments,
) -> Decided {
    let mut decided = decide(one, model, zone, command);
    if let Ok(detachment) = &decided.detachment {
        let lacking = rights::refusal(one, detachment).await;
        decided.refusals.extend(lacking);
    }
    decided
}

fn decide(
    one: &Examined<'_>,
    model: &Model,
    zone: Option<&ZoneName>,
    command: &DetachArguments,
) -> Decided {
    let refused = |reasons: Vec<String>| Decided {
        detachment: Err(reasons),
        refusals: Vec::new(),
    };
    let scope = match zone {
        None => Scope::Cluster,
        Some(zone) => match namespaces_of_zone(&one.view(), zone) {
            Ok(namespaces) => Scope::Zone {
                zone: zone.clone(),
                namespaces,
            },
            Err(held) => {
                return refused(vec![format!(
                    "the model takes zone `{zone}` further than `observe` in {}: the next apply would bring it back; \
                     delete its document, or write `enforcement: observe`, first",
                    held.join(", ")
                )]);
            }
        },
    };
    let leaving = Leaving {
        scope: &scope,
        manner: if command.remove {
            Manner::Remove
        } else {
            Manner::Leave
        },
        delivery: one.cluster.delivery,
    };
    let detachment = match detach(&one.bundle, &one.observed, leaving) {
        Ok(detachment) => detachment,
        Err(reasons) => return refused(reasons),
    };
    let fleet = Fleet {
        model,
        clusters: Vec::new(),
        today: clock::today(),
    };
    let mut refusals = judge_detach(&Departure {
        detachment: &detachment,
        bundle: &one.bundle,
        observed: &one.observed,
        cluster: one.cluster,
        fleet: &fleet,
    });
    refusals.extend(one.told_twin().map(|message| Refusal {
        code: "wrong-cluster",
        message,
        hint: None,
        sources: Vec::new(),
    }));
    Decided {
        detachment: Ok(detachment),
        refusals,
    }
}

/// A cluster before anything is written.
fn planned(
    one: &Examined<'_>,
    decided: &Decided,
    loaded: &cofferdam_documents::Loaded,
) -> DetachCluster {
    let mut told = DetachCluster {
        name: one.cluster.name.to_string(),
        state: DetachState::Planned,
        reason: None,
        hint: None,
        namespaces: None,
        steps: Vec::new(),
        last: Vec::new(),
        held_back: Vec::new(),
        left: Vec::new(),
        notices: Vec::new(),
        written: 0,
        requests: 0,
        failed: Vec::new(),
    };
    if let Some(why) = &one.unreachable {
        told.state = DetachState::Unknown;
        told.reason = Some(why.reason.clone());
        told.hint.clone_from(&why.hint);
        return told;
    }
    let refusals = decided.refusals.iter();
    let mut reasons: Vec<String> = refusals.clone().map(|one| one.message.clone()).collect();
    let hints: BTreeSet<&str> = refusals.filter_map(|one| one.hint.as_deref()).collect();
    match &decided.detachment {
        Ok(detachment) => {
            let turns = detachment.plan.stages().into_iter();
            let turns = turns.flat_map(|stage| stage.turns);
            told.steps = turns
                .flatten()
                .map(|step| WireStep::new(step, &cofferdam_planner::changes(&one.observed, step)))
                .collect();
            told.last = detachment.last.iter().map(Into::into).collect();
            told.held_back = detachment.held.iter().map(Into::into).collect();
            told.left = detachment.left.iter().map(Into::into).collect();
            told.notices.clone_from(&detachment.plan.notices);
            told.namespaces = match &detachment.scope {
                Scope::Cluster => None,
                Scope::Zone { namespaces, .. } => Some(namespaces.iter().cloned().collect()),
            };
        }
        Err(why) => reasons.extend(why.iter().cloned()),
    }
    if !reasons.is_empty() {
        told.state = DetachState::Refused;
        told.reason = Some(reasons.join("\n"));
        let hints: Vec<&str> = hints.into_iter().collect();
        told.hint = (!hints.is_empty()).then(|| hints.join("\n"));
    } else if one.cluster.mode == Mode::ReadOnly {
        let file = project::file_of(loaded, &one.cluster.name);
        told.state = DetachState::Skipped;
        told.reason = Some("only observed (`mode: readOnly`): nothing is written".to_owned());
        told.hint = Some(format!(
            "write `mode: manage` under `spec` in {file} to let detach write"
        ));
    }
    told
}

async fn carry_out(
    one: &Examined<'_>,
    detachment: &Detachment,
    (model, command): (&Model, &DetachArguments),
    told: &mut DetachCluster,
) {
    let name = one.cluster.name.as_str();
    let terminal = std::io::stderr().is_terminal();
    let say = |line: &str| {
        if terminal || line.starts_with("wait") {
            // Progress that cannot be shown stops nothing.
            output::talk(&format!("{name}: {line}")).ok();
        } else {
            tracing::info!(cluster = name, "{line}");
        }
    };
    let taken = take_back(one, detachment, model, command.settle, say).await;
    let done = taken.cluster;
    told.state = match done.state {
        ApplyState::Converged => DetachState::Detached,
        ApplyState::Partial => DetachState::Partial,
        ApplyState::Failed => DetachState::Failed,
        ApplyState::Refused => DetachState::Refused,
        ApplyState::Skipped => DetachState::Skipped,
        ApplyState::Unknown => DetachState::Unknown,
    };
    told.reason = done.reason;
    told.hint = done.hint;
    told.written = done.written;
    told.requests = done.requests;
    told.failed = done.failed;
    told.left.extend(taken.left.iter().map(Into::into));
    if told.state == DetachState::Detached && detachment.scope == Scope::Cluster {
        told.hint = Some(format!(
            "remove the document of cluster `{name}` and fleet/capabilities/{name}.yaml, or the next `apply` writes everything anew"
        ));
    }
}

fn exit_of(cluster: &DetachCluster) -> Exit {
    match cluster.state {
        DetachState::Detached | DetachState::Skipped => Exit::Fine,
        DetachState::Planned
            if cluster.steps.is_empty()
                && cluster.last.is_empty()
                && cluster.held_back.is_empty() =>
        {
            Exit::Fine
        }
        DetachState::Planned => Exit::Difference,
        DetachState::Partial | DetachState::Failed | DetachState::Refused => Exit::Failure,
        DetachState::Unknown => Exit::Unknown,
    }
}
