//! The story.

use std::path::Path;

use anyhow::Result;
use cofferdam_integration::assets::{self, Tool, Version};
use cofferdam_integration::cofferdam;

use super::terminal::{Show, Terminal};
use super::{project, stage};
use crate::root;

/// Tells it from the beginning to the end.
pub(super) fn tell(directory: &Path, keep: bool) -> Result<()> {
    let terminal = Terminal {
        project: directory.join("acme"),
        people: directory.join("people"),
        cofferdam: cofferdam::binary()?,
        kubectl: assets::binary(Version::V1_36, Tool::Kubectl)?,
    };
    let clusters = stage::start(directory, keep)?;
    stage::give_access(&clusters, &terminal.people)?;
    project::copy(&root()?, &terminal.project)?;
    for cluster in &clusters {
        project::connect(&terminal.project, cluster)?;
    }
    for profile in ["policies", "nodes"] {
        let manifests = std::process::Command::new(&terminal.cofferdam)
            .args(["rbac", "--profile", profile])
            .output()?;
        for cluster in &clusters {
            cluster.apply_yaml(
                cofferdam_integration::cluster::ADMIN,
                &String::from_utf8_lossy(&manifests.stdout),
            )?;
        }
    }
    Terminal::chapter("Doctor")?;
    terminal.cofferdam(&["doctor", "--pin", "--write"], 0, Show::All)?;
    terminal.cofferdam(&["check"], 0, Show::All)?;
    terminal.cofferdam(&["plan"], 2, Show::All)?;
    terminal.cofferdam(&["apply", "--yes", "--settle", "3s"], 0, Show::All)?;
    terminal.cofferdam(&["drift"], 0, Show::All)?;
    if keep {
        super::directory::keep(directory)?;
        for c in clusters {
            c.leave_running();
        }
    }
    Ok(())
}
