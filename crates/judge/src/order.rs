//! Is nothing isolated before what it needs is allowed?

use cofferdam_objects::key::Kind;
use cofferdam_objects::policy::{Direction, isolates};
use cofferdam_state::plan::{Action, Phase, Step};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::Value;

use crate::{Case, Refusal, refusal};

pub(super) fn check(case: &Case<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let phases: Vec<Phase> = case.plan.steps.iter().map(|step| step.phase).collect();
    if !phases.is_sorted() {
        let message = "steps are not in the order of their phases".to_owned();
        refusals.push(refusal("order", message, ""));
    }
    for step in &case.plan.steps {
        refusals.extend(closes_too_early(case, step));
        refusals.extend(isolates_without_opening(case, step));
    }
    refusals
}

/// An open policy may go only where every policy that the bundle has for the namespace is in place or
/// written in an earlier phase.
fn closes_too_early(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let object = step.action.object();
    let deletes = matches!(
        step.action,
        Action::DeletePolicy { .. } | Action::DeleteOpened { .. }
    );
    if !deletes || !object.name.starts_with("cofferdam-open-") {
        return None;
    }
    let namespace = object.namespace.as_deref()?;
    let lacking = case
        .bundle
        .policies
        .keys()
        .filter(|(ns, _)| ns.as_str() == namespace)
        .find(|key| {
            let live = case
                .observed
                .policies
                .known()
                .is_some_and(|live| live.contains_key(&(key.0.to_string(), key.1.clone())));
            let written = case.plan.steps.iter().any(|other| {
                let other_object = other.action.object();
                other.phase < step.phase
                    && other_object.name == key.1
                    && other_object.namespace.as_deref() == Some(namespace)
            });
            !live && !written
        });
    let still_wanted = case
        .bundle
        .policies
        .keys()
        .any(|(ns, name)| ns.as_str() == namespace && *name == object.name);
    if step.phase != Phase::Close || still_wanted {
        let message = format!("{object}: an open policy is removed out of order");
        return Some(refusal("order", message, ""));
    }
    lacking.map(|(_, name)| {
        let message = format!("{object}: removed although `{name}` is not in place");
        refusal("order", message, "")
    })
}

/// What isolates pods that nothing isolates yet needs an open policy before it.
fn isolates_without_opening(case: &Case<'_>, step: &Step) -> Option<Refusal> {
    let Action::CreatePolicy { object: policy } = &step.action else {
        return None;
    };
    if step.phase == Phase::Open {
        return None;
    }
    let object = step.action.object();
    let namespace = object.namespace.as_deref()?;
    let spec = spec(policy);
    Direction::BOTH
        .into_iter()
        .filter(|direction| isolates(&spec, *direction))
        .find_map(|direction| {
            let live = case.observed.policies.known()?;
            let isolated = live
                .iter()
                .any(|((ns, _), live)| ns == namespace && isolates(&live.spec, direction));
            let opened = case.plan.phase(Phase::Open).any(|open| {
                let open_object = open.action.object();
                open_object.kind == Kind::NetworkPolicy
                    && open_object.namespace.as_deref() == Some(namespace)
                    && open_object.name == format!("cofferdam-open-{}", direction.field())
            });
            (!isolated && !opened).then(|| {
                let message = format!(
                    "{object}: isolates {} with nothing to keep it open",
                    direction.field()
                );
                refusal("order", message, "")
            })
        })
}

fn spec(policy: &NetworkPolicy) -> Value {
    serde_json::to_value(&policy.spec).unwrap_or(Value::Null)
}
