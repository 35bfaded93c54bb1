//! `adopt`: takes over what others hold and the bundle asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;

use anyhow::{Result, bail};
use cofferdam_documents::did_you_mean;
use cofferdam_judge::{Case, Fleet, judge_identity};
use cofferdam_model::Model;
use cofferdam_model::cluster::Mode;
use cofferdam_pass::clock;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project;
use cofferdam_pass::reach::Authors;
use cofferdam_planner::adopt::{Adoptable, adoptable, why_not};
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::adopt::{AdoptReport, AdoptState, WireAdopted};
use cofferdam_report::wire::apply::ApplyState;
use cofferdam_report::{output, text};
use cofferdam_state::digest::digest;
use cofferdam_state::plan::Plan;
use cofferdam_state::record::entry_key;

use crate::args::{AdoptArguments, Arguments, Format, Selection};
use crate::confirm::confirmed;
use crate::exit::Exit;
use crate::fleet::examine;
use crate::show::show;
use cofferdam_pass::apply::execute::adopt;

pub(crate) async fn run(
    arguments: &Arguments,
    command: &AdoptArguments,
    selection: &Selection,
) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let directory = &arguments.directory;
    let examined = examine(&loaded, model, directory, selection, Authors::Unnamed).await?;
    let Some(one) = examined.first() else {
        bail!("there is no cluster `{}`", command.cluster);
    };
    let mut report = AdoptReport {
        api_version: API_VERSION,
        kind: "AdoptReport",
        cluster: one.cluster.name.to_string(),
        state: AdoptState::Planned,
        reason: None,
        hint: None,
        objects: Vec::new(),
        sequence: None,
    };
    let chosen = match chosen(one, model, command) {
        Ok(chosen) => chosen,
        Err(refused) => {
            (report.state, report.reason, report.hint) = refused;
            show(&report, arguments.output, text::adopt)?;
            return Ok(exit_of(&report));
        }
    };
    report.objects = chosen.iter().map(adopted).collect();
    if chosen.is_empty() {
        report.hint = Some("nothing of the bundle is held by others".to_owned());
    }
    if one.cluster.mode == Mode::ReadOnly && !chosen.is_empty() {
        let file = project::file_of(&loaded, &one.cluster.name);
        report.state = AdoptState::Skipped;
        report.reason = Some("only observed (`mode: readOnly`): nothing is written".to_owned());
        report.hint = Some(format!(
            "write `mode: manage` under `spec` in {file} to let adopt write"
        ));
    }
    if command.dry_run || chosen.is_empty() || report.state != AdoptState::Planned {
        show(&report, arguments.output, text::adopt)?;
        return Ok(exit_of(&report));
    }
    // Nobody is asked about what is not shown.
    if !command.yes || arguments.output == Format::Text {
        output::talk(text::adopt(&report).trim_end())?;
    }
    if !command.yes && !confirmed("Take this over? `apply` then writes over it.", "--dry-run")? {
        output::talk("nothing was taken over")?;
        return Ok(Exit::Failure);
    }
    take_over(one, &chosen, &mut report).await;
    show(&report, arguments.output, text::adopt)?;
    Ok(exit_of(&report))
}

type Refused = (AdoptState, Option<String>, Option<String>);

/// What of the cluster is taken over, or why nothing is.
fn chosen(
    one: &Examined<'_>,
    model: &Model,
    command: &AdoptArguments,
) -> Result<Vec<Adoptable>, Refused> {
    if let Some(why) = &one.unreachable {
        return Err((
            AdoptState::Unknown,
            Some(why.reason.clone()),
            why.hint.clone(),
        ));
    }
    let refused = |reasons: Vec<String>, hint: Option<String>| {
        (AdoptState::Refused, Some(reasons.join("\n")), hint)
    };
    let refusals = refusals(one, model);
    if !refusals.is_empty() {
        let hints: BTreeSet<String> = refusals
            .iter()
            .filter_map(|(_, hint)| hint.clone())
            .collect();
        let hints: Vec<String> = hints.into_iter().collect();
        let reasons = refusals.into_iter().map(|(reason, _)| reason).collect();
        return Err(refused(
            reasons,
            (!hints.is_empty()).then(|| hints.join("\n")),
        ));
    }
    let view = one.view();
    let mut all = adoptable(&view).map_err(|reasons| refused(reasons, None))?;
    let names: Vec<String> = all.iter().map(|one| one.object.to_string()).collect();
    let mut faults = Vec::new();
    for object in command
        .objects
        .iter()
        .filter(|object| !names.contains(object))
    {
        let why = why_not(&view, object).unwrap_or_else(|| {
            let meant = did_you_mean(object, names.iter().map(String::as_str));
            meant.map_or_else(
                || "no object of that name is there (`Kind/[namespace/]name`, as findings print it)".to_owned(),
                |meant| format!("no object of that name is there; {meant}"),
            )
        });
        faults.push(format!("{object}: {why}"));
    }
    if !command.all {
        all.retain(|one| command.objects.contains(&one.object.to_string()));
    }
    let keys: Vec<String> = all
        .iter()
        .flat_map(|one| one.parts.iter().filter_map(|part| part.key.clone()))
        .collect();
    for key in command.key.iter().filter(|key| !keys.contains(key)) {
        let meant = did_you_mean(key, keys.iter().map(String::as_str));
        let meant = meant.map(|meant| format!("; {meant}")).unwrap_or_default();
        faults.push(format!("key `{key}`: nothing to take over has it{meant}"));
    }
    if !faults.is_empty() {
        return Err(refused(faults, None));
    }
    if !command.key.is_empty() {
        let is_meant =
            |key: &Option<String>| key.as_ref().is_none_or(|key| command.key.contains(key));
        for one in &mut all {
            one.parts.retain(|part| is_meant(&part.key));
        }
        all.retain(|one| !one.parts.is_empty());
    }
    Ok(all)
}

/// Why nothing may be written to the cluster at all, each with what to do.
fn refusals(one: &Examined<'_>, model: &Model) -> Vec<(String, Option<String>)> {
    let plan = Plan {
        cluster: one.bundle.cluster.clone(),
        sequence: one
            .observed
            .our_record()
            .map_or(0, |record| record.sequence),
        revision: one.bundle.revision.clone(),
        bundle_hash: one.bundle.hash.clone(),
        steps: Vec::new(),
        notices: Vec::new(),
        kept: BTreeMap::new(),
        probes: Vec::new(),
        footings: BTreeMap::new(),
        resumes: false,
    };
    let fleet = Fleet {
        model,
        clusters: Vec::new(),
        today: clock::today(),
    };
    let case = Case {
        plan: &plan,
        bundle: &one.bundle,
        observed: &one.observed,
        cluster: one.cluster,
        fleet: &fleet,
    };
    let refusals = judge_identity(&case).into_iter();
    let twin = one.told_twin().map(|message| (message, None));
    refusals
        .map(|one| (one.message, one.hint))
        .chain(twin)
        .collect()
}

fn adopted(one: &Adoptable) -> WireAdopted {
    WireAdopted {
        object: one.object.clone(),
        keys: one
            .parts
            .iter()
            .filter_map(|part| part.key.clone())
            .collect(),
        fields: one
            .parts
            .iter()
            .flat_map(|part| part.fields.iter().map(Into::into))
            .collect(),
    }
}

async fn take_over(one: &Examined<'_>, chosen: &[Adoptable], report: &mut AdoptReport) {
    let entries = chosen.iter().flat_map(|one| {
        let parts = one.parts.iter();
        parts.map(|part| (entry_key(&one.object, &part.field), digest(&one.uid)))
    });
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
    let done = adopt(one, entries.collect(), say).await;
    report.sequence = done.sequence;
    if done.state == ApplyState::Converged {
        report.state = AdoptState::Adopted;
        report.hint = Some(format!(
            "`cofferdam plan --cluster {name}` shows what `apply` writes now"
        ));
    } else {
        report.state = AdoptState::Failed;
        report.reason = done.reason;
        report.hint = done.hint;
    }
}

fn exit_of(report: &AdoptReport) -> Exit {
    match report.state {
        AdoptState::Planned if !report.objects.is_empty() => Exit::Difference,
        AdoptState::Planned | AdoptState::Adopted | AdoptState::Skipped => Exit::Fine,
        AdoptState::Refused | AdoptState::Failed => Exit::Failure,
        AdoptState::Unknown => Exit::Unknown,
    }
}
