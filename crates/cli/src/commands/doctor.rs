//! `doctor`: what each cluster is and can do, what could not be read, and what the credential lacks.

use anyhow::Result;
use cofferdam_pass::examined::Examined;
use cofferdam_pass::project;
use cofferdam_pass::reach::Authors;
use cofferdam_report::text;
use cofferdam_report::wire::API_VERSION;
use cofferdam_report::wire::doctor::{DoctorCluster, DoctorReport, DoctorStatus};
use futures_util::future::join_all;

use crate::args::{Arguments, DoctorArguments};
use crate::doctor::{checks, store};
use crate::exit::Exit;
use crate::fleet::examine;
use crate::rights::Names;
use crate::show::show;

pub(crate) async fn run(arguments: &Arguments, command: &DoctorArguments) -> Result<Exit> {
    let loaded = project::read(&arguments.directory)?;
    let model = project::model(&loaded)?;
    let directory = &arguments.directory;
    let selection = &command.selection;
    let examined = examine(&loaded, model, directory, selection, Authors::Unnamed).await?;
    let names = Names::of(model, &[]);
    let report = DoctorReport {
        api_version: API_VERSION,
        kind: "DoctorReport",
        clusters: join_all(examined.iter().map(|one| cluster(one, &names, command.pin))).await,
    };
    show(&report, arguments.output, text::doctor)?;
    for one in examined.iter().filter(|one| one.twin.is_none()) {
        if command.pin {
            store::pin_identity(arguments, &loaded, one)?;
        }
        if command.write {
            store::store(arguments, model, one)?;
        }
    }
    Ok(exit_of(&report))
}

async fn cluster(one: &Examined<'_>, names: &Names, pins: bool) -> DoctorCluster {
    DoctorCluster {
        name: one.cluster.name.to_string(),
        trust_domain: one.bundle.trust_domain.to_string(),
        reachable: one.unreachable.is_none(),
        checks: checks::all(one, names, pins).await,
    }
}

fn exit_of(report: &DoctorReport) -> Exit {
    let checks = report.clusters.iter().flat_map(|cluster| &cluster.checks);
    Exit::of(checks.map(|check| exit_of_status(check.status)))
}

/// Warnings stop nothing, and are no reason to fail a script.
fn exit_of_status(status: DoctorStatus) -> Exit {
    match status {
        DoctorStatus::Ok | DoctorStatus::Warning => Exit::Fine,
        DoctorStatus::Failed => Exit::Failure,
        DoctorStatus::Unknown => Exit::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_goes_before_unknown_and_unknown_is_never_fine() {
        use DoctorStatus::{Failed, Ok, Unknown, Warning};
        for (seen, want) in [
            (&[][..], Exit::Fine),
            (&[Ok, Warning], Exit::Fine),
            (&[Ok, Unknown, Warning], Exit::Unknown),
            (&[Unknown, Failed, Ok], Exit::Failure),
        ] {
            let exits = seen.iter().map(|status| exit_of_status(*status));
            assert_eq!(Exit::of(exits), want, "{seen:?}");
        }
    }
}
