//! Is it the right cluster, read completely, and does the plan go forward?

use crate::{Allowances, Case, Refusal, refusal};

pub(super) fn check(case: &Case<'_>, allowances: &Allowances) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (what, reason) in case.observed.unknowns() {
        let message = format!("{what} not known: {reason}");
        refusals.push(refusal("unknown", message, ""));
    }
    let cluster = &case.cluster.name;
    match (&case.cluster.uid, case.observed.uid.known()) {
        (None, _) => {
            let message = format!("the identity of cluster `{cluster}` is not pinned");
            let hint = format!("cofferdam doctor --pin --cluster {cluster}");
            refusals.push(refusal("not-pinned", message, &hint));
        }
        (Some(pinned), Some(live)) if pinned != live => {
            let message =
                format!("the kubeconfig leads to a cluster with UID `{live}`, not `{pinned}`");
            let hint = "check `access` and `identity` of the Cluster document";
            refusals.push(refusal("wrong-cluster", message, hint));
        }
        (Some(_), _) => {}
    }
    let Some(record) = case.observed.our_record() else {
        return refusals;
    };
    if record.instance != case.bundle.instance.as_str() {
        let message = format!(
            "the cluster belongs to zone model `{}`: one instance per cluster",
            record.instance
        );
        let hint =
            "take back there what that model wrote (README, \"A way out\"), or use its documents";
        refusals.push(refusal("other-instance", message, hint));
    }
    if record.sequence != case.plan.sequence {
        let message = format!(
            "made from sequence {}, but it is {} now",
            case.plan.sequence, record.sequence
        );
        refusals.push(refusal("stale-plan", message, "plan again"));
    }
    if let Some(controller) = &record.controller
        && !allowances.take_over
    {
        let message = format!("controller `{controller}` manages this cluster");
        let hint = "change the documents that it reads, or pause it with `apply --take-over 1h`";
        refusals.push(refusal("controller-runs", message, hint));
    }
    // Documents may be as before in what is no matter of this cluster, or this cluster never saw what they take back:
    // then nothing is rolled back.
    let newest = record.applies.last();
    let is_in_place =
        newest.is_some_and(|newest| newest.complete) && record.bundle_hash == case.plan.bundle_hash;
    let rolls_back = !is_in_place && !case.plan.steps.is_empty();
    if record.is_older(&case.plan.revision) && rolls_back && !allowances.rollback {
        let message = format!(
            "revision `{}` was applied before and is not the newest",
            case.plan.revision
        );
        refusals.push(refusal("rollback", message, "--rollback"));
    }
    refusals
}
