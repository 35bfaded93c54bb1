//! What happens, one event per fact.

use cofferdam_model::names::ClusterName;
use cofferdam_report::wire::history::{Episode, Passed};

use crate::episodes::{Turn, What, counts};
use crate::remedy::Remedy;

/// Tells what became of an episode.
pub(crate) fn tell(turn: &Turn) {
    let Episode {
        id,
        finding,
        class,
        severity,
        effect,
        cluster,
        trust_domain,
        zone,
        object,
        message,
        manager,
        user,
        started_at,
        ended_by,
        waiver,
        ..
    } = &turn.episode;
    macro_rules! event {
        ($level:ident, $what:literal) => {
            tracing::$level!(
                episode = id,
                finding,
                class,
                cluster,
                trust_domain,
                zone,
                object,
                effect,
                severity,
                manager,
                user,
                since = started_at,
                ended_by,
                waiver,
                told = message,
                $what
            )
        };
    }
    match turn.what {
        What::Began if counts(&turn.episode) => event!(warn, "finding began"),
        What::Worsened | What::Changed if counts(&turn.episode) => event!(warn, "finding changed"),
        What::Began => event!(info, "finding began"),
        What::Worsened | What::Changed => event!(info, "finding changed"),
        What::Ended => event!(info, "finding ended"),
    }
}

/// Tells what a pass did.
pub(crate) fn passed(passed: &Passed) {
    let Passed {
        cluster,
        purpose,
        state,
        reason,
        written,
        sequence,
        steps,
        failed,
        ..
    } = passed;
    let (steps, failed) = (steps.join("; "), failed.join("; "));
    let is_well = failed.is_empty() && matches!(&**state, "converged" | "partial");
    match (&**purpose, is_well) {
        ("rollout", true) => tracing::info!(
            cluster,
            state,
            reason,
            written,
            sequence,
            steps,
            "rolled out"
        ),
        (_, true) => tracing::info!(cluster, state, reason, written, sequence, steps, "healed"),
        ("rollout", false) => tracing::error!(
            cluster,
            state,
            reason,
            written,
            sequence,
            steps,
            failed,
            "not rolled out"
        ),
        (_, false) => tracing::error!(
            cluster,
            state,
            reason,
            written,
            sequence,
            steps,
            failed,
            "not healed"
        ),
    }
}

/// Tells what would be put back.
pub(crate) fn would_heal(cluster: &ClusterName, remedy: &Remedy) {
    let places = remedy.places.iter().map(ToString::to_string);
    let removals = remedy
        .removals
        .iter()
        .map(|step| step.action.object().to_string());
    let objects: Vec<String> = places.chain(removals).collect();
    tracing::info!(%cluster, objects = objects.join(", "), "would heal");
}
