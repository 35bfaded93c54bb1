//! What a rail in force refuses already: by a new text it takes nothing from who would be refused by both.

use cofferdam_objects::compare::differences;
use cofferdam_state::guard::DesiredGuard;
use serde_json::Value;

use super::{denies, live};
use crate::Case;

/// Whether a rail refuses now, in a namespace, whatever its new text would refuse there; `daemon_set` is the name of the
/// `DaemonSet`, where it is about one.
pub(super) fn refuses_already(
    case: &Case<'_>,
    guard: &DesiredGuard,
    namespace: &str,
    daemon_set: Option<&str>,
) -> bool {
    let policy = guard.policy.key();
    let in_force = live(case, &guard.deny.key()).is_some_and(|live| denies(&live.spec));
    let Some(live) = live(case, &policy).filter(|_| in_force) else {
        return false;
    };
    // Somebody changed a text that was in force before.
    let record = case.observed.our_record();
    if record.is_some_and(|record| record.holds(&policy, &guard.tried_field())) {
        return true;
    }
    let spared = daemon_set.is_some_and(|name| {
        let text = guest(&live.spec).map(Value::to_string).unwrap_or_default();
        [namespace, name]
            .iter()
            .all(|word| text.contains(&format!("'{word}'")))
    });
    let same = differences("spec", &bare(&guard.policy.spec), &bare(&live.spec)).is_empty();
    same && !spared && looks_at(&live.spec, namespace)
}

/// Whether a policy sees what is made in a namespace.
pub(super) fn looks_at(spec: &Value, namespace: &str) -> bool {
    let Some(chosen) = spec.pointer(CHOSEN) else {
        return false;
    };
    let named = chosen.get("values").and_then(Value::as_array);
    let named = named.is_some_and(|all| all.iter().any(|one| one == namespace));
    let operator = chosen.get("operator").and_then(Value::as_str);
    (operator == Some("NotIn") && !named) || (operator == Some("In") && named)
}

const CHOSEN: &str = "/matchConstraints/namespaceSelector/matchExpressions/0";

fn guest(spec: &Value) -> Option<&Value> {
    let mut variables = spec.get("variables")?.as_array()?.iter();
    variables.find(|one| one.get("name").is_some_and(|name| name == "guest"))
}

/// A text without namespaces and guests, and without what is said and noted.
fn bare(spec: &Value) -> Value {
    let mut bare = spec.clone();
    if let Some(chosen) = bare.pointer_mut(CHOSEN).and_then(Value::as_object_mut) {
        chosen.remove("values");
    }
    if let Some(fields) = bare.as_object_mut() {
        fields.remove("auditAnnotations");
    }
    for field in ["variables", "validations"] {
        let all = bare.get_mut(field).and_then(Value::as_array_mut);
        for one in all.into_iter().flatten().filter_map(Value::as_object_mut) {
            one.retain(|key, _| key == "name" || key == "expression");
            if one.get("name").is_some_and(|name| name == "guest") {
                one.remove("expression");
            }
        }
    }
    bare
}
