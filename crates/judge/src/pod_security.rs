//! Does a step enforce a Pod Security level only where no pod violates it, and no template of a workload?

use cofferdam_objects::keys::{POD_SECURITY_ENFORCE, POD_SECURITY_ENFORCE_VERSION};
use cofferdam_state::observed::LiveNamespace;
use cofferdam_state::plan::{Action, LabelPatch};
use cofferdam_state::pod_security::EnforceQuestion;

use crate::{Case, Refusal, refusal};

/// A namespace that is created has no pods, and who takes the level away refuses nobody.
pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let steps = case.plan.steps.iter();
    let faults = steps.filter_map(|step| {
        let Action::PatchNamespace { name, labels, .. } = &step.action else {
            return None;
        };
        let fault = fault(case, name, labels)?;
        let message = format!("{}: {fault}", step.action.object());
        Some(refusal("pod-security", message, "plan again"))
    });
    faults.collect()
}

fn fault(case: &Case<'_>, name: &str, patch: &LabelPatch) -> Option<String> {
    let mut changes = patch.changes.iter();
    let enforces = changes.any(|change| {
        let keys = [POD_SECURITY_ENFORCE, POD_SECURITY_ENFORCE_VERSION];
        keys.contains(&change.key.as_str()) && change.new.is_some()
    });
    if !enforces {
        return None;
    }
    let live = case.observed.namespaces.known()?.get(name)?;
    let Some(level) = left(live, patch, POD_SECURITY_ENFORCE) else {
        return Some("a version of a Pod Security level is set, but no level".to_owned());
    };
    let version = left(live, patch, POD_SECURITY_ENFORCE_VERSION);
    let question = EnforceQuestion {
        namespace: name.to_owned(),
        uid: live.uid.clone(),
        level: level.clone(),
        // What the server takes where the label is absent.
        version: version.map_or_else(|| "latest".to_owned(), Clone::clone),
    };
    let answer = case.observed.enforce_answers.get(&question);
    let told = answer.and_then(|answer| Some((answer.pods.known()?, answer.workloads.known()?)));
    match told {
        None => Some(format!(
            "it is not known which pods Pod Security level `{level}` would refuse"
        )),
        Some((pods, _)) if !pods.is_empty() => Some(format!(
            "pods run there that Pod Security level `{level}` would refuse"
        )),
        Some((_, workloads)) if !workloads.is_empty() => Some(format!(
            "workloads are there whose next pods Pod Security level `{level}` would refuse"
        )),
        Some(_) => None,
    }
}

/// The value of a label after the patch.
fn left<'a>(live: &'a LiveNamespace, patch: &'a LabelPatch, key: &str) -> Option<&'a String> {
    let change = patch.changes.iter().find(|change| change.key == key);
    match change {
        Some(change) => change.new.as_ref(),
        None => live.labels.get(key),
    }
}
