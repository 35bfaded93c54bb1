//! What a rail in force refuses already: a new text of it takes nothing from who would be refused by both.

use cofferdam_objects::compare::differences;
use cofferdam_state::guard::DesiredGuard;
use cofferdam_state::observed::LiveAdmission;
use serde_json::{Value, json};

use super::{is_ours, live, was_tried};
use crate::view::View;

/// A rail that refuses, as it is there, beside its new text.
pub(super) struct InForce<'a> {
    live: &'a Value,
    /// Whether the new text says the same, but for namespaces and guests.
    same: bool,
    /// Whether the new text was in force before, and somebody changed it.
    restored: bool,
}

impl<'a> InForce<'a> {
    /// None where the rail refuses nothing now.
    pub(super) fn of(view: &View<'a>, guard: &DesiredGuard) -> Option<Self> {
        let live = refusing(view, guard)?;
        Some(Self {
            live: &live.spec,
            same: differences("spec", &rules(&guard.policy.spec), &rules(&live.spec)).is_empty(),
            restored: was_tried(view, guard),
        })
    }

    /// Whether what it refuses by the new text in a namespace it refuses now, for all that it says there; `daemon_set`
    /// is the name of the DaemonSet, where it is about one.
    pub(super) fn refuses(&self, namespace: &str, daemon_set: Option<&str>) -> bool {
        let guest = daemon_set.is_some_and(|name| is_guest(self.live, namespace, name));
        self.restored || (self.same && sees(self.live, namespace) && !guest)
    }
}

/// The live policy of a rail whose binding refuses.
pub(crate) fn refusing<'a>(view: &View<'a>, guard: &DesiredGuard) -> Option<&'a LiveAdmission> {
    let binding = live(view, &guard.deny.key())?;
    let actions = binding.spec.get("validationActions")?.as_array()?;
    let key = guard.policy.key();
    let refuses = actions.iter().any(|action| action == "Deny");
    live(view, &key).filter(|live| refuses && is_ours(view, &key, live))
}

/// Whether a policy sees what is made in a namespace.
pub(super) fn sees(spec: &Value, namespace: &str) -> bool {
    let chosen = spec.pointer("/matchConstraints/namespaceSelector/matchExpressions/0");
    let Some(chosen) = chosen else { return false };
    let values = chosen.get("values").and_then(Value::as_array);
    let named = values.is_some_and(|all| all.iter().any(|name| name == namespace));
    match chosen.get("operator").and_then(Value::as_str) {
        Some("In") => named,
        Some("NotIn") => !named,
        _ => false,
    }
}

const GUEST: &str = "guest";

/// Everything that decides what is refused, but for namespaces and guests: as the server holds it, defaults aside.
fn rules(spec: &Value) -> Value {
    let expressions = |field: &str| {
        let all = spec
            .get(field)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let rules = all.filter(|one| one.get("name") != Some(&GUEST.into()));
        rules
            .map(|one| one.get("expression").cloned())
            .collect::<Vec<_>>()
    };
    let mut matches = spec.get("matchConstraints").cloned().unwrap_or_default();
    if let Some(names) = matches.pointer_mut("/namespaceSelector/matchExpressions/0/values") {
        *names = Value::Null;
    }
    json!({
        "matchConstraints": matches,
        "matchConditions": spec.get("matchConditions"),
        "failurePolicy": spec.get("failurePolicy"),
        "variables": expressions("variables"),
        "validations": expressions("validations"),
    })
}

fn is_guest(spec: &Value, namespace: &str, daemon_set: &str) -> bool {
    let variables = spec.get("variables").and_then(Value::as_array);
    let mut variables = variables.into_iter().flatten();
    let guest = variables.find(|one| one.get("name") == Some(&GUEST.into()));
    let text = guest.and_then(|one| one.get("expression")?.as_str());
    text.is_some_and(|text| {
        let named = |name: &str| text.contains(&format!("'{name}'"));
        named(namespace) && named(daemon_set)
    })
}
