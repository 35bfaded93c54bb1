//! What to try on clusters that were left up.

use std::path::Path;

use anyhow::Result;
use cofferdam_integration::Cluster;

use super::chapters::APPLY;
use super::project;
use super::terminal::{Show, Terminal};

/// Lets engineers pass the rails again, so that there is something to find, and Cofferdam leave.
pub(super) fn stay(terminal: &Terminal, clusters: &[Cluster]) -> Result<()> {
    Terminal::chapter("Yours")?;
    Terminal::say(
        "The clusters stay as they are, so the last chapter, in which Cofferdam leaves them, is left out. Engineers are \
         let pass again, as before: these documents were applied once, which makes them a rollback.",
    )?;
    for cluster in clusters {
        project::break_glass(&terminal.project, cluster.name(), true)?;
        terminal.grant("detach", cluster.name(), false)?;
    }
    let apply = [&APPLY[..], &["--rollback"]].concat();
    terminal.cofferdam(&apply, 0, Show::From("Plan: "))?;
    terminal.expect(["inSync"; 3])
}

/// Prints how to reach the clusters, things to try, and how to stop them.
pub(super) fn print(terminal: &Terminal) -> Result<()> {
    let shown = |path: &Path| path.display().to_string();
    let folder = |program: &Path| program.parent().map(shown).unwrap_or_default();
    Terminal::chapter("The clusters stay up")?;
    Terminal::list(&[
        format!("cd {}", shown(&terminal.project)),
        format!(
            "export PATH={}:{}:$PATH",
            folder(&terminal.cofferdam),
            folder(&terminal.kubectl)
        ),
        format!("export KUBECONFIG={}", shown(&terminal.kubeconfig("alice"))),
    ])?;
    Terminal::say(
        "You are alice now, who may do everything in staging, management and prod. Try:",
    )?;
    Terminal::list(&TO_TRY.map(str::to_owned))?;
    Terminal::say("Stop them, and remove everything, with")?;
    Terminal::list(&["cargo xtask demo --stop".to_owned()])
}

const TO_TRY: [&str; 13] = [
    "cofferdam status",
    "kubectl --context prod -n vault delete networkpolicy --all",
    "cofferdam drift                        # who was it?",
    "cofferdam apply                        # asks before it writes",
    "kubectl --context prod label node prod-node-0 cofferdam.node-restriction.kubernetes.io/pool-",
    "cofferdam drift -o json --cluster prod",
    "$EDITOR policies/storefront/flows.yaml # take a flow away, or allow another",
    "cofferdam check",
    "cofferdam plan",
    "cofferdam compile --out /tmp/bundles   # the same as manifests",
    "kubectl --context prod -n cofferdam-system get configmap cofferdam -o yaml    # the record",
    "cofferdam guards                       # what is refused to whom",
    "cofferdam detach --cluster staging --remove --dry-run    # how Cofferdam leaves again",
];
