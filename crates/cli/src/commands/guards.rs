//! `guards`: how far guard rails are taken, and their removal, which works for who is locked out by them.

use std::collections::BTreeSet;

use anyhow::Result;
use cofferdam_cluster::Connection;
use cofferdam_compiler::rail_named;
use cofferdam_model::cluster::Mode;
use cofferdam_objects::key::{Kind, ObjectKey};
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project;
use cofferdam_pass::reach::Authors;
use cofferdam_planner::guards::{Standing, UnaskedGuard, removal, statuses, unasked_guards};
use cofferdam_planner::view::View;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::guards::{
    GoneGuard, GuardsCluster, GuardsReport, LeftGuard, WireGuard, WireObstacle,
};
use cofferdam_report::{output, text};
use cofferdam_state::guard::{GuardLevel, Probe};
use futures_util::future::join_all;

use crate::args::{Arguments, GuardsArguments};
use crate::confirm::confirmed;
use crate::exit::Exit;
use crate::fleet::examine;
use crate::show::show;

pub(crate) async fn run(arguments: &Arguments, command: &GuardsArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let directory = &arguments.directory;
    let selection = &command.selection;
    let examined = examine(&loaded, model, directory, selection, Authors::Unnamed).await?;
    let mut report = GuardsReport {
        api_version: API_VERSION,
        kind: "GuardsReport",
        clusters: examined.iter().map(cluster).collect(),
    };
    if command.status || !command.remove {
        let unread = examined.iter().filter(|one| may_have_left(one));
        let exits = report.clusters.iter().map(exit_of_status);
        let exit = Exit::of(exits.chain(unread.map(|_| Exit::Unknown)));
        show(&report, arguments.output, text::guards)?;
        return Ok(exit);
    }
    for (one, told) in examined.iter().zip(&mut report.clusters) {
        told.guards.clear();
        if let Some(why) = why_not(one) {
            told.reason.get_or_insert(why);
        } else {
            let view = one.view();
            let removal = removal(&view);
            told.removed = removal.goes.iter().map(|(key, _)| (*key).into()).collect();
            told.left = removal.stays.into_iter().map(left).collect();
        }
    }
    let anything = report.clusters.iter().any(|one| !one.removed.is_empty());
    if command.dry_run || !anything {
        show(&report, arguments.output, text::guards)?;
        let left = anything.then_some(Exit::Difference);
        return Ok(Exit::of(refusals(&examined).chain(left)));
    }
    if !command.yes {
        output::talk("Guard rails to be removed:")?;
        output::talk(text::guards(&report).trim_end())?;
        if !confirmed("Remove them?", "--dry-run")? {
            output::talk("nothing was removed")?;
            return Ok(Exit::Failure);
        }
    }
    let results = join_all(examined.iter().map(remove)).await;
    let mut exits: Vec<Exit> = refusals(&examined).collect();
    let stays = report.clusters.iter().any(|one| !one.left.is_empty());
    exits.extend(stays.then_some(Exit::Difference));
    for (told, result) in report.clusters.iter_mut().zip(results) {
        told.removed = result.removed.iter().map(Into::into).collect();
        told.gone = result.gone;
        if let Some(error) = result.failed {
            told.reason = Some(error);
            exits.push(Exit::Failure);
        }
    }
    show(&report, arguments.output, text::guards)?;
    let again = "the next `apply` puts them in again, unless `guards.writers` is empty in the Cluster document";
    output::talk(again)?;
    Ok(Exit::of(exits))
}

fn cluster(one: &Examined<'_>) -> GuardsCluster {
    let guards = &one.cluster.guards;
    let identity = one.observed.identity.known();
    let none = one.bundle.guards.is_empty();
    let rails = rails(one);
    let said = if rails.is_empty() {
        "no guard rails"
    } else {
        "no guard rails are wanted"
    };
    let (reason, hint) = match &one.unreachable {
        Some(why) => (Some(why.reason.clone()), why.hint.clone()),
        None if is_another(one) => (
            Some(ANOTHER.to_owned()),
            Some(
                "check `access` of its document, or the file and context of `--kubeconfig`"
                    .to_owned(),
            ),
        ),
        None if may_have_left(one) => (
            Some("no guard rails are wanted; whether some are left could not be read".to_owned()),
            None,
        ),
        None if none && guards.writers.is_empty() => (
            Some(format!("{said}: its document names no `guards.writers`")),
            Some(format!(
                "cofferdam doctor --pin --cluster {}",
                one.cluster.name
            )),
        ),
        None if none => (
            Some(format!("{said}: no zone is taken further than `observe`")),
            None,
        ),
        None => (None, None),
    };
    GuardsCluster {
        name: one.cluster.name.to_string(),
        trust_domain: one.bundle.trust_domain.to_string(),
        reachable: one.unreachable.is_none() && !is_another(one),
        reason,
        hint,
        identity: identity.map(|who| format!("user:{}", who.user)),
        writers: guards.writers.clone(),
        break_glass: guards.break_glass.clone(),
        guards: rails,
        removed: Vec::new(),
        gone: Vec::new(),
        left: Vec::new(),
    }
}

/// Whether guard rails that nobody asks for may stand unseen.
fn may_have_left(one: &Examined<'_>) -> bool {
    one.unreachable.is_none()
        && !is_another(one)
        && one.bundle.guards.is_empty()
        && one.observed.admission.known().is_none()
}

fn left((key, reason, hint): (&ObjectKey, String, String)) -> LeftGuard {
    LeftGuard {
        object: key.into(),
        reason,
        hint,
    }
}

/// Why nothing is said of a cluster that is another one than its document means.
const ANOTHER: &str = "its identity is not the one that its document is pinned to";

fn is_another(one: &Examined<'_>) -> bool {
    let pinned = one.cluster.uid.as_ref();
    let found = one.observed.uid.known();
    pinned.is_some() && found.is_some() && pinned != found
}

fn rails(one: &Examined<'_>) -> Vec<WireGuard> {
    if is_another(one) {
        return Vec::new();
    }
    let view = one.view();
    let statuses = statuses(&view).into_iter();
    let unasked = unasked_guards(&view).into_iter();
    let mut rails: Vec<WireGuard> = statuses
        .map(|status| WireGuard {
            name: status.guard.name().to_owned(),
            protects: status.guard.rail.protects(),
            pool: status.guard.pool.as_ref().map(ToString::to_string),
            changes: status.guard.is_mutating(),
            wanted: status.guard.level.as_str(),
            in_force: status.standing.as_str(),
            obstacles: status
                .obstacles
                .into_iter()
                .map(|(reason, hint)| WireObstacle { reason, hint })
                .collect(),
        })
        .collect();
    rails.extend(unasked.map(not_wanted));
    rails
}

/// A guard rail that stands although nobody asks for it.
fn not_wanted(rail: UnaskedGuard<'_>) -> WireGuard {
    let (protects, pool) = match rail_named(rail.name) {
        Some((known, pool)) => (known.protects(), pool),
        None => ("unknown", None),
    };
    let stays = rail.stays.unwrap_or_else(|| {
        let why = "no zone or pool asks for it any more".to_owned();
        let hint = "`cofferdam apply --allow-weakening` deletes it, and so does `guards --remove`";
        (why, hint.to_owned())
    });
    WireGuard {
        name: rail.name.to_owned(),
        protects,
        pool: pool.map(ToOwned::to_owned),
        changes: rail
            .objects
            .iter()
            .any(|key| matches!(key.kind, Kind::Admission(kind) if kind.is_mutating())),
        wanted: "none",
        in_force: rail
            .in_force
            .map_or(Standing::Missing, Standing::InForce)
            .as_str(),
        obstacles: vec![WireObstacle {
            reason: stays.0,
            hint: stays.1,
        }],
    }
}

fn exit_of_status(cluster: &GuardsCluster) -> Exit {
    if !cluster.reachable {
        return Exit::Unknown;
    }
    Exit::of(cluster.guards.iter().map(|guard| {
        let wanted = match guard.wanted {
            "none" => return Exit::Difference,
            wanted if wanted == GuardLevel::Deny.as_str() => "deny",
            _ => "audit",
        };
        match guard.in_force {
            "unknown" => Exit::Unknown,
            in_force if in_force == wanted => Exit::Fine,
            _ => Exit::Difference,
        }
    }))
}

/// Why nothing may be removed in a cluster.
fn why_not(one: &Examined<'_>) -> Option<String> {
    let pinned = one.cluster.uid.as_ref();
    if let Some(why) = &one.unreachable {
        return Some(why.reason.clone());
    }
    if one.cluster.mode == Mode::ReadOnly {
        return Some("only observed (`mode: readOnly`): nothing is removed".to_owned());
    }
    if pinned.is_none() || one.observed.uid.known() != pinned {
        return Some(ANOTHER.to_owned());
    }
    let unread = one.observed.admission.unknown();
    unread.map(|reason| format!("admission policies: {reason}"))
}

/// What refuses removal, as exits.
fn refusals<'a>(examined: &'a [Examined<'_>]) -> impl Iterator<Item = Exit> + 'a {
    examined.iter().filter_map(|one| {
        why_not(one).map(|_| match (&one.unreachable, one.cluster.mode) {
            (Some(_), _) => Exit::Unknown,
            (None, Mode::ReadOnly) => Exit::Fine,
            (None, Mode::Manage) => Exit::Failure,
        })
    })
}

#[derive(Default)]
struct Removal {
    removed: Vec<ObjectKey>,
    gone: Vec<GoneGuard>,
    failed: Option<String>,
}

/// Deletes bindings, then policies. Neither lease nor record is asked for: who is locked out can write
/// neither, and the next apply finds that they are gone.
async fn remove(one: &Examined<'_>) -> Removal {
    let mut result = Removal::default();
    let (Some(connection), None) = (&one.connection, why_not(one)) else {
        return result;
    };
    let view = one.view();
    for (key, live) in removal(&view).goes {
        match connection.remove_guard(key, live).await {
            Ok(()) => result.removed.push(key.clone()),
            Err(error) => {
                result.failed = Some(error.reason());
                break;
            }
        }
    }
    result.gone = gone(connection, &view, &result.removed).await;
    result
}

/// Whether a rail may refuse, or change, what its probe tries.
fn is_as_compiled(standing: Standing) -> bool {
    matches!(
        standing,
        Standing::InForce(GuardLevel::Deny) | Standing::Untried
    )
}

/// What became of each rail of which something was removed: servers know of it some seconds late.
async fn gone(connection: &Connection, view: &View<'_>, removed: &[ObjectKey]) -> Vec<GoneGuard> {
    let names: BTreeSet<&str> = removed.iter().map(|key| key.name.as_str()).collect();
    let statuses = statuses(view);
    let status_of = |name: &str| statuses.iter().find(|one| one.guard.name() == name);
    let refused = |name: &&str| {
        let status = status_of(name)?;
        is_as_compiled(status.standing).then_some(&status.guard.probe)
    };
    let probes: Vec<&Probe> = names.iter().filter_map(refused).collect();
    if !probes.is_empty() {
        let told = format!(
            "{}: waiting until servers know that they are gone",
            connection.cluster()
        );
        // What cannot be said stops nothing.
        output::talk(&told).ok();
    }
    let mut failed = connection.wait_until_gone(&probes).await;
    let told = names.into_iter().map(|name| {
        let standing = status_of(name).map(|status| status.standing);
        let reason = match standing {
            Some(standing) if is_as_compiled(standing) => failed
                .extract_if(.., |(probe, _)| probe.policy.name == name)
                .next()
                .map(|(_, error)| error.reason()),
            // Who only notes is in nobody's way.
            Some(Standing::InForce(GuardLevel::Audit)) => None,
            Some(_) => Some("it was not as compiled, so that no dry run tells".to_owned()),
            None => Some("the documents ask for no such rail, so that no dry run tells".to_owned()),
        };
        GoneGuard {
            name: name.to_owned(),
            seen: reason.is_none(),
            reason,
        }
    });
    told.collect()
}
