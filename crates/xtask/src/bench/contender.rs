//! Those who push.

use super::documents::POLICIES;
use super::measure::{Cost, Measured};
use super::rig::{Rig, Route};
use anyhow::Result;

/// Requests that ours and the floor have under way at once.
pub(super) const IN_FLIGHT: usize = 32;

/// Who pushes; its name is that of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contender {
    /// `cofferdam apply`
    Ours,
    /// `kubectl apply --server-side`
    Kubectl,
    /// Nothing but the patches.
    Floor,
}

impl Contender {
    /// Everybody.
    pub(super) const ALL: [Self; 3] = [Self::Ours, Self::Kubectl, Self::Floor];

    /// The user as whom it writes.
    pub(super) fn user(self) -> &'static str {
        match self {
            Self::Ours => "cofferdam",
            Self::Kubectl => "kubectl",
            Self::Floor => "floor",
        }
    }

    /// Pushes all policies to a cluster that has none.
    pub(super) fn push(self, rig: &Rig, route: Route) -> Result<Cost> {
        let measured = match self {
            Self::Ours => ours(
                rig,
                route,
                &["apply", "--yes", "--settle", "0s", "--all-at-once"],
            ),
            Self::Kubectl => kubectl(rig, route, &["apply", "--server-side"]),
            Self::Floor => Measured {
                program: &rig.programs.xtask,
                arguments: vec![
                    "bench".to_owned(),
                    "floor".to_owned(),
                    rig.address(route).to_owned(),
                    rig.file("ca.pem"),
                    rig.file("floor.token"),
                    rig.file("patches.tsv"),
                    IN_FLIGHT.to_string(),
                ],
                home: rig.home(),
            },
        };
        measured.run()
    }

    /// Compares all policies with a cluster that has them; the floor cannot.
    pub(super) fn compare(self, rig: &Rig) -> Result<Cost> {
        match self {
            Self::Ours => ours(rig, Route::Loopback, &["drift"]).run(),
            Self::Kubectl => kubectl(rig, Route::Loopback, &["diff", "--server-side"]).run(),
            Self::Floor => Ok(Cost::default()),
        }
    }

    /// Pushes once more what is there already.
    pub(super) fn push_again(rig: &Rig) -> Result<Cost> {
        Self::Ours.push(rig, Route::Loopback)
    }

    /// What a push says that it is.
    pub(super) fn label(self) -> String {
        match self {
            Self::Ours => "ours".to_owned(),
            Self::Kubectl => "kubectl".to_owned(),
            Self::Floor => format!("the floor ({POLICIES} patches, {IN_FLIGHT} at once)"),
        }
    }
}

fn ours<'a>(rig: &'a Rig, route: Route, command: &[&str]) -> Measured<'a> {
    let directory = rig.project.path().display().to_string();
    let kubeconfig = rig.kubeconfig(Contender::Ours, route);
    let base = ["-C", &directory];
    let more = ["--cluster", "bench", "--kubeconfig", &kubeconfig];
    let arguments = [&base, command, &more].concat();
    Measured {
        program: &rig.programs.cofferdam,
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        home: rig.home(),
    }
}

fn kubectl<'a>(rig: &'a Rig, route: Route, command: &[&str]) -> Measured<'a> {
    let kubeconfig = rig.kubeconfig(Contender::Kubectl, route);
    let manifests = match command {
        ["diff", ..] => rig.file("compared"),
        _ => rig.file("manifests"),
    };
    let base = ["--kubeconfig", &kubeconfig];
    let more = ["--recursive", "--filename", &manifests];
    let arguments = [&base, command, &more].concat();
    Measured {
        program: &rig.programs.kubectl,
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        home: rig.home(),
    }
}
